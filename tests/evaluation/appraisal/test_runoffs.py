"""Run-offs: a vote of its own between the tied, and what comes of both."""

from __future__ import annotations

from typing import Any

import pytest

from common import days
from evaluation.appraisal import candidates, keys, lifecycle, locking, runoffs
from evaluation.appraisal.models import Campaign, Candidate, Contest, ContestClass, Voter
from tests.evaluation.appraisal import count_steps, votes
from tests.evaluation.appraisal.votes import Vote
from tests.projects.refusals import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district: Any, cast: Any) -> Vote:
    """Counted and signed, with a tie of committee 2 and 3 for one seat."""
    return count_steps.signed(count_steps.counted(district, cast, each=5))


def again(vote: Vote) -> Vote:
    """The run-off of a vote as a draft that lacks nothing but the lock."""
    made = runoffs.create_runoff(campaign=vote.campaign, by=vote.by)
    Campaign.objects.filter(pk=made.pk).update(opens_at=vote.campaign.opens_at, closes_at=vote.campaign.closes_at)
    found = Vote(Campaign.objects.get(pk=made.pk), vote.admin, vote.scrutineer)
    with days.pretend(votes.BEFORE):
        secrets = keys.make_keys(campaign=found.campaign, holders=votes.HOLDERS, by=found.by)
        found.secrets = dict(enumerate(secrets, start=1))
        found.campaign = keys.rehearse(campaign=found.campaign, secrets=found.secrets, by=found.by)
    return found


def run(vote: Vote, choices: list[dict[str, list[int]]]) -> Vote:
    votes.open_(vote)
    for category in vote.campaign.categories.all():
        for turn, voter in enumerate(vote.voters(category.code)):
            votes.ballot(vote, voter, choices[turn % len(choices)])
    votes.count(votes.close(vote))
    return vote


def titles(chosen: list[runoffs.Chosen]) -> list[tuple[str, str, int]]:
    return [(row.award_title, row.candidate.project.title, row.rank) for row in chosen]


def test_a_tie_is_open_and_chooses_nobody(vote: Vote) -> None:
    tied = [Candidate.objects.get(code=code).project.title for code in vote.codes("committee-1")[1:3]]
    (tie,) = runoffs.open_ties(vote.campaign)
    assert (tie.contest, tie.number, tie.name, tie.seats, tie.runoff) == ("committee", 1, "十佳书记项目", 1, None)
    assert sorted(row.project.title for row in tie.candidates) == sorted(tied)
    chosen = runoffs.outcome_of(vote.campaign)
    assert [(row.contest, row.rank) for row in chosen] == [("committee", 1), ("community", 1), ("new", 1)]
    assert {row.candidate.campaign for row in chosen} == {vote.campaign}


def test_before_the_count_there_is_nothing(district: Any, cast: Any) -> None:
    campaign = votes.make_vote(district, cast).campaign
    assert (runoffs.ties(campaign), runoffs.open_ties(campaign), runoffs.outcome_of(campaign)) == ([], [], [])


def test_a_run_off_takes_over_what_it_must(vote: Vote) -> None:
    first = vote.campaign.categories.get(code="leader")
    made = runoffs.create_runoff(campaign=vote.campaign, by=vote.by)
    assert (made.state, made.runoff_of, made.title) == ("draft", vote.campaign, "2026年度综合票决（示例）再次票决")
    assert {name: getattr(made, name) for name in runoffs.KEPT} == {
        name: getattr(vote.campaign, name) for name in runoffs.KEPT
    }
    assert (made.opens_at, made.closes_at, made.public_key, made.order_seed, made.manifest) == (None, None, "", "", "")
    only = ContestClass.objects.get(contest__campaign=made)
    assert (only.contest.code, only.number, only.seats) == ("committee", 1, 1)
    assert Contest.objects.filter(campaign=made).count() == 1
    assert Candidate.objects.filter(campaign=made, number=None).count() == 2
    fields = ("category__code", "category__weight", "category__merge_into__code", "name", "channel")
    roll = list(made.voters.order_by("category__position", "name").values_list(*fields))
    assert roll == list(vote.campaign.voters.order_by("category__position", "name").values_list(*fields))
    assert not Voter.objects.filter(campaign=made, voted=True).exists()
    assert made.categories.get(code="leader").unconfirmed == first.unconfirmed
    assert [row.person for row in made.scrutineers.all()] == [vote.scrutineer.person]
    assert runoffs.create_runoff(campaign=vote.campaign, by=vote.by) == made


def test_merges_of_categories_stay_within_the_run_off(district: Any, cast: Any) -> None:
    vote = votes.make_vote(district, cast, each=5)
    big, small = (vote.campaign.categories.get(code=code) for code in ("masses", "leader"))
    vote.campaign.categories.filter(pk=small.pk).update(merge_into=big)
    votes.open_(vote)
    for category in vote.campaign.categories.all():
        for turn, voter in enumerate(vote.voters(category.code)):
            votes.ballot(vote, voter, count_steps.TIED[turn])
    votes.count(votes.close(vote))
    count_steps.signed(vote)
    made = runoffs.create_runoff(campaign=vote.campaign, by=vote.by)
    assert made.categories.get(code="leader").merge_into == made.categories.get(code="masses")


