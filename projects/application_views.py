"""Pages of an application: where one begins, its form on a phone, what was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from common import days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.pages import show_error
from organizations.access import access_of
from organizations.models import Organization
from projects import application_context as shown
from projects import applications, rules, screening
from projects.application_forms import ApplicationForm, ReasonForm, content_of
from projects.models import Application, Attachment, Project, Season

STEPS: dict[str, tuple[Callable[..., Any], str]] = {
    "hand_over": (applications.hand_over, "已提交书记审定。"),
    "submit": (applications.submit_application, "已报送，等待组织部预审。"),
}
REASONED: dict[str, tuple[Callable[..., Any], str]] = {
    "give_back": (applications.give_back, "已退给党务干事修改。"),
    "withdraw": (applications.withdraw_application, "已撤回申报。"),
}


@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """Where a secretary or clerk begins an application: the seasons that are open for own organizations."""
    access = access_of(request.user)
    own = {ref.id for ref in (*access.secretary_of, *access.clerk_of)}
    if not own:
        raise Http404
    organizations = Organization.objects.filter(pk__in=own).standing()
    if request.method == "POST":
        season = get_object_or_404(Season, code=request.POST.get("season", ""))
        organization = get_object_or_404(organizations, public_id=request.POST.get("organization", ""))
        continues = request.POST.get("continues", "")
        former = applications.continuable(season, organization).filter(code=continues).first() if continues else None
        try:
            opened = applications.open_application(
                season=season, organization=organization, continues=former, by=Actor.from_request(request)
            )
            return redirect("projects:application", opened.project.code)
        except ActionError as error:
            show_error(request, error)
    return render(request, "projects/apply.html", shown.applying(list(organizations)))


@require_http_methods(["GET", "POST"])
def application(request: HttpRequest, code: str) -> HttpResponse:
    """The form for whoever may write it now, what was sent for whoever may read it."""
    found = _application(request, code)
    user: Any = request.user
    if request.method == "POST":
        return _written(request, found)
    if rules.can_edit_application(user, found):
        form = ApplicationForm(found.content, application=found)
        return render(request, "projects/application_form.html", shown.writing(request, found, form))
    return render(request, "projects/application.html", shown.reading(request, found))


@require_POST
def save(request: HttpRequest, code: str) -> JsonResponse:
    """Autosave: the form as it is, answered as JSON in the API's shapes."""
    found = _application(request, code)
    try:
        saved = _save(request, found)
    except ActionError as error:
        answer = {"code": error.code, "message": error.message, "fields": error.fields}
        return JsonResponse(answer, status=error.status)
    at = f"{saved.saved_at.astimezone(days.SHANGHAI):%H:%M}"
    return JsonResponse({"saved_at": at, "revision": saved.revision})


def _written(request: HttpRequest, found: Application) -> HttpResponse:
    """What a form without a script sends too: save, files and answers, then the step that its button names."""
    step, by = request.POST.get("do", "save"), Actor.from_request(request)
    if step == "submit" and found.project.state == Project.State.SUBMITTED:
        return redirect("projects:application", found.project.code)  # a second click on 报送
    try:
        if "title" in request.POST:
            found = _save(request, found)
        _change_files(request, found, by)
        _answer(request, found.project, by)
        done = "已保存。"
        if step in STEPS:
            act, done = STEPS[step]
            act(application=found, by=by)
        elif step in REASONED:
            act, done = REASONED[step]
            form = ReasonForm(request.POST)
            act(application=found, by=by, reason=form.cleaned_data["reason"] if form.is_valid() else "")
        messages.success(request, done)
    except (Conflict, Forbidden) as error:
        if "title" not in request.POST:
            show_error(request, error)
            return redirect("projects:application", found.project.code)
        return _again(request, found, error)
    except ActionError as error:
        return _again(request, found, error)
    return redirect("projects:application", found.project.code)


def _again(request: HttpRequest, found: Application, error: ActionError) -> HttpResponse:
    """The form with what was typed and what is wrong."""
    found = Application.objects.select_related("project__season", "project__lead_organization").get(pk=found.pk)
    form = ApplicationForm({**found.content, **content_of(request.POST)}, application=found)
    form.refuse(error)
    context = shown.writing(request, found, form)
    # Whoever sends this page again has seen what was saved meanwhile.
    context["answers"] = {key: text for key, text in request.POST.items() if key.startswith("answer_")}
    return render(request, "projects/application_form.html", context, status=error.status)


def _save(request: HttpRequest, found: Application) -> Application:
    revision = request.POST.get("revision", "")
    return applications.save_application(
        application=found,
        content=content_of(request.POST),
        revision=int(revision) if revision.isdecimal() else None,
        by=Actor.from_request(request),
    )


def _change_files(request: HttpRequest, found: Application, by: Actor) -> None:
    for file in request.FILES.getlist("study_record"):
        applications.attach_study_record(application=found, file=file, by=by)
    unwanted = request.POST.get("remove_file", "")
    if unwanted.isdecimal():
        rows = found.project.attachments.filter(purpose=Attachment.Purpose.STUDY_RECORD)
        if attachment := rows.select_related("file", "project__application").filter(pk=int(unwanted)).first():
            applications.remove_study_record(attachment=attachment, by=by)


def _answer(request: HttpRequest, project: Project, by: Actor) -> None:
    """Answers stand in the form as `answer_<comment>`; one that is as it was is left alone."""
    for comment in shown.released(project):
        text = request.POST.get(comment.answer_name, "").strip()
        if text and text != comment.answer:
            screening.answer_comment(comment=comment, text=text, by=by)


def _application(request: HttpRequest, code: str) -> Application:
    rows = Application.objects.select_related(
        "project__season", "project__track", "project__lead_organization", "project__lead_secretary", "saved_by__person"
    )
    return get_object_or_404(rows, project__in=Project.objects.visible_to(request.user), project__code=code)
