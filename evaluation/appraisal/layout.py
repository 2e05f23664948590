"""What a ballot looks like inside (票面): a version byte, then one byte a candidate in the manifest's order.

0 not chosen, 1 chosen, 2 recused (回避). All ballots of a campaign are one length by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

VERSION = 1
EMPTY, CHOSEN, RECUSED = 0, 1, 2
_KNOWN = bytes((EMPTY, CHOSEN, RECUSED))


def section_title(award: str, name: str) -> str:
    """How people read one class of a contest: “优秀书记项目（社会组织）”, or the award alone without classes."""
    return f"{award}（{name}）" if name else award


@dataclass(frozen=True, slots=True)
class Section:
    """The candidates of one class of one contest: places `first` to `last` (exclusive) of the ballot's body."""

    contest: str
    number: int
    seats: int
    must_fill: bool
    first: int
    last: int

    @property
    def key(self) -> str:
        """How forms and the API name it: `street-1`."""
        return f"{self.contest}-{self.number}"


@dataclass(frozen=True)
class Layout:
    """The order of candidates on the ballots of one manifest."""

    sections: tuple[Section, ...]
    codes: tuple[str, ...]

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Layout:
        sections: list[Section] = []
        codes: list[str] = []
        for contest in manifest["contests"]:
            for each in contest["classes"]:
                first = len(codes)
                codes += [candidate["code"] for candidate in each["candidates"]]
                sections.append(
                    Section(contest["code"], each["number"], each["seats"], contest["must_fill"], first, len(codes))
                )
        return cls(tuple(sections), tuple(codes))

    @cached_property
    def place(self) -> dict[str, int]:
        return {code: at for at, code in enumerate(self.codes)}

    @property
    def length(self) -> int:
        return 1 + len(self.codes)

    def codes_of(self, section: Section) -> tuple[str, ...]:
        return self.codes[section.first : section.last]

    def encode(self, chosen: Iterable[str], recused: Iterable[str]) -> bytes:
        """The payload of a ballot. Raises KeyError for a candidate of another campaign."""
        body = bytearray(len(self.codes))
        for code in chosen:
            body[self.place[code]] = CHOSEN
        for code in recused:
            body[self.place[code]] = RECUSED
        return bytes((VERSION,)) + bytes(body)

    def spoiled(self) -> bytes:
        """The payload of a paper ballot that cannot be read (废票): as long as any other, and never valid."""
        return bytes(self.length)

    def is_valid(self, payload: bytes) -> bool:
        """Whether a payload is a valid ballot (有效票): too many in one class makes all of it invalid."""
        if len(payload) != self.length or payload[0] != VERSION:
            return False
        body = payload[1:]
        return not body.translate(None, _KNOWN) and all(self._fits(section, body) for section in self.sections)

    def _fits(self, section: Section, body: bytes) -> bool:
        chosen = body.count(CHOSEN, section.first, section.last)
        if not section.must_fill or not chosen:
            return chosen <= section.seats
        return chosen == min(section.seats, self.open_places(section, body))

    def open_places(self, section: Section, body: bytes) -> int:
        return section.last - section.first - body.count(RECUSED, section.first, section.last)
