"""Names that mean the same though they are written differently, and the known names that a typed one is like."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from difflib import SequenceMatcher

from common.text import clean_text

_NOISE = re.compile(r"[\s\"'“”‘’「」『』《》〈〉<>·・•,，、.。:：;；_\-—–~～]+")
_TOGETHER = (
    # the full style of an organ → the usual one
    (re.compile(r"^(中国共产党|中共)"), ""),
    (re.compile(r"党\(工\)委"), "党工委"),
    (re.compile(r"(党的?)?工作委员会$"), "党工委"),
    (re.compile(r"党?总支部?(委员会)?$"), "党总支"),
    (re.compile(r"联合党?支部(委员会)?$"), "联合党支部"),
    (re.compile(r"(?<!联合党)(?<!联合)党?支部(委员会)?$"), "党支部"),
    (re.compile(r"(党组)(成员)?会?$"), "党组"),
    (re.compile(r"(?<!党工)(党委会|党的委员会|党委员会|委员会)$"), "党委"),
    (re.compile(r"(?<=[省市区县])党委$"), "委"),
)
_TAIL = re.compile(r"\([^()]*\)$")
_PLACE = re.compile("[省市区县]")


def plain_key(text: str) -> str:
    """The text for comparison: width, case, spaces, quotes and signs make no difference."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", clean_text(text)).casefold())


def person_words(text: str) -> str:
    """A person's name as it is kept: a Chinese one without the spaces that make two characters as wide as three."""
    name = re.sub(r"\s+", " ", clean_text(text))
    return name if name.isascii() else name.replace(" ", "")


def name_key(text: str) -> str:
    """An organization's name for comparison: “中共某街道工作委员会” and “某街道党（工）委” are one.

    A bracket at the end (a note) stays behind the name.
    """
    key = plain_key(text)
    tail = match[0] if (match := _TAIL.search(key)) else ""
    stem = key.removesuffix(tail) if tail else key
    for pattern, usual in _TOGETHER:
        stem = pattern.sub(usual, stem)
    return stem + tail


class NameIndex:
    """Known names with the keys of what bears them. A name may be borne by several."""

    def __init__(self) -> None:
        self._by_key: dict[str, list[str]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._pairs: dict[str, set[str]] = defaultdict(set)
        self._places: set[str] = set()

    def add(self, name: str, identity: str, *, label: str = "", place: bool = False) -> None:
        """Know `name`; a `place` (某区委) may stand, by its district, before any other name."""
        key = name_key(name)
        if not key or identity in self._by_key[key]:
            return
        self._by_key[key].append(identity)
        self._names.setdefault(identity, label or name)
        for pair in _pairs(key):
            self._pairs[pair].add(key)
        if place:
            self._places.add(_TAIL.sub("", key).removesuffix("党委").removesuffix("委"))

    def label(self, identity: str) -> str:
        return self._names.get(identity, identity)

    def find(self, name: str) -> list[str]:
        """Who bears the name, also with the district's own name before it; several, one or none."""
        key = name_key(name)
        if key in self._by_key:
            return list(self._by_key[key])
        for match in _PLACE.finditer(key):
            rest = key[match.end() :]
            if rest in self._by_key and any(key[: match.end()].endswith(place) for place in self._places if place):
                return list(self._by_key[rest])
        return []

    def similar(self, name: str, limit: int = 6) -> list[tuple[str, str]]:
        """The known names that are most like it, as (identity, label), best first."""
        key = name_key(name)
        shared = Counter(known for pair in _pairs(key) for known in self._pairs.get(pair, ()))
        matcher = SequenceMatcher(b=key, autojunk=False)
        scored = []
        for known, _ in shared.most_common(40):
            matcher.set_seq1(known)
            scored.append((matcher.ratio(), known))
        found: list[tuple[str, str]] = []
        for ratio, known in sorted(scored, key=lambda pair: (-pair[0], pair[1])):
            if ratio >= 0.4:
                found += [(identity, self.label(identity)) for identity in self._by_key[known]]
        return list(dict.fromkeys(found))[:limit]


def _pairs(key: str) -> set[str]:
    return {key[turn : turn + 2] for turn in range(len(key) - 1)} or {key}
