"""Pages of a vote's set-up: the list, a new one, the overview with open, close and void."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common import days
from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from common.pages import page_of, show_error
from evaluation.appraisal import campaigns as actions
from evaluation.appraisal import desk, lifecycle, progress, rules
from evaluation.appraisal.models import Campaign
from evaluation.appraisal.setup_forms import NewCampaignForm, ReasonForm
from organizations.access import access_of
from projects.models import Season

State = Campaign.State
SAVED = "已保存。"
UNVOIDABLE = (State.FINAL, State.ARCHIVED, State.VOIDED)


@require_GET
def campaigns(request: HttpRequest) -> HttpResponse:
    """All votes that the person may open, each with its next thing to do."""
    user: Any = request.user
    if not rules.sees_campaigns(access_of(user)):
        raise Http404
    page = page_of(request, Campaign.objects.visible_to(user).select_related("season", "runoff_of"))
    rows = list(page)
    context = {
        "page": page,
        "rows": [(row, _with_address(row, step)) for row, step in zip(rows, progress.next_steps(rows), strict=True)],
        "manages": rules.can_manage_campaign(user),
        "crumbs": [desk.top_crumbs()[0], ("年度评选", "")],
    }
    return render(request, "appraisal/setup_campaigns.html", context)


@require_http_methods(["GET", "POST"])
def campaign_new(request: HttpRequest) -> HttpResponse:
    """From last year's or empty; `?source=` proposes the one that is copied."""
    if not rules.can_manage_campaign(request.user):  # type: ignore[arg-type]
        raise Http404
    form = NewCampaignForm(request.POST if request.method == "POST" else None, initial=_proposed(request))
    if form.is_valid():
        by, given = Actor.from_request(request), form.cleaned_data
        source, season = given.pop("source"), given["season"]
        try:
            if source is None:
                made = actions.create_campaign(**given, by=by)
            else:
                made = actions.copy_campaign(source=source, **given, by=by)
                if lost := actions.unmatched(source, season):
                    messages.warning(request, f"{season}没有对应的赛道，没有沿用：{'、'.join(lost)}。")
            return redirect("appraisal:basics", made.code)
        except ActionError as error:
            add_action_error(form, error)
    standing = Campaign.objects.filter(season__code=form["season"].value(), runoff_of=None).exclude(state=State.VOIDED)
    context = {"form": form, "standing": standing.order_by("pk"), "crumbs": [*desk.top_crumbs(), ("新的票决", "")]}
    return render(request, "appraisal/setup_new.html", context, status=400 if form.errors else 200)


@require_GET
def campaign(request: HttpRequest, code: str) -> HttpResponse:
    """Where the vote stands, what waits for whom, the key figures."""
    return _overview(request, desk.campaign_of(request, code), ReasonForm())


@require_POST
def campaign_open(request: HttpRequest, code: str) -> HttpResponse:
    return _step(request, code, lifecycle.open_vote, "投票已经开始。")


@require_POST
def campaign_close(request: HttpRequest, code: str) -> HttpResponse:
    return _step(request, code, lifecycle.close_vote, "投票已经截止，不再收票。")


@require_POST
def campaign_void(request: HttpRequest, code: str) -> HttpResponse:
    """Void with a reason, which stays in the field if it is refused."""
    found = desk.campaign_of(request, code)
    form = ReasonForm(request.POST)
    try:
        form.full_clean()
        lifecycle.void_campaign(campaign=found, **form.cleaned_data, by=Actor.from_request(request))
    except ActionError as error:
        add_action_error(form, error)
        return _overview(request, found, form, error.status)
    messages.success(request, "已作废。选票不再开启，已计的结果不作数；需要时可以沿用它的规则重新组织。")
    return redirect("appraisal:campaign", found.code)


def _step(request: HttpRequest, code: str, action: Callable[..., Any], done: str) -> HttpResponse:
    found = desk.campaign_of(request, code)
    try:
        action(campaign=found, by=Actor.from_request(request))
        messages.success(request, done)
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:campaign", found.code)


def _overview(request: HttpRequest, found: Campaign, form: ReasonForm, status: int = 200) -> HttpResponse:
    context = desk.frame(request, found, "campaign") | {
        "rail": progress.rail(found),
        "waiting": [_with_address(found, each) for each in progress.waiting(found)],
        "warnings": progress.warnings(found),
        "figures": _figures(found),
        "history": _history(found),
        "reason_form": form,
        "can_open": found.state == State.LOCKED and found.opens_at is not None and days.now() >= found.opens_at,
        "can_close": found.state == State.OPEN,
        "can_void": found.state not in UNVOIDABLE,
        "replaced_by": Campaign.objects.filter(replaces=found).first(),
        "is_voided": found.state == State.VOIDED,
    }
    return render(request, "appraisal/setup_overview.html", context, status=status)


def _figures(found: Campaign) -> dict[str, Any]:
    """Candidates, the roll and the total turnout: the only number that is live while the vote is open."""
    roll = found.voters.aggregate(all=Count("pk"), voted=Count("pk", filter=Q(voted=True)))
    standing = found.candidates.aggregate(all=Count("pk"), gone=Count("pk", filter=Q(withdrawn_on__isnull=False)))
    return {
        "roll": roll["all"],
        "voted": roll["voted"],
        "candidates": standing["all"] - standing["gone"],
        "withdrawn": standing["gone"],
        "contests": found.contests.count(),
        "scrutineers": [str(row.person) for row in found.scrutineers.select_related("person")],
        "has_begun": found.state not in (State.DRAFT, State.LOCKED),
    }


def _history(found: Campaign) -> list[dict[str, Any]]:
    """The steps of the campaign, latest first."""
    rows = found.state_changes.select_related("by__person").order_by("-pk")
    return [
        {"title": State(row.to_state).label, "at": row.at, "by": row.by or "系统", "text": row.reason} for row in rows
    ]


def _with_address(found: Campaign, step: progress.Waiting | None) -> dict[str, Any] | None:
    if step is None:
        return None
    return {"who": step.who, "what": step.what, "due": step.due, "url": desk.address(step.part, found)}


def _proposed(request: HttpRequest) -> dict[str, Any]:
    """The vote that is asked for, or the latest that came to its end, or got further than a draft; today's season."""
    asked = request.GET.get("source", "")
    rows = Campaign.objects.filter(runoff_of=None).order_by("-pk")
    if asked:
        wanted = get_object_or_404(rows, code=asked)
        return NewCampaignForm.proposed(wanted, wanted.season) | {"title": wanted.title}
    begun = rows.exclude(state__in=[State.DRAFT, State.VOIDED])
    latest = begun.filter(state__in=[State.FINAL, State.ARCHIVED]).first() or begun.first()
    return NewCampaignForm.proposed(latest, Season.objects.latest_started(days.today()))