def test_the_run_off_decides(vote: Vote) -> None:
    first = count_steps.shown(vote)["contests"][0]["classes"][0]["ranking"]
    second = again(vote)
    assert runoffs.open_ties(vote.campaign)[0].runoff == second.campaign
    run(second, [{"committee-1": [2]}])
    winner = Candidate.objects.get(code=second.codes("committee-1")[1])
    assert [row.rank for row in runoffs.outcome_of(vote.campaign) if row.contest == "committee"] == [1]
    assert len(runoffs.open_ties(vote.campaign)) == 1  # counted is not confirmed
    count_steps.signed(second)
    assert runoffs.open_ties(vote.campaign) == []
    chosen = [row for row in runoffs.outcome_of(vote.campaign) if row.contest == "committee"]
    assert [(row.candidate.project, row.rank) for row in chosen] == [
        (Candidate.objects.get(code=first[0]["candidate"]).project, 1),
        (winner.project, 2),
    ]
    assert {row.candidate.campaign for row in chosen} == {vote.campaign}


def test_a_run_off_that_ties_again_gets_its_own(vote: Vote) -> None:
    second = count_steps.signed(run(again(vote), [{"committee-1": [1]}, {"committee-1": [2]}, {}, {}, {}]))
    (tie,) = runoffs.open_ties(vote.campaign)
    assert (tie.campaign, tie.runoff) == (second.campaign, None)
    third = again(second)
    assert (third.campaign.runoff_of, third.campaign.title[-8:]) == (second.campaign, "再次票决再次票决")
    count_steps.signed(run(third, [{"committee-1": [1]}]))
    assert runoffs.open_ties(vote.campaign) == []
    winner = Candidate.objects.get(code=third.codes("committee-1")[0])
    chosen = [row for row in runoffs.outcome_of(vote.campaign) if row.contest == "committee"]
    assert [(row.candidate.project, row.rank) for row in chosen][1:] == [(winner.project, 2)]


def test_a_voided_run_off_leaves_the_tie_open_for_another(vote: Vote) -> None:
    made = runoffs.create_runoff(campaign=vote.campaign, by=vote.by)
    lifecycle.void_campaign(campaign=made, reason="重新组织。", by=vote.by)
    assert runoffs.open_ties(vote.campaign)[0].runoff is None
    assert runoffs.create_runoff(campaign=vote.campaign, by=vote.by) != made


def test_a_voided_vote_takes_its_run_offs_along(vote: Vote) -> None:
    second = count_steps.signed(run(again(vote), [{"committee-1": [1]}, {"committee-1": [2]}, {}, {}, {}]))
    third = votes.open_(again(second))
    lifecycle.void_campaign(campaign=vote.campaign, reason="原票决有误。", by=vote.by)
    assert [each.again().state for each in (vote, second, third)] == ["voided"] * 3
    assert third.campaign.state_changes.get(to_state="voided").reason == "原票决有误。"


def test_the_lock_refuses_what_is_not_of_the_tie(vote: Vote) -> None:
    second = again(vote)
    only = ContestClass.objects.get(contest__campaign=second.campaign)
    outside = Candidate.objects.get(code=vote.codes("committee-1")[3]).project
    candidates.add_candidate(contest_class=only, project=outside, by=second.by)
    with days.pretend(votes.BEFORE):
        problems = [str(each) for each in locking.problems(second.campaign)]
    assert problems == [f"再次票决：“{outside}”不是并列的项目，请恢复原样，或作废后重新组织。"]
    refused("not_lockable", lambda: votes.lock(second), "candidates")


def test_who_creates_one_and_when(vote: Vote, cast: Any, actor: Any, district: Any) -> None:
    for who in ("officer", "leader", "scrutineer", "secretary"):
        by = actor(getattr(cast, who))
        refused("forbidden", lambda by=by: runoffs.create_runoff(campaign=vote.campaign, by=by))
    lifecycle.void_campaign(campaign=vote.campaign, reason="作废。", by=vote.by)
    refused("illegal_step", lambda: runoffs.create_runoff(campaign=vote.campaign, by=vote.by))


def test_none_before_the_signature(district: Any, cast: Any) -> None:
    vote = count_steps.counted(district, cast, each=5)
    error = refused("illegal_step", lambda: runoffs.create_runoff(campaign=vote.campaign, by=vote.by))
    assert error.message == "当前为“已计票”，监票人签字以后、公示以前才能组织再次票决。"


def test_without_a_tie_there_is_none(district: Any, cast: Any) -> None:
    vote = count_steps.counted(district, cast, [{"committee-1": [1, 2], "community-1": [1], "new-1": [1]}], each=5)
    count_steps.signed(vote)
    refused("no_tie", lambda: runoffs.create_runoff(campaign=vote.campaign, by=vote.by))
    assert titles(runoffs.outcome_of(vote.campaign))[0][2] == 1
