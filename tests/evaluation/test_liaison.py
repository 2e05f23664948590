"""Liaison (联系机制): opened by the check, followed by visits, closed by the rule."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from common.models import AuditEntry, Notice
from evaluation.tracking import checks, liaison
from evaluation.tracking.models import LiaisonCase, LiaisonVisit
from tests.conftest import fresh
from tests.evaluation.liaison_steps import CALL, CASES, FALL, JAN, NOTE, actions, begin, check, recover, report
from tests.factories import (
    POSTS,
    ROLES,
    grant,
    make_person,
    make_plan,
    make_report,
    make_user,
)
from tests.projects.refusals import refused


@pytest.fixture
def contact(cast):
    cast.contact = make_user("示例联系人", username="contact")
    return cast.contact


@pytest.fixture
def project(district, cast, contact):
    return begin(district, cast, contact=contact.person)


@pytest.fixture
def case(project, today):
    """A case that January's report (20 points behind) opened; today is a week later."""
    report(project, 1, 80)
    check(today, FALL)
    today(FALL + timedelta(days=7))
    return LiaisonCase.objects.get()


# --- opening ---


@pytest.mark.parametrize(
    ("percent", "light", "words"),
    [
        (90, "yellow", "落后于序时进度 10.00 个百分点"),
        (70, "yellow", "落后于序时进度 30.00 个百分点"),
        (69, "red", "严重落后于序时进度 31.00 个百分点"),
    ],
)
def test_a_fall_opens_a_case_and_tells_each_once(project, cast, today, percent, light, words):
    second = make_user("另一位工作人员")
    gone = make_user("停用的工作人员", is_active=False)
    grant(second, "department_officer")
    grant(gone, "department_officer")
    grant(make_user("街道的工作人员"), "department_officer", project.lead_organization)
    report(project, 1, percent)
    check(today, FALL, FALL, FALL + timedelta(days=1), FALL)

    case = LiaisonCase.objects.get()
    assert (case.project, case.opened_on, case.opened_light, case.light) == (project, FALL, light, light)
    assert (case.contact, case.interval_days) == (cast.contact.person, 14)
    assert (case.next_visit_on, case.closed_on) == (date(2026, 2, 17), None)
    told = [cast.contact, cast.secretary, cast.officer, second]
    notices = Notice.objects.order_by("recipient")
    assert list(notices.values_list("recipient", flat=True)) == sorted(user.pk for user in told)
    assert set(notices.values_list("kind", "title", "body", "url")) == {
        (
            "liaison_opened",
            "建立联系机制：示例项目",
            f"2026-02-03 快照：{words}。",
            reverse("tracking:case", args=[case.pk]),
        )
    }
    assert actions() == [("tracking.liaison.opened", "系统")]


def test_who_is_contact_and_officer_gets_one_notice(district, cast, today):
    project = begin(district, cast, contact=cast.officer.person)
    report(project, 1, 0)
    check(today, FALL)
    assert set(Notice.objects.values_list("recipient", flat=True)) == {cast.officer.pk, cast.secretary.pk}
    assert Notice.objects.count() == 2


def test_who_has_left_is_not_told(project, cast, today):
    cast.contact.is_active = False
    cast.contact.save()
    report(project, 1, 80)
    check(today, FALL)
    assert set(Notice.objects.values_list("recipient", flat=True)) == {cast.officer.pk, cast.secretary.pk}


def test_green_grey_and_dark_open_nothing(district, cast, project, today):
    report(project, 1, 95)
    begin(district, cast, state="suspended")
    check(today, FALL, date(2026, 3, 6))
    project.refresh_from_db()
    assert project.light == "grey"
    assert not LiaisonCase.objects.exists()
    assert not Notice.objects.exists()


def test_missing_twice_opens_a_case(project, today):
    report(project, 1, 95)
    check(today, date(2026, 4, 6))
    assert Notice.objects.first().body == "2026-04-06 快照：连续两个月未报月报。"


