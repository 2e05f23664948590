"""A category without one valid ballot: the count stops, two people decide, and it goes on by what they decided."""

from __future__ import annotations

import json
from typing import Any

import pytest

from common import days
from common.errors import ActionError, Conflict
from evaluation.appraisal import candidates, casting, counting, manifest, publishing, shortfall
from evaluation.appraisal.layout import Layout
from evaluation.appraisal.models import Candidate, EmptyCategory, Tally, Voter
from evaluation.appraisal.verify_tally import Recount
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db
EMPTY = "masses"
STOPPED = "“群众代表”没有有效票，停止计票。请管理员提出并入或不计，监票人同意后再计票。"


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    """Mixed; everybody of 群众代表 handed in a spoiled ballot, all others chose the first of the first contest."""
    vote = votes.open_(votes.make_vote(district, cast, each=5))
    spoiled = Layout.of(manifest.of(vote.campaign)).spoiled()
    for code, *_ in votes.CATEGORIES:
        for voter in vote.voters(code):
            if code == EMPTY:
                Voter.objects.filter(pk=voter.pk).update(voted=True)
                casting.seal_for(vote.campaign, voter.category, spoiled).save()
            else:
                votes.ballot(vote, voter, {"committee-1": [1]})
    return votes.close(vote)


def propose(vote: votes.Vote, kind: str, target: str = "") -> Any:
    with days.pretend(votes.AFTER):
        return shortfall.propose(
            campaign=vote.again(),
            kind=kind,
            category=vote.campaign.categories.get(code=EMPTY),
            target=vote.campaign.categories.filter(code=target).first(),
            until=None,
            reason="经研究（示例）",
            by=vote.by,
        )


def test_the_count_stops_and_says_where(vote: votes.Vote) -> None:
    assert shortfall.undecided(vote.campaign) == []
    for _ in range(2):
        with pytest.raises(Conflict) as stopped:
            votes.count(vote)
        assert (stopped.value.message, stopped.value.code) == (STOPPED, "empty_category")
    assert [row.category.code for row in EmptyCategory.objects.all()] == [EMPTY]
    assert (vote.again().state, Tally.objects.count()) == ("mixed", 0)
    assert [each.words for each in shortfall.undecided(vote.campaign)] == ["“群众代表”没有有效票"]


@pytest.mark.parametrize("kind", ["extend", "accept"])
def test_nobodys_ballots_are_not_counted_as_they_are(vote: votes.Vote, kind: str) -> None:
    with pytest.raises(Conflict):
        votes.count(vote)
    with pytest.raises(ActionError) as refused:
        propose(vote, kind)
    assert "kind" in refused.value.fields or "until" in refused.value.fields


@pytest.mark.parametrize(("kind", "target"), [("drop", ""), ("merge", "expert")])
def test_decided_on_record_it_is_counted_and_verified(vote: votes.Vote, kind: str, target: str) -> None:
    with pytest.raises(Conflict):
        votes.count(vote)
    decision = propose(vote, kind, target)
    with pytest.raises(Conflict):
        votes.count(vote)  # proposed is not agreed
    with days.pretend(votes.AFTER):
        shortfall.agree(decision=decision, by=vote.watch)
    tally = votes.count(vote)
    made = json.loads(tally.counts)
    assert made["decisions"] == [{"kind": kind, "category": EMPTY, "target": target or None, "by": "record"}]
    first = json.loads(tally.result)["contests"][0]["classes"][0]["ranking"][0]
    assert (first["candidate"], first["score"]) == (vote.codes("committee-1")[0], "100/1")
    files = {
        "manifest.json": vote.campaign.manifest,
        "codes.txt": publishing.code_list(vote.campaign),
        "result.json": publishing.result_text(tally),
    }
    recount = Recount(files, publishing.result_sha256(tally), tally.counts, tally.salt)
    recount.run()
    assert recount.wrong == []


