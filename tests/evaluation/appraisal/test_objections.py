"""Objections (异议): who may object when, what holds an award back, who sees the names."""

from __future__ import annotations

from datetime import date

import pytest

from common import days
from common.actors import Actor
from common.models import AuditEntry, Notice
from evaluation.appraisal import crockford, lifecycle, objections
from evaluation.appraisal.models import Award, Objection, PublicNotice
from tests.evaluation.appraisal import outcome_steps as steps
from tests.factories import make_user
from tests.projects.refusals import refused

pytestmark = pytest.mark.django_db
WEB = Actor(user=None, source="web")
TUESDAY, LAST, NEXT_DAY = date(2026, 12, 8), steps.END, date(2026, 12, 12)


@pytest.fixture
def vote(district, cast):
    steps.load_calendars()
    return steps.counted(district, cast)


@pytest.fixture
def notice(vote, cast):
    return steps.noticed(vote, cast.officer)


@pytest.fixture
def second_item(vote, notice):
    """The item of the candidate who is second on the stage."""
    return steps.item_of(notice, vote.codes("committee-1")[1])


def record(notice, by, **changed) -> Objection:
    given = {"via": "letter", "received_on": date(2026, 12, 14), "dated_on": LAST, **changed}
    with days.pretend(date(2026, 12, 14)):
        return objections.record_objection(notice=notice, given=steps.PERSON, by=Actor.person(by), **given)


# --- filing ---


def test_an_objection_is_received_with_a_code(notice, second_item, cast):
    made = steps.objected(notice, LAST, item=second_item)
    assert (made.state, made.via, made.by, made.name) == ("received", "online", "person", "示例居民")
    assert (made.item, made.received_on, made.dated_on) == (second_item, LAST, None)
    assert objections.by_code(crockford.grouped(made.code).lower()) == made
    told = Notice.objects.filter(kind="objection_received").order_by("recipient")
    assert [row.recipient for row in told] == sorted([cast.officer, cast.evaladmin], key=lambda user: user.pk)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "匿名"}, "name"),
        ({"name": "（不愿透露姓名）"}, "name"),
        ({"name": "王"}, "name"),
        ({"contact": ""}, "contact"),
        ({"contact": "025"}, "contact"),
        ({"content": "\u200b "}, "content"),
        ({"content": "一" * 3001}, "content"),
        ({"kind": "other"}, "kind"),
        ({"kind": "organization", "name": "示例单位"}, "stamped"),
    ],
)
def test_a_clue_without_a_name_is_not_accepted(notice, changed, field):
    refused("invalid", lambda: steps.objected(notice, **changed), field)
    assert not Objection.objects.exists()


def test_a_stamped_unit_may_object(notice):
    made = steps.objected(notice, kind="organization", name="示例单位", stamped=True)
    assert (made.by, made.stamped) == ("organization", True)


def test_an_item_of_another_notice_is_refused(vote, notice, second_item, cast):
    steps.closed(steps.objected(notice, item=second_item), "upheld", cast.officer)
    other = steps.published(vote, cast.officer, vote.campaign.notices.get(round=2), TUESDAY)
    refused("invalid", lambda: steps.objected(other, TUESDAY, item=second_item), "item")


def test_the_same_words_twice_are_one_objection(notice):
    assert steps.objected(notice) == steps.objected(notice)
    assert Objection.objects.count() == 1


@pytest.mark.parametrize("day", [NEXT_DAY, date(2026, 12, 14)])
def test_after_the_end_nobody_objects(notice, day):
    error = refused("notice_over", lambda: steps.objected(notice, day))
    assert error.message == "公示已于 2026年12月11日结束，不再受理异议。"
    assert not Objection.objects.exists()


def test_before_the_publication_nobody_objects(vote):
    notice = steps.drafted(steps.confirmed(vote))
    refused("notice_over", lambda: steps.objected(notice))


def test_a_superseded_round_takes_none(notice, second_item, cast):
    steps.closed(steps.objected(notice, item=second_item), "upheld", cast.officer)
    error = refused("notice_over", lambda: steps.objected(notice, content="又一条"))
    assert error.message == "这一轮公示已因结果调整停止，请在新一轮公示中提出。"


# --- letters ---


