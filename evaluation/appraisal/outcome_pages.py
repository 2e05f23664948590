"""What the pages after the count show: the rounds of a notice, its objections, the awards."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse

from common import days, publication
from common.working_days import MissingCalendar, working_days_between
from evaluation.appraisal import (
    archive,
    awards,
    certificates,
    desk,
    objections,
    public_notice,
    publishing,
    rules,
    runoffs,
    tiers,
)
from evaluation.appraisal.models import Award, Campaign, CampaignPackage, NoticeItem, Objection, PublicNotice, Tally
from evaluation.appraisal.outcome_forms import ReasonForm, WordingForm

State = Campaign.State
Notice = PublicNotice.State


def notice_page(request: HttpRequest, campaign: Campaign, form: WordingForm | None = None) -> dict[str, Any]:
    """The tab 公示与异议: the current round, its review, its items, the objections for those who handle them."""
    notice = public_notice.current(campaign)
    handles = rules.can_handle_objections(request.user)  # type: ignore[arg-type]
    context = desk.frame(request, campaign, "notice") | {
        "notice": notice,
        "handles": handles,
        "may_publish": rules.can_publish(request.user),  # type: ignore[arg-type]
        "rounds": campaign.notices.order_by("round"),
        "objections": _objections(campaign) if handles else [],
        "open_count": objections.holding(campaign).count(),
    }
    if notice is None:
        return context | _before(campaign)
    notice.campaign = campaign
    shown = publication.shown(notice, request.user)
    waiting = awards.reasons_to_wait(notice)
    if form is None and shown["may_propose"] and notice.state != Notice.SUPERSEDED:
        form = WordingForm(initial=_proposed(notice, shown))
    return context | {
        "publication": shown,
        "wording_form": form,
        "items": [(item, waiting.get(item.pk, "")) for item in items_of(notice)],
        "dissolved": awards.DISSOLVED,
        "over": notice.state == Notice.RUNNING and notice.ends_on is not None and notice.ends_on < days.today(),
        "left": days_left(notice),
        "reason_form": ReasonForm(),
    }


def public_page(notice: PublicNotice) -> dict[str, Any]:
    """The notice as everybody reads it: items by award and class, days, the four steps with their days."""
    successor = notice.campaign.notices.shown().filter(round__gt=notice.round).order_by("-round").first()
    return {
        "notice": notice,
        "groups": grouped(_published_items(notice)),
        "left": days_left(notice),
        "closed": objections.why_closed(notice),
        "successor": successor,
        "steps": review_days(notice),
        "voided": notice.campaign.state == State.VOIDED,
        "is_announced": publishing.is_public(notice.campaign),
        "crumbs": [("首页", reverse("public:home")), ("公示", "")],
    }


def _published_items(notice: PublicNotice) -> list[NoticeItem]:
    """What the notice listed when it was published: what was struck since stays on its page, marked as such."""
    row = publication.state_of(notice)
    lines = row.content.get("items", "").split("\n") if row else []
    struck = NoticeItem.State.STRUCK
    return [item for item in items_of(notice) if item.state != struck or public_notice.line_of(item) in lines]


def items_of(notice: PublicNotice) -> Any:
    return notice.items.select_related("candidate__project__lead_organization", "candidate__contest_class")


def grouped(items: Iterable[Any]) -> list[tuple[str, list[tuple[str, list[Any]]]]]:
    """By award, then by class (empty where a contest has none); in the order in which they come."""
    return [
        (award, [(name, list(rows)) for name, rows in groupby(found, key=_class_of)])
        for award, found in groupby(items, key=_award_of)
    ]


def review_days(notice: PublicNotice) -> list[tuple[str, Any]]:
    """The four steps of the wording that is shown now, each with its day; names are not public."""
    found: dict[str, Any] = {}
    shown: dict[str, Any] = {}
    for step in publication.steps_of(notice):
        if step.to_state == publication.State.PROPOSED:
            found = {}
        found[step.to_state] = step.on
        if step.to_state == publication.State.PUBLISHED:
            shown = dict(found)
    return [(label, shown.get(state)) for state, label in publication.TRACK]


def days_left(notice: PublicNotice) -> int | None:
    """Working days from today to the last day, both counted; None when the notice does not run."""
    if notice.state != Notice.RUNNING or notice.ends_on is None or not notice.is_public:
        return None
    try:
        return working_days_between(days.today(), notice.ends_on) if days.today() <= notice.ends_on else None
    except MissingCalendar:  # the table was taken out meanwhile: the last day is said anyway
        return None


def awards_page(request: HttpRequest, campaign: Campaign, reason: ReasonForm | None = None) -> dict[str, Any]:
    """The tab 获奖与证书."""
    rows = list(
        Award.objects.filter(candidate__campaign=campaign)
        .select_related("project", "track", "season", "candidate__contest_class", "tier_proposal__decided_by__person")
        .order_by("track__position", "certificate_number")
    )
    user: Any = request.user
    may_archive = campaign.state == State.FINAL and rules.can_handle_objections(user)
    return desk.frame(request, campaign, "awards") | {
        "awards": rows,
        "decides": rules.can_decide_tier(user),
        "handles": rules.can_handle_objections(user),
        "template": certificates.template_of(campaign),
        "package": CampaignPackage.objects.filter(campaign=campaign).first(),
        "may_archive": may_archive,
        "still_open": archive.still_open(campaign) if may_archive else [],
        "reason_form": reason or ReasonForm(),
        "undecided": sum(1 for row in rows if _undecided(row)),
    }


def public_awards(season: str = "") -> dict[str, Any]:
    """The list of awards (获奖榜) by season, track and award, and the notices that run.

    Of the newest season unless another is asked for; within an award by title, because the list is no ranking.
    """
    rows, place = Award.objects.shown(), "candidate__contest_class"
    seasons = list(rows.values_list("season__code", "season__name").distinct().order_by("-season__starts_on"))
    chosen = season if any(code == season for code, _ in seasons) else (seasons[0][0] if seasons else "")
    found = (
        rows.filter(season__code=chosen)
        .select_related("project", "track", "season", "candidate__contest_class")
        .order_by(f"{place}__contest__position", "title", f"{place}__number", "project__title")
    )
    groups = [
        ((track, title), list(own))
        for (track, title), own in groupby(found, key=lambda row: (row.track.name, row.title))
    ]
    return {
        "seasons": seasons,
        "chosen": chosen,
        "groups": groups,
        "season_name": dict(seasons).get(chosen, ""),
        "running": PublicNotice.objects.running(),
    }


def _before(campaign: Campaign) -> dict[str, Any]:
    """What stands in the way of the first round."""
    counted = Tally.objects.filter(campaign=campaign).exists()
    nobody = campaign.state == State.CONFIRMED and not runoffs.open_ties(campaign) and not runoffs.outcome_of(campaign)
    return {
        "may_draft": campaign.state == State.CONFIRMED and campaign.runoff_of_id is None,
        "ties": runoffs.open_ties(campaign) if counted else [],
        "nobody": nobody,
    }


def _objections(campaign: Campaign) -> Any:
    rows = Objection.objects.filter(notice__campaign=campaign).select_related("notice", "item__candidate__project")
    return rows.order_by(F("handled_at").asc(nulls_first=True), "id")  # PostgreSQL has the open ones last by itself


def _proposed(notice: PublicNotice, shown: dict[str, Any]) -> dict[str, str]:
    """The wording that was proposed last, or the round's own."""
    content = shown["row"].content if shown["row"] else {}
    return {name: content.get(name) or getattr(notice, name) for name in public_notice.LIMITS}


def _undecided(award: Award) -> bool:
    proposal = getattr(award, "tier_proposal", None)
    return proposal is not None and proposal.state == tiers.State.PROPOSED


def _award_of(item: Any) -> str:
    return str(item.award_title)


def _class_of(item: Any) -> str:
    return str(item.class_name)
