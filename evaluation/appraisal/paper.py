"""The paper desk (纸质票): ballots are given out (领票) and taken back (交票); how many of each, by category.

Neither step leaves an audit entry or a time: who handed in a ballot when is nobody's to read. A returned ballot counts
once its batch was keyed twice (`paper_keying`). More returned than given out cannot be: what is returned was out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from common import audit
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from evaluation.appraisal import casting, manifest, rules
from evaluation.appraisal.layout import Layout, Section, section_title
from evaluation.appraisal.models import Campaign, PaperBatch, Recusal, Voter, VoterCategory

State = Campaign.State
Paper = Voter.Paper
KEYERS = "由年度评选管理员或本次票决的监票人办理。"
REASON_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Desk:
    """A category at the desk: `voters` on paper, ballots given out (发出), returned (收回), entered (入箱)."""

    category: VoterCategory
    voters: int
    issued: int
    returned: int
    entered: int

    @property
    def out(self) -> int:
        """Given out and not returned (未交)."""
        return self.issued - self.returned

    @property
    def waiting(self) -> int:
        """Returned and not in the box yet (待录入)."""
        return self.returned - self.entered


@dataclass(frozen=True, slots=True)
class Profile:
    """One form of a category's paper ballot: whom it prints as recused (回避), and how many voters have it."""

    recused: tuple[str, ...]
    words: str
    voters: int
    waiting: int


def desks(campaign: Campaign) -> list[Desk]:
    """Every category with voters on paper, in the campaign's order; one query."""
    on_paper = Q(voters__channel=Voter.Channel.PAPER)
    rows = campaign.categories.annotate(
        n=Count("voters", filter=on_paper),
        issued=Count("voters", filter=on_paper & ~Q(voters__paper=Paper.NONE)),
        returned=Count("voters", filter=on_paper & Q(voters__paper=Paper.RETURNED)),
        entered=Count("voters", filter=on_paper & Q(voters__voted=True)),
    )
    found = rows.filter(n__gt=0).order_by("position", "id")
    return [Desk(row, row.n, row.issued, row.returned, row.entered) for row in found]


@transaction.atomic
def give_out(*, voter: Voter, by: Actor) -> Voter:
    """Note that the voter was given a blank ballot, between the lock and the close. Raises Forbidden, Conflict."""
    campaign, row = _at_desk(voter, by)
    if row.paper != Paper.NONE:
        return row
    if campaign.state not in (State.LOCKED, State.OPEN):
        raise Conflict("锁定之后、截止之前才能发纸质票。", code="illegal_step")
    return _set(row, Paper.ISSUED)


@transaction.atomic
def take_back(*, voter: Voter, by: Actor) -> Voter:
    """Note that the voter put the ballot into the paper box; after the close it is too late.

    Raises Forbidden, Conflict: also for a voter who was given none.
    """
    campaign, row = _at_desk(voter, by)
    if row.paper == Paper.RETURNED:
        return row
    casting.refuse_closed(campaign)
    if row.paper != Paper.ISSUED:
        raise Conflict(f"{row}还没有领票，不能交票。", code="not_issued")
    return _set(row, Paper.RETURNED)


@transaction.atomic
def correct(*, voter: Voter, by: Actor) -> Voter:
    """Take back a slip of the desk, one step: 已交票 → 已领票 → 未领票; until the ballot is in the box.

    Audited with the category, not with the voter. Raises Forbidden, Conflict.
    """
    campaign, row = _at_desk(voter, by)
    if row.paper == Paper.NONE:
        return row
    if row.voted:
        raise Conflict("这张票已经入箱，不能更正。", code="already_voted")
    if campaign.state not in (State.LOCKED, State.OPEN, State.CLOSED):
        raise Conflict("混票之后不能再更正。", code="illegal_step")
    before = row.paper
    row = _set(row, Paper.ISSUED if before == Paper.RETURNED else Paper.NONE)
    after = {"category": row.category.name, "to": row.paper}
    audit.record(by=by, action="appraisal.paper.corrected", obj=campaign, before={"from": before}, after=after)
    return row


