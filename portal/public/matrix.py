"""The matrix as a picture (一轴多驱): 书记项目 as the axis, the brands around it. Geometry only."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

# User units of the viewBox in components/matrix.html.
CENTRE_X, CENTRE_Y = 360, 330
RADIUS_X, RADIUS_Y = 268, 252
NODE_RADIUS = 74
LINE_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Node:
    """A brand with its place; `lines` is its name broken for the disc, each line with its y."""

    brand: Any
    url: str
    lines: tuple[tuple[str, float], ...]
    x: float
    y: float
    radius: float
    long: bool = False

    @property
    def field_y(self) -> float:
        return round(self.y + self.radius * 0.66, 1)


def nodes(brands: Iterable[Any], url_of: Callable[[Any], str]) -> list[Node]:
    """Brands (with `.label`) placed clockwise from the upper right, symmetric to the axis."""
    rows = list(brands)
    if not rows:
        return []
    room = math.pi * (RADIUS_X + RADIUS_Y) / len(rows)
    radius = round(min(NODE_RADIUS, room * 0.42), 1)
    return [_node(brand, url_of(brand), place, len(rows), radius) for place, brand in enumerate(rows)]


def _node(brand: Any, url: str, place: int, count: int, radius: float) -> Node:
    angle = -math.pi / 2 + math.pi / count + 2 * math.pi * place / count
    x = round(CENTRE_X + RADIUS_X * math.cos(angle), 1)
    y = round(CENTRE_Y + RADIUS_Y * math.sin(angle), 1)
    words = name_lines(brand.label)
    first = y - 4 - (len(words) - 1) * 15
    lines = tuple((word, round(first + 30 * row, 1)) for row, word in enumerate(words))
    return Node(brand, url, lines, x, y, radius, len(words) > 1 and max(map(len, words)) >= LINE_CHARACTERS)


def name_lines(name: str) -> list[str]:
    """Break a name where people would: at a dash, before a quotation or a number, then evenly."""
    parts = [p for p in re.split(r"[—–-]+|(?=“)|(?<=[^0-9A-Za-z])(?=[0-9A-Za-z])", name) if p]
    return [line for part in parts for line in _even(part)][:3]


def _even(part: str) -> list[str]:
    if len(part.strip("“”")) <= LINE_CHARACTERS:
        return [part]
    rows = -(-len(part) // LINE_CHARACTERS)
    each = -(-len(part) // rows)
    return [part[i : i + each] for i in range(0, len(part), each)]
