"""Pages of a project's course: plan changes, suspension and its like, the lead secretary, publication."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from common import days, publication
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.forms import add_action_error
from common.pages import show_error
from projects import closing, leads, plan_changes, rules
from projects import course_pages as shown
from projects.course_forms import DecisionForm, LeadForm, PlanChangeForm, PublicationForm
from projects.models import PlanChange, Project

CHANGE_DONE = {"approve": "已同意，新计划将按期生效。", "refuse": "已答复不同意。", "take_back": "已撤回申请。"}


@require_http_methods(["GET", "POST"])
def plan_change_new(request: HttpRequest, code: str) -> HttpResponse:
    """The lead secretary asks for another plan, from the one in force; nobody else has this page."""
    project = project_of(request, code)
    if not rules.can_request_plan_change(request.user, project):  # type: ignore[arg-type]
        messages.error(request, "由本项目的领题书记提出计划变更。")
        return redirect("workspace:project", project.code)
    waiting = project.plan_changes.filter(state=PlanChange.State.REQUESTED).first()
    if request.method == "GET" and (waiting or project.state not in plan_changes.CHANGEABLE):
        return _instead(request, project, waiting)
    plan, status = plan_changes.base_plan(project), 200
    form = PlanChangeForm(_posted(request), project=project, plan=plan)
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                return redirect(plan_changes.address(_requested(request, project, form)))
            except ActionError as error:
                form.refuse(error)
                status = error.status
    context = {
        "project": project,
        "plan": plan,
        "form": form,
        "reason_limit": plan_changes.REASON_LIMIT,
        "title": "申请变更计划",
        "lead": project.title,
        "crumbs": shown.crumbs(project, "申请变更计划"),
    }
    return render(request, "projects/plan_change_form.html", context, status=status)


def _instead(request: HttpRequest, project: Project, waiting: PlanChange | None) -> HttpResponse:
    if waiting:
        messages.info(request, "这个项目已有一份待审批的变更申请。")
        return redirect(plan_changes.address(waiting))
    messages.error(request, f"项目当前为“{project.get_state_display()}”，不能变更计划。")
    return redirect("workspace:project", project.code)


def _requested(request: HttpRequest, project: Project, form: PlanChangeForm) -> PlanChange:
    change = plan_changes.request_change(
        project=project,
        items=form.inputs,
        reason=form.cleaned_data["reason"],
        new_end=form.cleaned_data["new_end"],
        by=Actor.from_request(request),
    )
    messages.success(request, "已提出申请，等待组织部审批。批准以前，仍按现在的计划计进度。")
    return change


@require_http_methods(["GET", "POST"])
def plan_change(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """A request, old and new side by side; the department decides, the secretary may take it back."""
    rows = PlanChange.objects.select_related(
        "project__season", "project__lead_organization", "plan", "requested_by__person", "decided_by__person"
    )
    change = get_object_or_404(rows, project=project_of(request, code), pk=pk)
    form, status = DecisionForm(_posted(request)), 200
    if request.method == "POST":
        try:
            do = _decided(request, change, form)
            messages.success(request, CHANGE_DONE[do])
            return redirect(plan_changes.address(change))
        except (Conflict, Forbidden) as error:
            show_error(request, error)
            return redirect(plan_changes.address(change))
        except ActionError as error:
            add_action_error(form, error)
            status = error.status
    return render(request, "projects/plan_change.html", shown.change_page(request.user, change, form), status=status)


def _decided(request: HttpRequest, change: PlanChange, form: DecisionForm) -> str:
    do, by = request.POST.get("do", ""), Actor.from_request(request)
    form.is_valid()
    if do == "take_back":
        plan_changes.take_back(change=change, by=by)
    elif do in ("approve", "refuse"):
        answer = form.cleaned_data["answer"]
        plan_changes.decide_change(change=change, approve=do == "approve", answer=answer, by=by)
    else:
        raise ActionError("请选择同意或不同意。")
    return do


@require_POST
def course(request: HttpRequest, code: str) -> HttpResponse:
    """Suspend, resume, terminate, withdraw: what the confirm dialogs of the project's page send."""
    project, key = project_of(request, code), request.POST.get("course", "")
    try:
        closing.change_course(
            project=project, course=key, reason=request.POST.get("reason", ""), by=Actor.from_request(request)
        )
        messages.success(request, f"已办理{closing.COURSE[key][1]}。")
    except ActionError as error:
        show_error(request, error)
    return redirect("workspace:project", project.code)


@require_http_methods(["GET", "POST"])
def lead(request: HttpRequest, code: str) -> HttpResponse:
    """Who led the project from when; the department names another secretary."""
    project, status = project_of(request, code), 200
    manages = rules.can_manage_project(request.user, project)  # type: ignore[arg-type]
    form = LeadForm(_posted(request), project=project, initial={"since": days.today()})
    if request.method == "POST":
        status = 400
        if not manages:
            messages.error(request, "由区委组织部变更领题书记。")
            return redirect("projects:lead", project.code)
        if form.is_valid() and _lead_changed(request, project, form):
            return redirect("projects:lead", project.code)
    context = {
        "project": project,
        "terms": shown.lead_terms(project),
        "form": form if manages and project.state not in leads.OVER else None,
        "title": "领题书记",
        "lead": project.title,
        "crumbs": shown.crumbs(project, "领题书记"),
    }
    return render(request, "projects/course_lead.html", context, status=status)


def _lead_changed(request: HttpRequest, project: Project, form: LeadForm) -> bool:
    try:
        leads.change_lead(project=project, by=Actor.from_request(request), **form.cleaned_data)
    except ActionError as error:
        add_action_error(form, error)
        return False
    messages.success(request, f"领题书记已变更为{form.cleaned_data['person']}，已通知双方和党务干事。")
    return True


@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, code: str) -> HttpResponse:
    """The review of the project's public wording: 提出 → 保密审查 → 审批 → 发布."""
    project, status = project_of(request, code), 200
    form = PublicationForm(_posted(request), initial={"summary": project.summary})
    if request.method == "POST":
        form.is_valid()
        try:
            _published(request, project, form)
            return redirect("projects:publication", project.code)
        except ActionError as error:
            if request.POST.get("do") != "propose" or isinstance(error, (Conflict, Forbidden)):
                show_error(request, error)
                return redirect("projects:publication", project.code)
            add_action_error(form, error)
            status = error.status
    context = shown.publication_page(request.user, project)
    context["form"] = form if context["publication"]["may_propose"] and project.archive_number else None
    return render(request, "projects/publication.html", context, status=status)


def _published(request: HttpRequest, project: Project, form: PublicationForm) -> None:
    row = publication.take_step(
        obj=project,
        do=request.POST.get("do", ""),
        content={"summary": form.cleaned_data["summary"]},
        reason=request.POST.get("reason", ""),
        seen=request.POST.get("seen", ""),
        by=Actor.from_request(request),
    )
    messages.success(request, f"已办理：{row.get_state_display()}。")


def _posted(request: HttpRequest) -> Any:
    """What was sent, be it nothing at all; None where a page is only looked at."""
    return request.POST if request.method == "POST" else None


def project_of(request: HttpRequest, code: str) -> Project:
    """The project if the person has it in scope; else 404."""
    rows = Project.objects.visible_to(request.user).select_related(
        "season", "track", "lead_organization", "lead_secretary"
    )
    return get_object_or_404(rows, code=code)
