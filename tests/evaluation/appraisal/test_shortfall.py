"""Too few voters: the edges of the quorums, the rule of the lock, what two people decide, and the vote that reopens."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest

from common import days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.models import AuditEntry, Notice
from common.templatetags.ui import day_label
from evaluation.appraisal import lifecycle, mixing, shortfall
from evaluation.appraisal.models import Campaign, ShortfallDecision, Voter, VoterCategory
from tests import factories
from tests.conftest import fresh
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.snapshots import refusal, unchanged

pytestmark = pytest.mark.django_db
ALL = dict.fromkeys(("expert", "member", "masses", "leader", "delegate", "secretary"), 10)


@pytest.fixture
def draft(district: Any, cast: Any) -> votes.Vote:
    return votes.make_vote(district, cast, each=10)


def voted(vote: votes.Vote, **numbers: int) -> votes.Vote:
    """Locked and closed with so many marks a category (all ten where not named); ballots are none of this."""
    votes.open_(vote)
    for code, number in (ALL | numbers).items():
        keys = [voter.pk for voter in vote.voters(code)[:number]]
        Voter.objects.filter(pk__in=keys).update(voted=True)
    with days.pretend(votes.AFTER):
        vote.campaign = lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    return vote


def short(vote: votes.Vote) -> list[str]:
    return [each.category.code if each.category else "all" for each in shortfall.undecided(vote.campaign)]


def category(vote: votes.Vote, code: str) -> VoterCategory:
    return vote.campaign.categories.get(code=code)


def propose(vote: votes.Vote, kind: str, code: str = "", target: str = "", **more: Any) -> ShortfallDecision:
    values = {"until": None, "reason": "经研究（示例）", "by": vote.by, **more}
    with days.pretend(votes.AFTER):
        return shortfall.propose(
            campaign=vote.campaign,
            kind=kind,
            category=category(vote, code) if code else None,
            target=category(vote, target) if target else None,
            **values,
        )


def agree(vote: votes.Vote, decision: ShortfallDecision, by: Actor | None = None) -> ShortfallDecision:
    with days.pretend(votes.AFTER):
        return shortfall.agree(decision=decision, by=by or vote.watch)


@pytest.mark.parametrize(
    ("total", "each", "minimum", "numbers", "expected"),
    [
        ((2, 3), (1, 2), 5, {}, []),
        ((2, 3), (1, 2), 5, {"leader": 5}, []),  # exactly half is enough
        ((2, 3), (1, 2), 5, {"leader": 4}, ["leader"]),
        ((2, 3), (1, 2), 5, {"leader": 0}, ["leader"]),
        ((2, 3), (1, 3), 1, {"leader": 4}, []),  # 4/10 over 1/3
        ((2, 3), (1, 3), 1, {"leader": 3}, ["leader"]),  # 3/10 under 1/3: no rounding
        ((2, 3), (1, 10), 5, {"leader": 4}, ["leader"]),  # over the quorum, under the minimum
        ((2, 3), (1, 2), 5, {"leader": 0, "delegate": 0}, ["leader", "delegate"]),  # 40 of 60 is 2/3
        ((2, 3), (1, 10), 1, {"leader": 0, "delegate": 9, "expert": 1}, ["leader"]),  # 40 of 60 again
        ((41, 60), (1, 10), 1, {"leader": 5, "delegate": 5, "expert": 1}, []),
        ((42, 60), (1, 10), 1, {"leader": 5, "delegate": 5, "expert": 1}, ["all"]),
        ((1, 1), (1, 10), 1, {"leader": 9}, ["all"]),
        ((1, 1), (1, 1), 1, {}, []),
    ],
)
def test_the_edges_of_the_quorums(
    draft: votes.Vote, total: Any, each: Any, minimum: int, numbers: Any, expected: list[str]
) -> None:
    Campaign.objects.filter(pk=draft.campaign.pk).update(
        quorum_part=total[0],
        quorum_whole=total[1],
        category_quorum_part=each[0],
        category_quorum_whole=each[1],
        category_minimum=minimum,
    )
    assert short(voted(draft, **numbers)) == expected


def test_what_is_said_about_it(draft: votes.Vote) -> None:
    voted(draft, leader=0, delegate=0, secretary=0, masses=9)
    assert [each.words for each in shortfall.found(draft.campaign)] == [
        "总投票 29/60，没有达到 2/3",
        "“区领导”只有 0/10 人投票",
        "“两代表一委员”只有 0/10 人投票",
        "“基层党组织书记代表”只有 0/10 人投票",
    ]


def merging(draft: votes.Vote, **into: str) -> votes.Vote:
    Campaign.objects.filter(pk=draft.campaign.pk).update(shortfall_rule="merge")
    for code, target in into.items():
        draft.campaign.categories.filter(code=code).update(merge_into=category(draft, target))
    return draft


def test_the_rule_of_the_lock_merges_by_itself(draft: votes.Vote) -> None:
    vote = voted(merging(draft, leader="delegate", secretary="masses"), leader=2)
    assert short(vote) == []
    assert shortfall.decisions(vote.campaign) == [
        {"kind": "merge", "category": "leader", "target": "delegate", "by": "rule"}
    ]


def test_where_the_rule_names_no_category_people_decide(draft: votes.Vote) -> None:
    vote = voted(merging(draft, leader="delegate"), leader=2, expert=2)
    assert short(vote) == ["expert"]


def test_the_target_of_a_merge_may_fall_short_itself(draft: votes.Vote) -> None:
    vote = voted(merging(draft, leader="delegate"), leader=2, delegate=3)
    assert short(vote) == ["delegate"]
    with pytest.raises(ActionError) as caught:
        propose(vote, "drop", "delegate")
    assert caught.value.fields == {"category": ["已有类别并入“两代表一委员”，不能不计。"]}
    agree(vote, propose(vote, "merge", "delegate", "masses"))
    assert [(row["category"], row["target"]) for row in shortfall.decisions(vote.campaign)] == [
        ("leader", "delegate"),
        ("delegate", "masses"),
    ]
    assert short(vote) == []


@pytest.mark.parametrize(
    ("kind", "target", "decision"),
    [
        ("merge", "delegate", {"kind": "merge", "category": "leader", "target": "delegate", "by": "record"}),
        ("drop", "", {"kind": "drop", "category": "leader", "target": None, "by": "record"}),
        ("accept", "", None),
    ],
)
def test_administrator_and_scrutineer_decide(draft: votes.Vote, kind: str, target: str, decision: Any) -> None:
    vote = voted(draft, leader=3)
    made = propose(vote, kind, "leader", target)
    assert short(vote) == ["leader"]  # a proposal alone settles nothing
    assert shortfall.decisions(vote.campaign) == []
    agree(vote, made)
    assert short(vote) == []
    assert shortfall.decisions(vote.campaign) == ([decision] if decision else [])
    with unchanged():
        agree(vote, made)


def test_the_whole_roll_is_accepted_apart_from_its_categories(draft: votes.Vote) -> None:
    vote = voted(draft, leader=0, delegate=0, secretary=9, masses=9)
    assert short(vote) == ["all", "leader", "delegate"]
    agree(vote, propose(vote, "accept"))
    assert short(vote) == ["leader", "delegate"]
    agree(vote, propose(vote, "drop", "leader"))
    with pytest.raises(ActionError) as caught:
        propose(vote, "merge", "delegate", "leader")
    assert caught.value.fields == {"target": ["“区领导”已决定不计，请并入其他类别。"]}
    agree(vote, propose(vote, "merge", "delegate", "masses"))
    assert short(vote) == []
    day = day_label(days.day_of(vote.campaign.shortfall_decisions.get(kind="accept").agreed_at))
    assert shortfall.on_record(vote.campaign) == [f"总投票按实际票数计票：管理员提出，监票人同意（{day}）。"]


def test_no_two_categories_are_merged_into_each_other(draft: votes.Vote) -> None:
    """Nobody voted in either: in a circle both would be settled, and their weights given away."""
    vote = voted(draft, leader=0, delegate=0)
    first, second = propose(vote, "merge", "leader", "delegate"), propose(vote, "merge", "delegate", "leader")
    agree(vote, first)
    error = refusal(lambda: agree(vote, second))
    assert (error.code, error.message) == (
        "decided_meanwhile",
        "“区领导”已并入“两代表一委员”，请并入其他类别。",
    )
    assert short(vote) == ["delegate"]
    agree(vote, propose(vote, "merge", "delegate", "masses"))
    assert short(vote) == []


def test_one_category_is_left_to_count(draft: votes.Vote) -> None:
    vote = voted(draft, **dict.fromkeys(ALL, 3))
    agree(vote, propose(vote, "accept"))
    last = [propose(vote, "drop", code) for code in ("leader", "secretary")]
    for code in ("expert", "member", "masses", "delegate"):
        agree(vote, propose(vote, "drop", code))
    agree(vote, last[0])
    error = refusal(lambda: agree(vote, last[1]))
    assert (error.code, error.message) == (
        "decided_meanwhile",
        "只剩“基层党组织书记代表”，不能不计，否则没有票可计。",
    )
    assert short(vote) == ["secretary"]


def test_two_people_decide(draft: votes.Vote, cast: Any) -> None:
    vote = voted(draft, leader=3)
    for by in (vote.watch, Actor.person(cast.officer, "test"), Actor.system("beat")):
        assert isinstance(refusal(lambda by=by: propose(vote, "drop", "leader", by=by)), Forbidden)
    made = propose(vote, "drop", "leader")
    other = factories.make_user("另一监票人", username="other")
    factories.grant(other, "scrutineer")  # in the role, but not named for this vote
    for by in (vote.by, Actor.person(other, "test"), Actor.person(cast.leader, "test"), Actor.system("beat")):
        assert isinstance(refusal(lambda by=by: agree(vote, made, by)), Forbidden)


def test_who_is_both_does_not_agree_to_what_he_proposed(draft: votes.Vote) -> None:
    vote = voted(draft, leader=3)
    factories.grant(vote.scrutineer, "evaluation_administrator")
    both = Actor.person(fresh(vote.scrutineer), "test")
    made = propose(vote, "drop", "leader", by=both)
    assert isinstance(refusal(lambda: agree(vote, made, both)), Forbidden)


def dropped(vote: votes.Vote, decision: ShortfallDecision, by: Actor, reason: str = "") -> None:
    with days.pretend(votes.AFTER):
        shortfall.drop_proposal(decision=decision, by=by, reason=reason)


def last_entry() -> tuple[str, str, Any]:
    found = AuditEntry.objects.filter(action__startswith="appraisal.shortfall").latest("pk")
    return found.action, found.before.get("category", ""), found.after


def test_the_administrator_takes_a_proposal_back(draft: votes.Vote) -> None:
    vote = voted(draft, leader=3)
    made = propose(vote, "drop", "leader")
    assert shortfall.proposed(vote.campaign) == [made]
    dropped(vote, made, vote.by)
    assert (shortfall.proposed(vote.campaign), short(vote)) == ([], ["leader"])
    assert last_entry() == ("appraisal.shortfall.withdrawn", "区领导", {"reason": ""})
    assert refusal(lambda: dropped(vote, made, vote.by)).code == "gone"
    assert not Notice.objects.filter(kind="shortfall_refused").exists()


def test_a_scrutineer_refuses_with_a_reason_of_which_the_proposer_is_told(draft: votes.Vote, cast: Any) -> None:
    vote = voted(draft, leader=3)
    made = propose(vote, "drop", "leader")
    for reason, words in ((" ", "请写明不同意的理由。"), ("长" * 201, "最多 200 字。")):
        assert refusal(lambda reason=reason: dropped(vote, made, vote.watch, reason)).fields == {"reason": [words]}
    dropped(vote, made, vote.watch, "应并入代表类。")
    assert ShortfallDecision.objects.count() == 0
    assert last_entry() == ("appraisal.shortfall.refused", "区领导", {"reason": "应并入代表类。"})
    told = Notice.objects.get(kind="shortfall_refused")
    assert (told.recipient, told.title) == (
        cast.evaladmin,
        "监票人不同意：“区领导（待确认）”不计，权重按比例分给其余各类",
    )
    assert "应并入代表类。" in told.body


def test_nobody_else_drops_a_proposal_and_what_is_agreed_stays(draft: votes.Vote, cast: Any) -> None:
    vote = voted(draft, leader=3)
    made = propose(vote, "drop", "leader")
    for by in (Actor.person(cast.officer, "test"), Actor.person(cast.leader, "test"), Actor.system("beat")):
        assert isinstance(refusal(lambda by=by: dropped(vote, made, by, "不妥")), Forbidden)
    agree(vote, made)
    for by in (vote.by, vote.watch):
        assert refusal(lambda by=by: dropped(vote, made, by, "不妥")).code == "agreed"


@pytest.mark.parametrize(
    ("kind", "code", "target", "words"),
    [
        ("merge", "leader", "delegate", "“区领导（待确认）”并入“两代表一委员（待确认）”，权重相加"),
        ("drop", "leader", "", "“区领导（待确认）”不计，权重按比例分给其余各类"),
        ("accept", "leader", "", "“区领导（待确认）”按实际票数计票"),
        ("accept", "", "", "总投票按实际票数计票"),
        ("extend", "", "", "延长投票至 12月8日 00:00"),
    ],
)
def test_a_decision_names_what_it_is_about(draft: votes.Vote, kind: str, code: str, target: str, words: str) -> None:
    vote = voted(draft, leader=0, delegate=0, secretary=9, masses=9)
    until = UNTIL if kind == "extend" else None
    if kind == "accept" and code:
        made = ShortfallDecision(campaign=vote.campaign, kind=kind, category=category(vote, code))
    else:
        made = propose(vote, kind, code, target, until=until)
    assert shortfall.subject(made) == words


@pytest.mark.parametrize(
    ("kind", "code", "target", "more", "fields"),
    [
        ("", "", "", {}, {"kind": ["请选择一种决定。"]}),
        ("drop", "", "", {}, {"category": ["请选择人数不足的类别。"]}),
        ("merge", "leader", "", {}, {"target": ["请选择并入的另一类别。"]}),
        ("merge", "leader", "leader", {}, {"target": ["请选择并入的另一类别。"]}),
        ("extend", "", "", {}, {"until": ["请写明延长到什么时候，应晚于现在。"]}),
        ("drop", "leader", "", {"reason": " "}, {"reason": ["请写明理由。"]}),
        ("drop", "leader", "", {"reason": "长" * 201}, {"reason": ["最多 200 字。"]}),
        ("drop", "expert", "", {}, {"category": ["“党建专家”没有不足，或已有决定。"]}),
        ("merge", "expert", "leader", {}, {"category": ["“党建专家”没有不足，或已有决定。"]}),
        ("accept", "", "", {}, {"category": ["“总投票”没有不足，或已有决定。"]}),
    ],
)
def test_proposals_that_say_too_little_or_touch_what_is_not_short(
    draft: votes.Vote, kind: str, code: str, target: str, more: Any, fields: Any
) -> None:
    vote = voted(draft, leader=3)
    assert refusal(lambda: propose(vote, kind, code, target, **more)).fields == fields


def test_of_two_proposals_the_first_agreed_counts(draft: votes.Vote) -> None:
    vote = voted(draft, leader=3)
    first, second = propose(vote, "drop", "leader"), propose(vote, "merge", "leader", "masses")
    agree(vote, second)
    error = refusal(lambda: agree(vote, first))
    assert (error.code, error.message) == ("decided_meanwhile", "“区领导”没有不足，或已有决定。")


def test_only_between_close_and_mixing(draft: votes.Vote) -> None:
    votes.open_(draft)
    assert refusal(lambda: propose(draft, "accept")).message == "投票截止后、混票前才能作这样的决定。"
    vote = voted(draft, leader=3)
    made = propose(vote, "drop", "leader")
    Campaign.objects.filter(pk=vote.campaign.pk).update(state="mixed")
    assert refusal(lambda: agree(vote, made)).message == "投票截止后、混票前才能同意。"


def test_mixing_waits_and_says_for_what(draft: votes.Vote) -> None:
    vote = voted(draft, leader=3, delegate=4)
    with pytest.raises(Conflict) as caught:
        mixing.mix_all(campaign=vote.campaign, by=vote.by)
    assert (caught.value.code, caught.value.message) == (
        "shortfall",
        "“区领导”只有 3/10 人投票；“两代表一委员”只有 4/10 人投票",
    )


UNTIL = datetime.combine(votes.AFTER + timedelta(days=3), time(), days.SHANGHAI)


def test_an_extension_opens_the_vote_again(draft: votes.Vote) -> None:
    vote = voted(draft, leader=3)
    made = propose(vote, "extend", until=UNTIL)
    assert vote.again().state == "closed"
    agree(vote, made)
    assert (vote.again().state, vote.campaign.closes_at) == ("open", UNTIL)
    assert vote.campaign.manifest_sha256 != ""
    with days.pretend(votes.AFTER):
        assert lifecycle.advance(Actor.system("beat"))["closed"] == 0
    with days.pretend(UNTIL.date()):
        assert lifecycle.advance(Actor.system("beat"))["closed"] == 1
    assert short(vote) == ["leader"]


def test_an_extension_that_has_passed_is_not_agreed_to(draft: votes.Vote) -> None:
    vote = voted(draft, leader=3)
    made = propose(vote, "extend", until=UNTIL)
    with days.pretend(UNTIL.date()):
        assert refusal(lambda: shortfall.agree(decision=made, by=vote.watch)).code == "too_late"


def test_nothing_short_nothing_to_extend(draft: votes.Vote) -> None:
    vote = voted(draft)
    assert refusal(lambda: propose(vote, "extend", until=UNTIL)).fields == {"kind": ["没有需要决定的不足。"]}


def test_an_extension_asks_everybody_again(draft: votes.Vote) -> None:
    """What was decided before it about a category that has come up since would be wrong."""
    vote = voted(draft, leader=3, delegate=0)
    agree(vote, propose(vote, "drop", "leader"))
    agree(vote, propose(vote, "extend", until=UNTIL))
    Voter.objects.filter(category__code="leader").update(voted=True)
    with days.pretend(UNTIL.date()):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    assert shortfall.decisions(vote.campaign) == []
    assert short(vote) == ["delegate"]


def test_paper_is_keyed_before_anything_is_decided(draft: votes.Vote) -> None:
    vote = voted(draft, leader=4)
    Voter.objects.filter(pk=vote.voters("leader")[9].pk).update(channel="paper", paper="returned")
    assert refusal(lambda: propose(vote, "drop", "leader")).code == "paper_waiting"