@transaction.atomic
def redo(*, campaign: Campaign, category: VoterCategory, reason: str, by: Actor) -> int:
    """Void the paper ballots of a category that are not in the box (作废重投); a scrutineer does so, with a reason.

    Everybody concerned stands at the desk as before; how many. Raises Forbidden, Conflict, ActionError under `reason`.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if by.user is None or not rules.can_scrutinize(by.user, campaign):
        raise Forbidden(rules.SCRUTINEERS)
    if campaign.state not in (State.LOCKED, State.OPEN, State.CLOSED):
        raise Conflict("混票之后不能再作废纸质票。", code="illegal_step")
    reason = clean_text(reason)
    if not reason or len(reason) > REASON_LIMIT:
        message = f"最多 {REASON_LIMIT} 字。" if reason else "请写明作废重投的原因。"
        raise ActionError(message, fields={"reason": [message]})
    batches = campaign.paper_batches.filter(category=category, state=PaperBatch.State.KEYED)
    batches.update(state=PaperBatch.State.DROPPED, keyed="")
    rows = campaign.voters.filter(category=category, channel=Voter.Channel.PAPER, voted=False)
    number = rows.exclude(paper=Paper.NONE).update(paper=Paper.NONE)
    after = {"category": category.name, "ballots": number, "reason": reason}
    audit.record(by=by, action="appraisal.paper.voided", obj=campaign, after=after)
    return number


def waiting(campaign: Campaign, category: VoterCategory) -> QuerySet[Voter]:
    """The voters of a category whose ballots were returned and are not in the box."""
    return campaign.voters.filter(category=category, paper=Paper.RETURNED, voted=False)


def profiles(campaign: Campaign, category: VoterCategory) -> list[Profile]:
    """The forms of a category's paper ballot, the plain one first; three queries."""
    fixed = manifest.of(campaign)
    place = Layout.of(fixed).place
    recused: dict[int, list[str]] = defaultdict(list)
    rows = campaign.voters.filter(category=category, channel=Voter.Channel.PAPER)
    for voter, code in Recusal.objects.filter(voter__in=rows).values_list("voter", "candidate__code"):
        recused[voter].append(code)
    total: Counter[tuple[str, ...]] = Counter({(): 0})
    open_ones: Counter[tuple[str, ...]] = Counter()
    for voter, state, voted in rows.values_list("pk", "paper", "voted"):
        form = tuple(sorted(recused[voter], key=lambda code: place[code]))
        total[form] += 1
        open_ones[form] += state == Paper.RETURNED and not voted
    in_order = sorted(total, key=lambda form: [place[code] for code in form])
    return [Profile(form, words_of(fixed, form), total[form], open_ones[form]) for form in in_order]


def sections_of(fixed: dict[str, Any]) -> list[tuple[Section, str, dict[int, str]]]:
    """The sections of a ballot with their titles, and the candidates' codes by their printed number."""
    layout = iter(Layout.of(fixed).sections)
    return [
        (
            next(layout),
            section_title(contest["award"], each["name"]),
            {c["number"]: c["code"] for c in each["candidates"]},
        )
        for contest in fixed["contests"]
        for each in contest["classes"]
    ]


def words_of(fixed: dict[str, Any], recused: tuple[str, ...]) -> str:
    """“十佳书记项目 3、5 号” for the recused candidates of a form."""
    parts = []
    for _, title, codes in sections_of(fixed):
        if numbers := [str(number) for number, code in sorted(codes.items()) if code in recused]:
            parts.append(f"{title} {'、'.join(numbers)} 号")
    return "；".join(parts) or "没有回避"


def _at_desk(voter: Voter, by: Actor) -> tuple[Campaign, Voter]:
    """Campaign and voter under their locks, in the order of `casting`. Raises Forbidden, Conflict."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=voter.campaign_id)
    if by.user is None or not rules.can_key_paper(by.user, campaign):
        raise Forbidden(KEYERS)
    row = Voter.objects.select_for_update(no_key=True, of=("self",)).select_related("category").get(pk=voter.pk)
    if row.channel != Voter.Channel.PAPER:
        raise Conflict(f"{row}的投票方式是“{row.get_channel_display()}”，请先改用纸质票。", code="other_channel")
    return campaign, row


def _set(row: Voter, state: str) -> Voter:
    row.paper = state
    row.save(update_fields=["paper"])
    return row
