"""What spreadsheets and Word documents share: which characters their XML admits, and how wide a text is in print."""

from __future__ import annotations

import re
import unicodedata

# Who made a file, in its properties; never the account of the machine that did.
PRODUCER = "红色矩阵"
# Lone surrogates and most control characters are no characters of XML 1.0: Word and Excel call such a file damaged.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def legal_text(text: str) -> str:
    """The text without what XML does not admit; everything else, spaces and line ends too, stays as typed."""
    return _ILLEGAL.sub("", text)


def printed_width(text: str) -> float:
    """How many Chinese characters wide the text is in print: a Latin letter or digit takes half a one."""
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WFA" else 0.5 for letter in text)
