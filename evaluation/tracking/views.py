"""Pages of tracking: who is behind the plan, and the liaison with each of them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from common import days
from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from common.pages import page_of
from evaluation.tracking import liaison, rules
from evaluation.tracking.forms import BehindForm, CloseForm, VisitForm
from evaluation.tracking.models import LiaisonCase
from organizations.access import access_of
from projects.filters import ProjectFilter
from projects.forms import ContactForm
from projects.lights import reason_words
from projects.models import Project

READINGS = 12


@require_GET
def behind(request: HttpRequest) -> HttpResponse:
    """Projects in scope that are behind, worst first, with the state of their liaison."""
    if not access_of(request.user).reads_projects:
        raise Http404
    form = BehindForm(request.GET, user=request.user)
    page = page_of(request, _behind(request, form))
    for project in page:
        project.reason_words = reason_words(project.light_reason, project.schedule_variance)  # type: ignore[attr-defined]
    latest = Project.objects.visible_to(request.user).aggregate(day=Max("light_day"))
    context = {"page": page, "form": form, "light_day": latest["day"]}
    return render(request, "tracking/behind.html", context)


@require_http_methods(["GET", "POST"])
def case(request: HttpRequest, case_id: Any) -> HttpResponse:
    """A liaison case: record a visit, name the contact, close it."""
    found = get_object_or_404(_cases(request.user), pk=case_id)
    forms = {
        "visit": VisitForm(prefix="visit"),
        "contact": ContactForm(project=found.project, prefix="contact", initial={"contact": found.contact_id}),
        "close": CloseForm(prefix="close"),
    }
    status = 200
    if request.method == "POST":
        name = request.POST.get("do", "")
        if name not in forms:
            raise Http404
        if answer := _act(request, found, name, forms):
            return answer
        status = 400
        found = get_object_or_404(_cases(request.user), pk=case_id)
    return render(request, "tracking/case.html", _case_context(request, found, forms), status=status)


def _act(request: HttpRequest, found: LiaisonCase, name: str, forms: dict[str, Any]) -> HttpResponse | None:
    """Run the form's action; None (with the errors in the form) if it was refused."""
    extra = {"project": found.project} if name == "contact" else {}
    form = forms[name] = type(forms[name])(request.POST, prefix=name, **extra)
    if not form.is_valid():
        return None
    by, given = Actor.from_request(request), form.cleaned_data
    try:
        if name == "visit":
            liaison.record_visit(case=found, by=by, **given)
            messages.success(request, "已记录联系情况。")
        elif name == "contact":
            liaison.assign_contact(case=found, person=given["contact"], by=by)
            messages.success(request, "已指定联系人。")
        else:
            liaison.close_case(case=found, note=given["note"], by=by)
            messages.success(request, "联系已关闭。")
    except ActionError as error:
        add_action_error(form, error)
        return None
    return redirect("tracking:case", found.pk)


def _case_context(request: HttpRequest, found: LiaisonCase, forms: dict[str, Any]) -> dict[str, Any]:
    user: Any = request.user
    may_manage = rules.can_manage_case(user, found)
    is_open = found.closed_on is None
    project = found.project
    return {
        "case": found,
        "project": project,
        "forms": forms,
        "errors": [form for form in forms.values() if form.is_bound and form.errors],
        "may_manage": may_manage and is_open,
        "may_visit": rules.can_visit(user, found) and is_open,
        "why_not": liaison.why_not_closable(found) if is_open else "",
        "reason": reason_words(project.light_reason, project.schedule_variance),
        "readings": liaison.readings(found)[: -READINGS - 1 : -1],
        "overdue": is_open and found.next_visit_on < days.today(),
        "crumbs": [
            ("我的工作台", reverse("workspace:desk")),
            ("滞后项目", reverse("tracking:behind")),
            (project.title, ""),
        ],
    }


def _behind(request: HttpRequest, form: BehindForm) -> QuerySet[Project]:
    open_case = LiaisonCase.objects.open().filter(project=OuterRef("pk"))
    rows = Project.objects.visible_to(request.user).select_related("lead_organization", "lead_secretary", "track")
    rows = rows.annotate(
        case_id=Subquery(open_case.values("pk")[:1]),
        case_contact_id=Subquery(open_case.values("contact")[:1]),
        case_contact=Subquery(open_case.values("contact__name")[:1]),
        case_next=Subquery(open_case.values("next_visit_on")[:1]),
    )
    given = form.cleaned_data if form.is_valid() else {}
    rows = rows.filter(light=given["light"]) if given.get("light") else rows.behind_schedule()
    narrowed = {name: given.get(name, "") for name in ("search", "track")}
    rows = ProjectFilter(narrowed, queryset=rows).qs
    wanted = {
        "none": Q(case_id__isnull=False, case_contact_id=None),
        "due": Q(case_next__lt=days.today()),
        "me": Q(case_contact_id=access_of(request.user).person_id),
    }.get(given.get("mine", ""), Q())
    return rows.filter(wanted).order_by(F("schedule_variance").asc(nulls_last=True), "id")


def _cases(user: Any) -> QuerySet[LiaisonCase]:
    rows = LiaisonCase.objects.visible_to(user).select_related(
        "project__season", "project__lead_organization", "project__lead_secretary", "contact"
    )
    return rows.prefetch_related("visits__by__person")
