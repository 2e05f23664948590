"""The published facts that the project carries with it (`brands/data/facts.yaml`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FACTS = Path(__file__).resolve().parent / "data" / "facts.yaml"


@cache
def facts() -> dict[str, Any]:
    """The whole file: `source`, `brands`, `projects`, `programme`."""
    read: dict[str, Any] = yaml.safe_load(FACTS.read_text(encoding="utf-8"))
    return read


def programme() -> dict[str, Any]:
    """The frame of the scheme (一轴多驱): steps, energies, levels, platforms, as published."""
    frame: dict[str, Any] = facts()["programme"]
    return frame


def published_source() -> str:
    """What the facts were published in: “…专题报道（约2021年）”."""
    source: dict[str, str] = facts()["source"]
    return f"{source['title']}（{source['published_text']}）"


def named_projects() -> list[dict[str, Any]]:
    """The projects that the publication names, with their figures and features."""
    projects: list[dict[str, Any]] = facts()["projects"]
    return projects
