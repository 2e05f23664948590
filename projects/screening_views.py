"""Pages of the screening: the department's lists and decisions, a reviewer's scores, versions side by side."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.forms import add_action_error
from common.pages import page_of, show_error
from organizations.access import access_of
from projects import assigning, review_context, rules, screening
from projects import screening_context as shown
from projects.application_changes import compare
from projects.application_pages import names_in, sections
from projects.models import Project, Review
from projects.screening_forms import DecideForm, PrecheckForm, ReplaceForm, ReviewForm


@require_GET
def screenings(request: HttpRequest) -> HttpResponse:
    """A season's applications and their ranking, for the department."""
    if not access_of(request.user).is_officer:
        raise Http404
    return render(request, "projects/screenings.html", shown.listing(request))


@require_http_methods(["GET", "POST"])
def judge(request: HttpRequest, code: str) -> HttpResponse:
    """One application for the department: read, pre-check, assignments, scores, decision."""
    project = _managed(request, code)
    if request.method == "POST":
        step = _decide if request.POST.get("do") == "decide" else _precheck
        return step(request, project)
    return render(request, "projects/screening.html", shown.judging(request, project))


@require_POST
def replace_reviewer(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Another reviewer for one who has not sent."""
    review = get_object_or_404(Review.objects.select_related("screening__project"), pk=review_id)
    project = _managed(request, review.screening.project.code)
    form = ReplaceForm(request.POST)
    try:
        if not form.is_valid():
            raise ActionError("请选择评审人。")
        person = form.cleaned_data["person"]
        assigning.replace_reviewer(review=review, person=person, by=Actor.from_request(request))
        messages.success(request, f"已改由 {person} 评审。")
    except ActionError as error:
        show_error(request, error)
    return redirect("projects:screening", project.code)


@require_GET
def reviews(request: HttpRequest) -> HttpResponse:
    """What I am assigned to review, open first."""
    page = page_of(request, review_context.assigned(request.user))
    return render(
        request,
        "projects/reviews.html",
        {"page": page, "crumbs": [("我的工作台", reverse("workspace:desk")), ("我的评审", "")]},
    )


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """A reviewer's own assignment; nobody else's page, the department's neither."""
    rows = review_context.with_scores(Review.objects.of_reviewer(request.user))
    found = get_object_or_404(rows, pk=review_id)
    if request.method == "POST":
        return _scored(request, found)
    return render(request, "projects/review.html", review_context.scoring(found))


@require_GET
def versions(request: HttpRequest, code: str) -> HttpResponse:
    """Two versions of an application side by side, for whoever sees the project and its reviewers."""
    project = _readable(request, code)
    found = list(project.versions.select_related("submitted_by__person").order_by("number"))
    if not found:
        raise Http404
    by_number = {version.number: version for version in found}
    new = by_number.get(_number(request, "new"), found[-1])
    old = by_number.get(_number(request, "old"), found[max(0, found.index(new) - 1)])
    names = names_in([old.content, new.content], project.season)
    changes = compare(sections(old.content, names=names), sections(new.content, names=names))
    context = {
        "project": project,
        "versions": found,
        "old": old,
        "new": new,
        "changes": changes,
        "changed": [change for change in changes if change.is_changed],
        "crumbs": _crumbs(request, project),
    }
    return render(request, "projects/versions.html", context)


def _precheck(request: HttpRequest, project: Project) -> HttpResponse:
    form, step, by = PrecheckForm(request.POST), request.POST.get("do"), Actor.from_request(request)
    if form.is_valid():
        try:
            if step in ("review", "keep_scores"):
                opened = screening.start_review(project=project, keep_scores=step == "keep_scores", by=by)
                count = opened.reviews.count()
                messages.success(request, f"已送评审，指派 {count} 名评审人。" if count else "已送评审，沿用上轮评分。")
            elif step in ("return", "reject"):
                reason, reject = form.cleaned_data["reason"], step == "reject"
                screening.send_back(project=project, comments=form.remarks, reason=reason, reject=reject, by=by)
                messages.success(request, "已不予立项。" if reject else "已退回修改。")
            return redirect("projects:screening", project.code)
        except (Conflict, Forbidden) as error:
            show_error(request, error)
            return redirect("projects:screening", project.code)
        except ActionError as error:
            form.refuse(error)
    return render(request, "projects/screening.html", shown.judging(request, project, precheck=form), status=400)


def _decide(request: HttpRequest, project: Project) -> HttpResponse:
    form = DecideForm(request.POST)
    if form.is_valid():
        try:
            decided = screening.decide(project=project, by=Actor.from_request(request), **form.cleaned_data)
            number = f"，档号 {decided.archive_number}" if decided.archive_number else ""
            messages.success(request, f"已录入决定：{decided.get_state_display()}{number}。")
            return redirect("projects:screening", project.code)
        except (Conflict, Forbidden) as error:
            show_error(request, error)
            return redirect("projects:screening", project.code)
        except ActionError as error:
            add_action_error(form, error)
    return render(request, "projects/screening.html", shown.judging(request, project, decide=form), status=400)


def _scored(request: HttpRequest, found: Review) -> HttpResponse:
    """Save the scores, then send them if the button says so; nothing typed is lost."""
    address, by = redirect("projects:review", found.pk), Actor.from_request(request)
    sending = request.POST.get("do") == "send"
    if found.sent_at is not None:
        return address  # a second click on 提交
    form = ReviewForm(request.POST, review=found, criteria=list(found.screening.project.season.criteria.all()))
    if form.is_valid():
        try:
            screening.save_review(
                review=found,
                points=form.points,
                comments=form.comments,
                opinion=form.cleaned_data["opinion"],
                remarks=form.remarks,
                by=by,
            )
            if sending:
                screening.send_review(review=found, by=by)
            messages.success(request, "评分已提交。" if sending else "已保存，尚未提交。")
            return address
        except (Conflict, Forbidden) as error:
            show_error(request, error)
        except ActionError as error:
            form.refuse(error)
    return render(request, "projects/review.html", review_context.scoring(found, form), status=400)


def _managed(request: HttpRequest, code: str) -> Project:
    """An application that was sent, for an officer who does not lead it himself."""
    rows = Project.objects.visible_to(request.user).filter(versions__number=1)
    found = get_object_or_404(
        rows.select_related("season", "track", "lead_organization", "lead_secretary", "continues"), code=code
    )
    if not rules.can_manage_project(request.user, found):  # type: ignore[arg-type]
        raise Http404
    return found


def _readable(request: HttpRequest, code: str) -> Project:
    found = get_object_or_404(Project.objects.select_related("season", "lead_organization"), code=code)
    sees = Project.objects.visible_to(request.user).filter(pk=found.pk).exists()
    if not sees and not Review.objects.of_reviewer(request.user).filter(screening__project=found).exists():
        raise Http404
    return found


def _crumbs(request: HttpRequest, project: Project) -> list[tuple[str, str]]:
    own: Any = Review.objects.of_reviewer(request.user).filter(screening__project=project).order_by("-assigned_at")
    if rules.can_manage_project(request.user, project):  # type: ignore[arg-type]
        first = [
            ("立项筛选", reverse("projects:screenings")),
            (project.title, reverse("projects:screening", args=[project.code])),
        ]
    elif mine := own.first():
        first = [("我的评审", reverse("projects:reviews")), (project.title, reverse("projects:review", args=[mine.pk]))]
    else:
        first = [(project.title, reverse("projects:application", args=[project.code]))]
    return [*first, ("各稿对照", "")]


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
