"""Scores, ranks, ties: against a computation written here a second time, and edges by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.appraisal import scoring
from evaluation.appraisal.counting import Sums
from evaluation.appraisal.layout import CHOSEN, RECUSED, Layout

Ballots = list[tuple[int, list[int]]]  # category, one mark a candidate


def manifest_of(weights: list[int], candidates: int, seats: int, **contest: Any) -> dict[str, Any]:
    rows = [{"code": f"p{turn}", "number": turn} for turn in range(candidates)]
    values = {"over_half": False, "must_fill": False, "tie_rule": "runoff", **contest}
    return {
        "campaign": "test",
        "categories": [{"code": f"c{at}", "weight": weight, "tie_order": None} for at, weight in enumerate(weights)],
        "contests": [
            {
                "code": "one",
                "award": "奖",
                "classes": [{"number": 1, "name": "", "seats": seats, "candidates": rows}],
                **values,
            }
        ],
    }


def counts_of(manifest: dict[str, Any], cells: dict[str, list[tuple[int, int]]], **more: Any) -> dict[str, Any]:
    """`cells` by category, one (approvals, ballots) a candidate."""
    codes = Layout.of(manifest).codes
    rows = [
        {"code": code, "candidates": {c: list(cell) for c, cell in zip(codes, own, strict=True)}}
        for code, own in cells.items()
    ]
    return {"categories": rows, "decisions": [], "withdrawn": [], **more}


def class_of(manifest: dict[str, Any], counts: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = scoring.result(manifest, counts)["contests"][0]["classes"][0]
    return found


def scores_of(each: dict[str, Any]) -> dict[str, Fraction]:
    return {row["candidate"]: Fraction(row["score"]) for row in each["ranking"]}


# --- against a second computation, from the single ballots ---


def naive(weights: list[int], ballots: Ballots, candidate: int) -> Fraction | None:
    """The score from domain rules: weight by weight, ballot by ballot, nothing shared with the code under test."""
    points, used = Fraction(0), 0
    for category, weight in enumerate(weights):
        own = [marks[candidate] for of, marks in ballots if of == category and marks[candidate] != RECUSED]
        if own:
            points += Fraction(weight * len([mark for mark in own if mark == CHOSEN]), len(own))
            used += weight
    return points * 100 / used if used else None


def tallied(manifest: dict[str, Any], ballots: Ballots) -> dict[str, Any]:
    sums = {row["code"]: Sums(len(Layout.of(manifest).codes)) for row in manifest["categories"]}
    for category, marks in ballots:
        sums[f"c{category}"].ballots += 1
        sums[f"c{category}"].add(bytes(marks))
    return counts_of(manifest, {code: found.cells() for code, found in sums.items()})


@st.composite
def campaigns(draw: Any) -> tuple[list[int], int, int, Ballots]:
    cuts = sorted(draw(st.lists(st.integers(1, 9999), min_size=0, max_size=5, unique=True)))
    weights = [b - a for a, b in zip([0, *cuts], [*cuts, 10000], strict=True)]
    candidates = draw(st.integers(1, 5))
    seats = draw(st.integers(1, candidates))
    one = st.tuples(
        st.integers(0, len(weights) - 1), st.lists(st.integers(0, 2), min_size=candidates, max_size=candidates)
    )
    return weights, candidates, seats, draw(st.lists(one, min_size=1, max_size=25))


@settings(max_examples=300, deadline=None)
@given(campaigns(), st.booleans())
def test_scores_ranks_and_the_chosen_agree_with_a_naive_count(drawn: Any, over_half: bool) -> None:
    weights, candidates, seats, ballots = drawn
    manifest = manifest_of(weights, candidates, seats, over_half=over_half)
    expected = [naive(weights, ballots, at) for at in range(candidates)]
    counts = tallied(manifest, ballots)
    if None in expected:
        with pytest.raises(ValueError, match="no valid ballot"):
            scoring.result(manifest, counts)
        return
    points: list[Fraction] = [each for each in expected if each is not None]
    found = class_of(manifest, counts)
    assert scores_of(found) == {f"p{at}": points[at] for at in range(candidates)}
    fit = [p for p in points if not over_half or p > 50]
    for row in found["ranking"]:
        own = points[int(row["candidate"][1:])]
        above, level = sum(p > own for p in fit), sum(p == own for p in fit)
        able = not over_half or own > 50
        assert row["rank"] == 1 + sum(p > own for p in points)
        assert row["elected"] == (able and above + level <= seats)
        assert row["tied"] == (able and above < seats < above + level)
    chosen = sum(row["elected"] for row in found["ranking"])
    assert found["unfilled"] == (0 if found["tie"] else seats - chosen)
    assert (found["tie"] is not None) == any(row["tied"] for row in found["ranking"])


@settings(max_examples=100, deadline=None)
@given(campaigns())
def test_a_count_says_the_same_in_any_order(drawn: Any) -> None:
    weights, candidates, seats, ballots = drawn
    manifest = manifest_of(weights, candidates, seats)
    assert tallied(manifest, ballots) == tallied(manifest, ballots[::-1])


def test_more_ballots_than_a_lane_holds_are_added_right() -> None:
    """Whole ballots are added as numbers of one byte a candidate; 255 is where a byte is full."""
    for number in (254, 255, 256, 510, 511, 1000):
        sums = Sums(3)
        for turn in range(number):
            sums.ballots += 1
            sums.add(bytes((CHOSEN, RECUSED if turn % 2 else 0, 0)))
        assert sums.cells() == [(number, number), (0, number - number // 2), (0, number)]
        assert sums.cells() == sums.cells()


# --- edges by hand ---


def test_85_005_and_85_004_are_not_tied() -> None:
    """Both print as 85.00 or 85.01; the fractions decide."""
    manifest = manifest_of([10000], 2, 1)
    counts = counts_of(manifest, {"c0": [(85005, 100000), (85004, 100000)]})
    found = class_of(manifest, counts)
    assert [(r["candidate"], r["rank"], r["points"], r["elected"]) for r in found["ranking"]] == [
        ("p0", 1, "85.01", True),
        ("p1", 2, "85.00", False),
    ]
    assert found["tie"] is None
    counts = counts_of(manifest, {"c0": [(850041, 1000000), (850042, 1000000)]})
    found = class_of(manifest, counts)
    assert [r["points"] for r in found["ranking"]] == ["85.00", "85.00"]
    assert [r["candidate"] for r in found["ranking"] if r["elected"]] == ["p1"]
    assert found["tie"] is None


def test_equal_fractions_tie_however_they_came_about() -> None:
    """1/3 of one category and 2/6 of it; thirds have no decimals that a float could compare."""
    manifest = manifest_of([3333, 3333, 3334], 3, 2)
    counts = counts_of(
        manifest,
        {"c0": [(1, 3), (2, 6), (3, 3)], "c1": [(5, 7), (10, 14), (7, 7)], "c2": [(0, 9), (0, 3), (1, 9)]},
    )
    found = class_of(manifest, counts)
    assert found["tie"] == {"seats": 1, "candidates": ["p0", "p1"]}
    assert [(r["candidate"], r["rank"], r["elected"], r["tied"]) for r in found["ranking"]] == [
        ("p2", 1, True, False),
        ("p0", 2, False, True),
        ("p1", 2, False, True),
    ]


def test_level_above_the_last_seat_is_no_tie() -> None:
    manifest = manifest_of([10000], 3, 2)
    found = class_of(manifest, counts_of(manifest, {"c0": [(5, 10), (5, 10), (4, 10)]}))
    assert found["tie"] is None
    assert [r["candidate"] for r in found["ranking"] if r["elected"]] == ["p0", "p1"]
    assert [r["rank"] for r in found["ranking"]] == [1, 1, 3]


def rates_manifest() -> dict[str, Any]:
    manifest = manifest_of([5000, 5000], 3, 1, tie_rule="rates")
    manifest["categories"][1]["tie_order"] = 1
    manifest["categories"][0]["tie_order"] = 2
    return manifest


def test_the_rates_of_the_named_categories_break_a_tie() -> None:
    manifest = rates_manifest()
    found = class_of(
        manifest, counts_of(manifest, {"c0": [(6, 10), (4, 10), (1, 10)], "c1": [(4, 10), (6, 10), (1, 10)]})
    )
    assert [(r["candidate"], r["rank"], r["elected"]) for r in found["ranking"]] == [
        ("p1", 1, True),
        ("p0", 2, False),
        ("p2", 3, False),
    ]


def test_level_in_every_rate_too_is_a_tie() -> None:
    manifest = rates_manifest()
    found = class_of(
        manifest, counts_of(manifest, {"c0": [(6, 10), (6, 10), (1, 10)], "c1": [(4, 10), (4, 10), (1, 10)]})
    )
    assert found["tie"] == {"seats": 1, "candidates": ["p0", "p1"]}


def test_more_than_half_is_more_than_half() -> None:
    manifest = manifest_of([10000], 3, 3, over_half=True)
    found = class_of(manifest, counts_of(manifest, {"c0": [(50, 100), (51, 100), (49, 100)]}))
    assert [r["candidate"] for r in found["ranking"] if r["elected"]] == ["p1"]
    assert (found["unfilled"], found["tie"]) == (2, None)


def test_those_under_half_do_not_tie_for_a_seat() -> None:
    manifest = manifest_of([10000], 3, 1, over_half=True)
    found = class_of(manifest, counts_of(manifest, {"c0": [(50, 100), (50, 100), (49, 100)]}))
    assert (found["tie"], found["unfilled"]) == (None, 1)


def test_the_withdrawn_leave_the_ranking_and_their_seat() -> None:
    manifest = manifest_of([10000], 3, 2)
    cells = {"c0": [(9, 10), (5, 10), (4, 10)]}
    found = class_of(manifest, counts_of(manifest, cells, withdrawn=["p0"]))
    assert [(r["candidate"], r["rank"], r["elected"]) for r in found["ranking"]] == [("p1", 1, True), ("p2", 2, True)]
    found = class_of(manifest, counts_of(manifest, cells, withdrawn=["p0", "p2"]))
    assert ([r["candidate"] for r in found["ranking"] if r["elected"]], found["unfilled"]) == (["p1"], 1)
    found = class_of(manifest, counts_of(manifest, cells, withdrawn=["p0", "p1", "p2"]))
    assert (found["ranking"], found["unfilled"], found["tie"]) == ([], 2, None)


def test_the_recused_leave_the_denominator() -> None:
    manifest = manifest_of([6000, 4000], 1, 1)
    found = class_of(manifest, counts_of(manifest, {"c0": [(3, 4)], "c1": [(1, 10)]}))
    assert scores_of(found) == {"p0": Fraction(3, 4) * 60 + Fraction(1, 10) * 40}


def test_a_category_all_recused_leaves_its_weight_to_the_others() -> None:
    manifest = manifest_of([6000, 3000, 1000], 2, 1)
    found = class_of(
        manifest, counts_of(manifest, {"c0": [(0, 0), (5, 5)], "c1": [(2, 4), (0, 4)], "c2": [(1, 1), (0, 1)]})
    )
    assert scores_of(found) == {"p0": (30 * Fraction(1, 2) + 10) * 100 / 40, "p1": Fraction(60)}


def test_a_candidate_whom_nobody_could_vote_on_is_refused() -> None:
    manifest = manifest_of([6000, 4000], 2, 1)
    with pytest.raises(ValueError, match="no valid ballot"):
        scoring.result(manifest, counts_of(manifest, {"c0": [(0, 0), (1, 1)], "c1": [(0, 0), (1, 1)]}))


def merged(source: int, target: int) -> dict[str, str]:
    return {"kind": "merge", "category": f"c{source}", "target": f"c{target}"}


def dropped(source: int) -> dict[str, Any]:
    return {"kind": "drop", "category": f"c{source}", "target": None}


@pytest.mark.parametrize(
    ("decisions", "groups"),
    [
        ([], [("c0", 5000), ("c1", 3000), ("c2", 2000)]),
        ([merged(2, 1)], [("c0", 5000), ("c1c2", 5000)]),
        ([merged(2, 1), merged(1, 0)], [("c0c1c2", 10000)]),
        ([merged(1, 0), merged(2, 1)], [("c0c1c2", 10000)]),  # into where the other went
        ([merged(2, 1), merged(1, 2)], [("c0", 5000), ("c1c2", 5000)]),
        ([dropped(0)], [("c1", 3000), ("c2", 2000)]),
        ([dropped(0), merged(2, 1)], [("c1c2", 5000)]),
    ],
)
def test_merges_and_drops(decisions: list[Any], groups: list[tuple[str, int]]) -> None:
    found = scoring.groups(manifest_of([5000, 3000, 2000], 1, 1), {"decisions": decisions})
    assert [("".join(group.codes), group.weight) for group in found] == groups


def test_merged_categories_count_as_one() -> None:
    manifest = manifest_of([5000, 3000, 2000], 1, 1)
    counts = counts_of(manifest, {"c0": [(1, 2)], "c1": [(2, 10)], "c2": [(1, 2)]}, decisions=[merged(2, 1)])
    assert scores_of(class_of(manifest, counts)) == {"p0": 50 * Fraction(1, 2) + 50 * Fraction(3, 12)}


def test_a_dropped_categorys_weight_is_shared_in_proportion() -> None:
    manifest = manifest_of([5000, 3000, 2000], 1, 1)
    counts = counts_of(manifest, {"c0": [(1, 2)], "c1": [(2, 10)], "c2": [(1, 2)]}, decisions=[dropped(0)])
    assert scores_of(class_of(manifest, counts)) == {"p0": 100 * (Fraction(3, 5) * Fraction(1, 5) + Fraction(2, 5) / 2)}


@pytest.mark.parametrize(
    ("value", "places", "words"),
    [
        (Fraction(85005, 1000), 2, "85.01"),
        (Fraction(85004, 1000), 2, "85.00"),
        (Fraction(84995, 1000), 2, "85.00"),
        (Fraction(1, 3), 2, "0.33"),
        (Fraction(0), 2, "0.00"),
        (Fraction(100), 2, "100.00"),
        (Fraction(1, 200), 2, "0.01"),
        (Fraction(5, 2), 0, "3"),
        (Fraction(999, 10), 0, "100"),
        (Fraction(12345678, 1000000), 4, "12.3457"),
    ],
)
def test_rounding_half_up_for_the_eye(value: Fraction, places: int, words: str) -> None:
    assert scoring.rounded(value, places) == words
