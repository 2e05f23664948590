"""What the report pages show, put together from the models; no rule and no change lives here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from common import days
from common.templatetags.ui import month_label
from projects import earned_value as ev
from projects import rules
from projects.facts import curve_of, facts_of, rules_of
from projects.forms import DecisionForm, ReportForm
from projects.models import PlanItem, ProgressReport, Project, ReportLine
from projects.plans import plan_in_force
from projects.reporting import PHOTO_LIMIT, TEXTS, earlier_percents, previous_report, why_not_reportable

State = ProgressReport.State


def address(report: ProgressReport) -> str:
    return reverse("projects:report", args=[report.project.code, f"{report.month:%Y-%m}"])


def plan_items(project: Project) -> dict[int, PlanItem]:
    """The plan in force today, by milestone."""
    plan = plan_in_force(project, days.today())
    return {item.milestone_id: item for item in plan.items.all()} if plan else {}


def crumbs(project: Project, last: str) -> list[tuple[str, str]]:
    return [
        ("我的工作台", reverse("workspace:desk")),
        (project.title, reverse("workspace:project", args=[project.code])),
        (last, ""),
    ]


def month_words(month: date) -> str:
    return f"{month_label(month)}月报"


def writing(request: HttpRequest, report: ProgressReport, form: ReportForm) -> dict[str, Any]:
    """The form: cards, texts, last month's words, photos, comments, the curve with this report's preview."""
    project = report.project
    percents = {line.milestone_id: line.percent for line in form.lines}
    facts = facts_of(project)
    curve = curve_of(facts)
    plan = ev.in_force(facts.plans, days.today())
    earned = ev.earned_value(plan.items, percents) if plan else 0
    user: Any = request.user
    previous = previous_report(report)
    return {
        "report": report,
        "project": project,
        "form": form,
        "texts": [form[name] for name in TEXTS],
        "comments": latest_comments(report),
        "previous": previous,
        "previous_texts": {name: getattr(previous, name) for name in TEXTS} if previous else {},
        "photo_url": reverse("api:photos", args=[report.pk]),
        "photos": report.photos.select_related("picture"),
        "photo_limit": PHOTO_LIMIT,
        "curve": curve,
        "preview": (min(days.month_end(report.month), project.ends_on), earned),
        "preview_value": earned,
        "editable": rules.can_edit_report(user, report),
        "hand_over": rules.can_hand_over_report(user, report) and report.state != State.HANDED_OVER,
        "submit": rules.can_submit_report(user, report),
        "give_back": rules.can_give_back_report(user, report) and report.state == State.HANDED_OVER,
        "due": ev.due_day(report.month, rules_of(project.season)),
        "today": days.today(),
        "title": month_words(report.month),
        "lead": project.title,
        "crumbs": crumbs(project, month_words(report.month)),
        "history": history(report),
    }


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A milestone as the report says it, with what was confirmed before and the comments at it."""

    line: ReportLine
    weight: int | None
    was: int
    comments: list[Any]
    decision: Any = None

    @property
    def change(self) -> int:
        return self.line.percent - self.was


def reading(request: HttpRequest, report: ProgressReport, form: DecisionForm | None = None) -> dict[str, Any]:
    """The report to read, and for the department the panel that decides."""
    project = report.project
    lines = list(report.lines.select_related("milestone"))
    items, was, comments = plan_items(project), earlier_percents(report), latest_comments(report)
    user: Any = request.user
    deciding = report.state == State.SUBMITTED and rules.can_decide_report(user, report)
    if deciding and form is None:
        form = DecisionForm(lines=lines)
    facts = facts_of(project)
    plan = ev.in_force(facts.plans, days.today())
    percents = {line.milestone_id: line.percent for line in lines}
    earned = ev.earned_value(plan.items, percents) if plan else 0
    pending = report.state != State.CONFIRMED
    return {
        "report": report,
        "project": project,
        "lines": [
            ReadLine(
                line=line,
                weight=items[line.milestone_id].weight if line.milestone_id in items else None,
                was=was.get(line.milestone_id, 0),
                comments=comments.get(f"line:{line.milestone_id}", []),
                decision=form[f"comment_line:{line.milestone_id}"] if deciding and form else None,
            )
            for line in lines
        ],
        "texts": [
            {
                "name": name,
                "label": label,
                "text": getattr(report, name),
                "comments": comments.get(name, []),
                "decision": form[f"comment_{name}"] if deciding and form else None,
            }
            for name, label in TEXTS.items()
        ],
        "photo_comments": comments.get("photos", []),
        "photos": report.photos.select_related("picture"),
        "form": form if deciding else None,
        "photo_decision": form["comment_photos"] if deciding and form else None,
        "deciding": deciding,
        "curve": curve_of(facts),
        "preview": (min(days.month_end(report.month), project.ends_on), earned) if pending else None,
        "earned": earned,
        "today": days.today(),
        "title": month_words(report.month),
        "lead": project.title,
        "crumbs": crumbs(project, month_words(report.month)),
        "history": history(report),
    }


def starting(project: Project, month: date, may: bool) -> dict[str, Any]:
    why_not = why_not_reportable(project, month)
    return {
        "project": project,
        "month": month,
        "why_not": why_not,
        "may": may and not why_not,
        "due": ev.due_day(month, rules_of(project.season)),
        "title": month_words(month),
        "lead": project.title,
        "crumbs": crumbs(project, month_words(month)),
    }


def latest_comments(report: ProgressReport) -> dict[str, list[Any]]:
    """The comments of the latest return, by field."""
    rows = list(report.comments.select_related("by__person"))
    last = max((row.round for row in rows), default=0)
    found: dict[str, list[Any]] = {}
    for row in rows:
        if row.round == last:
            found.setdefault(row.field, []).append(row)
    return found


def history(report: ProgressReport) -> list[dict[str, Any]]:
    """Every step of the report, latest first."""
    tones = {State.CONFIRMED: "good", State.RETURNED: "late"}
    words = {
        State.DRAFT: "退给党务干事",
        State.HANDED_OVER: "提交书记审定",
        State.SUBMITTED: "报送组织部",
        State.RETURNED: "组织部退回",
        State.CONFIRMED: "组织部确认",
    }
    return [
        {
            "title": words.get(State(step.to_state), ""),
            "at": step.at,
            "by": step.by.person.name if step.by else "系统",
            "text": step.reason,
            "tone": tones.get(State(step.to_state), ""),
        }
        for step in report.state_changes.select_related("by__person").order_by("-id")
    ]


def inbox_rows(reports: Iterable[ProgressReport]) -> list[dict[str, Any]]:
    """A row a waiting report: since when it waits, whether it was in time."""
    today = days.today()
    return [
        {
            "report": report,
            "url": address(report),
            "due": ev.due_day(report.month, rules_of(report.project.season)),
            "waits": (today - days.day_of(report.submitted_at)).days if report.submitted_at else 0,
            "month": month_words(report.month),
        }
        for report in reports
    ]
