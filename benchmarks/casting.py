"""Casting a ballot, against a bare transaction that writes the same two rows.

    python -m benchmarks.casting [--voters 2001] [--rounds 5]

The floor updates the mark and inserts the sealed ballot by hand-written statements and commits: one fsync each, with no
lock on the campaign's row and no check of anything. `prepare` (checking and sealing, which stores nothing) is timed
apart. What both leave is compared: as many ballots as marks.
"""

from __future__ import annotations

import argparse
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks import scratch_database, table

MARK = "UPDATE appraisal_voter SET voted = {true} WHERE id = %s"
INSERT = "INSERT INTO appraisal_urnballot (id, campaign_id, category_id, sealed, code) VALUES (%s, %s, %s, %s, %s)"


def fill(voters: int) -> Any:
    """An open vote with so many voters, by code."""
    from evaluation.appraisal.models import Voter
    from tests import factories
    from tests.evaluation.appraisal import votes

    district = factories.make_district()
    vote = votes.make_vote(district, factories.make_cast(district), each=0)
    categories = list(vote.campaign.categories.all())
    Voter.objects.bulk_create(
        (
            Voter(campaign=vote.campaign, category=categories[turn % 6], name=f"某{turn}", public_id=f"{turn:08}")
            for turn in range(voters)
        ),
        batch_size=1000,
    )
    return votes.open_(vote)


def bare(people: Sequence[Any], tokens: Sequence[Any]) -> None:
    """The floor: two statements and a commit a ballot."""
    from django.db import connection, transaction

    postgresql = connection.vendor == "postgresql"
    mark = MARK.format(true="true" if postgresql else "1")
    with connection.cursor() as cursor:
        for voter, ready in zip(people, tokens, strict=True):
            key = uuid.uuid4()
            with transaction.atomic():
                cursor.execute(mark, [voter.pk])
                values = [key if postgresql else key.hex, voter.campaign_id, voter.category_id, b"x" * 79, ready.code]
                cursor.execute(INSERT, values)


def portal(people: Sequence[Any], tokens: Sequence[Any]) -> None:
    from evaluation.appraisal import casting

    for voter, ready in zip(people, tokens, strict=True):
        casting.cast(voter=voter, token=ready.token)


def prepared(people: Sequence[Any], choices: dict[str, list[str]]) -> list[Any]:
    from evaluation.appraisal import casting

    return [casting.prepare(voter=voter, choices=choices, abstained=[]) for voter in people]


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def queries(voter: Any, choices: dict[str, list[str]]) -> int:
    """How many statements one cast asks."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ready = prepared([voter], choices)
    with CaptureQueriesContext(connection) as captured:
        portal([voter], ready)
    return len(captured)


def measure(vote: Any, rounds: int) -> tuple[list[tuple[str, ...]], str]:
    """The rows of the table, and what else is to be said; everybody votes once, half of them by the floor."""
    from evaluation.appraisal.models import UrnBallot, Voter

    first, *people = vote.campaign.voters.select_related("campaign", "category").order_by("pk")
    choices = {key: vote.codes(key)[:1] for key in ("committee-1", "community-1", "new-1")}
    size = len(people) // (2 * rounds)
    parts = [people[at * size : (at + 1) * size] for at in range(2 * rounds)]
    ready: list[list[Any]] = []
    sealing = seconds(lambda: ready.extend(prepared(part, choices) for part in parts)) / (size * len(parts))
    pairs = []
    for at in range(0, len(parts), 2):
        floor = seconds(partial(bare, parts[at], ready[at]))
        pairs.append((floor, seconds(partial(portal, parts[at + 1], ready[at + 1]))))
    asked = queries(first, choices)
    if not Voter.objects.filter(voted=True).count() == UrnBallot.objects.count() == size * len(parts) + 1:
        raise SystemExit("marks and ballots differ")
    medians = [f"{statistics.median(times) / size * 1000:.2f}" for times in zip(*pairs, strict=True)]
    row = "one ballot", *medians, f"{statistics.median(b / a for a, b in pairs):.2f}"
    return [row], f"{size} ballots a round, {asked} queries a cast; checking and sealing one: {sealing * 1000:.2f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description="Casting against a bare transaction that writes the same two rows.")
    parser.add_argument("--voters", type=int, default=2001)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with scratch_database() as vendor:
        from common import days
        from tests.evaluation.appraisal.votes import DURING

        vote = fill(arguments.voters)
        with days.pretend(DURING):
            rows, words = measure(vote, arguments.rounds)
        print(f"{vendor}, {words}\n")
        print(table(("casting", "floor ms", "portal ms", "ratio"), rows))


if __name__ == "__main__":
    main()
