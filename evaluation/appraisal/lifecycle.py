"""From lock to close by the clock: opening, lots, closing; and voiding (作废) with a reason."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import transaction
from django.db.models import QuerySet

from common import days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from evaluation.appraisal import mixing, rules, runoffs, shortfall
from evaluation.appraisal.models import Award, Campaign, PaperBatch
from evaluation.appraisal.states import move_campaign

log = logging.getLogger(__name__)
State = Campaign.State
REASON_LIMIT = 200


@transaction.atomic
def open_vote(*, campaign: Campaign, by: Actor) -> Campaign:
    """locked → open, from the moment of the lock's rules on. Raises Forbidden, Conflict."""
    campaign = _locked(campaign, by)
    if campaign.state == State.OPEN:
        return campaign
    if campaign.state != State.LOCKED:
        # What is closed opens again by an agreed extension only (`shortfall`).
        raise Conflict(f"当前为“{campaign.get_state_display()}”，不能开始投票。", code="illegal_step")
    if campaign.opens_at is None or days.now() < campaign.opens_at:
        raise Conflict("还没有到规则里的投票开始时间。", code="too_early")
    move_campaign(campaign, State.OPEN, by=by)
    return campaign


@transaction.atomic
def close_vote(*, campaign: Campaign, by: Actor) -> Campaign:
    """open → closed: at the moment of the lock's rules, or before it once everybody has voted."""
    campaign = _locked(campaign, by)
    if campaign.state == State.CLOSED:
        return campaign
    over = campaign.closes_at is not None and days.now() >= campaign.closes_at
    if campaign.state == State.OPEN and not over and campaign.voters.filter(voted=False).exists():
        raise Conflict("还没有到截止时间，且还有人没有投票，不能提前截止。", code="too_early")
    move_campaign(campaign, State.CLOSED, by=by)
    return campaign


@transaction.atomic
def void_campaign(*, campaign: Campaign, reason: str, by: Actor) -> Campaign:
    """Void a vote (作废) before anything of it is in force, with a reason; its ballots are never opened afterwards.

    Its run-offs, which decide nothing without it, go with it. Raises Forbidden, Conflict, ActionError under `reason`.
    """
    campaign = _locked(campaign, by)
    if campaign.state == State.VOIDED:
        return campaign
    if Award.objects.filter(candidate__campaign=campaign).exists():
        raise Conflict("已有奖项生效，不能作废；其余公示项有问题的，按异议办理。", code="awards_in_force")
    first = runoffs.first_vote(campaign)
    if first != campaign and first.state != State.VOIDED and first.notices.exists():
        raise Conflict("再次票决的结果已经并入原票决公示，不能单独作废；须作废的，作废原票决。", code="in_notice")
    reason = clean_text(reason)
    if not reason or len(reason) > REASON_LIMIT:
        message = f"最多 {REASON_LIMIT} 字。" if reason else "请写明作废的原因。"
        raise ActionError(message, fields={"reason": [message]})
    if campaign.state in (State.OPEN, State.CLOSED):
        # Nobody will count these ballots, and nobody shall trace them either, nor read what was keyed once.
        campaign.paper_batches.filter(state=PaperBatch.State.KEYED).update(state=PaperBatch.State.DROPPED, keyed="")
        mixing.rewrite(campaign)
    move_campaign(campaign, State.VOIDED, by=by, reason=reason)
    for runoff in campaign.runoffs.exclude(state=State.VOIDED).order_by("pk"):
        void_campaign(campaign=runoff, reason=reason, by=by)  # nothing is left that it could decide
    return campaign


def advance(by: Actor) -> dict[str, int]:
    """What the clock does, for all campaigns; safe to run twice, late, or killed between any two steps.

    Opens and closes what is due (a vote whose whole time passed while nothing ran goes through both steps), mixes
    full lots, and mixes closed votes that neither paper ballots nor a shortfall hold.
    """
    rows, moment = Campaign.objects.order_by("pk"), days.now()

    def mix(campaign: Campaign) -> bool:
        if shortfall.paper_waiting(campaign) or shortfall.undecided(campaign):
            return False
        return mixing.mix_all(campaign=campaign, by=by).state == State.MIXED

    return {
        "opened": _each(
            rows.filter(state=State.LOCKED, opens_at__lte=moment),
            lambda each: open_vote(campaign=each, by=by).state == State.OPEN,
        ),
        "closed": _each(
            rows.filter(state=State.OPEN, closes_at__lte=moment),
            lambda each: close_vote(campaign=each, by=by).state == State.CLOSED,
        ),
        "moved": _each(rows.filter(state=State.OPEN), mixing.mix_lot),
        "mixed": _each(rows.filter(state=State.CLOSED), mix),
    }


def _each(campaigns: QuerySet[Campaign], step: Callable[[Campaign], int]) -> int:
    """The sum of the steps; a campaign that cannot take its own keeps no other from it."""
    done = 0
    for campaign in campaigns:
        try:
            done += step(campaign)
        except ActionError as refused:
            log.warning("campaign %s waits: %s", campaign.code, refused.code)
    return done


def _locked(campaign: Campaign, by: Actor) -> Campaign:
    """The campaign under its lock, for the administrator or the clock (`by.user` is None)."""
    if by.user is not None and not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    return Campaign.objects.select_for_update().get(pk=campaign.pk)
