"""The nightly check: once a day, every day, all or nothing, and never over something newer."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from common import days
from common.actors import Actor
from common.errors import ActionError
from common.models import AuditEntry, Notice
from evaluation.tracking import checks, liaison
from evaluation.tracking.models import CheckDay, LiaisonCase, ScheduleCheck
from evaluation.tracking.tasks import check_schedules
from projects.models import Project
from tests.factories import make_plan, make_project, make_report, make_season, make_track

JAN, FEB, YEAR_END = date(2026, 1, 1), date(2026, 2, 1), date(2026, 12, 31)
FALL = date(2026, 2, 3)  # January's report is confirmed: 20 points behind
RISE = date(2026, 3, 3)  # February's report is confirmed: 5 points behind
SUSPENDED = date(2026, 2, 10)
PLAN = [("建阵地", 10000, JAN, date(2026, 1, 31))]
ROW = ("project", "plan", "status_date", "planned_value", "earned_value", "schedule_variance")
CARRIED = (*ROW[3:], "light", "light_reason", "light_day")
CASE = ("project", "opened_on", "opened_light", "light", "next_visit_on", "closed_on")


def falling(district: Any, cast: Any, **fields: Any) -> Project:
    """Behind by 20 points from FALL, green from RISE."""
    project = make_project(district.street, cast.secretary, milestones=PLAN, **fields)
    make_report(project, JAN, [80], decided_on=FALL)
    make_report(project, FEB, [95], decided_on=RISE)
    return project


@pytest.fixture
def project(district, cast):
    return falling(district, cast)


def written(day: date | None = None) -> list[tuple[Any, ...]]:
    rows = ScheduleCheck.objects.filter(day=day) if day else ScheduleCheck.objects.all()
    return list(rows.order_by("day", "project").values_list("day", *ROW, "light", "reason"))


def everything() -> dict[str, list[Any]]:
    """All that the check leaves behind, but for keys and times of day."""
    return {
        "rows": written(),
        "days": list(CheckDay.objects.values_list("day", "projects")),
        "projects": list(Project.objects.values_list("id", *CARRIED)),
        "cases": list(LiaisonCase.objects.order_by("opened_on", "project").values_list(*CASE)),
        "notices": sorted(Notice.objects.values_list("kind", "recipient", "title", "body")),
        "audit": sorted(AuditEntry.objects.values_list("action", "object_label", "after__light")),
    }


def test_a_second_run_writes_nothing(project, today):
    today("2026-03-01")
    assert checks.run(FALL) == 1
    before = everything()
    assert checks.run(FALL) == 0
    assert everything() == before
    assert before["rows"] == [
        (FALL, project.pk, project.plans.get().pk, date(2026, 1, 31), 10000, 8000, -2000, "yellow", "behind")
    ]
    assert before["days"] == [(FALL, 1)]
    assert [case[1:4] for case in before["cases"]] == [(FALL, "yellow", "yellow")]


def test_a_row_is_never_rewritten(project, today):
    today("2026-03-01")
    checks.run(FALL)
    before = written(FALL)
    make_plan(project, [("另一项", 10000, JAN, YEAR_END)], effective_from=date(2026, 1, 15))
    assert checks.run(FALL) == 0
    assert written(FALL) == before


def test_a_late_run_equals_a_run_each_night(project, district, cast, today):
    falling(district, cast, state="suspended")
    nights = [date(2026, 1, 1) + timedelta(days=n) for n in range(75)]
    for night in nights:
        today(night + timedelta(days=1))
        assert checks.run_until(night) == 2
    nightly = everything()
    for model in (Notice, AuditEntry, LiaisonCase, CheckDay, ScheduleCheck):
        model.objects.all().delete()
    Project.objects.update(**{**dict.fromkeys(CARRIED), "light_reason": ""})

    assert checks.run_until(nights[-1]) == 150
    assert everything() == nightly
    assert list(CheckDay.objects.order_by("id").values_list("day", flat=True)) == nights
    assert checks.run_until(nights[-1]) == 0


def test_gaps_are_filled_and_nothing_else(project, district, cast, today):
    today("2026-01-06")
    for day in (1, 3, 5):
        checks.run(date(2026, 1, day))
    assert checks.run_until(date(2026, 1, 5)) == 2
    assert [day for day, *_ in written()] == [date(2026, 1, n) for n in (1, 2, 3, 4, 5)]
    falling(district, cast)  # entered later, with its past: finished days stay as they are
    assert checks.run_until(date(2026, 1, 5)) == 0


def test_without_projects_only_the_last_day_is_noted(db, today):
    today("2026-01-06")
    assert checks.run_until(date(2026, 1, 5)) == 0
    assert list(CheckDay.objects.values_list("day", "projects")) == [(date(2026, 1, 5), 0)]


def test_killed_half_way_leaves_nothing_and_the_next_run_writes_all(project, today, monkeypatch):
    today("2026-02-05")
    checks.run_until(FALL - timedelta(days=1))
    before = everything()

    def killed(*, day: date, by: Actor) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(liaison, "follow", killed)
        with pytest.raises(KeyboardInterrupt):
            checks.run_until(FALL)
    assert everything() == before

    assert checks.run_until(FALL) == 1
    project.refresh_from_db()
    assert (project.light, project.light_day) == ("yellow", FALL)
    assert LiaisonCase.objects.get().opened_on == FALL


@pytest.mark.parametrize("day", ["2026-02-05", "2026-02-06", "2027-01-01"])
def test_today_and_later_days_are_refused(project, today, day):
    today("2026-02-05")
    with pytest.raises(ActionError) as caught:
        checks.run(date.fromisoformat(day))
    assert (caught.value.code, caught.value.message) == ("unfinished_day", "只能核对已经结束的日期。")
    assert everything()["rows"] == everything()["days"] == []


def test_an_older_day_leaves_the_newer_light(project, today):
    today("2026-03-10")
    checks.run(RISE)
    before = everything()
    assert before["projects"] == [(project.pk, 10000, 9500, -500, "green", "on_schedule", RISE)]
    assert checks.run(FALL) == 1
    after = everything()
    assert after["projects"] == before["projects"]
    assert [row[-2] for row in after["rows"]] == ["yellow", "green"]
    # The fall gets its case, as it would have that night, with the light of today.
    assert after["cases"] == [(project.pk, FALL, "yellow", "green", FALL + timedelta(days=14), None)]


def test_a_project_without_history_that_day_has_no_row(project, today):
    today("2026-03-10")
    project.state_changes.update(on=FALL)
    assert checks.run(FALL - timedelta(days=1)) == 0
    assert checks.run(FALL) == 1


def test_a_season_is_followed_from_its_first_day_to_a_quarter_after_its_end(project, today):
    project.state_changes.update(on=date(2025, 12, 1))
    first, last = project.season.starts_on, project.season.ends_on + checks.AFTER_SEASON
    assert last == date(2027, 4, 2)
    today(last + timedelta(days=2))
    assert [checks.run(day) for day in (first - timedelta(days=1), first)] == [0, 1]
    assert [checks.run(day) for day in (last, last + timedelta(days=1))] == [1, 0]


def test_an_extended_project_is_followed_a_quarter_longer(project, today):
    project.state_changes.update(on=date(2025, 12, 1))
    Project.objects.update(ends_on=date(2027, 3, 31))
    today("2027-08-01")
    last = date(2027, 3, 31) + checks.AFTER_SEASON
    assert [checks.run(day) for day in (last, last + timedelta(days=1))] == [1, 0]


def test_the_project_carries_each_reason(district, cast, today):
    """A light that ends is taken from the project, too."""
    project = falling(district, cast)
    today("2026-03-01")
    checks.run(FALL)
    project.state_changes.create(from_state="running", to_state="suspended", at=days.now(), on=SUSPENDED)
    checks.run(SUSPENDED)
    values = Project.objects.values_list(*CARRIED).get()
    assert values == (None, None, None, None, "suspended", SUSPENDED)


def test_the_task_catches_up(project, today):
    today("2026-01-04")
    assert check_schedules() == 3
    assert check_schedules() == 0
    today("2026-01-06")
    assert check_schedules() == 2


def test_the_command(project, today, capsys):
    today("2026-02-05")
    call_command("check_schedules", "--date", "2026-02-03")
    assert capsys.readouterr().out == "写入 1 条进度快照。\n"
    assert AuditEntry.objects.get().source == "command"
    call_command("check_schedules")
    assert capsys.readouterr().out == "写入 34 条进度快照。\n"
    call_command("check_schedules")
    assert capsys.readouterr().out == "写入 0 条进度快照。\n"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("2026-02-05", "只能核对已经结束的日期。"),
        ("5 February", "argument --date: invalid fromisoformat value"),
    ],
)
def test_the_command_refuses(project, today, given, message):
    today("2026-02-05")
    with pytest.raises(CommandError, match=message):
        call_command("check_schedules", "--date", given)


@pytest.mark.parametrize("count", [1, 10])
def test_the_number_of_queries_is_that_of_one_project(district, cast, today, assert_queries, count):
    """On a night without new falls; a new fall costs its case, its audit entry and its notices."""
    track = make_track(make_season())
    for _ in range(count):
        falling(district, cast, track=track)
    today("2026-03-10")
    checks.run(FALL)
    assert LiaisonCase.objects.count() == count
    with assert_queries(7):
        assert checks.run(FALL + timedelta(days=1)) == count
