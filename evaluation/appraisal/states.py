"""Which steps a campaign may take, and the one function that takes them."""

from __future__ import annotations

from typing import Any

from common import audit
from common.actors import Actor
from common.transitions import move
from evaluation.appraisal.models import Campaign, CampaignStateChange

S = Campaign.State
# A closed vote opens again only by an agreed extension (`shortfall`); nothing final is voided.
CAMPAIGN_STEPS: dict[str, frozenset[str]] = {
    S.DRAFT: frozenset({S.LOCKED, S.VOIDED}),
    S.LOCKED: frozenset({S.OPEN, S.VOIDED}),
    S.OPEN: frozenset({S.CLOSED, S.VOIDED}),
    S.CLOSED: frozenset({S.OPEN, S.MIXED, S.VOIDED}),
    S.MIXED: frozenset({S.COUNTED, S.VOIDED}),
    S.COUNTED: frozenset({S.CONFIRMED, S.VOIDED}),
    S.CONFIRMED: frozenset({S.NOTICED, S.FINAL, S.VOIDED}),
    S.NOTICED: frozenset({S.FINAL, S.VOIDED}),
    S.FINAL: frozenset({S.ARCHIVED}),
    S.ARCHIVED: frozenset(),
    S.VOIDED: frozenset(),
}
# From here on what was counted may be seen by those who run the vote.
COUNTED = (S.COUNTED, S.CONFIRMED, S.NOTICED, S.FINAL, S.ARCHIVED)
LOCKED = (S.LOCKED, S.OPEN, S.CLOSED, S.MIXED, *COUNTED)


def move_campaign(campaign: Campaign, to: str, *, by: Actor, reason: str = "", **values: Any) -> bool:
    """Move a campaign one step, with its history and audit entry; call inside a transaction.

    False if it is there already. Raises Conflict.
    """
    before = campaign.state
    moved = move(
        campaign,
        to,
        table=CAMPAIGN_STEPS,
        history=CampaignStateChange,
        parent="campaign",
        by=by,
        reason=reason,
        **values,
    )
    if moved:
        audit.record(
            by=by,
            action="appraisal.campaign.moved",
            obj=campaign,
            before={"state": before},
            after={"state": to, "reason": reason},
        )
    return moved
