"""Mixing (混票): ballots leave the urn in shuffled lots under new keys; at the close box and roll are rewritten.

Why: a ballot and a mark made in one transaction share PostgreSQL's xmin, a row's place in its table keeps the casting
order, and so does SQLite's rowid. After the rewriting in random order, in one transaction, nothing of it is left.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F

from common.actors import Actor
from common.errors import Conflict, Forbidden
from evaluation.appraisal import manifest, rules, shortfall
from evaluation.appraisal.models import BoxBallot, Campaign, CodeLot, SealedBallot, UrnBallot, Voter
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

    Raises Forbidden, or Conflict while paper ballots or a shortfall wait, or if the box does not hold as many ballots
    as the roll has marks.
    """
    if by.user is not None and not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if campaign.state == State.MIXED:
        return campaign
    if campaign.state != State.CLOSED:
        raise Conflict("投票截止后才能混票。", code="illegal_step")
    if words := shortfall.paper_waiting(campaign):
        raise Conflict(words, code="paper_waiting")
    if waiting := shortfall.undecided(campaign):
        raise Conflict("；".join(each.words for each in waiting), code="shortfall")
    refuse_mismatch(campaign)
    rewrite(campaign)
    move_campaign(campaign, State.MIXED, by=by)
    return campaign


def rewrite(campaign: Campaign) -> None:
    """Empty the urn and write box and roll anew in random order; call under the campaign's lock.

    The list of reminders goes: beside the roll it would tell who voted on its day or after.
    """
    campaign.reminder_lists.all().delete()
    _empty_urn(campaign)
    _rewrite_box(campaign)
    _rewrite_roll(campaign)
    transaction.on_commit(scrub, robust=True)


def refuse_mismatch(campaign: Campaign) -> None:
    """Raise Conflict unless urn and box hold exactly as many ballots of every category as its roll has marks."""
    marks = dict(campaign.voters.filter(voted=True).values_list("category__name").annotate(n=Count("pk")))
    ballots: Counter[str] = Counter()
    for table in (UrnBallot, BoxBallot):
        rows = table._default_manager.filter(campaign=campaign).values_list("category__name")
        ballots.update(dict(rows.annotate(n=Count("pk"))))
    wrong = [name for name in marks.keys() | ballots.keys() if marks.get(name, 0) != ballots[name]]
    if wrong:
        words = "；".join(f"{name}：票 {ballots[name]} 张，名册标记 {marks.get(name, 0)} 人" for name in sorted(wrong))
        raise Conflict(f"票数与名册标记不一致，停止办理（{words}）。", code="ballots_marks_differ")


def chained(before: str, number: int, codes: str) -> str:
    """A lot's hash: over the hash of the lot before it (empty for the first), its number and its codes."""
    return manifest.sha256(f"{before}\n{number}\n{codes}")


def scrub() -> None:
    """Give back the space in which old row versions lie; outside a transaction only, and harmless to repeat.

    On PostgreSQL the tables are put into the order of a random key as well: a rewritten row may stay on its page,
    and the pages filled in casting order.
    """
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table, column in ((UrnBallot, "id"), (BoxBallot, "id"), (Voter, "public_id")):
                _cluster(cursor, table._meta.db_table, column)
        else:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _cluster(cursor: Any, table: str, column: str) -> None:
    """PostgreSQL writes the table anew, living rows only, in the order of the unique index of `column`."""
    found = connection.introspection.get_constraints(cursor, table)
    index = next(name for name, each in found.items() if each["unique"] and each["columns"] == [column])
    quote = connection.ops.quote_name
    cursor.execute(f"CLUSTER {quote(table)} USING {quote(index)}")


def _waiting(campaign: Campaign) -> int:
    return UrnBallot.objects.filter(campaign=campaign).count()


def _empty_urn(campaign: Campaign) -> int:
    """Everything in the urn becomes one lot of the box."""
    moved = _move(campaign, UrnBallot, BoxBallot)
    if not moved:
        return 0
    last = campaign.lots.order_by("-number").first()
    number, before = (last.number + 1, last.sha256) if last else (1, "")
    codes = "\n".join(sorted(moved))
    CodeLot.objects.create(campaign=campaign, number=number, codes=codes, sha256=chained(before, number, codes))
    return len(moved)


def _rewrite_box(campaign: Campaign) -> None:
    """Into the urn and back: the database lets a ballot leave the one table only while it is in the other."""
    _move(campaign, BoxBallot, UrnBallot)
    _move(campaign, UrnBallot, BoxBallot)


def _move(campaign: Campaign, source: type[SealedBallot], target: type[SealedBallot]) -> list[str]:
    """All ballots of one table into the other in random order, under new keys; their tracking numbers."""
    rows = list(source._default_manager.filter(campaign=campaign))
    _lot.shuffle(rows)
    target._default_manager.bulk_create(
        (target(campaign=campaign, category_id=r.category_id, sealed=r.sealed, code=r.code) for r in rows), CHUNK
    )
    source._default_manager.filter(campaign=campaign).delete()
    return [row.code for row in rows]


def _rewrite_roll(campaign: Campaign) -> None:
    """A new version of every row of the roll, one by one in random order: their places say nothing any more."""
    keys = list(campaign.voters.values_list("pk", flat=True))
    _lot.shuffle(keys)
    for key in keys:
        Voter.objects.filter(pk=key).update(voted=F("voted"))
