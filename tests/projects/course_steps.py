"""What tests of a project's course do: the inputs of a plan change, a complete closing report, an evidence file."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from common.models import AuditEntry, Notice
from projects import closing, plan_changes
from projects.closing import FigureInput
from projects.models import ExpectedFigure, Project
from projects.plans import ItemInput

JAN, HALF, JULY, YEAR_END = date(2026, 1, 1), date(2026, 7, 2), date(2026, 7, 3), date(2026, 12, 31)
EXTENDED = date(2027, 2, 28)
PDF = b"%PDF-1.4 evidence"


def row(project: Project, title: str, weight: int, start: date, due: date) -> ItemInput:
    """A milestone of the asked-for plan; one that the project has keeps its identity."""
    known = project.milestones.filter(title=title).first()
    return ItemInput(title, weight, start, due, known)


def other_plan(project: Project) -> list[ItemInput]:
    """建阵地 weighs 30 instead of 60, 见成效 is gone, 推广 is new."""
    return [row(project, "建阵地", 3000, JAN, HALF), row(project, "推广", 7000, JULY, YEAR_END)]


def ask(project: Project, by: Any, items: Any = None, **values: Any) -> Any:
    values = {"reason": "原场地拆迁，改在社区中心。", **values}
    return plan_changes.request_change(project=project, items=items or other_plan(project), by=by, **values)


def decide(change: Any, by: Any, approve: bool = True, answer: str = "") -> Any:
    return plan_changes.decide_change(change=change, approve=approve, answer=answer, by=by)


def promise(
    project: Project, name: str = "服务居民群众", value: int = 5000, unit: str = "人次", qualifier: str = ""
) -> Any:
    return ExpectedFigure.objects.create(
        project=project, name=name, value=Decimal(value), unit=unit, qualifier=qualifier, position=1
    )


def evidence(name: str = "台账.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/pdf")


def complete(project: Project, by: Any) -> Any:
    """A closing report with all that its sending asks for."""
    report = closing.open_closing(project=project, by=by)
    figures = [FigureInput(f.pk, f.value, f.qualifier, "签到表") for f in project.expected_figures.all()]
    report = closing.save_closing(
        closing=report, texts={"outcome": "办成了。", "practice": "可推广。"}, figures=figures, revision=None, by=by
    )
    closing.attach_evidence(closing=report, file=evidence(), by=by)
    return report


def told(kind: str) -> list[tuple[str, str]]:
    """The accounts that got a notice of this kind, with its title."""
    return sorted(Notice.objects.filter(kind=kind).values_list("recipient__username", "title"))


def acted(*actions: str) -> list[str]:
    """The audit entries of these actions, in order."""
    rows = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    return [action for action in rows if action.startswith(actions)]
