"""What the pages of a closing report show; no rule and no change lives here."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from common import files
from projects import rules
from projects.closing import EVIDENCE_LIMIT, FILE_LIMIT, TEXT_LIMIT, TEXTS, VERDICT_LIMIT
from projects.closing_forms import ClosingForm, VerdictForm
from projects.course_pages import course_history, crumbs
from projects.models import Attachment, Closing, ExpectedFigure, Project

State = Project.State
MORE = ("余", "多")
NEARLY = "近"
RESULTS = {True: ("达到", "good"), False: ("未达到", "late"), None: ("请核对", "gold")}


def writing(request: HttpRequest, closing: Closing, form: ClosingForm) -> dict[str, Any]:
    """The form: texts, what was reached of each promised figure, documents."""
    project = closing.project
    user: Any = request.user
    return _common(closing) | {
        "form": form,
        "texts": [form[name] for name in TEXTS],
        "rows": form.rows,
        "text_limit": TEXT_LIMIT,
        "evidence_limit": EVIDENCE_LIMIT,
        "file_limit": FILE_LIMIT,
        "accept": files.ACCEPT,
        "accepted_text": files.accepted_text(),
        "editable": rules.can_edit_closing(user, project),
        "submit": rules.is_lead_secretary(user, project),
    }


def reading(request: HttpRequest, closing: Closing, form: VerdictForm | None = None) -> dict[str, Any]:
    """The report to read, promised against reached, and for the department the panel that decides."""
    project = closing.project
    user: Any = request.user
    deciding = project.state == State.CLOSING and rules.can_manage_project(user, project)
    return _common(closing) | {
        "texts": [{"label": label, "text": getattr(closing, name)} for name, label in TEXTS.items()],
        "rows": [figure_row(figure) for figure in project.expected_figures.all()],
        "form": (form or VerdictForm()) if deciding else None,
        "verdict_limit": VERDICT_LIMIT,
        "history": course_history(project),
    }


def starting(request: HttpRequest, project: Project) -> dict[str, Any]:
    """Nothing is written yet: a page that says so, and for the authors a button that begins."""
    user: Any = request.user
    return {
        "project": project,
        "may": rules.can_edit_closing(user, project),
        "title": "结项报告",
        "lead": project.title,
        "crumbs": crumbs(project, "结项报告"),
    }


def _common(closing: Closing) -> dict[str, Any]:
    project = closing.project
    purpose = Attachment.Purpose.CLOSING_EVIDENCE
    return {
        "closing": closing,
        "project": project,
        "files": list(project.attachments.filter(purpose=purpose).select_related("file__owner__person")),
        "title": "结项报告",
        "lead": project.title,
        "crumbs": crumbs(project, "结项报告"),
    }


def figure_row(figure: ExpectedFigure) -> dict[str, Any]:
    word, tone = RESULTS[is_reached(figure)]
    return {"figure": figure, "word": word, "tone": tone}


def is_reached(figure: ExpectedFigure) -> bool | None:
    """Whether what was promised was reached; None where the words leave it open: 近5000 of 5000, 90余 of 100."""
    promised, reached = figure.value, figure.reached
    if reached is None:
        return None
    said = figure.reached_qualifier
    if reached > promised:
        return None if said == NEARLY else True
    if reached < promised:
        return None if said in MORE or figure.qualifier == NEARLY else False
    certain = said == figure.qualifier or said in MORE or (said == "" and figure.qualifier == NEARLY)
    return True if certain else None
