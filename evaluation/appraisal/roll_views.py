"""Pages of the roll: the list, one voter, people from accounts, recusals, one-time codes.

No page of an open vote shows who has voted: beside a clock that would tell when.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common import qr
from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from common.models import ImportBatch
from common.pages import page_of, show_error
from common.text import clean_text
from evaluation.appraisal import desk, electors, recusal_pages, roll, rules
from evaluation.appraisal.models import Campaign, Credential, Voter
from evaluation.appraisal.roll_forms import MISSING, AccountsForm, RollFilterForm, VoterForm, chosen
from evaluation.appraisal.roll_import import KIND
from organizations.models import Appointment, Organization, Person

State = Campaign.State
Channel = Voter.Channel
SEARCH_LIMIT = 50
ISSUING = (State.LOCKED, State.OPEN)


@require_GET
def roll_page(request: HttpRequest, code: str) -> HttpResponse:
    """Everybody on the roll, how many of each category, what is missing."""
    campaign = running(request, code)
    form = RollFilterForm(request.GET, campaign=campaign)
    page = page_of(request, _filtered(campaign, form))
    categories = list(
        campaign.categories.annotate(
            roll=Count("voters"),
            account=Count("voters", filter=Q(voters__channel=Channel.ACCOUNT)),
            code_count=Count("voters", filter=Q(voters__channel=Channel.CODE)),
            paper=Count("voters", filter=Q(voters__channel=Channel.PAPER)),
        ).order_by("position", "id")
    )
    context = desk.frame(request, campaign, "roll") | {
        "form": form,
        "page": page,
        "rows": list(page),
        "categories": [(row, _too_few(campaign, row.roll)) for row in categories],
        "total": sum(row.roll for row in categories),
        "missing": roll.without_organization(campaign).count(),
        "namesakes": roll.namesakes(campaign),
        "imports": ImportBatch.objects.filter(kind=KIND, params__campaign=campaign.code).select_related("file")[:5],
    }
    return render(request, "appraisal/roll.html", context)


@require_http_methods(["GET", "POST"])
def voter_new(request: HttpRequest, code: str) -> HttpResponse:
    campaign = managed(request, code)
    form = VoterForm(_typed(request), campaign=campaign, initial={"channel": Channel.CODE})
    if form.is_valid():
        try:
            made = roll.add_voter(campaign=campaign, **form.cleaned_data, by=Actor.from_request(request))
            messages.success(request, f"已加入{made}。")
            return redirect("appraisal:voter_new" if "more" in request.POST else "appraisal:roll", campaign.code)
        except ActionError as error:
            add_action_error(form, error)
    return _form_page(request, campaign, form, "添加人员")


@require_http_methods(["GET", "POST"])
def voter(request: HttpRequest, code: str, voter_id: str) -> HttpResponse:
    """One voter: the form before the lock, afterwards what may still be done."""
    campaign = running(request, code)
    found = _voter(campaign, voter_id)
    if not campaign.is_draft or not rules.can_manage_campaign(request.user):  # type: ignore[arg-type]
        if request.method == "POST":
            raise Http404
        return _voter_page(request, campaign, found)
    form = VoterForm(
        _typed(request), campaign=campaign, by_account=found.person_id is not None, initial=VoterForm.of(found)
    )
    if form.is_valid():
        try:
            roll.edit_voter(voter=found, **form.cleaned_data, by=Actor.from_request(request))
            messages.success(request, "已保存。")
            return redirect("appraisal:roll", campaign.code)
        except ActionError as error:
            add_action_error(form, error)
    return _form_page(request, campaign, form, found.name, voter=found)


@require_POST
def voter_remove(request: HttpRequest, code: str, voter_id: str) -> HttpResponse:
    campaign = managed(request, code)
    found = _voter(campaign, voter_id)
    try:
        roll.remove_voter(voter=found, by=Actor.from_request(request))
        messages.success(request, f"已将{found}移出名册。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:roll", campaign.code)


@require_POST
def voter_to_paper(request: HttpRequest, code: str, voter_id: str) -> HttpResponse:
    campaign = managed(request, code)
    found = _voter(campaign, voter_id)
    try:
        roll.switch_to_paper(voter=found, by=Actor.from_request(request))
        messages.success(request, f"{found}已改用纸质票，原来的投票码作废。请在“纸质票”发票。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:voter", campaign.code, found.public_id)


@require_POST
def voter_to_code(request: HttpRequest, code: str, voter_id: str) -> HttpResponse:
    campaign = managed(request, code)
    found = _voter(campaign, voter_id)
    try:
        roll.switch_to_code(voter=found, by=Actor.from_request(request))
        messages.success(request, f"{found}已改用投票码，请发放投票码。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:voter", campaign.code, found.public_id)


@require_http_methods(["GET", "POST"])
def roll_accounts(request: HttpRequest, code: str) -> HttpResponse:
    """People with accounts, found by name or organization, come onto the roll by ticking them."""
    campaign = managed(request, code)
    form = AccountsForm(_typed(request), campaign=campaign)
    if request.method == "POST" and form.is_valid():
        keys = [int(key) for key in request.POST.getlist("person") if key.isdecimal() and len(key) < 19]
        persons = Person.objects.filter(pk__in=keys, user__is_active=True).order_by("name", "pk")
        category = form.cleaned_data["category"]
        try:
            made = roll.add_accounts(category=category, persons=persons, by=Actor.from_request(request))
            messages.success(request, f"已加入“{category.name}”{len(made)} 人。")
            return redirect("appraisal:roll", campaign.code)
        except ActionError as error:
            add_action_error(form, error)
    search = clean_text(request.GET.get("q", ""))[:SEARCH_LIMIT]
    context = desk.frame(request, campaign, "roll", "从账号加入") | {
        "form": form,
        "search": search,
        "choices": _people(campaign, search),
        "limit": SEARCH_LIMIT,
    }
    return render(request, "appraisal/roll_accounts.html", context, status=400 if form.errors else 200)


@require_GET
def roll_recusals(request: HttpRequest, code: str) -> HttpResponse:
    """Who is recused on what, by voter and by candidate: computed now before the lock, as fixed by it after."""
    campaign = running(request, code)
    context = desk.frame(request, campaign, "roll", "回避情况") | recusal_pages.listing(campaign)
    return render(request, "appraisal/roll_recusals.html", context)


@require_GET
def roll_codes(request: HttpRequest, code: str) -> HttpResponse:
    """Before codes are issued: how many have none, and that each is shown once."""
    campaign = managed(request, code)
    rows = _with_code(campaign.voters.filter(channel=Channel.CODE))
    context = desk.frame(request, campaign, "roll", "发放投票码") | {
        "issuing": campaign.state in ISSUING,
        "total": rows.count(),
        "without": rows.filter(has_code=False).count(),
        "standing": electors.latest_of(rows),
    }
    return render(request, "appraisal/roll_codes.html", context)


@require_POST
def roll_slips(request: HttpRequest, code: str) -> HttpResponse:
    """Issue codes; the answer itself is the sheet to print, kept nowhere. `voter`, or `which`: missing or all."""
    campaign = managed(request, code)
    rows = _with_code(campaign.voters.filter(channel=Channel.CODE)).order_by("category__position", "name", "public_id")
    if one := request.POST.get("voter", ""):
        rows = rows.filter(public_id=one)
    elif request.POST.get("which") != "all":
        rows = rows.filter(has_code=False)
    try:
        by, standing = Actor.from_request(request), request.POST.get("standing")
        made = electors.issue_codes(campaign=campaign, voters=list(rows), by=by, standing=standing)
    except ActionError as error:
        show_error(request, error)
        return redirect("appraisal:roll_codes", campaign.code)
    address = settings.SITE_URL + reverse("appraisal:vote")
    slips = [
        {"voter": voter, "code": shown, "qr": qr.svg(f"{address}#{shown.replace('-', '')}", title="投票二维码")}
        for voter, shown in made
    ]
    context = {"campaign": campaign, "slips": slips, "address": address}
    response = render(request, "appraisal/roll_slips.html", context)
    response["Cache-Control"] = "no-store"
    return response


def running(request: HttpRequest, code: str) -> Campaign:
    """A campaign whose roll the person may see: who runs the vote, and its scrutineers. Raises Http404."""
    campaign = desk.campaign_of(request, code)
    if not rules.can_key_paper(request.user, campaign):  # type: ignore[arg-type]
        raise Http404
    return campaign


def managed(request: HttpRequest, code: str) -> Campaign:
    """A campaign that the person runs. Raises Http404."""
    campaign = desk.campaign_of(request, code)
    if not rules.can_manage_campaign(request.user):  # type: ignore[arg-type]
        raise Http404
    return campaign


def _typed(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _filtered(campaign: Campaign, form: RollFilterForm) -> QuerySet[Voter]:
    rows = campaign.voters.select_related("category", "organization", "person__user")
    rows = _with_code(rows).order_by("category__position", "category_id", "name", "public_id")
    if search := clean_text(chosen(form, "search") or ""):
        words = Q(name__icontains=search) | Q(workplace__icontains=search) | Q(organization__name__icontains=search)
        rows = rows.filter(words)
    if category := chosen(form, "category"):
        rows = rows.filter(category=category)
    if channel := chosen(form, "channel"):
        rows = rows.filter(channel=channel)
    if show := chosen(form, "show"):
        missing = roll.without_organization(campaign)
        rows = rows.filter(pk__in=missing) if show == MISSING else rows.filter(name__in=roll.namesakes(campaign))
    return rows


def _with_code(rows: QuerySet[Voter]) -> Any:
    """`has_code`: whether a one-time code is out and good."""
    return rows.annotate(has_code=Exists(Credential.objects.filter(voter=OuterRef("pk"), revoked=False)))


def _too_few(campaign: Campaign, number: int) -> str:
    if number < campaign.category_minimum:
        return f"少于 {campaign.category_minimum} 人，不能锁定" if number else "还没有人，不能锁定"
    if number >= campaign.signoff_below:
        return ""
    return f"少于 {campaign.signoff_below} 人，{'已' if campaign.small_signoff else '须'}书面同意"


def _voter(campaign: Campaign, voter_id: str) -> Voter:
    rows = _with_code(campaign.voters.select_related("campaign", "category", "organization", "person__user"))
    return get_object_or_404(rows, public_id=voter_id)


def _voter_page(request: HttpRequest, campaign: Campaign, found: Voter) -> HttpResponse:
    context = desk.frame(request, campaign, "roll", found.name) | {
        "voter": found,
        "recusals": recusal_pages.of_voter(found),
        "issuing": campaign.state in ISSUING,
        "standing": electors.latest_of([found]),
    }
    return render(request, "appraisal/roll_voter.html", context)


def _form_page(
    request: HttpRequest, campaign: Campaign, form: VoterForm, title: str, voter: Voter | None = None
) -> HttpResponse:
    names = Organization.objects.standing().order_by("path").values_list("name", flat=True)
    context = desk.frame(request, campaign, "roll", title) | {
        "form": form,
        "voter": voter,
        "organization_names": names,
    }
    return render(request, "appraisal/roll_form.html", context, status=400 if form.errors else 200)


def _people(campaign: Campaign, search: str) -> list[dict[str, Any]]:
    """People with an active account, with their posts, and in which category they stand already."""
    posts = Appointment.objects.in_force().select_related("organization").order_by("pk")
    rows = Person.objects.filter(user__is_active=True).select_related("user").order_by("name", "pk")
    rows = rows.prefetch_related(Prefetch("appointments", posts, "posts_today"))
    if search:
        in_organization = Appointment.objects.in_force().filter(organization__name__icontains=search)
        rows = rows.filter(Q(name__icontains=search) | Q(pk__in=in_organization.values("person")))
    there = {v.person_id: v.category.name for v in campaign.voters.exclude(person=None).select_related("category")}
    return [
        {
            "person": person,
            "posts": "、".join(f"{p.organization.label}{p.get_post_display()}" for p in person.posts_today),  # type: ignore[attr-defined]
            "category": there.get(person.pk, ""),
        }
        for person in rows[:SEARCH_LIMIT]
    ]
