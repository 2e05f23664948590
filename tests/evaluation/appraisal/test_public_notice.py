"""The public notice (公示): its list, its days over holidays, its review, and what a changed result does to it."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from common import days, publication
from common.actors import Actor
from common.models import AuditEntry
from evaluation.appraisal import lifecycle, public_notice, standing
from evaluation.appraisal.models import Campaign, CampaignAnnouncement, Candidate, Objection, PublicNotice
from tests.evaluation.appraisal import outcome_steps as steps
from tests.evaluation.appraisal import test_runoffs, votes
from tests.projects.refusals import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district, cast):
    steps.load_calendars()
    return steps.counted(district, cast)


@pytest.fixture
def notice(vote, cast):
    return steps.noticed(vote, cast.officer)


def listed(vote, notice) -> list[tuple[str, int]]:
    """Section and ballot number of each proposed candidate, in order."""
    numbers = {
        code: (section, number)
        for section in ("committee-1", "community-1", "new-1")
        for number, code in enumerate(vote.codes(section), start=1)
    }
    rows = notice.items.exclude(state="struck").values_list("candidate__code", flat=True)
    return [numbers[code] for code in rows]


# --- drafting ---


def test_the_draft_lists_the_elected_in_their_order(vote):
    notice = steps.drafted(steps.confirmed(vote))
    assert listed(vote, notice) == [("committee-1", 1), ("committee-1", 2), ("community-1", 1), ("new-1", 1)]
    assert (notice.round, notice.state, notice.starts_on, notice.is_public) == (1, "draft", None, False)
    assert notice.title == "2026年度（示例）书记项目评选拟获奖项目公示"
    assert "区委（示例）批准（示例〔2026〕1号）" in notice.body
    assert "公示期为 5 个工作日，发布当日计入" in notice.body


def test_drafting_again_is_the_same_draft(vote):
    first = steps.drafted(steps.confirmed(vote))
    assert steps.drafted(vote) == first
    assert PublicNotice.objects.count() == 1


def test_the_contact_of_last_year_is_proposed(vote, cast, district):
    PublicNotice.objects.create(campaign=votes.make_vote(district, cast, each=5).campaign, round=1, contact="组织科")
    assert steps.drafted(steps.confirmed(vote)).contact == "组织科"


def test_nobody_but_the_administrator_drafts(vote, cast, actor):
    steps.confirmed(vote)
    for who in ("officer", "scrutineer", "secretary"):
        call = lambda who=who: public_notice.draft_notice(campaign=vote.campaign, by=actor(getattr(cast, who)))  # noqa: E731
        refused("forbidden", call)
    refused("forbidden", lambda: public_notice.draft_notice(campaign=vote.campaign, by=steps.SYSTEM))


def test_no_notice_before_the_signature(vote):
    refused("illegal_step", lambda: public_notice.draft_notice(campaign=vote.campaign, by=vote.by))
    assert not PublicNotice.objects.exists()


def test_a_tie_comes_first(district, cast):
    vote = steps.confirmed(steps.counted(district, cast, choices=steps.LEVEL))
    error = refused("open_tie", lambda: steps.drafted(vote))
    assert error.message == "“十佳书记项目”末位并列，请先再次票决。"


def test_a_runoff_decides_and_has_no_notice_of_its_own(district, cast):
    """Committee 3 wins the run-off against 2: it is announced with the first vote, 2 is the next to move up."""
    steps.load_calendars()
    vote = steps.confirmed(steps.counted(district, cast, choices=steps.LEVEL))
    winner, loser = (Candidate.objects.get(code=vote.codes("committee-1")[at]) for at in (2, 1))
    second = test_runoffs.again(vote)
    places = [Candidate.objects.get(code=code).project for code in votes.lock(second).codes("committee-1")]
    steps.confirmed(test_runoffs.run(second, [{"committee-1": [1 + places.index(winner.project)]}]))
    refused("runoff", lambda: public_notice.draft_notice(campaign=second.campaign, by=vote.by))

    notice = steps.noticed(vote, cast.officer)
    assert listed(vote, notice)[:2] == [("committee-1", 1), ("committee-1", 3)]
    assert list(notice.items.values_list("rank", flat=True))[:2] == [1, 2]
    struck = upheld(vote, notice, cast, winner.code)
    assert struck.items.filter(candidate=loser).exists()
    steps.published(vote, cast.officer, struck, date(2026, 12, 14))
    steps.finalized(date(2026, 12, 19))
    assert (vote.again().state, second.again().state) == ("final", "final")


def test_nobody_elected_ends_the_vote_without_a_notice(district, cast):
    nobody = [{}] * 5
    vote = steps.confirmed(steps.counted(district, cast, over_half=True, choices=nobody))
    refused("nobody_elected", lambda: steps.drafted(vote))
    ended = public_notice.conclude_without_awards(campaign=vote.campaign, by=vote.by)
    assert (ended.state, PublicNotice.objects.count()) == ("final", 0)
    assert public_notice.conclude_without_awards(campaign=vote.campaign, by=vote.by).state == "final"


def test_a_vote_with_winners_cannot_end_without_a_notice(vote):
    steps.confirmed(vote)
    refused("somebody_elected", lambda: public_notice.conclude_without_awards(campaign=vote.campaign, by=vote.by))


# --- the review ---


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"contact": ""}, "请写明受理方式：受理单位、电话、地址。"),
        ({"title": " \u200b"}, "请填写标题。"),
        ({"body": "一" * 2001}, "最多 2000 字，现在是 2001 字。"),
    ],
)
def test_the_wording_is_checked_field_by_field(vote, changed, message):
    notice = steps.drafted(steps.confirmed(vote))
    name = next(iter(changed))
    error = refused("invalid", lambda: steps.proposed(vote, notice, **changed), name)
    assert error.fields[name] == [message]


def test_only_the_department_reviews_and_only_the_administrator_proposes(vote, cast):
    notice = steps.drafted(steps.confirmed(vote))
    propose = lambda who: publication.propose(obj=notice, content=steps.wording(notice), by=Actor.person(who))  # noqa: E731
    refused("forbidden", lambda: propose(cast.officer))
    propose(cast.evaladmin)
    for who in (cast.evaladmin, cast.scrutineer, cast.leader):
        refused("forbidden", lambda who=who: publication.clear(obj=notice, by=Actor.person(who)))


def test_nothing_is_public_before_the_last_step(vote, cast):
    notice = steps.drafted(steps.confirmed(vote))
    with days.pretend(steps.START):
        steps.proposed(vote, notice)
        steps.passed(vote, cast.officer, notice, ("clear", "approve"))
    notice.refresh_from_db()
    assert (notice.is_public, notice.state, vote.again().state) == (False, "draft", "confirmed")


def test_publishing_starts_the_days(notice, vote):
    assert (notice.state, notice.is_public, notice.contact) == ("running", True, steps.CONTACT)
    assert (notice.starts_on, notice.ends_on) == (date(2026, 12, 7), date(2026, 12, 11))
    assert vote.campaign.state == "noticed"
    entry = AuditEntry.objects.get(action="appraisal.notice.published")
    assert entry.after == {"starts_on": "2026-12-07", "ends_on": "2026-12-11"}


def test_other_words_for_a_running_notice_leave_its_days(notice, vote, cast):
    with days.pretend(date(2026, 12, 9)):
        steps.proposed(vote, notice, title="更正后的标题")
        steps.passed(vote, cast.officer, notice)
    notice.refresh_from_db()
    assert (notice.title, notice.starts_on, notice.ends_on) == ("更正后的标题", steps.START, steps.END)


def test_a_list_that_changed_under_review_is_not_published(vote, cast):
    """What the reviewers passed is what is published."""
    notice = steps.drafted(steps.confirmed(vote))
    with days.pretend(steps.START):
        steps.proposed(vote, notice)
        steps.passed(vote, cast.officer, notice, ("clear", "approve"))
        notice.items.last().delete()
        refused("items_changed", lambda: steps.passed(vote, cast.officer, notice, ("publish",)))
    notice.refresh_from_db()
    assert (notice.state, publication.state_of(notice).state) == ("draft", "approved")


def test_a_vote_that_is_not_announced_has_no_notice(vote, cast):
    """Nobody outside could read its rules or check its result; the wording that was typed stays in the form."""
    notice = steps.drafted(steps.confirmed(vote))
    CampaignAnnouncement.objects.update(is_public=False)
    error = refused("not_announced", lambda: steps.proposed(vote, notice))
    assert error.message.startswith("“2026年度综合票决（示例）”的评选公告没有公开")
    CampaignAnnouncement.objects.update(is_public=True)
    with days.pretend(steps.START):
        steps.proposed(vote, notice)
        CampaignAnnouncement.objects.update(is_public=False)
        refused("not_announced", lambda: steps.passed(vote, cast.officer, notice))
    notice.refresh_from_db()
    assert (notice.state, notice.is_public, vote.again().state) == ("draft", False, "confirmed")


def test_its_run_off_is_announced_too(district, cast):
    vote = steps.confirmed(steps.counted(district, cast, choices=steps.LEVEL))
    second = steps.confirmed(test_runoffs.run(test_runoffs.again(vote), [{"committee-1": [1]}]))
    notice = steps.drafted(vote)
    CampaignAnnouncement.objects.filter(campaign=second.campaign).delete()
    error = refused("not_announced", lambda: steps.proposed(vote, notice))
    assert error.message.startswith("“2026年度综合票决（示例）再次票决”的评选公告没有公开")


# --- days ---


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 9, 28), date(2026, 10, 9)),  # 28 to 30 September, 8 and 9 October: over National Day
        (date(2026, 10, 8), date(2026, 10, 13)),  # Saturday the 10th is worked (调休)
        (date(2026, 10, 10), date(2026, 10, 15)),  # begins on a makeup Saturday
        (date(2026, 9, 20), date(2026, 9, 24)),  # begins on a makeup Sunday, ends before the Mid-Autumn holiday
    ],
)
def test_days_over_holidays(vote, cast, start, end):
    found = steps.noticed(vote, cast.officer, start)
    assert (found.starts_on, found.ends_on) == (start, end)


@pytest.mark.parametrize(
    ("day", "following"),
    [
        (date(2026, 12, 6), "2026年12月7日"),  # Sunday
        (date(2026, 10, 1), "2026年10月8日"),  # National Day
        (date(2026, 10, 11), "2026年10月12日"),  # Sunday after a worked Saturday
    ],
)
def test_a_day_off_is_no_first_day(vote, cast, day, following):
    error = refused("rest_day", lambda: steps.noticed(vote, cast.officer, day))
    assert error.message.endswith(f"不是工作日，公示应从工作日开始，请在 {following} 发布。")
    found = PublicNotice.objects.get()
    assert (found.state, found.starts_on, found.is_public, vote.again().state) == ("draft", None, False, "confirmed")
    assert publication.state_of(found).state == "approved"


def test_next_years_table_is_not_loaded(vote, cast):
    """Five days from 29 December reach into 2027, whose holidays nobody knows yet."""
    error = refused("missing_calendar", lambda: steps.noticed(vote, cast.officer, date(2026, 12, 29)))
    assert "没有 2027 年的节假日安排" in error.message
    found = PublicNotice.objects.get()
    assert (found.state, found.is_public, vote.again().state) == ("draft", False, "confirmed")


def test_no_table_at_all(district, cast):
    vote = steps.counted(district, cast)
    refused("missing_calendar", lambda: steps.noticed(vote, cast.officer))
    assert vote.again().state == "confirmed"


# --- approval basis ---


def test_no_notice_without_its_approval(vote):
    for missing in ("approval_number", "approval_body"):
        campaign = Campaign(approval_number="1号", approval_on=date(2026, 1, 1), approval_body="区委")
        public_notice.refuse_without_basis(campaign)
        setattr(campaign, missing, "")
        refused("no_basis", lambda campaign=campaign: public_notice.refuse_without_basis(campaign))
    with pytest.raises(DatabaseError), transaction.atomic():
        Campaign.objects.filter(pk=vote.campaign.pk).update(approval_number="")


# --- taking down, voiding ---


def test_taken_down_is_hidden_and_begins_anew(notice, vote, cast):
    with days.pretend(date(2026, 12, 9)):
        publication.take_down(obj=notice, reason="文字有误", by=Actor.person(cast.officer))
        notice.refresh_from_db()
        assert (notice.is_public, list(PublicNotice.objects.shown())) == (False, [])
    assert steps.finalized() == {"awards": 0, "waiting": 0, "refused": 0}
    again = steps.published(vote, cast.officer, notice, date(2026, 12, 14))
    assert (again.starts_on, again.ends_on) == (date(2026, 12, 14), date(2026, 12, 18))


def test_a_voided_vote_takes_no_objection_and_makes_no_award(notice, vote):
    lifecycle.void_campaign(campaign=vote.campaign, reason="程序有误", by=vote.by)
    found = PublicNotice.objects.select_related("campaign").get()
    with days.pretend(steps.START):
        refused("notice_over", lambda: steps.objected(found))
    assert steps.finalized()["awards"] == 0


# --- a changed result ---


def upheld(vote, notice, cast, candidate, day=date(2026, 12, 9)) -> PublicNotice | None:
    """The current round after an upheld objection to this candidate."""
    objection = steps.objected(notice, day, item=steps.item_of(notice, candidate))
    steps.closed(objection, "upheld", cast.officer, day)
    return vote.again().notices.order_by("-round").first()


def test_the_next_moves_up_and_the_days_count_anew(notice, vote, cast):
    second = upheld(vote, notice, cast, vote.codes("committee-1")[1])
    assert listed(vote, second) == [("committee-1", 1), ("committee-1", 3), ("community-1", 1), ("new-1", 1)]
    assert (second.round, second.state, second.is_public) == (2, "draft", False)
    assert second.title.endswith("公示（第 2 轮）")
    notice.refresh_from_db()
    assert notice.state == "superseded"
    assert sorted(notice.items.values_list("state", flat=True)) == ["carried", "carried", "carried", "struck"]
    assert steps.finalized() == {"awards": 0, "waiting": 0, "refused": 0}

    second = steps.published(vote, cast.officer, second, date(2026, 12, 10))
    assert (second.starts_on, second.ends_on) == (date(2026, 12, 10), date(2026, 12, 16))
    assert steps.finalized(date(2026, 12, 12))["awards"] == 0
    assert steps.finalized(date(2026, 12, 17)) == {"awards": 4, "waiting": 0, "refused": 0}
    assert vote.again().state == "final"


def test_level_candidates_leave_the_seat_empty(notice, vote, cast):
    """Community 2 and 3 are level: neither moves up, and no number decides it."""
    second = upheld(vote, notice, cast, vote.codes("community-1")[0])
    assert listed(vote, second) == [("committee-1", 1), ("committee-1", 2), ("new-1", 1)]


def test_less_than_half_moves_nobody_up(district, cast):
    steps.load_calendars()
    vote = steps.counted(district, cast, over_half=True)
    notice = steps.noticed(vote, cast.officer)
    second = upheld(vote, notice, cast, vote.codes("committee-1")[1])
    assert listed(vote, second) == [("committee-1", 1), ("community-1", 1), ("new-1", 1)]


def test_who_was_struck_never_moves_up_again(notice, vote, cast):
    codes = vote.codes("committee-1")
    second = steps.published(vote, cast.officer, upheld(vote, notice, cast, codes[1]), date(2026, 12, 10))
    third = upheld(vote, second, cast, codes[2], date(2026, 12, 11))
    assert listed(vote, third) == [("committee-1", 1), ("committee-1", 4), ("community-1", 1), ("new-1", 1)]


def test_a_draft_that_changes_stays_the_same_round(notice, vote, cast):
    second = upheld(vote, notice, cast, vote.codes("committee-1")[1])
    late = Objection.objects.create(
        notice=notice, item=steps.item_of(notice, vote.codes("new-1")[0]), code="LATE", **_person()
    )
    steps.closed(late, "upheld", cast.officer, date(2026, 12, 10))
    second.refresh_from_db()
    assert (vote.campaign.notices.count(), second.state) == (2, "draft")
    assert listed(vote, second)[-1] == ("new-1", 2)


def test_nothing_left_ends_the_vote(district, cast):
    """Every item struck and nobody to move up: the vote is final without an award."""
    steps.load_calendars()
    only_one = [{"committee-1": [1]}] * 5
    vote = steps.counted(district, cast, over_half=True, choices=only_one)
    notice = steps.noticed(vote, cast.officer)
    assert listed(vote, notice) == [("committee-1", 1)]
    upheld(vote, notice, cast, vote.codes("committee-1")[0])
    notice.refresh_from_db()
    assert (vote.again().state, notice.state, steps.titles()) == ("final", "done", [])


def test_the_ranking_says_who_is_fit(vote):
    found = standing.standings(vote.campaign)
    assert [(row.award, row.class_name, len(row.places)) for row in found] == [
        ("十佳书记项目", "", 4),
        ("为民先锋项目", "", 3),
        ("优秀书记项目", "", 3),
    ]
    assert [(place.rank, place.elected, place.fit) for place in found[0].places] == [
        (1, True, True),
        (2, True, True),
        (3, False, True),
        (4, False, True),
    ]


def _person() -> dict[str, str]:
    return {"by": "person", "name": "示例居民", "contact": "025-1234567", "content": "不符。"}
