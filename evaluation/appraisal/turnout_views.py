"""Pages of the turnout: the board, reminders, and after the close what is decided on shortfalls."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from common.pages import show_error
from evaluation.appraisal import desk, reminders, shortfall, turnout
from evaluation.appraisal.models import Campaign
from evaluation.appraisal.roll_forms import ShortfallForm
from evaluation.appraisal.roll_views import managed, running

State = Campaign.State
OVER = (State.CLOSED, State.MIXED)


@require_GET
def turnout_page(request: HttpRequest, code: str) -> HttpResponse:
    """How many have voted; asks itself again every ten seconds while the vote is open."""
    return _page(request, desk.campaign_of(request, code), None)


@require_POST
def shortfall_propose(request: HttpRequest, code: str) -> HttpResponse:
    campaign = managed(request, code)
    form = ShortfallForm(request.POST, campaign=campaign)
    if form.is_valid():
        try:
            shortfall.propose(campaign=campaign, **form.cleaned_data, by=Actor.from_request(request))
            messages.success(request, "已提出，请监票人同意后生效。")
            return redirect("appraisal:turnout", campaign.code)
        except ActionError as error:
            add_action_error(form, error)
    return _page(request, campaign, form)


@require_POST
def shortfall_agree(request: HttpRequest, code: str, decision_id: int) -> HttpResponse:
    campaign = running(request, code)
    decision = get_object_or_404(campaign.shortfall_decisions.all(), pk=decision_id)
    try:
        shortfall.agree(decision=decision, by=Actor.from_request(request))
        messages.success(request, "已同意，决定生效。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:turnout", campaign.code)


@require_POST
def shortfall_drop(request: HttpRequest, code: str, decision_id: int) -> HttpResponse:
    """撤回 by the administrator, 不同意 by a scrutineer."""
    campaign = running(request, code)
    decision = get_object_or_404(campaign.shortfall_decisions.all(), pk=decision_id)
    try:
        shortfall.drop_proposal(
            decision=decision, reason=request.POST.get("reason", ""), by=Actor.from_request(request)
        )
        messages.success(request, "已取消这一提议，可以另行提出办法。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:turnout", campaign.code)


@require_http_methods(["GET", "POST"])
def reminders_page(request: HttpRequest, code: str) -> HttpResponse:
    """Today's list to telephone by; `do`: make it, or send notices to those who vote by account."""
    campaign = managed(request, code)
    if request.method == "POST":
        by, step = Actor.from_request(request), request.POST.get("do", "")
        if step not in ("make", "remind"):
            raise Http404
        try:
            if step == "make":
                reminders.make_list(campaign=campaign, by=by)
            else:
                sent = reminders.remind(campaign=campaign, by=by)
                messages.success(request, "已给名单上用账号投票的人发通知。" if sent else "今天已经发过通知。")
        except ActionError as error:
            show_error(request, error)
        return redirect("appraisal:reminders", campaign.code)
    made = reminders.list_of_today(campaign)
    context = desk.frame(request, campaign, "turnout", "催票名单") | {
        "made": made,
        "names": list(reminders.names(made)) if made else [],
        "sent": made is not None and reminders.was_sent(made),
        "open": campaign.state == State.OPEN,
    }
    response = render(request, "appraisal/turnout_reminders.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _page(request: HttpRequest, campaign: Campaign, form: ShortfallForm | None) -> HttpResponse:
    context = desk.frame(request, campaign, "turnout") | {
        "turnout": turnout.of(campaign),
        "started": campaign.state not in turnout.BEFORE,
        "open": campaign.state == State.OPEN,
        **_shortfalls(campaign, form),
    }
    response = render(request, "appraisal/turnout.html", context, status=400 if form and form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


def _shortfalls(campaign: Campaign, form: ShortfallForm | None) -> dict[str, Any]:
    """What fell short, how far each is, and the form while one of them has no proposal."""
    over, may_decide = campaign.state in OVER, shortfall.may_decide(campaign)
    open_ones = shortfall.undecided(campaign) if over else []
    waiting = shortfall.proposed(campaign) if open_ones else []
    unanswered = [each for each in open_ones if not any(shortfall.answers(row, each) for row in waiting)]
    return {
        "over": over,
        "paper_waiting": shortfall.paper_waiting(campaign) if may_decide else "",
        "shortfalls": [(each, _stand(each, open_ones, unanswered)) for each in shortfall.found(campaign)]
        if over
        else [],
        "decisions": campaign.shortfall_decisions.select_related("category", "target", "proposed_by", "agreed_by"),
        "form": form or ShortfallForm(campaign=campaign, initial=_first(unanswered)),
        "proposing": may_decide and bool(unanswered),
        "agreeing": may_decide,
    }


def _stand(
    each: shortfall.Shortfall, open_ones: list[shortfall.Shortfall], unanswered: list[shortfall.Shortfall]
) -> str:
    if each not in open_ones:
        return "settled"
    return "open" if each in unanswered else "proposed"


def _first(unanswered: list[shortfall.Shortfall]) -> dict[str, str]:
    """The form starts with the first category that has no proposal, with the whole only where that alone is short."""
    return next(({"category": each.category.code} for each in unanswered if each.category), {})
