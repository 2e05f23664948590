"""What changed from one version of an application to another, marked within the text (两稿对照)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from projects.application_pages import Section

# A sentence ends with its mark; below it, a Chinese character or a run of letters and digits is one piece.
_SENTENCES = re.compile(r"[^。；！？\n]*[。；！？\n]?")
_PIECES = re.compile(r"[A-Za-z0-9.]+|\s+|.", re.S)
# Sentences that share less than this are a new sentence, not a corrected one.
ALIKE = 0.5
# Texts made of the same few characters take a search that grows with the third power of their length.
SEARCH_LIMIT = 250 * 250
SAME, GONE, NEW = "same", "gone", "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text: the same in both, gone from the old one, or new in the new one."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A field in both versions."""

    name: str
    label: str
    old: list[Piece]
    new: list[Piece]

    @property
    def is_changed(self) -> bool:
        return any(piece.kind != SAME for piece in (*self.old, *self.new))


def compare(old: Sequence[Section], new: Sequence[Section]) -> list[Change]:
    """Every field of two versions (the same fields in the same order), with the differences marked."""
    return [
        Change(before.name, before.label, *differences("\n".join(before.lines), "\n".join(after.lines)))
        for before, after in zip(old, new, strict=True)
    ]


def differences(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces: whole sentences first, then the words of a sentence that was corrected."""
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, before, after in _steps(_SENTENCES.findall(old), _SENTENCES.findall(new)):
        if tag != "replace":
            _put(left, SAME if tag == "equal" else GONE, "".join(before))
            _put(right, SAME if tag == "equal" else NEW, "".join(after))
        elif len(before) == len(after):
            for one, other in zip(before, after, strict=True):
                _correct(one, other, left, right)
        else:
            _correct("".join(before), "".join(after), left, right)
    return left, right


def _correct(before: str, after: str, left: list[Piece], right: list[Piece]) -> None:
    steps = list(_steps(_PIECES.findall(before), _PIECES.findall(after)))
    same = sum(len("".join(text)) for tag, text, _ in steps if tag == "equal")
    if 2 * same < ALIKE * (len(before) + len(after)):
        steps = [("replace", [before], [after])]
    for tag, gone, come in steps:
        _put(left, SAME if tag == "equal" else GONE, "".join(gone))
        _put(right, SAME if tag == "equal" else NEW, "".join(come))


def _steps(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Stretches that are equal or not; beyond the limit only what is equal at both ends is found."""
    head, tail = 0, 0
    if len(old) * len(new) > SEARCH_LIMIT:
        head = _shared(old, new)
        tail = _shared(old[head:][::-1], new[head:][::-1])
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    if head:
        yield "equal", old[:head], new[:head]
    if len(before) * len(after) > SEARCH_LIMIT:
        yield "replace", before, after
    else:
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            yield tag, before[i1:i2], after[j1:j2]
    if tail:
        yield "equal", old[len(old) - tail :], new[len(new) - tail :]


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """How many items both begin with."""
    return next((turn for turn, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _put(pieces: list[Piece], kind: str, text: str) -> None:
    if text and pieces and pieces[-1].kind == kind:
        pieces[-1] = Piece(kind, pieces[-1].text + text)
    elif text:
        pieces.append(Piece(kind, text))
