"""A candidate's dossier (候选材料): what the project already holds, as the voters read it; fixed by the lock.

The level of the closing (优秀/合格) is left out: every candidate was found eligible, and the department's mark beside
the ballot would vote along. What fell short of a promise is in the figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Prefetch, QuerySet

from common import days
from common.models import Picture, PictureVariant
from common.templatetags.ui import day_label, month_label
from evaluation.appraisal.models import Candidate
from projects.closing_pages import RESULTS, is_reached
from projects.models import ExpectedFigure, Plan, PlanItem, ProgressReport, Project, ReportPhoto

PICTURES = 3  # at most, the latest first chosen
# What is told in paragraphs: the dossier's key and its heading, in reading order.
TEXTS = {
    "problem": "背景与难题",
    "goal": "工作目标",
    "measures": "主要措施",
    "outcome": "工作成效",
    "practice": "经验做法",
}
Dossier = dict[str, Any]


def build(project: Project) -> Dossier:
    """The dossier as JSON without floats: texts, figures in words, milestones, the pictures' keys."""
    return build_all([project.pk])[project.pk]


def build_all(projects: Iterable[int]) -> dict[int, Dossier]:
    """The dossiers of many projects by primary key; a fixed number of queries."""
    wanted = list(projects)
    return {project.pk: _dossier(project) for project in _rows(wanted)} if wanted else {}


def of(candidate: Candidate) -> Dossier:
    """The candidate's dossier: as the lock fixed it, before that as it would be now."""
    found: Dossier = candidate.dossier or build(candidate.project)
    return found


def of_all(candidates: Iterable[Candidate]) -> dict[int, Dossier]:
    """The same of many candidates by primary key; a fixed number of queries."""
    rows = list(candidates)
    now = build_all(row.project_id for row in rows if not row.dossier)
    return {row.pk: row.dossier or now[row.project_id] for row in rows}


def _rows(projects: list[int]) -> QuerySet[Project]:
    items = Prefetch("items", PlanItem.objects.select_related("milestone"))
    plans = Plan.objects.exclude(frozen_on=None).order_by("effective_from", "version").prefetch_related(items)
    medium = PictureVariant.objects.filter(name=PictureVariant.Size.MEDIUM)
    photos = ReportPhoto.objects.filter(picture__state=Picture.State.READY).prefetch_related(
        Prefetch("picture__variants", medium, to_attr="medium")
    )
    reports = ProgressReport.objects.filter(state=ProgressReport.State.CONFIRMED).order_by("month")
    reports = reports.prefetch_related("lines", Prefetch("photos", photos.select_related("picture")))
    rows = Project.objects.filter(pk__in=projects)
    rows = rows.select_related("lead_organization", "lead_secretary", "track", "closing")
    return rows.prefetch_related(
        "brands",
        "expected_figures",
        Prefetch("plans", plans, to_attr="frozen_plans"),
        Prefetch("reports", reports, to_attr="confirmed_reports"),
    )


def _dossier(project: Any) -> Dossier:
    closing = getattr(project, "closing", None)
    texts = {name: getattr(project, name) for name in ("problem", "goal", "measures")}
    texts |= {name: getattr(closing, name) if closing else "" for name in ("outcome", "practice")}
    return {
        "title": project.title,
        "archive_number": project.archive_number or "",
        "organization": project.lead_organization.name,
        "secretary": project.lead_secretary.name,
        "track": project.track.name,
        "field": project.get_field_display(),
        "tier": project.get_tier_display(),
        "brands": [brand.name for brand in project.brands.all()],
        "period": f"{day_label(project.starts_on)}至{day_label(project.ends_on)}",
        **texts,
        "figures": [_figure(figure) for figure in project.expected_figures.all()],
        "milestones": _milestones(project),
        "pictures": _pictures(project),
    }


def _figure(figure: ExpectedFigure) -> dict[str, str]:
    """Promised and reached as printed, unit and 近/余/多 with the number; the verdict where the words allow one."""
    reached = is_reached(figure)
    return {
        "name": figure.name,
        "promised": figure.text,
        "reached": figure.reached_text,
        "verdict": "" if reached is None else RESULTS[reached][0],
    }


def _milestones(project: Any) -> list[dict[str, Any]]:
    """The milestones of the plan in force; `percent` done by the last confirmed report, None without one."""
    plan = _plan_in_force(project.frozen_plans, days.today())
    done = {line.milestone_id: line.percent for report in project.confirmed_reports for line in report.lines.all()}
    return [
        {
            "title": item.milestone.title,
            "due": day_label(item.due),
            "percent": done.get(item.milestone_id),
        }
        for item in (plan.items.all() if plan else ())
    ]


def _plan_in_force(plans: list[Plan], day: date) -> Plan | None:
    begun = [plan for plan in plans if plan.effective_from <= day]
    return begun[-1] if begun else next(iter(plans), None)


def _pictures(project: Any) -> list[dict[str, Any]]:
    """The latest pictures of confirmed reports in the order of their months; sizes are those of the medium one."""
    found = [
        {
            "id": str(photo.picture_id),
            "alt": f"{project.title}，{month_label(report.month)}工作照片",
            "caption": month_label(report.month),
            "width": photo.picture.medium[0].width,
            "height": photo.picture.medium[0].height,
        }
        for report in project.confirmed_reports
        for photo in report.photos.all()
        if photo.picture.medium
    ]
    return found[-PICTURES:]
