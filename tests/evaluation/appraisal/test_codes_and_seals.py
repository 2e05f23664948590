"""Codes that people type, and the seal of a ballot: what reads, what opens, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.appraisal import crockford, sealing

MANIFEST, OTHER = "a" * 64, "b" * 64
PAYLOAD = b"\x01" + bytes((0, 1, 2)) * 10


def test_every_drawn_code_reads_as_it_was_drawn() -> None:
    for _ in range(500):
        code = crockford.draw(12)
        assert len(code) == 13
        assert set(code) <= set(crockford.ALPHABET)
        assert crockford.read(code, 12) == code
        assert crockford.read(crockford.grouped(code), 12) == code
        assert crockford.read(code.lower(), 12) == code


def test_codes_differ() -> None:
    assert len({crockford.draw(12) for _ in range(2000)}) == 2000


@given(st.integers(0, 32**12 - 1).filter(lambda n: n % 37 < 32))
def test_any_number_reads_back(number: int) -> None:
    code = crockford.encode(number, 12) + crockford.ALPHABET[number % 37]
    assert crockford.read(code, 12) == code


def code_of(number: int) -> str:
    """A code of twelve characters whose check can be typed."""
    while number % 37 >= 32:
        number += 1
    return crockford.encode(number, 12) + crockford.ALPHABET[number % 37]


# 0 and 1 at every place where they may stand, so that each look-alike is tried.
CODE = code_of(int("010101011010"[::-1], 2) * 32 + 1)


@pytest.mark.parametrize(
    "typed",
    [
        CODE.replace("0", "O"),
        CODE.replace("0", "o"),
        CODE.replace("1", "I"),
        CODE.replace("1", "l"),
        CODE.replace("1", "i").replace("0", "O"),
        "-".join((CODE[:4], CODE[4:8], CODE[8:12], CODE[12:])),
        f"  {CODE[:6]} {CODE[6:]}\n",
        f"{CODE[:4]}—{CODE[4:8]}－{CODE[8:]}",
        f"{CODE[:4]}−{CODE[4:8]}·{CODE[8:]}",
        f"\ufeff{CODE[:4]}\u200b{CODE[4:]}",
        "".join(chr(ord(c) + 0xFEE0) for c in CODE),
    ],
)
def test_it_reads_however_it_is_typed(typed: str) -> None:
    assert crockford.read(typed, 12) == CODE


@pytest.mark.parametrize("typed", ["", CODE[:-1], CODE + "0", "U" + CODE[1:], CODE[:-1] + "*", "中" * 13, "é" * 13])
def test_what_cannot_be_a_code_does_not_read(typed: str) -> None:
    assert crockford.read(typed, 12) is None


@given(st.integers(0, 12), st.sampled_from(crockford.ALPHABET))
def test_one_wrong_character_never_reads(at: int, symbol: str) -> None:
    wrong = CODE[:at] + symbol + CODE[at + 1 :]
    assert crockford.read(wrong, 12) == (CODE if wrong == CODE else None)


def test_two_swapped_neighbours_never_read() -> None:
    code = code_of(0x123456789ABCDE)
    for at in range(11):
        swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        assert crockford.read(swapped, 12) == (code if swapped == code else None)


# --- the seal ---


@pytest.fixture(scope="module")
def pair() -> tuple[bytes, bytes]:
    return sealing.new_key_pair()


def seal(pair: tuple[bytes, bytes], payload: bytes = PAYLOAD) -> bytes:
    return sealing.seal(payload, public_key=pair[1], manifest_sha256=MANIFEST, category="expert")


def test_what_was_sealed_opens(pair: tuple[bytes, bytes]) -> None:
    assert sealing.BallotBox(pair[0], MANIFEST).open(seal(pair), "expert") == PAYLOAD


def test_two_seals_of_one_ballot_differ_and_are_one_length(pair: tuple[bytes, bytes]) -> None:
    sealed = [seal(pair, b"\x01" + bytes([n % 3] * 30)) for n in range(50)]
    assert len(set(sealed)) == 50
    assert {len(each) for each in sealed} == {len(PAYLOAD) + 48}
    assert len({seal(pair) for _ in range(20)}) == 20


def test_another_category_manifest_or_key_does_not_open(pair: tuple[bytes, bytes]) -> None:
    sealed = seal(pair)
    for box, category in (
        (sealing.BallotBox(pair[0], MANIFEST), "member"),
        (sealing.BallotBox(pair[0], OTHER), "expert"),
        (sealing.BallotBox(sealing.new_key_pair()[0], MANIFEST), "expert"),
    ):
        with pytest.raises(sealing.Unopenable):
            box.open(sealed, category)


def test_no_single_changed_bit_opens(pair: tuple[bytes, bytes]) -> None:
    """All of them, also the one that X25519 does not read: a ballot has one text, so one tracking number."""
    box, sealed = sealing.BallotBox(pair[0], MANIFEST), seal(pair)
    opened = []
    for bit in range(len(sealed) * 8):
        wrong = bytearray(sealed)
        wrong[bit // 8] ^= 1 << bit % 8
        try:
            box.open(bytes(wrong), "expert")
            opened.append(bit)
        except sealing.Unopenable:
            pass
    assert opened == []


@pytest.mark.parametrize("sealed", [b"", b"x", bytes(31), bytes(32), bytes(47), bytes(48), bytes(79)])
def test_rubbish_is_unopenable(pair: tuple[bytes, bytes], sealed: bytes) -> None:
    with pytest.raises(sealing.Unopenable):
        sealing.BallotBox(pair[0], MANIFEST).open(sealed, "expert")


def test_the_tracking_number_is_over_manifest_category_and_ballot(pair: tuple[bytes, bytes]) -> None:
    sealed = seal(pair)
    codes = {
        sealing.tracking_code(manifest_sha256=manifest, category=category, sealed=each)
        for manifest in (MANIFEST, OTHER)
        for category in ("expert", "member")
        for each in (sealed, seal(pair))
    }
    assert len(codes) == 8
    assert {len(code) for code in codes} == {16}
