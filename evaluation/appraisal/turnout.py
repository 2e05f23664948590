"""Turnout (投票进度): the total live, by category only as of the last mixed lot; nothing about choices.

While a vote is open, live figures by category beside a person at the desk would tell when that person voted; lots of
ten and more do not. After the close all figures are those of the roll.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Q

from evaluation.appraisal import shortfall
from evaluation.appraisal.models import BoxBallot, Campaign, VoterCategory

State = Campaign.State
BEFORE = (State.DRAFT, State.LOCKED)


@dataclass(frozen=True, slots=True)
class CategoryTurnout:
    """`needed` must vote, by the rules of the lock."""

    category: VoterCategory
    voted: int
    roll: int
    needed: int

    @property
    def share(self) -> int:
        return _share(self.voted, self.roll)


@dataclass(frozen=True, slots=True)
class Turnout:
    """`exact`: the figures by category are those of the moment, not of the last lot. `share` in 0.01 %, cut off.

    `needed` of the whole roll must vote, by the rules of the lock.
    """

    voted: int
    roll: int
    needed: int
    exact: bool
    rows: tuple[CategoryTurnout, ...]

    @property
    def share(self) -> int:
        return _share(self.voted, self.roll)

    @property
    def not_yet(self) -> int:
        return self.roll - self.voted

    @property
    def missing(self) -> int:
        """Voters who are still wanted; the percentage alone, cut off, may look short where nobody is."""
        return max(self.needed - self.voted, 0)

    @property
    def mixed(self) -> int:
        """Ballots behind the figures by category."""
        return sum(row.voted for row in self.rows)

    @property
    def next_lot(self) -> int:
        """Ballots that wait for the next lot: of all categories together, as the total beside them tells anyway."""
        return max(self.voted - self.mixed, 0)


def of(campaign: Campaign) -> Turnout:
    """How many have voted; one query, or two while the vote is open."""
    rows = campaign.categories.annotate(
        roll=Count("voters"), voted=Count("voters", filter=Q(voters__voted=True))
    ).order_by("position", "id")
    found = list(rows)
    exact = campaign.state != State.OPEN
    marks = {row.pk: row.voted for row in found} if exact else _in_box(campaign)
    roll = sum(row.roll for row in found)
    return Turnout(
        voted=sum(row.voted for row in found),
        roll=roll,
        needed=shortfall.needed(campaign, roll),
        exact=exact,
        rows=tuple(
            CategoryTurnout(row, marks.get(row.pk, 0), row.roll, shortfall.needed_of_category(campaign, row.roll))
            for row in found
        ),
    )


def _in_box(campaign: Campaign) -> dict[int, int]:
    """Ballots in the box by category: what the last mixed lot left there."""
    rows = BoxBallot.objects.filter(campaign=campaign).values_list("category").annotate(n=Count("pk"))
    return Counter(dict(rows.order_by()))


def _share(part: int, whole: int) -> int:
    return part * 10000 // whole if whole else 0
