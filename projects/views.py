"""Pages of reports: writing one on a phone, reading one, the department's inbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common import days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.forms import add_action_error
from common.pages import page_of, show_error
from organizations.access import access_of
from projects import actions, reporting, rules
from projects import report_pages as shown
from projects.forms import ContactForm, DecisionForm, ReportForm
from projects.models import ProgressReport, Project, ReportPhoto

STEPS: dict[str, tuple[Callable[..., ProgressReport], str]] = {
    "hand_over": (reporting.hand_over, "已提交书记审定。"),
    "give_back": (reporting.give_back, "已退给党务干事修改。"),
    "submit": (reporting.submit_report, "已报送，等待组织部确认。"),
}


@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, code: str, month: str) -> HttpResponse:
    """A project's report of a month: a form for whoever may write it now, a page for whoever may read it."""
    project = _project(request, code)
    found = project.reports.filter(month=_month(month)).first()
    if found is None:
        return _start(request, project, _month(month))
    if request.method == "POST":
        return _written(request, found)
    if rules.can_edit_report(request.user, found):  # type: ignore[arg-type]
        form = ReportForm(report=found, items=shown.plan_items(project))
        return render(request, "projects/report_form.html", shown.writing(request, found, form))
    return render(request, "projects/report.html", shown.reading(request, found))


@require_POST
def save(request: HttpRequest, report_id: Any) -> JsonResponse:
    """Autosave: the form as it is, answered as JSON in the API's shapes."""
    found = _visible(request, report_id)
    form = ReportForm(request.POST, report=found, items={})
    try:
        saved = _save(found, form, Actor.from_request(request))
    except ActionError as error:
        answer = {"code": error.code, "message": error.message, "fields": error.fields}
        return JsonResponse(answer, status=error.status)
    at = f"{saved.saved_at.astimezone(days.SHANGHAI):%H:%M}"
    return JsonResponse({"saved_at": at, "revision": saved.revision})


@require_POST
def decide(request: HttpRequest, report_id: Any) -> HttpResponse:
    """The department confirms or returns, then goes on to the next that waits."""
    found = _visible(request, report_id)
    form = DecisionForm(request.POST, lines=found.lines.select_related("milestone"))
    by = Actor.from_request(request)
    if form.is_valid():
        try:
            if request.POST.get("do") == "confirm":
                reporting.confirm_report(report=found, by=by)
                messages.success(request, f"已确认：{found}。")
            else:
                reporting.return_report(report=found, comments=form.comments, reason=form.cleaned_data["reason"], by=by)
                messages.success(request, f"已退回：{found}。")
            return _next(request)
        except (Conflict, Forbidden) as error:
            show_error(request, error)
            return redirect(shown.address(found))
        except ActionError as error:
            add_action_error(form, error)
    return render(request, "projects/report.html", shown.reading(request, found, form), status=400)


@require_POST
def contact(request: HttpRequest, code: str) -> HttpResponse:
    """The department names the project's contact."""
    project = _project(request, code)
    form = ContactForm(request.POST, project=project)
    if form.is_valid():
        try:
            person = form.cleaned_data["contact"]
            actions.name_contact(project=project, person=person, by=Actor.from_request(request))
            messages.success(request, f"已指定联系人：{person}。")
        except ActionError as error:
            show_error(request, error)
    else:
        messages.error(request, "请选择联系人。")
    return redirect("workspace:project", project.code)


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits for the department, oldest first; nobody else has it."""
    if not access_of(request.user).is_officer:
        raise Http404
    page = page_of(request, waiting(request.user))
    return render(request, "projects/inbox.html", {"page": page, "rows": shown.inbox_rows(page)})


def waiting(user: Any) -> QuerySet[ProgressReport]:
    rows = ProgressReport.objects.visible_to(user).waiting_for_department()
    return rows.select_related("project__season", "project__lead_organization", "project__lead_secretary")


def _written(request: HttpRequest, found: ProgressReport) -> HttpResponse:
    """What a form without a script sends too: save, photos, then the step that its button names."""
    step, by = request.POST.get("do", "save"), Actor.from_request(request)
    if step == "submit" and found.state == ProgressReport.State.SUBMITTED:
        return redirect(shown.address(found))  # a second click on 报送
    form = ReportForm(request.POST, report=found, items=shown.plan_items(found.project))
    try:
        found = _save(found, form, by)
        _change_photos(request, found, by)
        if step in STEPS:
            act, done = STEPS[step]
            reason = {"reason": request.POST.get("give_back_reason", "")} if step == "give_back" else {}
            found = act(report=found, by=by, **reason)
            messages.success(request, done)
        else:
            messages.success(request, "已保存。")
        return redirect(shown.address(found))
    except ActionError as error:
        if not form.errors:
            form.refuse(error)
        found.refresh_from_db()
        # Whoever sends this page again has seen what was saved meanwhile.
        typed = request.POST.copy()
        typed["revision"] = str(found.revision)
        form.data = typed
        context = shown.writing(request, found, form)
        return render(request, "projects/report_form.html", context, status=error.status)


def _save(found: ProgressReport, form: ReportForm, by: Actor) -> ProgressReport:
    if not form.is_valid():
        fields = {name: [str(text) for text in texts] for name, texts in form.errors.items()}
        raise ActionError("请按提示修改。", fields=fields)
    return reporting.save_report(
        report=found,
        lines=form.line_inputs,
        texts=form.texts,
        revision=form.cleaned_data["revision"],
        by=by,
    )


def _change_photos(request: HttpRequest, found: ProgressReport, by: Actor) -> None:
    for file in request.FILES.getlist("photos"):
        reporting.attach_photo(report=found, file=file, by=by)
    if unwanted := _uuid(request.POST.get("remove_photo", "")):
        photo = ReportPhoto.objects.filter(report=found, picture=unwanted).select_related("picture").first()
        if photo:
            reporting.remove_photo(photo=photo, by=by)


def _start(request: HttpRequest, project: Project, month: date) -> HttpResponse:
    """Nothing is written yet: a page that says so, and for the authors a button that begins."""
    may = rules.can_draft_report(request.user, project)  # type: ignore[arg-type]
    if request.method == "POST" and may:
        try:
            opened = reporting.open_report(project=project, month=month, by=Actor.from_request(request))
            return redirect(shown.address(opened))
        except ActionError as error:
            show_error(request, error)
    elif request.method == "POST":
        raise Http404
    return render(request, "projects/report_start.html", shown.starting(project, month, may))


def _next(request: HttpRequest) -> HttpResponse:
    following = waiting(request.user).first()
    return redirect(shown.address(following) if following else reverse("projects:inbox"))


def _project(request: HttpRequest, code: str) -> Project:
    rows = Project.objects.visible_to(request.user).select_related(
        "season", "track", "lead_organization", "lead_secretary"
    )
    return get_object_or_404(rows, code=code)


def _visible(request: HttpRequest, report_id: Any) -> ProgressReport:
    rows = ProgressReport.objects.visible_to(request.user).select_related("project__season")
    return get_object_or_404(rows, pk=report_id)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Http404 from None
