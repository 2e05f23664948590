"""Codes that people type (Crockford's base 32): O reads as 0, I and L as 1, and the last character is a check.

The check is the number modulo 37, whose last five symbols nobody can type on a phone: codes are drawn until
theirs is an ordinary character.
"""

from __future__ import annotations

import re
import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ = {symbol: value for value, symbol in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
# Spaces, dashes and dots of any keyboard, and what copying brings along unseen.
_SEPARATORS = re.compile("[\\s\\-\u2010-\u2015\u2212_.\u00b7\u200b-\u200d\ufeff]+")
CHECK = 37
GROUP = 4


def encode(number: int, length: int) -> str:
    """`number` as `length` characters, the most significant first."""
    found = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        found.append(ALPHABET[digit])
    return "".join(reversed(found))


def draw(length: int) -> str:
    """A random code of `length` characters (5 bits each) and its check character."""
    while True:
        number = secrets.randbits(5 * length)
        if number % CHECK < len(ALPHABET):
            return encode(number, length) + ALPHABET[number % CHECK]


def bare(typed: str) -> str:
    """What was typed in capitals, without what only separates."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed)).upper()


def read(typed: str, length: int) -> str | None:
    """What was typed as the code was drawn, or None if it cannot be one of `length` characters and a check."""
    values = [_READ.get(symbol) for symbol in bare(typed)]
    if len(values) != length + 1 or None in values:
        return None
    number = 0
    for value in values[:-1]:
        number = number * 32 + (value or 0)
    return "".join(ALPHABET[value or 0] for value in values) if number % CHECK == values[-1] else None


def grouped(code: str) -> str:
    """The code in groups of four, as it is printed."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))
