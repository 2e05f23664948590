"""The count of 100,000 sealed ballots of ten choices, against the bare loop that opens the same ballots.

    python -m benchmarks.tally [--ballots 100000] [--rounds 5]

Thirty candidates, six categories. The counts are compared with those of the ballots in clear before anything is timed.
The count is timed to the end: every ballot opened, checked and added up, scores as exact fractions, ranks, ties. First
from memory, then from the database, where the floor reads the same rows by one statement. The peak is what Python
allocates while a fifth of the ballots, and then all of them, are counted from the database.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks import scratch_database, table

CONTESTS = [
    ("committee", "stage", "十佳书记项目", ("working_committee",), 14, 5),
    ("community", "compilation", "为民先锋项目", ("committee",), 8, 3),
    ("new", "classified", "优秀书记项目", ("branch",), 8, 2),
]
Ballots = Iterable[tuple[str, bytes]]
ROWS = """SELECT c.code, b.sealed FROM appraisal_boxballot b JOIN appraisal_votercategory c ON c.id = b.category_id
WHERE b.campaign_id = {} ORDER BY b.id LIMIT {}"""


@dataclass
class Count:
    """A mixed vote, its opened box, and what the ballots say in clear: approvals by category and candidate."""

    campaign: Any
    box: Any
    fixed: dict[str, Any]
    expected: Counter[tuple[str, str]] = field(default_factory=Counter)

    def bare(self, ballots: Ballots) -> None:
        """The floor: every ballot opened, nothing done with it."""
        opened = self.box.open
        for category, sealed in ballots:
            opened(sealed, category)

    def whole(self, ballots: Ballots, tell: Callable[[int, int], None] | None = None) -> dict[str, Any]:
        """What `counting.count` does between the key and the writing."""
        from evaluation.appraisal import counting, scoring
        from evaluation.appraisal.layout import Layout

        codes = [row["code"] for row in self.fixed["categories"]]
        sums = counting.add_up(self.box, Layout.of(self.fixed), ballots, codes, tell)
        counts = counting.counts_of(self.campaign, self.fixed, sums)
        scoring.result(self.fixed, counts)
        return counts

    def rows(self, number: int) -> Iterator[tuple[str, bytes]]:
        """The box as `counting.count` reads it."""
        from evaluation.appraisal.counting import CHUNK
        from evaluation.appraisal.models import BoxBallot

        rows = BoxBallot.objects.filter(campaign=self.campaign).order_by("pk").values_list("category__code", "sealed")
        return ((code, bytes(sealed)) for code, sealed in rows[:number].iterator(chunk_size=CHUNK))

    def fetched(self, number: int) -> Iterator[tuple[str, bytes]]:
        """The same rows by one hand-written statement."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(ROWS.format(self.campaign.pk, number))
            while rows := cursor.fetchmany(2000):
                yield from ((code, bytes(sealed)) for code, sealed in rows)


def fill(ballots: int) -> Count:
    """A locked vote with so many voters, all of whom have voted, and their ballots in the box."""
    from evaluation.appraisal import casting, keys, manifest, sealing
    from evaluation.appraisal.layout import Layout
    from evaluation.appraisal.models import BoxBallot, Campaign, Voter
    from tests import factories
    from tests.evaluation.appraisal import votes

    chance = random.Random(1)
    district = factories.make_district()
    vote = votes.make_vote(district, factories.make_cast(district), each=0, contests=CONTESTS)
    categories = list(vote.campaign.categories.all())
    Voter.objects.bulk_create(
        (
            Voter(campaign=vote.campaign, category=categories[turn % 6], name=f"某{turn}", public_id=f"{turn:08}")
            for turn in range(ballots)
        ),
        batch_size=1000,
    )
    votes.lock(vote)
    campaign, fixed = vote.campaign, manifest.of(vote.campaign)
    layout, expected = Layout.of(fixed), Counter[tuple[str, str]]()

    def made() -> Iterator[BoxBallot]:
        for turn in range(ballots):
            chosen = [code for each in layout.sections for code in chance.sample(layout.codes_of(each), each.seats)]
            category = categories[turn % 6]
            expected.update((category.code, code) for code in chosen)
            urn = casting.seal_for(campaign, category, layout.encode(chosen, ()))
            yield BoxBallot(campaign=campaign, category=category, sealed=urn.sealed, code=f"{turn:016}")

    BoxBallot.objects.bulk_create(made(), batch_size=1000)
    Voter.objects.update(voted=True)
    Campaign.objects.filter(pk=campaign.pk).update(state="mixed")
    campaign.refresh_from_db()
    key = keys.open_key(campaign, vote.secrets)
    return Count(campaign, sealing.BallotBox(key, campaign.manifest_sha256), fixed, expected)


def compare(count: Count, ballots: int) -> None:
    """Raise SystemExit unless the count from the database is that of the ballots in clear."""
    told: list[int] = []
    counts = count.whole(count.rows(ballots), lambda done, _: told.append(done))
    found = Counter(
        {(row["code"], c): cell[0] for row in counts["categories"] for c, cell in row["candidates"].items()}
    )
    if found != count.expected or sum(row["invalid"] for row in counts["categories"]):
        raise SystemExit("the counts differ from the ballots in clear")
    print(f"counts agree; progress told {len(told)} times\n")


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(name: str, floor: Callable[[], object], portal: Callable[[], object], rounds: int) -> tuple[str, ...]:
    pairs = [(seconds(floor), seconds(portal)) for _ in range(rounds)]
    medians = [f"{statistics.median(times):.2f}" for times in zip(*pairs, strict=True)]
    return name, *medians, f"{statistics.median(b / a for a, b in pairs):.2f}"


def from_memory(count: Count, ballots: int, rounds: int) -> tuple[str, ...]:
    loaded = list(count.rows(ballots))
    return measure("from memory", lambda: count.bare(loaded), lambda: count.whole(loaded), rounds)


def from_database(count: Count, ballots: int, rounds: int) -> tuple[str, ...]:
    return measure(
        "from the database",
        lambda: count.bare(count.fetched(ballots)),
        lambda: count.whole(count.rows(ballots)),
        rounds,
    )


def peak(action: Callable[[], object]) -> float:
    """MiB that Python allocates at most."""
    tracemalloc.start()
    action()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description="The count against the bare loop that opens the ballots.")
    parser.add_argument("--ballots", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    ballots, rounds = arguments.ballots, arguments.rounds
    with scratch_database() as vendor:
        count = fill(ballots)
        print(f"{vendor}, {ballots} ballots of ten choices, 30 candidates, 6 categories")
        compare(count, ballots)
        rows = [from_memory(count, ballots, rounds), from_database(count, ballots, rounds)]
        print(table(("count", "floor s", "portal s", "ratio"), rows))
        peaks = [(f"{n}", f"{peak(lambda n=n: count.whole(count.rows(n))):.2f}") for n in (ballots // 5, ballots)]
        print("\n" + table(("ballots", "peak MiB"), peaks))


if __name__ == "__main__":
    main()
