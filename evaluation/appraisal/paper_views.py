"""Pages of the paper ballots: the desk, blank ballots to print, the two keyings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.actors import Actor
from common.errors import ActionError
from common.pages import page_of, show_error
from common.text import clean_text
from evaluation.appraisal import desk, manifest, paper, paper_keying
from evaluation.appraisal.models import Campaign, PaperBatch, Voter, VoterCategory
from evaluation.appraisal.paper_forms import MOST, KeyingSheet
from evaluation.appraisal.roll_forms import RedoForm
from evaluation.appraisal.roll_views import running
from evaluation.appraisal.states import LOCKED

State = Campaign.State
STEPS: dict[str, Callable[..., Voter]] = {
    "give": paper.give_out,
    "take": paper.take_back,
    "correct": paper.correct,
}
NO_NUMBER = "请填写张数，只写数字，例如 12。"
SAID = {"give": "已领票", "take": "已交票", "correct": "已更正"}


@require_GET
def paper_page(request: HttpRequest, code: str) -> HttpResponse:
    """The desk: figures by category, the voters on paper with what is next for each."""
    campaign = running(request, code)
    search = clean_text(request.GET.get("q", ""))[:50]
    rows = campaign.voters.filter(channel=Voter.Channel.PAPER).select_related("category")
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(workplace__icontains=search))
    desks = paper.desks(campaign)
    batches = campaign.paper_batches.select_related("category", "first_by", "second_by").order_by("state", "category")
    half = {batch.category_id: batch for batch in batches if batch.state == PaperBatch.State.KEYED}
    context = desk.frame(request, campaign, "paper") | {
        "desks": [(each, half.get(each.category.pk)) for each in desks],
        "page": page_of(request, rows.order_by("category__position", "category_id", "name", "public_id")),
        "search": search,
        "handling": campaign.state in (State.LOCKED, State.OPEN),
        "taking": campaign.state == State.OPEN,
        "keying": campaign.state in (State.OPEN, State.CLOSED),
        "correcting": campaign.state in (State.LOCKED, State.OPEN, State.CLOSED),
        "locked": campaign.state in LOCKED,
        "batches": [batch for batch in batches if batch.state != PaperBatch.State.DROPPED],
        "redo": RedoForm(),
    }
    return render(request, "appraisal/paper.html", context)


@require_POST
def paper_step(request: HttpRequest, code: str, voter_id: str) -> HttpResponse:
    """Give out, take back, correct: `do`."""
    campaign = running(request, code)
    voter = get_object_or_404(campaign.voters.all(), public_id=voter_id)
    step = request.POST.get("do", "")
    if step not in STEPS:
        raise Http404
    try:
        STEPS[step](voter=voter, by=Actor.from_request(request))
        messages.success(request, f"{voter}：{SAID[step]}。")
    except ActionError as error:
        show_error(request, error)
    search = request.POST.get("q", "")
    return redirect(desk.address("paper", campaign) + (f"?{urlencode({'q': search})}" if search else ""))


@require_GET
def paper_ballots(request: HttpRequest, code: str, category: str) -> HttpResponse:
    """The blank ballots of a category, one of each form, to be printed in as many copies as stand beside it."""
    campaign = running(request, code)
    if campaign.state not in LOCKED:
        raise Http404
    own = _category(campaign, category)
    fixed = manifest.of(campaign)
    context = desk.frame(request, campaign, "paper", f"{own.label}纸质票") | {
        "category": own,
        "forms": [form for form in paper.profiles(campaign, own) if form.voters],
        "contests": fixed["contests"],
        "fixed": fixed,
    }
    return render(request, "appraisal/paper_ballots.html", context)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def paper_key(request: HttpRequest, code: str, category: str) -> HttpResponse:
    """The first keying, after the ballots were counted (`ballots`)."""
    campaign = running(request, code)
    own = _category(campaign, category)
    typed = request.POST if request.method == "POST" else request.GET
    counted = typed.get("ballots", "")
    if not counted.isdecimal() or len(counted) > 5:
        error = ActionError(NO_NUMBER, fields={"ballots": [NO_NUMBER]}) if "ballots" in typed else None
        return _count_page(request, campaign, own, error)
    sheet = _sheet(request, campaign, own, int(counted))
    try:
        if request.method == "POST":
            ballots, by = sheet.ballots(), Actor.from_request(request)
            paper_keying.key_first(campaign=campaign, category=own, ballots=ballots, by=by)
            messages.success(request, f"“{own.name}”第一遍录完。请由另一人按同样的顺序录第二遍。")
            return redirect("appraisal:paper", campaign.code)
        paper_keying.refuse_first(campaign, own, int(counted))
    except ActionError as error:
        if request.method == "GET":
            return _count_page(request, campaign, own, error)
        sheet.refuse(error)
    return _sheet_page(request, campaign, own, sheet, None)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def paper_second(request: HttpRequest, code: str, batch_id: UUID) -> HttpResponse:
    """The second keying, by another person; where it differs is shown, and what was typed stays in the form."""
    campaign = running(request, code)
    batch = _batch(campaign, batch_id)
    sheet = _sheet(request, campaign, batch.category, batch.ballots)
    by = Actor.from_request(request)
    try:
        if request.method == "POST":
            paper_keying.key_second(batch=batch, ballots=sheet.ballots(), by=by)
            messages.success(request, f"两遍一致，“{batch.category.name}”{batch.ballots} 张纸质票已入箱。")
            return redirect("appraisal:paper", campaign.code)
        paper_keying.refuse_second(batch, by)
    except ActionError as error:
        if request.method == "GET":
            show_error(request, error)
            return redirect("appraisal:paper", campaign.code)
        sheet.refuse(error)
    return _sheet_page(request, campaign, batch.category, sheet, batch)


@require_POST
def paper_drop(request: HttpRequest, code: str, batch_id: UUID) -> HttpResponse:
    campaign = running(request, code)
    try:
        paper_keying.drop_batch(batch=_batch(campaign, batch_id), by=Actor.from_request(request))
        messages.success(request, "已撤销这一批，请重新录入。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:paper", campaign.code)


@require_POST
def paper_redo(request: HttpRequest, code: str, category: str) -> HttpResponse:
    """Void the paper ballots of a category that are not in the box (作废重投)."""
    campaign = running(request, code)
    own = _category(campaign, category)
    try:
        reason, by = request.POST.get("reason", ""), Actor.from_request(request)
        number = paper.redo(campaign=campaign, category=own, reason=reason, by=by)
        messages.success(request, f"已作废“{own.name}”{number} 张纸质票，请销毁原票，重新发票。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:paper", campaign.code)


def _category(campaign: Campaign, code: str) -> VoterCategory:
    return get_object_or_404(campaign.categories.all(), code=code)


def _batch(campaign: Campaign, batch_id: UUID) -> PaperBatch:
    rows = campaign.paper_batches.filter(state=PaperBatch.State.KEYED)
    return get_object_or_404(rows.select_related("campaign", "category", "first_by"), pk=batch_id)


def _sheet(request: HttpRequest, campaign: Campaign, category: VoterCategory, number: int) -> KeyingSheet:
    if campaign.state not in LOCKED:
        raise Http404
    typed: Any = request.POST if request.method == "POST" else None
    return KeyingSheet(
        sections=paper.sections_of(manifest.of(campaign)),
        forms=paper.profiles(campaign, category),
        number=number,
        typed=typed,
    )


def _count_page(
    request: HttpRequest, campaign: Campaign, category: VoterCategory, error: ActionError | None = None
) -> HttpResponse:
    """How many ballots are there? Asked before any is keyed."""
    context = desk.frame(request, campaign, "paper", f"录入{category.label}纸质票") | {
        "category": category,
        "returned": paper.waiting(campaign, category).count(),
        "counted": request.POST.get("ballots", request.GET.get("ballots", "")),
        "error": error,
        "beside": error.fields.get("ballots", []) if error else [],
        "most": MOST,
        "redo": RedoForm(),
    }
    return render(request, "appraisal/paper_count.html", context, status=error.status if error else 200)


def _sheet_page(
    request: HttpRequest, campaign: Campaign, category: VoterCategory, sheet: KeyingSheet, batch: PaperBatch | None
) -> HttpResponse:
    title = f"录入{category.label}纸质票（第{'二' if batch else '一'}遍）"
    context = desk.frame(request, campaign, "paper", title) | {"category": category, "sheet": sheet, "batch": batch}
    response = render(request, "appraisal/paper_key.html", context, status=400 if sheet.message else 200)
    response["Cache-Control"] = "no-store"
    return response