def test_the_rule_of_the_lock_merges_it_by_itself(district: Any, cast: Any) -> None:
    vote = votes.make_vote(district, cast, each=5)
    vote.campaign.shortfall_rule = "merge"
    vote.campaign.save(update_fields=["shortfall_rule"])
    vote.campaign.categories.filter(code=EMPTY).update(merge_into=vote.campaign.categories.get(code="expert"))
    votes.open_(vote)
    spoiled = Layout.of(manifest.of(vote.campaign)).spoiled()
    for code, *_ in votes.CATEGORIES:
        for voter in vote.voters(code):
            if code == EMPTY:
                Voter.objects.filter(pk=voter.pk).update(voted=True)
                casting.seal_for(vote.campaign, voter.category, spoiled).save()
            else:
                votes.ballot(vote, voter, {"committee-1": [1]})
    tally = votes.count(votes.close(vote))
    assert json.loads(tally.counts)["decisions"] == [
        {"kind": "merge", "category": EMPTY, "target": "expert", "by": "rule"}
    ]


def test_the_rule_asks_for_the_ballots_of_the_target_itself(district: Any, cast: Any) -> None:
    """区领导 is short and merged by the rule into 群众代表, of whom no ballot is valid: the rule merges on."""
    vote = votes.make_vote(district, cast, each=5)
    vote.campaign.shortfall_rule = "merge"
    vote.campaign.save(update_fields=["shortfall_rule"])
    named = {row.code: row for row in vote.campaign.categories.all()}
    for code, into in (("leader", EMPTY), (EMPTY, "expert")):
        vote.campaign.categories.filter(code=code).update(merge_into=named[into])
    votes.open_(vote)
    spoiled = Layout.of(manifest.of(vote.campaign)).spoiled()
    for code in named:
        for voter in vote.voters(code)[: 2 if code == "leader" else 5]:
            if code == EMPTY:
                Voter.objects.filter(pk=voter.pk).update(voted=True)
                casting.seal_for(vote.campaign, voter.category, spoiled).save()
            else:
                votes.ballot(vote, voter, {"committee-1": [1]})
    tally = votes.count(votes.close(vote))
    assert [(row["category"], row["target"]) for row in json.loads(tally.counts)["decisions"]] == [
        (EMPTY, "expert"),
        ("leader", EMPTY),
    ]
    files = {
        "manifest.json": vote.campaign.manifest,
        "codes.txt": publishing.code_list(vote.campaign),
        "result.json": publishing.result_text(tally),
    }
    recount = Recount(files, publishing.result_sha256(tally), tally.counts, tally.salt)
    recount.run()
    assert recount.wrong == []


def test_a_candidate_for_whom_all_were_recused_stops_it_by_name(district: Any, cast: Any) -> None:
    """Nobody's ballot counts for it: no score, and a withdrawal is the way on."""
    vote = votes.open_(votes.make_vote(district, cast, each=5))
    first, second, last = vote.codes("new-1")
    payload = Layout.of(manifest.of(vote.campaign)).encode([first], [last])
    for voter in vote.campaign.voters.select_related("category"):
        Voter.objects.filter(pk=voter.pk).update(voted=True)
        casting.seal_for(vote.campaign, voter.category, payload).save()
    votes.close(vote)
    gone = Candidate.objects.get(code=last)
    with pytest.raises(Conflict) as stopped:
        votes.count(vote)
    assert (stopped.value.code, stopped.value.message) == (
        "no_valid_ballots",
        f"“{gone.project}”没有有效票可计（投了票的人都应回避），停止计票。请在“候选项目”办理退出，或作废后重新组织。",
    )
    assert (vote.again().state, Tally.objects.count()) == ("mixed", 0)
    candidates.withdraw_candidate(candidate=gone, reason="无人可投（示例）", by=vote.by)
    ranking = json.loads(votes.count(vote).result)["contests"][2]["classes"][0]["ranking"]
    assert [(row["candidate"], row["score"]) for row in ranking] == [(first, "100/1"), (second, "0/1")]


def test_counting_is_offered_again_after_the_decision(
    vote: votes.Vote, client_as: Any, cast: Any, settings: Any
) -> None:
    settings.TODAY = votes.AFTER.isoformat()
    with pytest.raises(Conflict):
        counting.count(campaign=vote.campaign, secrets={1: vote.secrets[1], 2: vote.secrets[2]}, by=vote.by)
    client = client_as(cast.evaladmin)
    page = client.get(f"/desk/votes/{vote.campaign.code}/count/").content.decode()
    assert "“群众代表”没有有效票，需要管理员提出办法、监票人同意。" in page
    assert 'name="secret_1"' not in page
    shortfall.agree(decision=propose(vote, "drop"), by=vote.watch)
    assert 'name="secret_1"' in client.get(f"/desk/votes/{vote.campaign.code}/count/").content.decode()