def test_a_late_letter_counts_by_its_postmark(notice, cast):
    """Received on the Monday after the end, posted on the last day."""
    made = record(notice, cast.evaladmin)
    assert (made.via, made.received_on, made.dated_on) == ("letter", date(2026, 12, 14), LAST)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"dated_on": NEXT_DAY}, "dated_on"),  # posted after the end
        ({"dated_on": date(2026, 12, 4)}, "dated_on"),  # posted before it began
        ({"dated_on": None}, "dated_on"),
        ({"dated_on": date(2026, 12, 15)}, "dated_on"),  # posted after it came
        ({"received_on": date(2026, 12, 15)}, "received_on"),  # comes tomorrow
        ({"via": "call"}, "received_on"),  # a call after the end
        ({"via": "online"}, "via"),
    ],
)
def test_what_is_not_of_the_days_is_not_recorded(notice, cast, changed, field):
    refused("invalid", lambda: record(notice, cast.evaladmin, **changed), field)


def test_a_call_within_the_days_is_recorded(notice, cast):
    made = record(notice, cast.officer, via="call", received_on=LAST)
    assert (made.via, made.dated_on) == ("call", None)


def test_others_record_and_close_nothing(notice, cast):
    made = steps.objected(notice)
    for who in (cast.scrutineer, cast.leader, cast.secretary, cast.auditor):
        refused("forbidden", lambda who=who: record(notice, who))
        refused("forbidden", lambda who=who: steps.closed(made, "dismissed", who))
    assert Objection.objects.get().state == "received"


def test_a_letter_of_the_first_round_is_recorded_in_the_second(vote, notice, second_item, cast):
    """Posted on the Tuesday of the first round; on the Wednesday the result changed, the second began the Monday on."""
    steps.closed(steps.objected(notice, item=second_item), "upheld", cast.officer, date(2026, 12, 9))
    second = steps.published(vote, cast.officer, vote.campaign.notices.get(round=2), date(2026, 12, 14))
    made = record(second, cast.evaladmin, dated_on=TUESDAY)
    assert (made.notice, made.dated_on) == (second, TUESDAY)
    error = refused("invalid", lambda: record(second, cast.evaladmin, dated_on=NEXT_DAY), "dated_on")
    assert error.fields["dated_on"] == [
        "不在公示期内（2026年12月7日至2026年12月11日、2026年12月14日至2026年12月18日），不予受理。"
    ]


# --- what it holds ---


def test_an_open_objection_holds_its_own_item_only(vote, notice, second_item):
    steps.objected(notice, item=second_item)
    assert steps.finalized() == {"awards": 3, "waiting": 1, "refused": 0}
    assert set(steps.states_of(notice).values()) == {"final", "standing"}
    assert (vote.again().state, PublicNotice.objects.get().state) == ("noticed", "running")
    assert not Award.objects.filter(candidate=second_item.candidate).exists()


def test_one_that_names_no_item_holds_them_all(vote, notice):
    steps.objected(notice)
    assert steps.finalized() == {"awards": 0, "waiting": 4, "refused": 0}
    assert vote.again().state == "noticed"


@pytest.mark.parametrize("state", ["dismissed", "not_admitted", "withdrawn"])
def test_closed_otherwise_it_holds_nothing(vote, notice, second_item, cast, state):
    made = steps.closed(steps.objected(notice, item=second_item), state, cast.officer)
    assert (made.state, made.handled_by, made.reply) == (state, cast.officer, "经核实，答复如下。（示例）")
    assert steps.finalized()["awards"] == 4
    assert vote.again().state == "final"


def test_what_waited_takes_effect_once_it_is_answered(vote, notice, second_item, cast):
    made = steps.objected(notice, item=second_item)
    steps.finalized()
    steps.closed(made, "withdrawn", cast.evaladmin, date(2026, 12, 16))
    assert steps.finalized(date(2026, 12, 17)) == {"awards": 1, "waiting": 0, "refused": 0}
    award = Award.objects.get(candidate=second_item.candidate)
    assert (award.awarded_on, vote.again().state) == (date(2026, 12, 17), "final")


def test_an_objection_holds_its_candidate_in_the_next_round_too(vote, notice, second_item, cast):
    third = steps.item_of(notice, vote.codes("new-1")[0])
    steps.objected(notice, item=third)
    steps.closed(steps.objected(notice, item=second_item), "upheld", cast.officer)
    steps.published(vote, cast.officer, vote.campaign.notices.get(round=2), TUESDAY)
    assert steps.finalized(date(2026, 12, 15)) == {"awards": 3, "waiting": 1, "refused": 0}


