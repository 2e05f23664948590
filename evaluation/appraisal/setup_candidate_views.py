"""Pages of the candidates: chosen from the eligible projects, withdrawn after the lock, the order of 上台述评."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from common.pages import show_error
from evaluation.appraisal import candidates, desk, rule_sheet
from evaluation.appraisal.models import Campaign, Candidate, Contest, ContestClass
from evaluation.appraisal.setup_forms import ReasonForm
from evaluation.appraisal.setup_papers import running_order
from evaluation.appraisal.setup_views import SAVED
from evaluation.appraisal.states import LOCKED
from projects.models import Project

State = Campaign.State
WITHDRAWABLE = (State.LOCKED, State.OPEN, State.CLOSED, State.MIXED)


@dataclass(frozen=True, slots=True)
class Choice:
    """A project that may stand: whether it does, and in which class."""

    project: Project
    checked: bool
    place: int | None


@require_http_methods(["GET", "POST"])
def candidates_page(request: HttpRequest, code: str) -> HttpResponse:
    """In a draft, one form a contest; afterwards the list as it was locked."""
    found = desk.campaign_of(request, code)
    status = 200
    if request.method == "POST":
        contest = get_object_or_404(_contests(found), code=request.POST.get("contest", ""))
        try:
            chosen = _chosen(request.POST, contest)
            candidates.set_candidates(contest=contest, chosen=chosen, by=Actor.from_request(request))
            messages.success(request, f"{SAVED}“{contest}”有候选项目 {len(chosen)} 个。")
            return redirect("appraisal:candidates", found.code)
        except ActionError as error:
            show_error(request, error)
            status = error.status
    return _page(request, found, ReasonForm(), "", status)


@require_POST
def candidate_withdraw(request: HttpRequest, code: str, candidate: str) -> HttpResponse:
    """Take a candidate out after the lock, with the reason that the addendum says."""
    found = desk.campaign_of(request, code)
    row = get_object_or_404(found.candidates.select_related("project"), code=candidate)
    form = ReasonForm(request.POST)
    try:
        form.full_clean()
        candidates.withdraw_candidate(candidate=row, **form.cleaned_data, by=Actor.from_request(request))
    except ActionError as error:
        add_action_error(form, error)
        return _page(request, found, form, row.code, error.status)
    messages.success(request, f"“{row.project}”已退出。请打印补充说明，签字后公布。")
    return redirect("appraisal:candidates", found.code)


def _page(request: HttpRequest, found: Campaign, form: ReasonForm, withdrawing: str, status: int) -> HttpResponse:
    context = desk.frame(request, found, "candidates")
    listed = list(
        found.candidates.select_related(
            "contest_class__contest", "project__lead_organization", "project__lead_secretary"
        )
    )
    blocks = []
    for contest in _contests(found):
        own = [row for row in listed if row.contest_class.contest_id == contest.pk]
        blocks.append(_block(contest, own, request.POST if status != 200 and not withdrawing else None, context))
    context |= {
        "blocks": blocks,
        "reason_form": form,
        "withdrawing": withdrawing,
        "can_withdraw": context["may"]["manages"] and found.state in WITHDRAWABLE,
        "is_locked": found.state in LOCKED,
        "running_order": running_order(found),
        "has_withdrawn": any(row.withdrawn_on for row in listed),
        "lot": rule_sheet.LOT,
    }
    return render(request, "appraisal/setup_candidates.html", context, status=status)


def _block(contest: Contest, own: list[Candidate], post: QueryDict | None, context: dict[str, Any]) -> dict[str, Any]:
    """A contest with what stands in it; in a draft also what may and what may not, with the reason."""
    block = {"contest": contest, "candidates": own, "classes": list(contest.classes.all())}
    if context["editable"]:
        eligible = list(candidates.eligible(contest))
        block["choices"] = _choices(contest, eligible, own, post)
        block["barred"] = [
            (project, candidates.why_not_eligible(project, contest))
            for project in _others(contest).exclude(pk__in=[project.pk for project in eligible])
        ]
    return block


def _choices(contest: Contest, eligible: list[Project], own: list[Candidate], post: QueryDict | None) -> list[Choice]:
    """As typed if something was wrong with it, else as it stands."""
    places = {row.project_id: row.contest_class_id for row in own}
    if post is not None and post.get("contest") == contest.code:
        places = {project.pk: place.pk for project, place in _chosen(post, contest, strict=False).items()}
    # One that stood and lost its eligibility stays to be seen, and to be taken off.
    lost = [row.project for row in own if row.project_id not in {project.pk for project in eligible}]
    return [Choice(project, project.pk in places, places.get(project.pk)) for project in [*eligible, *lost]]


def _others(contest: Contest) -> Any:
    rows = Project.objects.in_library().filter(season=contest.campaign.season_id, track=contest.track_id)
    return rows.select_related("lead_organization", "closing").order_by("archive_number", "pk")


def _chosen(post: QueryDict, contest: Contest, *, strict: bool = True) -> dict[Project, ContestClass]:
    """The ticked projects of a contest and their classes. Raises ActionError for one without a class."""
    classes = {str(each.number): each for each in contest.classes.all()}
    only = next(iter(classes.values())) if len(classes) == 1 else None
    found, lacking = {}, []
    rows = Project.objects.filter(code__in=post.getlist("project"), season=contest.campaign.season_id)
    for project in rows.select_related("closing", "lead_organization").order_by("pk"):
        place = only or classes.get(post.get(f"class-{project.code}", ""))
        if place is None:
            lacking.append(f"“{project}”还没有选择类别。" if classes else f"“{contest}”还没有设名额。")
        else:
            found[project] = place
    if lacking and strict:
        raise ActionError("还没有保存。", fields={"project": list(dict.fromkeys(lacking))})
    return found


def _contests(found: Campaign) -> Any:
    return found.contests.select_related("track", "campaign").prefetch_related("classes")
