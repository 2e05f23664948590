"""A count as people read it, on pages, in minutes, by the API and in public; from manifest and JSON alone.

Names are those of the manifest, as the voters saw them, whatever a project is called today.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.appraisal import manifest
from evaluation.appraisal.layout import section_title
from evaluation.appraisal.models import Campaign, Tally

BY_RULE, ON_RECORD = "按规则", "经管理员提出、监票人同意"


@dataclass(frozen=True, slots=True)
class CategoryCount:
    """The ballots of one category; `weight` in 0.01 point."""

    code: str
    name: str
    weight: int
    roll: int
    ballots: int
    invalid: int

    @property
    def valid(self) -> int:
        return self.ballots - self.invalid


@dataclass(frozen=True, slots=True)
class RankRow:
    """A candidate in the ranking. `score` is an exact fraction, empty where it is not public.

    `cells`: by category approvals and ballots that count, empty where the counts are withheld.
    """

    code: str
    number: int
    project: str
    organization: str
    rank: int
    points: str
    score: str
    elected: bool
    tied: bool
    cells: tuple[tuple[int, int], ...]

    @property
    def outcome(self) -> str:
        return "入选" if self.elected else "并列" if self.tied else ""


@dataclass(frozen=True, slots=True)
class ClassResult:
    """The result of a class of a contest; `tie_seats` are those that the tied compete for."""

    award: str
    name: str
    seats: int
    over_half: bool
    rows: tuple[RankRow, ...]
    tie_seats: int
    unfilled: int

    @property
    def title(self) -> str:
        return section_title(self.award, self.name)

    @property
    def tied(self) -> list[RankRow]:
        return [row for row in self.rows if row.tied]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A result, with the counts by category or without (`categories` is empty then)."""

    classes: tuple[ClassResult, ...]
    categories: tuple[CategoryCount, ...]
    roll: int
    ballots: int
    invalid: int
    decisions: tuple[str, ...]
    withdrawn: tuple[str, ...]

    @property
    def valid(self) -> int:
        return self.ballots - self.invalid


def full(campaign: Campaign, tally: Tally) -> Sheet:
    """All of a count, for who may read it (`rules.can_read_count`)."""
    return sheet(manifest.of(campaign), json.loads(tally.result), json.loads(tally.counts))


def sheet(fixed: Mapping[str, Any], result: Mapping[str, Any], counts: Mapping[str, Any] | None) -> Sheet:
    """What manifest, result and perhaps counts say; pure."""
    names = {row["code"]: category_name(row) for row in fixed["categories"]}
    found = counts["categories"] if counts else []
    candidates = {
        c["code"]: c for contest in fixed["contests"] for each in contest["classes"] for c in each["candidates"]
    }
    return Sheet(
        classes=tuple(_classes(fixed, result, candidates, found)),
        categories=tuple(
            CategoryCount(row["code"], names[row["code"]], own["weight"], row["roll"], row["ballots"], row["invalid"])
            for own, row in zip(fixed["categories"], found, strict=False)
        ),
        roll=sum(row["roll"] for row in fixed["categories"]),
        ballots=result["ballots"],
        invalid=result["invalid"],
        decisions=tuple(_decision(row, names) for row in result["decisions"]),
        withdrawn=tuple(candidates[code]["project"] for code in result["withdrawn"]),
    )


def category_name(row: Mapping[str, Any]) -> str:
    return f"{row['name']}（待确认）" if row["unconfirmed"] else str(row["name"])


def _classes(
    fixed: Mapping[str, Any],
    result: Mapping[str, Any],
    candidates: Mapping[str, Any],
    found: Sequence[Mapping[str, Any]],
) -> list[ClassResult]:
    over_half = {contest["code"]: contest["over_half"] for contest in fixed["contests"]}
    return [
        ClassResult(
            award=contest["award"],
            name=each["name"],
            seats=each["seats"],
            over_half=over_half[contest["code"]],
            rows=tuple(_row(row, candidates[row["candidate"]], found) for row in each["ranking"]),
            tie_seats=each["tie"]["seats"] if each["tie"] else 0,
            unfilled=each["unfilled"],
        )
        for contest in result["contests"]
        for each in contest["classes"]
    ]


def _row(row: Mapping[str, Any], named: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> RankRow:
    cells = ((category["candidates"][row["candidate"]]) for category in found)
    return RankRow(
        code=row["candidate"],
        number=named["number"],
        project=named["project"],
        organization=named["organization"],
        rank=row["rank"],
        points=row["points"],
        score=row.get("score", ""),
        elected=row["elected"],
        tied=row["tied"],
        cells=tuple((approved, base) for approved, base in cells),
    )


def _decision(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    who = BY_RULE if row["by"] == "rule" else ON_RECORD
    name = names[row["category"]]
    if row["kind"] == "merge":
        return f"{who}，“{name}”并入“{names[row['target']]}”计票，权重相加。"
    return f"{who}，“{name}”不计，权重按比例分给其余各类。"