# --- closing ---


def test_upheld_strikes_the_item(notice, second_item, cast):
    secretary = make_user(second_item.candidate.project.lead_secretary)
    steps.closed(steps.objected(notice, item=second_item), "upheld", cast.officer)
    second_item.refresh_from_db()
    assert (second_item.state, second_item.reason) == ("struck", "异议成立")
    told = Notice.objects.get(kind="award_struck")
    assert told.recipient == secretary
    assert told.title == f"拟获奖名单调整：{second_item.candidate.project}不再列入“十佳书记项目”"


def test_upheld_without_an_item_needs_one(notice, second_item, cast):
    made = steps.objected(notice)
    refused("invalid", lambda: steps.closed(made, "upheld", cast.officer), "item")
    assert Objection.objects.get().state == "received"
    steps.closed(made, "upheld", cast.officer, item=second_item)
    second_item.refresh_from_db()
    assert second_item.state == "struck"


def test_two_who_are_right_about_the_same_item(vote, notice, second_item, cast):
    """The first strikes it and the days begin anew; the second is upheld too, and strikes nothing more."""
    first = steps.objected(notice, item=second_item)
    other = steps.objected(notice, item=second_item, name="另一居民")
    steps.closed(first, "upheld", cast.officer)
    assert steps.closed(other, "upheld", cast.officer).state == "upheld"
    assert (vote.campaign.notices.count(), vote.campaign.notices.get(round=2).items.count()) == (2, 4)


def test_what_a_vote_was_voided_for_is_upheld(vote, notice, second_item, cast):
    made = steps.objected(notice, item=second_item)
    lifecycle.void_campaign(campaign=vote.campaign, reason="异议成立，程序有误。", by=vote.by)
    assert steps.closed(made, "upheld", cast.officer).state == "upheld"
    assert set(steps.states_of(notice).values()) == {"standing"}


def test_what_is_an_award_already_is_not_struck(notice, second_item, cast):
    """The letter came when the award was in force: it is answered, the award is another procedure's."""
    steps.finalized()
    late = record(notice, cast.officer)
    error = refused("not_standing", lambda: steps.closed(late, "upheld", cast.officer, item=second_item))
    assert "按规定程序撤销奖项" in error.message
    assert Objection.objects.get().state == "received"
    assert steps.closed(late, "dismissed", cast.officer).state == "dismissed"


def test_closed_once(notice, cast):
    made = steps.closed(steps.objected(notice), "dismissed", cast.officer)
    assert steps.closed(made, "dismissed", cast.evaladmin).handled_by == cast.officer
    refused("closed", lambda: steps.closed(made, "upheld", cast.officer))


@pytest.mark.parametrize(("state", "reply", "field"), [("dismissed", " ", "reply"), ("received", "好", "state")])
def test_every_end_has_its_words(notice, cast, state, reply, field):
    made = steps.objected(notice)
    call = lambda: objections.close_objection(  # noqa: E731
        objection=made, state=state, reply=reply, by=Actor.person(cast.officer)
    )
    refused("invalid", call, field)


def test_open_ones_come_first(vote, notice, cast, client_as, today):
    """On both databases: one has empty times first, the other last."""
    first, other = steps.objected(notice), steps.objected(notice, content="又一条。（示例）")
    steps.closed(first, "dismissed", cast.officer)
    today(TUESDAY)
    page = client_as(cast.officer).get(f"/desk/votes/{vote.campaign.code}/notice/").text
    assert page.index(f"{other}</a>") < page.index(f"{first}</a>")


# --- names ---


def test_the_name_stands_in_no_audit_entry_and_no_notice(notice, second_item, cast):
    given = {"name": "张某实名", "contact": "138-0000-1111", "content": "泄露了就不好了。", "item": second_item}
    steps.closed(steps.objected(notice, **given), "dismissed", cast.officer)
    entries = "\n".join(str(list(row.values())) for row in AuditEntry.objects.values())
    told = "\n".join(f"{row.title}{row.body}{row.url}" for row in Notice.objects.all())
    assert ("号异议" in entries, "收到一条异议" in told) == (True, True)
    code = Objection.objects.get().code
    for words in ("张某", "138-0000-1111", "泄露了就不好了", code):
        assert (words in entries, words in told) == (False, False)
