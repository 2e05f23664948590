"""Too few voters (人数不足): quorum of the whole and of each category after the close, and what was decided on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.templatetags.ui import day_label, moment_label
from common.text import clean_text
from evaluation.appraisal import rules
from evaluation.appraisal.models import Campaign, EmptyCategory, PaperBatch, ShortfallDecision, Voter, VoterCategory
from evaluation.appraisal.states import move_campaign
from organizations.models import User

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
    empty: bool = False  # no valid ballot at all: the count cannot go on without a decision


def found(campaign: Campaign) -> list[Shortfall]:
    """Every shortfall of a closed vote by the rules of its lock; marks on the roll are what is counted."""
    rows = list(
        campaign.categories.annotate(roll=Count("voters"), voted=Count("voters", filter=Q(voters__voted=True)))
        .select_related("merge_into")
        .order_by("position", "id")
    )
    without = set(EmptyCategory.objects.filter(category__campaign=campaign).values_list("category", flat=True))
    roll, voted = sum(row.roll for row in rows), sum(row.voted for row in rows)
    short = []
    if voted < needed(campaign, roll):
        share = f"{campaign.quorum_part}/{campaign.quorum_whole}"
        short.append(Shortfall(None, voted, roll, f"总投票 {voted}/{roll}，没有达到 {share}"))
    for row in rows:
        empty = row.voted == 0 or row.pk in without
        if empty or row.voted < needed_of_category(campaign, row.roll):
            words = f"“{row.name}”只有 {row.voted}/{row.roll} 人投票"
            words = f"“{row.name}”没有有效票" if row.pk in without else words
            short.append(Shortfall(row, row.voted, row.roll, words, empty))
    return short


def needed(campaign: Campaign, roll: int) -> int:
    """How many of a roll must vote."""
    return -(-roll * campaign.quorum_part // campaign.quorum_whole)


def needed_of_category(campaign: Campaign, roll: int) -> int:
    """How many of a category must vote: its quorum, and the fewest whose ballots hide in each other."""
    share = -(-roll * campaign.category_quorum_part // campaign.category_quorum_whole)
    return max(share, min(campaign.category_minimum, roll))


def undecided(campaign: Campaign) -> list[Shortfall]:
    """The shortfalls that neither the rule of the lock nor an agreed decision has settled."""
    accepted: set[int | None] = set()
    moved: set[int | None] = set()
    for row in _in_force(campaign):
        (accepted if row.kind == Kind.ACCEPT else moved).add(row.category_id)

    def is_settled(each: Shortfall) -> bool:
        key = each.category.pk if each.category else None
        # Nobody's ballots cannot be counted as they are: such a category is merged or dropped.
        return key in moved or (key in accepted and not each.empty) or _by_rule(campaign, each)

    return [each for each in found(campaign) if not is_settled(each)]


def may_decide(campaign: Campaign) -> bool:
    """After the close, and after the mixing if the count stopped at a category without a valid ballot."""
    stopped = campaign.state == State.MIXED and any(each.empty for each in undecided(campaign))
    return campaign.state == State.CLOSED or stopped


def decisions(campaign: Campaign) -> list[dict[str, Any]]:
    """Merges and drops for the count, by code and in order: those of the rule, then those agreed on record."""
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
        for row in _in_force(campaign)
        if row.category is not None and row.kind in (Kind.MERGE, Kind.DROP)
    ]
    return by_rule + decided


def agreed(campaign: Campaign) -> Sequence[ShortfallDecision]:
    rows = campaign.shortfall_decisions.exclude(agreed_at=None)
    return list(rows.select_related("category", "target").order_by("agreed_at", "id"))


def on_record(campaign: Campaign) -> list[str]:
    """What was agreed besides merges and drops, which the result says itself; no reason, it may name somebody."""
    return [
        f"{subject(row)}：管理员提出，监票人同意（{day_label(days.day_of(row.agreed_at))}）。"
        for row in agreed(campaign)
        if row.kind in (Kind.EXTEND, Kind.ACCEPT) and row.agreed_at
    ]


def proposed(campaign: Campaign) -> Sequence[ShortfallDecision]:
    """What waits for a scrutineer; it settles nothing yet."""
    rows = campaign.shortfall_decisions.filter(agreed_at=None)
    return list(rows.select_related("category", "target", "proposed_by").order_by("id"))


def answers(decision: ShortfallDecision, each: Shortfall) -> bool:
    """Whether the decision is about this shortfall; an extension is about all of them."""
    return decision.kind == Kind.EXTEND or decision.category_id == (each.category.pk if each.category else None)


def subject(decision: ShortfallDecision) -> str:
    """What a decision is about and what it says: “区领导”按实际票数计票."""
    if decision.kind == Kind.EXTEND:
        return f"延长投票至 {moment_label(decision.until)}"
    about = f"“{decision.category.label}”" if decision.category else "总投票"
    if decision.target:
        return f"{about}并入“{decision.target.label}”，权重相加"
    return about + decision.get_kind_display().replace("该类别", "")


def paper_waiting(campaign: Campaign) -> str:
    """That paper ballots were handed in and are not in the box yet, in words; empty if all are."""
    number = campaign.voters.filter(paper=Voter.Paper.RETURNED, voted=False).count()
    keyed = campaign.paper_batches.filter(state=PaperBatch.State.KEYED).count()
    if not number and not keyed:
        return ""
    return f"还有 {number} 张已交的纸质票没有入箱，请先完成两遍录入。" if number else "还有一批纸质票只录了一遍。"


def _in_force(campaign: Campaign) -> Sequence[ShortfallDecision]:
    """What was agreed since the last extension, which asked everybody again."""
    rows = agreed(campaign)
    extended = max((at for at, row in enumerate(rows, start=1) if row.kind == Kind.EXTEND), default=0)
    return rows[extended:]


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
    if not may_decide(campaign):
        raise Conflict("投票截止后、混票前才能作这样的决定。", code="illegal_step")
    if words := paper_waiting(campaign):
        raise Conflict(words, code="paper_waiting")
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
    audit.record(by=by, action="appraisal.shortfall.proposed", obj=campaign, after=_kept(made))
    return made


@transaction.atomic
def drop_proposal(*, decision: ShortfallDecision, by: Actor, reason: str = "") -> None:
    """Take a proposal back (撤回, the administrator) or refuse it (不同意, a scrutineer, with the reason).

    The row goes, the audit keeps it, and who proposed it is told of a refusal. Raises Forbidden, Conflict once it is
    agreed or gone, ActionError under `reason`.
    """
    campaign = Campaign.objects.select_for_update().get(pk=decision.campaign_id)
    takes_back = by.user is not None and rules.can_manage_campaign(by.user)
    if by.user is None or not (takes_back or rules.can_scrutinize(by.user, campaign)):
        raise Forbidden("由年度评选管理员撤回，或由本次票决的监票人不同意。")
    rows = ShortfallDecision.objects.select_for_update(of=("self",)).select_related("category", "target", "proposed_by")
    found = rows.filter(pk=decision.pk).first()
    if found is None:
        raise Conflict("这一提议已经撤回或没有得到同意。", code="gone")
    if found.agreed_at is not None:
        raise Conflict("监票人已经同意，不能再撤回。", code="agreed")
    reason = clean_text(reason)
    if (not reason and not takes_back) or len(reason) > REASON_LIMIT:
        words = f"最多 {REASON_LIMIT} 字。" if reason else "请写明不同意的理由。"
        raise ActionError(words, fields={"reason": [words]})
    kept, verb = _kept(found), "withdrawn" if takes_back else "refused"
    if not takes_back:
        _tell_refused(campaign, found, reason)
    found.delete()
    audit.record(by=by, action=f"appraisal.shortfall.{verb}", obj=campaign, before=kept, after={"reason": reason})


@transaction.atomic
def agree(*, decision: ShortfallDecision, by: Actor) -> ShortfallDecision:
    """A scrutineer agrees; an extension opens the vote again at once. Raises Forbidden, Conflict."""
    campaign = Campaign.objects.select_for_update().get(pk=decision.campaign_id)
    decision = ShortfallDecision.objects.select_for_update().get(pk=decision.pk)
    if by.user is None or not rules.can_scrutinize(by.user, campaign) or by.user.person_id == decision.proposed_by_id:
        raise Forbidden(rules.SCRUTINEERS)
    if decision.agreed_at is not None:
        return decision
    if not may_decide(campaign):
        raise Conflict("投票截止后、混票前才能同意。", code="illegal_step")
    if decision.kind == Kind.EXTEND and (decision.until is None or decision.until <= days.now()):
        raise Conflict("延长的截止时间已经过去，请重新提出。", code="too_late")
    if wrong := _pointless(campaign, decision.kind, decision.category, decision.target):
        raise Conflict(" ".join(wrong.values()), code="decided_meanwhile")
    decision.agreed_at, decision.agreed_by = days.now(), by.user.person
    decision.save(update_fields=["agreed_at", "agreed_by"])
    audit.record(by=by, action="appraisal.shortfall.agreed", obj=campaign, after={"kind": decision.kind})
    if decision.kind == Kind.EXTEND:
        move_campaign(campaign, State.OPEN, by=by, reason=decision.reason, closes_at=decision.until)
    return decision


def _kept(decision: ShortfallDecision) -> dict[str, Any]:
    """What the audit keeps of a proposal."""
    return {
        "kind": decision.kind,
        "category": decision.category.name if decision.category else "",
        "target": decision.target.name if decision.target else "",
        "until": decision.until.isoformat() if decision.until else "",
        "reason": decision.reason,
        "proposed_by": str(decision.proposed_by),
    }


def _tell_refused(campaign: Campaign, decision: ShortfallDecision, reason: str) -> None:
    notices.send(
        kind="shortfall_refused",
        obj=campaign,
        period=str(decision.pk),
        recipients=User.objects.filter(person=decision.proposed_by_id, is_active=True),
        title=f"监票人不同意：{subject(decision)}",
        body=f"理由：{reason} 请另行提出办法。",
        url=reverse("appraisal:turnout", args=[campaign.code]),
    )


def _by_rule(campaign: Campaign, each: Shortfall) -> bool:
    """Whether the lock's own rule settles it: merged into the category named beforehand."""
    merges = campaign.shortfall_rule == Campaign.Shortfall.MERGE
    return merges and each.category is not None and each.category.merge_into_id is not None