def test_an_open_case_follows_the_light_and_stays_the_only_one(project, today):
    report(project, 1, 80)
    seen = []
    for night, percent in enumerate([80, 60, 95], start=1):
        day = FALL if night == 1 else report(project, night, percent)
        check(today, day)
        seen.append(LiaisonCase.objects.get().light)
    check(today, date(2026, 5, 6))  # April's report is missing
    seen.append(LiaisonCase.objects.get().light)
    assert seen == ["yellow", "red", "green", "grey"]
    assert LiaisonCase.objects.get().opened_light == "yellow"


def test_a_suspension_leaves_the_last_light(case, today):
    on = FALL + timedelta(days=8)
    case.project.state_changes.create(from_state="running", to_state="suspended", on=on)
    check(today, on)
    case.refresh_from_db()
    assert case.light == "yellow"


# --- visits ---


def test_a_visit_is_logged_and_the_next_is_due_an_interval_later(case, cast, actor):
    by = actor(cast.contact)
    on = date(2026, 2, 9)
    visit = liaison.record_visit(
        case=case, on=on, method=CALL, findings=" 缺少场地。\u200b", agreed="本周协调。 ", by=by
    )
    assert (visit.findings, visit.agreed, visit.by) == ("缺少场地。", "本周协调。", cast.contact)
    assert str(visit) == "2026-02-09 电话沟通"
    case.refresh_from_db()
    assert case.next_visit_on == date(2026, 2, 23)
    assert actions()[1:] == [("tracking.liaison.visited", "示例联系人")]
    # One that is written down later does not bring the next one forward.
    liaison.record_visit(case=case, on=FALL, method="on_site", findings="首次走访。", by=by)
    case.refresh_from_db()
    assert case.next_visit_on == date(2026, 2, 23)
    assert [v.on for v in case.visits.all()] == [on, FALL]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"on": date(2026, 2, 11)}, "on"),
        ({"on": date(2026, 2, 2)}, "on"),
        ({"method": "telegram"}, "method"),
        ({"findings": ""}, "findings"),
        ({"findings": " \u200b\u3000"}, "findings"),
    ],
)
def test_a_visit_that_is_refused(case, cast, actor, wrong, field):
    given = {"on": date(2026, 2, 10), "method": CALL, "findings": "缺少场地。"} | wrong
    refused("invalid", lambda: liaison.record_visit(case=case, by=actor(cast.officer), **given), field)
    assert not LiaisonVisit.objects.exists()


def test_all_that_is_wrong_with_a_visit_at_once(case, cast, actor):
    visit = {"on": date(2027, 1, 1), "method": "", "findings": ""}
    call = lambda: liaison.record_visit(case=case, by=actor(cast.officer), **visit)  # noqa: E731
    refused("invalid", call, "on", "method", "findings")


# --- who may ---

WHO = [*POSTS, *ROLES, "contact"]


@pytest.mark.parametrize("who", WHO)
def test_the_contact_and_the_department_log_visits(case, cast, actor, who):
    def visit() -> Any:
        by = actor(getattr(cast, who))
        return liaison.record_visit(case=case, on=FALL, method=CALL, findings="缺少场地。", by=by)

    if who in ("contact", "officer"):
        assert visit().pk
    else:
        refused("forbidden", visit)
    assert LiaisonVisit.objects.count() == (who in ("contact", "officer"))


@pytest.mark.parametrize("who", WHO)
def test_the_department_assigns_and_closes(case, cast, project, actor, today, who):
    recover(project, today, 2, 3)
    by, person = actor(getattr(cast, who)), make_person()
    assign = lambda: liaison.assign_contact(case=case, person=person, by=by)  # noqa: E731
    close = lambda: liaison.close_case(case=case, note=NOTE, by=by)  # noqa: E731
    if who == "officer":
        assert assign().contact == person
        assert close().closing_note == NOTE
    else:
        refused("forbidden", assign)
        refused("forbidden", close)
        case.refresh_from_db()
        assert (case.contact, case.closed_on) == (cast.contact.person, None)


