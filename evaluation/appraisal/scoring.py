"""From counts to the result: exact fractions, the same on every machine. No database, no clock.

r(c, p) = approvals ÷ valid ballots of category c whose voter was not recused for p. Score = Σ weight · r over the
categories that have such ballots, per 100 of their weight. Scores are compared as fractions and rounded (half up) for
display only. What is returned is JSON without floats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

HUNDRED = 100
HALF = Fraction(50)
# A category's counts of one candidate: approvals, and valid ballots that were not recused.
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Group:
    """Categories that count as one (one, or several merged by rule or decision) and their weight, 0.01 point."""

    codes: tuple[str, ...]
    weight: int


def groups(manifest: Mapping[str, Any], counts: Mapping[str, Any]) -> list[Group]:
    """The manifest's categories after the decisions (`counts["decisions"]`: merge, drop) on small ones."""
    weights = {row["code"]: row["weight"] for row in manifest["categories"]}
    members = {code: [code] for code in weights}
    for decision in counts["decisions"]:
        if decision["kind"] == "merge":
            source, target = _home(members, decision["category"]), _home(members, decision["target"])
            if source != target:
                members[target] += members.pop(source)
                weights[target] += weights.pop(source)
        elif decision["kind"] == "drop":
            gone = _home(members, decision["category"])
            members.pop(gone, None)
            weights.pop(gone, None)
    return [Group(tuple(codes), weights[code]) for code, codes in members.items()]


def result(manifest: Mapping[str, Any], counts: Mapping[str, Any]) -> dict[str, Any]:
    """Scores, ranks, the chosen and the ties of every class. Raises ValueError where a candidate has no ballots."""
    found = groups(manifest, counts)
    order = [
        row["code"] for row in sorted(manifest["categories"], key=lambda r: r["tie_order"] or 0) if row["tie_order"]
    ]
    return {
        "campaign": manifest["campaign"],
        "contests": [
            {
                "code": contest["code"],
                "award": contest["award"],
                "classes": [_class_result(contest, each, found, order, counts) for each in contest["classes"]],
            }
            for contest in manifest["contests"]
        ],
    }


def unscored(manifest: Mapping[str, Any], counts: Mapping[str, Any]) -> list[str]:
    """The standing candidates of whom no category has a ballot that counts: all who voted were recused."""
    found = groups(manifest, counts)
    standing = [
        c["code"]
        for contest in manifest["contests"]
        for each in contest["classes"]
        for c in each["candidates"]
        if c["code"] not in counts["withdrawn"]
    ]
    return [code for code in standing if all(_rate(group, _cells(counts, code)) is None for group in found)]


def score(groups_: Sequence[Group], cells: Mapping[str, Cell]) -> Fraction:
    """The weighted score, 0 to 100, of a candidate whose counts by category are `cells`."""
    total, weight = Fraction(0), 0
    for group in groups_:
        rate = _rate(group, cells)
        if rate is not None:
            total += group.weight * rate
            weight += group.weight
    if not weight:
        raise ValueError("no valid ballot for this candidate")
    return total * HUNDRED / weight


def rounded(value: Fraction, places: int = 2) -> str:
    """A score for the eye: rounded half up."""
    scaled = value * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    text = f"{whole:0{places + 1}d}"
    return f"{text[:-places]}.{text[-places:]}" if places else text


def _class_result(
    contest: Mapping[str, Any],
    each: Mapping[str, Any],
    found: Sequence[Group],
    order: Sequence[str],
    counts: Mapping[str, Any],
) -> dict[str, Any]:
    standing = [c["code"] for c in each["candidates"] if c["code"] not in counts["withdrawn"]]
    cells = {code: _cells(counts, code) for code in standing}
    scores = {code: score(found, cells[code]) for code in standing}
    rates = contest["tie_rule"] == "rates"
    keys = {code: (scores[code], *(_tie_rates(found, order, cells[code]) if rates else ())) for code in standing}
    ranked = sorted(standing, key=lambda code: keys[code], reverse=True)
    fit = [code for code in ranked if not contest["over_half"] or scores[code] > HALF]
    elected, tied = _elect(fit, keys, each["seats"])
    return {
        "number": each["number"],
        "name": each["name"],
        "seats": each["seats"],
        "ranking": [
            {
                "candidate": code,
                "rank": 1 + sum(keys[other] > keys[code] for other in ranked),
                "score": f"{scores[code].numerator}/{scores[code].denominator}",
                "points": rounded(scores[code]),
                "elected": code in elected,
                "tied": code in tied,
            }
            # Equals stand in the order of the ballot, which the lot made; it decides nothing.
            for code in ranked
        ],
        "tie": {"seats": each["seats"] - len(elected), "candidates": tied} if tied else None,
        "unfilled": each["seats"] - len(elected) if not tied else 0,
    }


def _elect(fit: Sequence[str], keys: Mapping[str, Any], seats: int) -> tuple[list[str], list[str]]:
    """Who is chosen for sure, and who is tied at the last seat (末位并列)."""
    if len(fit) <= seats:
        return list(fit), []
    last, next_ = keys[fit[seats - 1]], keys[fit[seats]]
    if last != next_:
        return list(fit[:seats]), []
    return [code for code in fit if keys[code] > last], [code for code in fit if keys[code] == last]


def _tie_rates(found: Sequence[Group], order: Sequence[str], cells: Mapping[str, Cell]) -> tuple[Fraction, ...]:
    """The rates that break a tie, in the manifest's order of categories; a category without ballots says nothing."""
    rates = []
    for code in order:
        group = next((g for g in found if code in g.codes), None)
        rates.append((_rate(group, cells) if group else None) or Fraction(0))
    return tuple(rates)


def _rate(group: Group, cells: Mapping[str, Cell]) -> Fraction | None:
    approvals = sum(cells[code][0] for code in group.codes)
    ballots = sum(cells[code][1] for code in group.codes)
    return Fraction(approvals, ballots) if ballots else None


def _cells(counts: Mapping[str, Any], candidate: str) -> dict[str, Cell]:
    return {row["code"]: tuple(row["candidates"][candidate]) for row in counts["categories"]}


def _home(members: Mapping[str, list[str]], code: str) -> str:
    return next((home for home, codes in members.items() if code in codes), code)
