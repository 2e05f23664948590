"""Turnout and reminders: nothing in them tells when anybody voted."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from common import days
from common.errors import Conflict, Forbidden
from common.models import AuditEntry, Notice
from evaluation.appraisal import lifecycle, mixing, reminders, shortfall, turnout
from evaluation.appraisal.models import ReminderList, Voter
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db
CHOICES = {"committee-1": [1], "community-1": [1], "new-1": [1]}


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    """Open; the first expert is the street's secretary, by account; the fifth votes on paper."""
    vote = votes.make_vote(district, cast, each=5)
    first, *_, fifth = vote.voters("expert")
    Voter.objects.filter(pk=first.pk).update(person=cast.secretary.person, channel="account")
    Voter.objects.filter(pk=fifth.pk).update(channel="paper")
    return votes.open_(vote)


def figures(vote: votes.Vote) -> tuple[int, int, bool, dict[str, tuple[int, int]]]:
    found = turnout.of(vote.again())
    by_category = {row.category.code: (row.voted, row.roll) for row in found.rows if row.voted}
    return found.voted, found.roll, found.exact, by_category


def test_the_total_is_live_and_the_categories_come_in_lots(vote: votes.Vote) -> None:
    voters = [*vote.voters("masses"), *vote.voters("member")]
    for voter in voters[:9]:
        votes.ballot(vote, voter, CHOICES)
        mixing.mix_lot(vote.campaign)
    assert figures(vote) == (9, 30, False, {})
    votes.ballot(vote, voters[9], CHOICES)
    mixing.mix_lot(vote.campaign)
    assert figures(vote) == (10, 30, False, {"masses": (5, 5), "member": (5, 5)})
    votes.ballot(vote, vote.voters("leader")[0], CHOICES)
    assert figures(vote) == (11, 30, False, {"masses": (5, 5), "member": (5, 5)})
    with days.pretend(votes.AFTER):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    assert figures(vote) == (11, 30, True, {"masses": (5, 5), "member": (5, 5), "leader": (1, 5)})


def test_a_category_without_voters_is_shown_as_it_is(district: Any, cast: Any) -> None:
    vote = votes.make_vote(district, cast, each=0, contests=[])
    found = turnout.of(vote.campaign)
    assert (found.voted, found.roll, found.share, [row.share for row in found.rows]) == (0, 0, 0, [0] * 6)


def test_the_board_says_how_many_are_wanted(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    found = turnout.of(vote.again())
    assert (found.needed, found.missing, {row.needed for row in found.rows}) == (20, 20, {5})
    assert [shortfall.needed_of_category(vote.campaign, roll) for roll in (1, 5, 11)] == [1, 5, 6]
    page = client_as(cast.evaladmin).get(f"/desk/votes/{vote.campaign.code}/turnout/").content.decode()
    assert "不少于 2/3，即 20 人：还差 20 人。" in page
    Voter.objects.filter(pk__in=vote.campaign.voters.exclude(channel="paper").values("pk")[:20]).update(voted=True)
    page = client_as(cast.evaladmin).get(f"/desk/votes/{vote.campaign.code}/turnout/").content.decode()
    assert "不少于 2/3，即 20 人：已达到。" in page


def test_turnout_asks_a_fixed_number_of_questions(vote: votes.Vote, assert_queries: Any) -> None:
    with assert_queries(2):
        turnout.of(vote.campaign)
    vote.campaign.state = "closed"
    with assert_queries(1):
        turnout.of(vote.campaign)


def on_list(made: ReminderList) -> set[str]:
    return {voter.name for voter in reminders.names(made)}


def test_two_lists_of_one_day_are_the_same_though_somebody_voted_between(vote: votes.Vote) -> None:
    votes.ballot(vote, vote.voters("masses")[0], CHOICES)
    with days.pretend(votes.DURING):
        first = reminders.make_list(campaign=vote.campaign, by=vote.by)
    names = on_list(first)
    assert len(names) == 29
    votes.ballot(vote, vote.voters("masses")[1], CHOICES)
    with days.pretend(votes.DURING):
        again = reminders.make_list(campaign=vote.campaign, by=vote.by)
    assert (again.pk, on_list(again)) == (first.pk, names)
    assert not AuditEntry.objects.filter(action__startswith="appraisal.reminders").exists()


def test_the_next_day_has_a_list_of_its_own_and_the_last_one_goes(vote: votes.Vote) -> None:
    with days.pretend(votes.DURING):
        reminders.make_list(campaign=vote.campaign, by=vote.by)
    votes.ballot(vote, vote.voters("masses")[1], CHOICES)
    with days.pretend(date(2026, 12, 3)):
        made = reminders.make_list(campaign=vote.campaign, by=vote.by)
    assert len(on_list(made)) == 29
    assert list(ReminderList.objects.values_list("day", flat=True)) == [date(2026, 12, 3)]


def test_who_handed_in_a_paper_ballot_is_not_reminded(vote: votes.Vote) -> None:
    Voter.objects.filter(pk=vote.voters("expert")[4].pk).update(paper="returned")
    with days.pretend(votes.DURING):
        made = reminders.make_list(campaign=vote.campaign, by=vote.by)
    assert vote.voters("expert")[4].name not in on_list(made)


def test_account_voters_on_the_list_are_reminded_once_a_day_without_a_time(vote: votes.Vote, cast: Any) -> None:
    with days.pretend(votes.DURING):
        assert reminders.remind(campaign=vote.campaign, by=vote.by) is True
        assert reminders.remind(campaign=vote.campaign, by=vote.by) is False
    notice = Notice.objects.get(kind="appraisal.reminder")
    assert (notice.recipient, notice.period, notice.title) == (
        cast.secretary,
        "2026-12-02",
        "请参加“2026年度综合票决（示例）”",
    )
    assert notice.body == "您是本次票决人员。请在截止前登录投票；已经投过票的，请忽略这条提醒。"
    assert AuditEntry.objects.filter(action="appraisal.reminders.sent").count() == 1
    votes.ballot(vote, vote.voters("expert")[0], CHOICES)
    with days.pretend(date(2026, 12, 3)), pytest.raises(Conflict) as refused:
        reminders.remind(campaign=vote.campaign, by=vote.by)
    assert (refused.value.code, Notice.objects.filter(kind="appraisal.reminder").count()) == ("nobody", 1)


def test_reminding_is_the_administrators_while_the_vote_is_open(vote: votes.Vote, actor: Any, cast: Any) -> None:
    for user in (cast.scrutineer, cast.officer, cast.outsider):
        with days.pretend(votes.DURING), pytest.raises(Forbidden):
            reminders.remind(campaign=vote.campaign, by=actor(user))
    with days.pretend(votes.AFTER):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
        with pytest.raises(Conflict) as refused:
            reminders.make_list(campaign=vote.campaign, by=vote.by)
    assert (refused.value.message, ReminderList.objects.count()) == ("投票期间才能催票。", 0)


def test_the_last_list_goes_with_the_rewriting_of_the_roll(vote: votes.Vote) -> None:
    with days.pretend(votes.DURING):
        reminders.make_list(campaign=vote.campaign, by=vote.by)
        mixing.rewrite(vote.campaign)
    assert ReminderList.objects.count() == 0
