"""Text and dates as people paste and type them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

# Zero-width and direction marks, byte-order mark, soft hyphen: invisible, and they break search.
_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FIGURES = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()}  # ０-９, Ａ-Ｚ, ａ-ｚ
_DATE = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?")


def clean_text(text: str) -> str:
    """Text without invisible and control characters, with plain newlines, trimmed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _CONTROL.sub("", _INVISIBLE.sub("", text)).strip(" \t\n\u3000\xa0")


def plain_figures(text: str) -> str:
    """Clean text with full-width digits and Latin letters as their usual forms; Chinese punctuation stays."""
    return clean_text(text).translate(_FIGURES)


def parse_date(text: str) -> date:
    """A day typed as 2026-3-5, 2026.3.5, 2026/3/5 or 2026年3月5日, full-width digits included.

    Raises ValueError if it is none of these or no day of the calendar.
    """
    match = _DATE.fullmatch(unicodedata.normalize("NFKC", clean_text(text)))
    if match is None:
        raise ValueError(text)
    year, month, day = (int(part) for part in match.groups())
    return date(year, month, day)


def nested_quotes(text: str) -> str:
    """Quotation marks within quotation marks become single ones: a project's title often begins with a quotation.

    A text whose marks do not pair stays as it is.
    """
    depth, written = 0, []
    for letter in text:
        if letter == "“":
            depth += 1
            letter = "“‘"[depth % 2 == 0]
        elif letter == "”":
            letter = "”’"[depth % 2 == 0]
            depth -= 1
        if depth < 0:
            return text
        written.append(letter)
    return "".join(written) if depth == 0 else text