def test_an_officer_decides_nothing_about_a_project_of_ones_own(district, cast, actor, today):
    project = begin(district, cast, secretary=cast.officer)
    report(project, 1, 80)
    check(today, FALL)
    case, by = LiaisonCase.objects.get(), actor(cast.officer)
    visit = {"on": FALL, "method": CALL, "findings": "缺少场地。"}
    refused("forbidden", lambda: liaison.record_visit(case=case, by=by, **visit))
    refused("forbidden", lambda: liaison.assign_contact(case=case, person=make_person(), by=by))
    refused("forbidden", lambda: liaison.close_case(case=case, note=NOTE, by=by))


def test_a_new_contact_is_told_once(case, cast, actor):
    by, user = actor(cast.officer), make_user("新联系人")
    for _ in range(2):
        assert liaison.assign_contact(case=case, person=user.person, by=by).contact == user.person
    notice = Notice.objects.get(recipient=user)
    assert (notice.kind, notice.title) == ("liaison_assigned", "请联系：示例项目")
    assert actions()[1:] == [("tracking.liaison.contact_assigned", "组织部工作人员")]
    entry = AuditEntry.objects.first()
    assert (entry.before, entry.after) == ({"contact": "示例联系人"}, {"contact": "新联系人"})


def test_the_lead_secretary_is_not_the_contact(case, cast, actor):
    call = lambda: liaison.assign_contact(case=case, person=cast.secretary.person, by=actor(cast.officer))  # noqa: E731
    refused("invalid", call, "contact")


# --- closing ---


def test_closing_needs_two_green_readings_in_a_row(case, cast, project, actor, today):
    def close(note: str = NOTE) -> LiaisonCase:
        return liaison.close_case(case=case, note=note, by=actor(cast.officer))

    assert refused("not_recovered", close).message == "需要连续 2 次绿灯才能关闭，目前连续 0 次。"
    recover(project, today, 2)
    check(today, date(2026, 3, 4), date(2026, 3, 5))  # more nights, but no new reading
    assert refused("not_recovered", close).message == "需要连续 2 次绿灯才能关闭，目前连续 1 次。"
    recover(project, today, 3)
    refused("invalid", lambda: close(" \u200b"), "note")
    closed = close(f" {NOTE} ")
    assert (closed.closed_on, closed.closing_note) == (date(2026, 4, 4), NOTE)
    today("2026-04-10")
    assert close("再关一次。").closed_on == date(2026, 4, 4)
    assert actions()[1:] == [("tracking.liaison.closed", "组织部工作人员")]


@pytest.mark.parametrize("between", [80, None])
def test_another_light_between_breaks_the_row(case, cast, project, actor, today, between):
    """Green in February, yellow or grey (not reported) in March, green in April."""
    recover(project, today, 2)
    check(today, report(project, 3, between) if between else date(2026, 4, 6))
    recover(project, today, 4)
    close = lambda: liaison.close_case(case=case, note=NOTE, by=actor(cast.officer))  # noqa: E731
    assert "目前连续 1 次" in refused("not_recovered", close).message


def test_a_reading_is_the_first_snapshot_of_its_status_date(case, project, today):
    """What was missing on the 6th and came on the 9th was a grey reading, not a green one."""
    check(today, date(2026, 3, 6))
    make_report(project, date(2026, 2, 1), [95], decided_on=date(2026, 3, 9), in_time=False)
    check(today, date(2026, 3, 9))
    project.refresh_from_db()
    assert (project.light, liaison.green_readings(case)) == ("green", 0)


def test_the_season_sets_how_many_readings(district, cast, actor, today):
    project = begin(district, cast, season={"liaison_green_readings": 1, "liaison_interval_days": 7})
    report(project, 1, 80)
    check(today, FALL)
    case = LiaisonCase.objects.get()
    assert case.next_visit_on == date(2026, 2, 10)
    recover(project, today, 2)
    assert liaison.close_case(case=case, note=NOTE, by=actor(cast.officer)).closed_on


