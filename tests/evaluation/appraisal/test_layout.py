"""What a valid ballot is: a table of payloads by hand."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation.appraisal.layout import Layout


def layout_of(*sections: tuple[int, int, bool]) -> Layout:
    """One contest a section: candidates, seats, whether all seats must be filled."""
    contests = []
    for at, (candidates, seats, must_fill) in enumerate(sections, start=1):
        rows = [{"code": f"{at}{turn}"} for turn in range(1, candidates + 1)]
        contests.append(
            {"code": f"c{at}", "must_fill": must_fill, "classes": [{"number": 1, "seats": seats, "candidates": rows}]}
        )
    manifest: dict[str, Any] = {"contests": contests}
    return Layout.of(manifest)


FREE = layout_of((4, 2, False), (3, 1, False))
FULL = layout_of((4, 2, True), (3, 1, False))


@pytest.mark.parametrize(
    ("layout", "body", "valid"),
    [
        (FREE, [1, 1, 0, 0, 1, 0, 0], True),
        (FREE, [1, 0, 0, 0, 0, 0, 0], True),  # fewer than the seats
        (FREE, [0, 0, 0, 0, 0, 0, 0], True),  # an abstention
        (FREE, [2, 2, 2, 2, 2, 2, 2], True),  # nothing left to vote on
        (FREE, [1, 2, 1, 2, 0, 0, 1], True),
        (FREE, [1, 1, 1, 0, 1, 0, 0], False),  # too many in one class: the whole ballot
        (FREE, [0, 0, 0, 0, 1, 1, 0], False),
        (FREE, [1, 1, 2, 1, 0, 0, 0], False),
        (FREE, [3, 0, 0, 0, 0, 0, 0], False),  # no such mark
        (FREE, [255, 0, 0, 0, 0, 0, 0], False),
        (FREE, [1, 1, 0, 0, 1, 0], False),  # too short
        (FREE, [1, 1, 0, 0, 1, 0, 0, 0], False),  # too long
        (FULL, [1, 1, 0, 0, 0, 0, 0], True),
        (FULL, [1, 0, 0, 0, 0, 0, 0], False),  # not filled
        (FULL, [0, 0, 0, 0, 1, 0, 0], True),  # abstained from one, voted on the other
        (FULL, [1, 2, 2, 2, 0, 0, 0], True),  # all that is left to choose
        (FULL, [1, 0, 2, 2, 0, 0, 0], False),
        (FULL, [1, 1, 1, 0, 0, 0, 0], False),
        (FULL, [2, 2, 2, 2, 0, 0, 0], True),
    ],
)
def test_validity(layout: Layout, body: list[int], valid: bool) -> None:
    assert layout.is_valid(bytes([1, *body])) is valid


@pytest.mark.parametrize("payload", [b"", b"\x01", bytes([0, 1, 1, 0, 0, 1, 0, 0]), bytes([2, 1, 1, 0, 0, 1, 0, 0])])
def test_another_version_is_no_ballot(payload: bytes) -> None:
    assert FREE.is_valid(payload) is False


def test_places_follow_the_manifest() -> None:
    assert FREE.codes == ("11", "12", "13", "14", "21", "22", "23")
    assert [(s.key, s.first, s.last, s.seats, s.must_fill) for s in FREE.sections] == [
        ("c1-1", 0, 4, 2, False),
        ("c2-1", 4, 7, 1, False),
    ]
    assert FREE.encode(["12", "23"], ["11", "21"]) == bytes([1, 2, 1, 0, 0, 2, 0, 1])
    assert FREE.length == 8


def test_a_recusal_beats_a_choice() -> None:
    assert FREE.encode(["11"], ["11"]) == bytes([1, 2, 0, 0, 0, 0, 0, 0])


def test_a_candidate_of_another_vote_has_no_place() -> None:
    with pytest.raises(KeyError):
        FREE.encode(["31"], [])
