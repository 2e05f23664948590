"""Too few voters (人数不足): quorum of the whole and of each category after the close, and what was decided on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from evaluation.appraisal import rules
from evaluation.appraisal.models import Campaign, ShortfallDecision, VoterCategory
from evaluation.appraisal.states import move_campaign

State = Campaign.State
Kind = ShortfallDecision.Kind
REASON_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What fell short: a category, or the whole roll where `category` is None."""

    category: VoterCategory | None
    voted: int
    roll: int
    words: str


def found(campaign: Campaign) -> list[Shortfall]:
    """Every shortfall of a closed vote by the rules of its lock; marks on the roll are what is counted."""
    rows = list(
        campaign.categories.annotate(roll=Count("voters"), voted=Count("voters", filter=Q(voters__voted=True)))
        .select_related("merge_into")
        .order_by("position", "id")
    )
    roll, voted = sum(row.roll for row in rows), sum(row.voted for row in rows)
    short = []
    if voted * campaign.quorum_whole < roll * campaign.quorum_part:
        share = f"{campaign.quorum_part}/{campaign.quorum_whole}"
        short.append(Shortfall(None, voted, roll, f"总投票 {voted}/{roll}，没有达到 {share}"))
    for row in rows:
        under = row.voted * campaign.category_quorum_whole < row.roll * campaign.category_quorum_part
        if row.voted == 0 or under or row.voted < min(campaign.category_minimum, row.roll):
            short.append(Shortfall(row, row.voted, row.roll, f"“{row.name}”只有 {row.voted}/{row.roll} 人投票"))
    return short


def undecided(campaign: Campaign) -> list[Shortfall]:
    """The shortfalls that neither the rule of the lock nor an agreed decision has settled."""
    settled = {d.category_id for d in agreed(campaign) if d.kind != Kind.EXTEND}
    return [
        each
        for each in found(campaign)
        if not (each.category.pk in settled if each.category else None in settled) and not _by_rule(campaign, each)
    ]


def decisions(campaign: Campaign) -> list[dict[str, Any]]:
    """Merges and drops for the count, by code and in order: those of the rule, then those decided on record."""
    by_rule = [
        {"kind": "merge", "category": each.category.code, "target": each.category.merge_into.code, "by": "rule"}
        for each in found(campaign)
        if each.category is not None and each.category.merge_into is not None and _by_rule(campaign, each)
    ]
    decided = [
        {
            "kind": row.kind,
            "category": row.category.code,
            "target": row.target.code if row.target else None,
            "by": "record",
        }
        for row in agreed(campaign)
        if row.category is not None and row.kind in (Kind.MERGE, Kind.DROP)
    ]
    return by_rule + decided


def agreed(campaign: Campaign) -> Sequence[ShortfallDecision]:
    rows = campaign.shortfall_decisions.exclude(agreed_at=None)
    return list(rows.select_related("category", "target").order_by("id"))


@transaction.atomic
def propose(
    *,
    campaign: Campaign,
    kind: str,
    category: VoterCategory | None,
    target: VoterCategory | None,
    until: datetime | None,
    reason: str,
    by: Actor,
) -> ShortfallDecision:
    """The administrator's proposal; it counts when a scrutineer agrees. Raises ActionError by field, Conflict."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    if campaign.state != State.CLOSED:
        raise Conflict("投票截止后、混票前才能作这样的决定。", code="illegal_step")
    errors = _wrong(campaign, kind, category, target, until, reason)
    if errors:
        raise ActionError("还不能提出，请按提示修改。", fields=errors)
    made = ShortfallDecision.objects.create(
        campaign=campaign,
        kind=kind,
        category=category if kind != Kind.EXTEND else None,
        target=target if kind == Kind.MERGE else None,
        until=until if kind == Kind.EXTEND else None,
        reason=clean_text(reason),
        proposed_by=by.user.person,
    )
    audit.record(
        by=by, action="appraisal.shortfall.proposed", obj=campaign, after={"kind": kind, "reason": made.reason}
    )
    return made


@transaction.atomic
def agree(*, decision: ShortfallDecision, by: Actor) -> ShortfallDecision:
    """A scrutineer agrees; an extension opens the vote again at once. Raises Forbidden, Conflict."""
    campaign = Campaign.objects.select_for_update().get(pk=decision.campaign_id)
    decision = ShortfallDecision.objects.select_for_update().get(pk=decision.pk)
    if by.user is None or not rules.can_scrutinize(by.user, campaign) or by.user.person_id == decision.proposed_by_id:
        raise Forbidden(rules.SCRUTINEERS)
    if decision.agreed_at is not None:
        return decision
    if campaign.state != State.CLOSED:
        raise Conflict("投票截止后、混票前才能同意。", code="illegal_step")
    if decision.kind == Kind.EXTEND and (decision.until is None or decision.until <= days.now()):
        raise Conflict("延长的截止时间已经过去，请重新提出。", code="too_late")
    decision.agreed_at, decision.agreed_by = days.now(), by.user.person
    decision.save(update_fields=["agreed_at", "agreed_by"])
    audit.record(by=by, action="appraisal.shortfall.agreed", obj=campaign, after={"kind": decision.kind})
    if decision.kind == Kind.EXTEND:
        move_campaign(campaign, State.OPEN, by=by, reason=decision.reason, closes_at=decision.until)
    return decision


def _by_rule(campaign: Campaign, each: Shortfall) -> bool:
    """Whether the lock's own rule settles it: merged into the category named beforehand."""
    merges = campaign.shortfall_rule == Campaign.Shortfall.MERGE
    return merges and each.category is not None and each.category.merge_into_id is not None


def _wrong(
    campaign: Campaign,
    kind: str,
    category: VoterCategory | None,
    target: VoterCategory | None,
    until: datetime | None,
    reason: str,
) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if kind not in Kind.values:
        errors["kind"] = ["请选择一种决定。"]
    if kind in (Kind.MERGE, Kind.DROP) and (category is None or category.campaign_id != campaign.pk):
        errors["category"] = ["请选择人数不足的类别。"]
    if kind == Kind.MERGE and (target is None or target.campaign_id != campaign.pk or target == category):
        errors["target"] = ["请选择并入的另一类别。"]
    if kind == Kind.EXTEND and (until is None or until <= days.now()):
        errors["until"] = ["请写明延长到什么时候，应晚于现在。"]
    reason = clean_text(reason)
    if not reason or len(reason) > REASON_LIMIT:
        errors["reason"] = [f"最多 {REASON_LIMIT} 字。" if reason else "请写明理由。"]
    return errors