@pytest.fixture
def closed(case, cast, project, actor, today):
    recover(project, today, 2, 3)
    return liaison.close_case(case=case, note=NOTE, by=actor(cast.officer))


def test_a_closed_case_stays_as_it_is(closed, cast, actor):
    by = actor(cast.officer)
    visit = {"on": FALL, "method": CALL, "findings": "缺少场地。"}
    refused("closed", lambda: liaison.record_visit(case=closed, by=by, **visit))
    refused("closed", lambda: liaison.assign_contact(case=closed, person=make_person(), by=by))
    assert not closed.visits.exists()


def test_repeating_an_old_night_does_not_open_it_again(closed, today):
    before = Notice.objects.count()
    check(today, FALL, closed.closed_on)
    today("2026-05-01")
    checks.run(FALL)
    assert list(LiaisonCase.objects.all()) == [closed]
    assert Notice.objects.count() == before


def test_a_new_fall_opens_another_case(closed, cast, project, today):
    before = Notice.objects.count()
    fall = report(project, 4, 60)
    check(today, fall, fall)
    again = LiaisonCase.objects.open().get()
    assert (again.opened_on, again.opened_light) == (date(2026, 5, 3), "red")
    assert Notice.objects.count() == before + 3
    assert liaison.green_readings(again) == 0
    closed.refresh_from_db()
    assert (closed.light, closed.closed_on) == ("green", date(2026, 4, 4))


def test_a_fall_on_the_day_of_closing_opens_another_case(closed, project, today):
    """That day's snapshot is taken after it; the officer could not know."""
    make_plan(project, [("新任务", 10000, JAN, date(2026, 1, 31))], effective_from=closed.closed_on)
    check(today, closed.closed_on)
    assert LiaisonCase.objects.open().get().opened_on == closed.closed_on


# --- who sees it ---

READERS = {"secretary", "clerk", "officer", "leader", "contact"}


@pytest.mark.parametrize("who", WHO)
def test_who_sees_the_case(case, cast, api_as, who):
    sees = who in READERS
    user = fresh(getattr(cast, who))
    assert list(LiaisonCase.objects.visible_to(user)) == ([case] if sees else [])
    api = api_as(user)
    rows = api.get(CASES).json()["results"]
    assert [row["id"] for row in rows] == ([str(case.pk)] if sees else [])
    if not sees:
        visit = {"on": "2026-02-09", "method": CALL, "findings": "缺少场地。"}
        assert api.post(f"{CASES}{case.pk}/visits/", visit).status_code == 404
        assert api.post(f"{CASES}{case.pk}/close/", {"note": NOTE}).status_code == 404
        assert not LiaisonVisit.objects.exists()


def test_nobody_must_log_in(case, api_as):
    assert api_as().get(CASES).status_code == 401
    assert api_as().post(f"{CASES}{case.pk}/close/", {"note": NOTE}).status_code == 401


def test_visits_and_closing_by_the_api(case, cast, project, api_as, today):
    contact, officer = api_as(cast.contact), api_as(cast.officer)
    visit = {"on": "2026-02-09", "method": CALL, "findings": "缺少场地。", "agreed": ""}
    answer = contact.post(f"{CASES}{case.pk}/visits/", visit)
    assert (answer.status_code, answer.json()["visits"]) == (201, [visit])
    answer = api_as(cast.secretary).post(f"{CASES}{case.pk}/visits/", visit)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    answer = officer.post(f"{CASES}{case.pk}/close/", {"note": NOTE})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_recovered")
    recover(project, today, 2, 3)
    answer = officer.post(f"{CASES}{case.pk}/close/", {"note": NOTE})
    assert (answer.status_code, answer.json()["closed_on"]) == (200, "2026-04-04")
    assert contact.get(CASES, {"open": "1"}).json()["results"] == []
    assert len(contact.get(CASES).json()["results"]) == 1
