"""Pages of the candidates: chosen from the eligible projects, withdrawn after the lock, the order of 上台述评."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from evaluation.appraisal.setup_views import SAVED
from evaluation.appraisal.states import LOCKED
from projects.models import Project

State = Campaign.State
WITHDRAWABLE = (State.LOCKED, State.OPEN, State.CLOSED, State.MIXED)


@dataclass(frozen=True, slots=True)
class Choice:
    """A project that may stand: whether it does, in which class, and what is wrong with that."""

    project: Project
    checked: bool
    place: int | None
    errors: Sequence[str]


@dataclass(frozen=True, slots=True)
class Selection:
    """The ticked projects with their classes (None: not picked yet), and what is wrong with each by its code."""

    places: Mapping[Project, ContestClass | None]
    errors: Mapping[str, list[str]]


@require_http_methods(["GET", "POST"])
def candidates_page(request: HttpRequest, code: str) -> HttpResponse:
    """In a draft, one form for all contests; afterwards the list as it was locked."""
    found = desk.campaign_of(request, code)
    if request.method != "POST":
        return _page(request, found, ReasonForm())
    ticked = _ticked(request.POST, found)
    try:
        if ticked.errors:
            raise ActionError("还没有保存，请按各行的提示修改。", fields=dict(ticked.errors))
        desk.refuse_stale(request, _stored(found.candidates.all()))
        chosen = {project: place for project, place in ticked.places.items() if place is not None}
        candidates.set_candidates(campaign=found, chosen=chosen, by=Actor.from_request(request))
    except ActionError as error:
        if not error.fields:
            show_error(request, error)
        selection = Selection(ticked.places, error.fields)
        return _page(request, found, ReasonForm(), selection=selection, status=error.status)
    messages.success(request, f"{SAVED}共有候选项目 {len(chosen)} 个。")
    return redirect("appraisal:roll", found.code)


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
        return _page(request, found, form, withdrawing=row.code, status=error.status)
    messages.success(request, f"“{row.project}”已退出。请打印补充说明，签字后公布。")
    return redirect("appraisal:candidates", found.code)


def _page(
    request: HttpRequest,
    found: Campaign,
    form: ReasonForm,
    *,
    withdrawing: str = "",
    selection: Selection | None = None,
    status: int = 200,
) -> HttpResponse:
    """`withdrawing` is the candidate whose dialog has `form`; `selection` what was ticked and refused."""
    context = desk.frame(request, found, "candidates")
    rows = found.candidates.select_related(
        "contest_class__contest", "project__lead_organization", "project__lead_secretary", "project__closing"
    )
    listed = list(rows)
    shown = selection or Selection({row.project: row.contest_class for row in listed}, {})
    contests = list(_contests(found))
    projects = _projects(contests) if context["editable"] else []
    context |= {
        "blocks": [_block(contest, listed, projects, shown, context) for contest in contests],
        "errors": list(shown.errors.items()),
        "made_from": desk.mark(_stored(listed)),
        "reason_form": form,
        "withdrawing": withdrawing,
        "can_withdraw": context["may"]["manages"] and found.state in WITHDRAWABLE,
        "is_locked": found.state in LOCKED,
        "has_running_order": any(row.presentation for row in listed),
        "has_withdrawn": any(row.withdrawn_on for row in listed),
        "lot": rule_sheet.LOT,
    }
    return render(request, "appraisal/setup_candidates.html", context, status=status)


def _stored(rows: Iterable[Candidate]) -> list[tuple[int, int]]:
    """What the form is made from: who stands, and in which class."""
    return sorted((row.project_id, row.contest_class_id) for row in rows)


def _block(
    contest: Contest, listed: list[Candidate], projects: list[Project], shown: Selection, context: dict[str, Any]
) -> dict[str, Any]:
    """A contest with what stands in it; in a draft also what may and what may not, with the reason.

    One that stood or was ticked and is not eligible stays to be seen, and to be taken off.
    """
    own = [row for row in listed if row.contest_class.contest_id == contest.pk]
    block: dict[str, Any] = {"contest": contest, "candidates": own, "classes": list(contest.classes.all())}
    if context["editable"]:
        kept = {row.project_id for row in own} | {project.pk for project in shown.places}
        reasons = {
            project: candidates.why_not_eligible(project, contest)
            for project in projects
            if project.track_id == contest.track_id
        }
        block["choices"] = [
            _choice(project, shown) for project, reason in reasons.items() if not reason or project.pk in kept
        ]
        block["barred"] = [
            (project, reason) for project, reason in reasons.items() if reason and project.pk not in kept
        ]
    return block


def _choice(project: Project, shown: Selection) -> Choice:
    place = shown.places.get(project)
    errors = shown.errors.get(project.code, ())
    return Choice(project, project in shown.places, place.pk if place else None, errors)


def _projects(contests: Sequence[Contest]) -> list[Project]:
    """The projects of the contests' tracks that were approved, whatever became of them."""
    rows = Project.objects.in_library().filter(track__in=[contest.track_id for contest in contests])
    rows = rows.select_related("lead_organization", "lead_secretary", "closing")
    return list(rows.order_by("archive_number", "pk"))


def _ticked(post: QueryDict, found: Campaign) -> Selection:
    """What was sent: a project goes to the contest of its track, and to its class where there are several."""
    by_track = {contest.track_id: contest for contest in _contests(found)}
    rows = Project.objects.filter(code__in=post.getlist("project"), season=found.season_id)
    places: dict[Project, ContestClass | None] = {}
    errors: dict[str, list[str]] = {}
    for project in rows.select_related("closing", "lead_organization", "lead_secretary").order_by("pk"):
        contest = by_track.get(project.track_id)
        classes = {str(each.number): each for each in contest.classes.all()} if contest else {}
        only = next(iter(classes.values())) if len(classes) == 1 else None
        places[project] = only or classes.get(post.get(f"class-{project.code}", ""))
        if places[project] is None:
            words = "还没有选择类别。" if classes else "所在的评选项目还没有设名额。"
            errors[project.code] = [f"“{project}”{words}"]
    return Selection(places, errors)


def _contests(found: Campaign) -> Any:
    return found.contests.select_related("track", "campaign").prefetch_related("classes")
