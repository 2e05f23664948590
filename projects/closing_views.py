"""Pages of a closing (结项): writing the report, reading it, the department's verdict."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from common import days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.forms import add_action_error
from common.pages import show_error
from projects import closing as actions
from projects import closing_pages as shown
from projects import rules
from projects.closing_forms import ClosingForm, VerdictForm
from projects.course_views import project_of
from projects.models import Attachment, Closing, Project

State = Project.State


@require_http_methods(["GET", "POST"])
def closing(request: HttpRequest, code: str) -> HttpResponse:
    """A form for whoever may write the report now, a page for whoever may read it."""
    project = project_of(request, code)
    found = _closings().filter(project=project).first()
    if found is None:
        return _start(request, project)
    if request.method == "POST":
        return _written(request, found)
    if rules.can_edit_closing(request.user, project):  # type: ignore[arg-type]
        form = _form(found)
        return render(request, "projects/closing_form.html", shown.writing(request, found, form))
    return render(request, "projects/closing.html", shown.reading(request, found))


@require_POST
def save(request: HttpRequest, code: str) -> JsonResponse:
    """Autosave: the form as it is, answered as JSON in the API's shapes."""
    found = get_object_or_404(_closings(), project=project_of(request, code))
    try:
        saved = _save(found, _form(found, request.POST), Actor.from_request(request))
    except ActionError as error:
        answer = {"code": error.code, "message": error.message, "fields": error.fields}
        return JsonResponse(answer, status=error.status)
    at = f"{saved.saved_at.astimezone(days.SHANGHAI):%H:%M}"
    return JsonResponse({"saved_at": at, "revision": saved.revision})


@require_POST
def decide(request: HttpRequest, code: str) -> HttpResponse:
    """The department closes the project with a level, or sends the report back."""
    found = get_object_or_404(_closings(), project=project_of(request, code))
    form = VerdictForm(request.POST)
    if form.is_valid():
        try:
            messages.success(request, _decided(request, found, form))
            return redirect("projects:closing", found.project.code)
        except (Conflict, Forbidden) as error:
            show_error(request, error)
            return redirect("projects:closing", found.project.code)
        except ActionError as error:
            add_action_error(form, error)
    found = _closings().get(pk=found.pk)
    return render(request, "projects/closing.html", shown.reading(request, found, form), status=400)


def _decided(request: HttpRequest, found: Closing, form: VerdictForm) -> str:
    given, by = form.cleaned_data, Actor.from_request(request)
    if request.POST.get("do") == "return":
        actions.return_closing(closing=found, reason=given["verdict"], by=by)
        return "已退回结项报告。"
    accepted = actions.accept_closing(
        closing=found, level=given["level"], verdict=given["verdict"], bar_reason=given["bar_reason"], by=by
    )
    return f"已结项：{accepted.get_level_display()}，{'具备' if accepted.eligible else '不具备'}评选资格。"


def _start(request: HttpRequest, project: Project) -> HttpResponse:
    if request.method == "POST":
        if not rules.can_draft_report(request.user, project):  # type: ignore[arg-type]
            raise Http404
        try:
            actions.open_closing(project=project, by=Actor.from_request(request))
            return redirect("projects:closing", project.code)
        except ActionError as error:
            show_error(request, error)
    return render(request, "projects/closing_start.html", shown.starting(request, project))


def _written(request: HttpRequest, found: Closing) -> HttpResponse:
    """What a form without a script sends too: save, documents, then the step that its button names."""
    step, by = request.POST.get("do", "save"), Actor.from_request(request)
    if "outcome" not in request.POST or (step == "submit" and found.project.state == State.CLOSING):
        return redirect("projects:closing", found.project.code)  # a second click on 开始填写 or 申请结项
    form = _form(found, request.POST)
    try:
        found = _save(found, form, by)
        _change_files(request, found, by)
        if step == "submit":
            actions.submit_closing(closing=found, by=by)
            messages.success(request, "已申请结项，等待组织部核验。")
        else:
            messages.success(request, "已保存。")
        return redirect("projects:closing", found.project.code)
    except ActionError as error:
        if not form.errors:
            form.refuse(error)
        found = _closings().get(pk=found.pk)
        # Whoever sends this page again has seen what was saved meanwhile.
        typed = request.POST.copy()
        typed["revision"] = str(found.revision)
        form.data = typed
        return render(request, "projects/closing_form.html", shown.writing(request, found, form), status=error.status)


def _save(found: Closing, form: ClosingForm, by: Actor) -> Closing:
    if not form.is_valid():
        fields = {name: [str(text) for text in texts] for name, texts in form.errors.items()}
        raise ActionError("请按提示修改。", fields=fields)
    return actions.save_closing(
        closing=found, texts=form.texts, figures=form.inputs, revision=form.cleaned_data["revision"], by=by
    )


def _change_files(request: HttpRequest, found: Closing, by: Actor) -> None:
    for file in request.FILES.getlist("evidence"):
        actions.attach_evidence(closing=found, file=file, by=by)
    unwanted = request.POST.get("remove_file", "")
    if unwanted.isdecimal():
        rows = found.project.attachments.filter(purpose=Attachment.Purpose.CLOSING_EVIDENCE)
        if attachment := rows.select_related("file").filter(pk=int(unwanted)).first():
            actions.remove_evidence(attachment=attachment, by=by)


def _form(found: Closing, data: Any = None) -> ClosingForm:
    return ClosingForm(data, closing=found, figures=list(found.project.expected_figures.all()))


def _closings() -> Any:
    return Closing.objects.select_related(
        "project__season", "project__lead_organization", "project__lead_secretary", "saved_by__person"
    ).select_related("submitted_by__person", "accepted_by__person")
