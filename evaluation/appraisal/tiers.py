"""The ladder (梯队) after an award: 新生 → 精品 → 既有品牌, proposed here, decided by the officer, never by itself."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from brands.models import Tier
from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from evaluation.appraisal import rules
from evaluation.appraisal.models import Award, TierProposal
from projects import library

State = TierProposal.State
REASON_LIMIT = 200
# A project that nobody has placed yet: its award speaks for 精品, which the officer may decline.
NEXT = {"": Tier.PREMIUM, Tier.EMERGING: Tier.PREMIUM, Tier.PREMIUM: Tier.ESTABLISHED}


def propose(award: Award) -> TierProposal | None:
    """The proposal of a new award; none for a project at the top. Asked again, the same."""
    tier = award.project.tier
    if tier not in NEXT:
        return None
    found, _ = TierProposal.objects.get_or_create(award=award, defaults={"from_tier": tier, "to_tier": NEXT[tier]})
    return found


def waiting() -> QuerySet[TierProposal]:
    """What waits for an officer."""
    rows = TierProposal.objects.filter(state=State.PROPOSED).order_by("id")
    return rows.select_related("award__project", "award__candidate__campaign")


@transaction.atomic
def decide_tier(*, proposal: TierProposal, accept: bool, reason: str, by: Actor) -> TierProposal:
    """Lift the project or leave it where it is, with the reason; decided again the same way it is nothing.

    Raises Forbidden, Conflict where it was decided otherwise or the tier changed meanwhile, ActionError under `reason`.
    """
    proposal = (
        TierProposal.objects.select_for_update(of=("self",))
        .select_related("award__project", "award__candidate__campaign")
        .get(pk=proposal.pk)
    )
    if by.user is None or not rules.can_decide_tier(by.user):
        raise Forbidden(rules.DEPARTMENT)
    wanted = State.ACCEPTED if accept else State.DECLINED
    if proposal.state == wanted:
        return proposal
    if proposal.state != State.PROPOSED:
        raise Conflict(f"这一项已经决定：{proposal.get_state_display()}。", code="decided")
    reason = clean_text(reason)
    if not reason or len(reason) > REASON_LIMIT:
        message = f"最多 {REASON_LIMIT} 字。" if reason else "请写明理由。"
        raise ActionError(message, fields={"reason": [message]})
    project = proposal.award.project
    if accept:
        if project.tier != proposal.from_tier:
            message = f"项目现为“{project.get_tier_display() or '未定'}”，与提出时不同，请按不晋级处理后另行调整。"
            raise Conflict(message, code="tier_changed")
        library.set_tier(project=project, tier=proposal.to_tier, reason=reason, by=by)
    proposal.state, proposal.reason = wanted, reason
    proposal.decided_at, proposal.decided_by = days.now(), by.user
    proposal.save(update_fields=["state", "reason", "decided_at", "decided_by"])
    audit.record(by=by, action="appraisal.tier.decided", obj=proposal, after={"state": wanted, "reason": reason})
    return proposal
