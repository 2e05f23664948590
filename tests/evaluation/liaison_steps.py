"""What tests of liaison do: a project that falls, its reports, the nights of the check."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from common.models import AuditEntry
from evaluation.tracking import checks
from projects.models import Project
from tests.factories import (
    make_project,
    make_report,
    make_season,
    make_track,
)

JAN = date(2026, 1, 1)
FALL = date(2026, 2, 3)
PLAN = [("建阵地", 10000, JAN, date(2026, 1, 31))]  # so that behind = 100 − the reported percent
CALL = "call"
NOTE = "已连续两期达到序时进度。"
CASES = "/api/v1/liaison-cases/"


def begin(district: Any, cast: Any, season: dict[str, Any] | None = None, **fields: Any) -> Project:
    track = make_track(make_season(**(season or {})))
    return make_project(
        district.street,
        fields.pop("secretary", cast.secretary),
        title="示例项目",
        track=track,
        milestones=PLAN,
        **fields,
    )


def report(project: Project, month: int, percent: int) -> date:
    """The month's report, confirmed on the 3rd of the next month, the day that is returned."""
    on = date(2026, month + 1, 3)
    make_report(project, date(2026, month, 1), [percent], submitted_on=on, decided_on=on)
    return on


def check(today: Any, *nights: date) -> None:
    for day in nights:
        today(day + timedelta(days=1))
        checks.run(day)


def recover(project: Project, today: Any, *months: int) -> None:
    """Green readings (5 points behind) for these months."""
    for month in months:
        check(today, report(project, month, 95))


def actions() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.order_by("id").values_list("action", "who"))
