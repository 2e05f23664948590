"""Lights by month: each project's light at the end of every month of its season, and today's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse

from common import days
from common.templatetags.ui import light_label
from evaluation.tracking.models import CheckDay, ScheduleCheck
from projects.lights import reason_words
from projects.models import ProgressReport, Project, Season


@dataclass(frozen=True, slots=True)
class Cell:
    """A month of a project: its light as at the month's last finished day, and where its report is."""

    month: date
    light: str | None
    title: str
    url: str
    now: bool


@dataclass(frozen=True, slots=True)
class Row:
    project: Project
    months: list[Cell]
    reason: str


def months_of(season: Season) -> list[date]:
    return days.months_between(season.starts_on, season.ends_on)


def rows(projects: Iterable[Project], months: list[date]) -> list[Row]:
    """A row a project; two queries for all of them."""
    projects = list(projects)
    readings = _reading_days(months)
    checks = {
        (check.project_id, check.day): check
        for check in ScheduleCheck.objects.filter(project__in=projects, day__in=readings.values())
    }
    reports = {
        (project, month): ProgressReport.State(state).label
        for project, month, state in ProgressReport.objects.filter(project__in=projects, month__in=months).values_list(
            "project", "month", "state"
        )
    }
    current = days.month_start(days.today())
    return [
        Row(
            project=project,
            months=[
                _cell(
                    project,
                    month,
                    checks.get((project.pk, readings.get(month))),  # type: ignore[arg-type]
                    reports.get((project.pk, month), "未报"),
                    current,
                )
                for month in months
            ],
            reason=reason_words(project.light_reason, project.schedule_variance),
        )
        for project in projects
    ]


def _reading_days(months: list[date]) -> dict[date, date]:
    """The day whose snapshot stands for a month: its last one, for the running month the latest finished."""
    yesterday = days.today() - timedelta(days=1)
    latest = CheckDay.objects.filter(day__lte=yesterday).order_by("-day").values_list("day", flat=True).first()
    found = {}
    for month in months:
        day = min(days.month_end(month), latest) if latest else None
        if day and day >= month:
            found[month] = day
    return found


def _cell(project: Project, month: date, check: ScheduleCheck | None, report: str, current: date) -> Cell:
    words = reason_words(check.reason, check.schedule_variance) if check else ""
    light = check.light if check else None
    state = f"，月报{report}" if month <= current else ""
    title = f"{month.month}月：{light_label(light)}{f'，{words}' if words and light else ''}{state}"
    has_page = project.has_month(month) and month <= current
    url = reverse("projects:report", args=[project.code, f"{month:%Y-%m}"]) if has_page else ""
    return Cell(month, light, title, url, now=month == current)