def _pointless(
    campaign: Campaign, kind: str, category: VoterCategory | None, target: VoterCategory | None
) -> dict[str, str]:
    """Why a decision settles nothing, by field: there is no such shortfall, or another decision stands against it."""
    open_ones = undecided(campaign)
    if kind in (Kind.EXTEND, Kind.ACCEPT) and campaign.state == State.MIXED:
        return {"kind": "已经混票：没有有效票的类别只能并入另一类别，或不计。"}
    if kind == Kind.ACCEPT and any(each.empty and each.category == category for each in open_ones):
        return {"kind": "没有人投票的类别不能按实际票数计票，请并入另一类别，或不计。"}
    if kind == Kind.EXTEND:
        return {} if open_ones else {"kind": "没有需要决定的不足。"}
    if all(each.category != category for each in open_ones):
        return {"category": f"“{category.name if category else '总投票'}”没有不足，或已有决定。"}
    into = {row["category"]: row["target"] for row in decisions(campaign)}
    if kind == Kind.MERGE and category and target:
        home: str | None = target.code
        while home in into and home != category.code:
            home = into[home]
        if home is None:
            return {"target": f"“{target.name}”已决定不计，请并入其他类别。"}
        if home == category.code:
            return {"target": f"“{target.name}”已并入“{category.name}”，请并入其他类别。"}
    if kind == Kind.DROP and category:
        if category.code in into.values():
            return {"category": f"已有类别并入“{category.name}”，不能不计。"}
        if campaign.categories.exclude(code__in=[*into, category.code]).count() == 0:
            return {"category": f"只剩“{category.name}”，不能不计，否则没有票可计。"}
    return {}


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
    if not errors:
        errors = {name: [words] for name, words in _pointless(campaign, kind, category, target).items()}
    reason = clean_text(reason)
    if not reason or len(reason) > REASON_LIMIT:
        errors["reason"] = [f"最多 {REASON_LIMIT} 字。" if reason else "请写明理由。"]
    return errors
