"""Mixing (混票): ballots leave the urn in shuffled lots under new keys; at the close box and roll are rewritten.

Why: a ballot and a mark made in one transaction share PostgreSQL's xmin, a row's place in its table keeps the casting
order, and so does SQLite's rowid. After the rewriting in random order, in one transaction, nothing of it is left.
"""

from __future__ import annotations

import secrets
import uuid

from django.db import connection, transaction
from django.db.models import Count, F

from common.actors import Actor
from common.errors import Conflict
from evaluation.appraisal import manifest, shortfall
from evaluation.appraisal.models import BoxBallot, Campaign, CodeLot, UrnBallot, Voter
from evaluation.appraisal.states import move_campaign

State = Campaign.State
CHUNK = 1000
_lot = secrets.SystemRandom()


@transaction.atomic
def mix_lot(campaign: Campaign) -> int:
    """Move a full lot (at least `lot_size`) of an open vote from the urn to the box; how many ballots moved."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if campaign.state != State.OPEN or _waiting(campaign) < campaign.lot_size:
        return 0
    return _empty_urn(campaign)


@transaction.atomic
def mix_all(*, campaign: Campaign, by: Actor) -> Campaign:
    """After the close: the rest of the urn, then box and roll rewritten in random order; closed → mixed.

    Raises Conflict while a shortfall waits for a decision, or if the box does not hold as many ballots as the roll
    has marks.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if campaign.state == State.MIXED:
        return campaign
    if campaign.state != State.CLOSED:
        raise Conflict("投票截止后才能混票。", code="illegal_step")
    if waiting := shortfall.undecided(campaign):
        raise Conflict("；".join(each.words for each in waiting), code="shortfall")
    _empty_urn(campaign)
    refuse_mismatch(campaign)
    _rewrite_box(campaign)
    _rewrite_roll(campaign)
    move_campaign(campaign, State.MIXED, by=by)
    transaction.on_commit(scrub, robust=True)
    return campaign


def refuse_mismatch(campaign: Campaign) -> None:
    """Raise Conflict unless every category's box holds exactly as many ballots as its roll has marks."""
    marks = dict(campaign.voters.filter(voted=True).values_list("category__name").annotate(n=Count("pk")))
    boxes = BoxBallot.objects.filter(campaign=campaign).values_list("category__name")
    ballots = dict(boxes.annotate(n=Count("pk")))
    wrong = [name for name in marks.keys() | ballots.keys() if marks.get(name, 0) != ballots.get(name, 0)]
    if wrong:
        words = "；".join(
            f"{name}：票 {ballots.get(name, 0)} 张，名册标记 {marks.get(name, 0)} 人" for name in sorted(wrong)
        )
        raise Conflict(f"票数与名册标记不一致，停止办理（{words}）。", code="ballots_marks_differ")


def chained(before: str, number: int, codes: str) -> str:
    """A lot's hash: over the hash of the lot before it (empty for the first), its number and its codes."""
    return manifest.sha256(f"{before}\n{number}\n{codes}")


def scrub() -> None:
    """Give back the space in which old row versions lie; outside a transaction only, and harmless to repeat."""
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in (UrnBallot, BoxBallot, Voter):
                cursor.execute(f"VACUUM FULL {connection.ops.quote_name(table._meta.db_table)}")
        else:
            cursor.execute("VACUUM")


def _waiting(campaign: Campaign) -> int:
    return UrnBallot.objects.filter(campaign=campaign).count()


def _empty_urn(campaign: Campaign) -> int:
    """Everything in the urn becomes one lot of the box."""
    rows = list(UrnBallot.objects.filter(campaign=campaign))
    if not rows:
        return 0
    _lot.shuffle(rows)
    BoxBallot.objects.bulk_create(
        (BoxBallot(campaign=campaign, category_id=r.category_id, sealed=r.sealed, code=r.code) for r in rows), CHUNK
    )
    UrnBallot.objects.filter(campaign=campaign).delete()
    last = campaign.lots.order_by("-number").first()
    number, before = (last.number + 1, last.sha256) if last else (1, "")
    codes = "\n".join(sorted(row.code for row in rows))
    CodeLot.objects.create(campaign=campaign, number=number, codes=codes, sha256=chained(before, number, codes))
    return len(rows)


def _rewrite_box(campaign: Campaign) -> None:
    rows = list(BoxBallot.objects.filter(campaign=campaign))
    _lot.shuffle(rows)
    BoxBallot.objects.filter(campaign=campaign).delete()
    for row in rows:
        row.pk = uuid.uuid4()
        row._state.adding = True
    BoxBallot.objects.bulk_create(rows, CHUNK)


def _rewrite_roll(campaign: Campaign) -> None:
    """A new version of every row of the roll, one by one in random order: their places say nothing any more."""
    keys = list(campaign.voters.values_list("pk", flat=True))
    _lot.shuffle(keys)
    for key in keys:
        Voter.objects.filter(pk=key).update(voted=F("voted"))
