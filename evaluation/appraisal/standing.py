"""Who is proposed for an award (拟获奖) by the count and its run-offs, and who moves up (递补) when one is struck.

A campaign's rules never leave room for choice here: the next of the ranking moves up, unless the award needs more
than half of the points and the next has not got them, or the next are level; then the seat stays empty.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from common.errors import Conflict
from evaluation.appraisal import manifest, runoffs
from evaluation.appraisal.models import Campaign, Candidate, Tally
from evaluation.appraisal.scoring import HALF

# A class of a contest, by the contest's code and its number: the same in a vote and its run-off.
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Place:
    """A project in the ranking of its class, with its candidate in the first vote (`candidate` is the code).

    `fit`: the score is enough for the award.
    """

    candidate: str
    rank: int
    elected: bool
    fit: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """The ranking of one class of one contest, best first; who won or lost a run-off stands where the tie was."""

    award: str
    class_name: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    project: int
    rank: int
    fit: bool


def standings(campaign: Campaign) -> list[Standing]:
    """Every class of a counted campaign in the manifest's order. Raises Conflict before the count, or over a tie."""
    if not Tally.objects.filter(campaign=campaign).exists():
        raise Conflict("还没有计票，没有结果可以公示。", code="not_counted")
    if ties := runoffs.open_ties(campaign):
        raise Conflict(f"“{'”“'.join(tie.name for tie in ties)}”末位并列，请先再次票决。", code="open_tie")
    codes = dict(Candidate.objects.filter(campaign=campaign).values_list("project", "code"))
    elected = {chosen.candidate.code for chosen in runoffs.outcome_of(campaign)}
    rows = _rows(campaign)
    return [
        Standing(
            contest["award"],
            each["name"],
            tuple(
                Place(codes[row.project], row.rank, codes[row.project] in elected, row.fit)
                for row in rows[contest["code"], each["number"]]
            ),
        )
        for contest in manifest.of(campaign)["contests"]
        for each in contest["classes"]
    ]


def next_up(standing: Standing, used: Collection[str]) -> Place | None:
    """Who moves up when a seat falls free: the best of those not in `used`; None if nobody may, or two are level."""
    waiting = [place for place in standing.places if place.candidate not in used and place.fit]
    if not waiting or (len(waiting) > 1 and waiting[0].rank == waiting[1].rank):
        return None
    return waiting[0]


def standing_of(campaign: Campaign, candidate: str) -> Standing:
    """The class in which a candidate was ranked."""
    return next(s for s in standings(campaign) if any(place.candidate == candidate for place in s.places))


def _rows(campaign: Campaign) -> dict[Key, list[_Row]]:
    """The ranking of each class, its tie replaced by the ranking of the run-off."""
    projects = dict(Candidate.objects.filter(campaign=campaign).values_list("code", "project"))
    over_half = {row["code"]: row["over_half"] for row in manifest.of(campaign)["contests"]}
    runoff, found = None, {}
    for contest in json.loads(Tally.objects.get(campaign=campaign).result)["contests"]:
        for each in contest["classes"]:
            key, rows = (contest["code"], each["number"]), list[_Row]()
            for row in each["ranking"]:
                fit = not over_half[contest["code"]] or Fraction(row["score"]) > HALF
                rows.append(_Row(projects[row["candidate"]], row["rank"], fit))
            if each["tie"]:
                runoff = runoff or _rows_of_runoff(campaign)
                rows = _with_runoff(rows, each["ranking"], runoff[key])
            found[key] = rows
    return found


def _rows_of_runoff(campaign: Campaign) -> dict[Key, list[_Row]]:
    runoff = runoffs.runoff_of(campaign)
    assert runoff is not None  # `standings` has refused an open tie
    return _rows(runoff)


def _with_runoff(rows: list[_Row], ranking: list[dict[str, object]], again: list[_Row]) -> list[_Row]:
    """The tied rows, which follow each other, give way to the run-off's, whose ranks count on from the tie's."""
    tied = [at for at, row in enumerate(ranking) if row["tied"]]
    first = rows[tied[0]].rank
    placed = [_Row(row.project, first + row.rank - 1, row.fit) for row in again]
    return [*rows[: tied[0]], *placed, *rows[tied[-1] + 1 :]]
