"""The rows that a season's set-up is given, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from organizations.models import Organization
from projects.models import Track
from projects.models.seasons import FULL
from projects.plans import percent_words

# The text columns of a track, with how long each may be.
TRACK_COLUMNS = {"code": 20, "name": 40, "award_title": 60, "method": 60, "archive_code": 10}
CODE = re.compile(r"[A-Za-z0-9_-]+")
KINDS = {str(label): value for value, label in Organization.Kind.choices}
SECTORS = {str(label): value for value, label in Organization.Sector.choices}
# “学校（事业单位）” may be written “学校”, “园区/商圈（区域性）” also “园区” or “商圈”.
SHORT = {word: value for label, value in SECTORS.items() for word in re.split("[/（]", label) if "）" not in word}


@dataclass(frozen=True, slots=True)
class TrackInput:
    """A track: `kinds` are (kind, sector) of the organizations that it admits, the sector empty for any."""

    code: str
    name: str
    award_title: str
    method: str
    archive_code: str
    kinds: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class CriterionInput:
    """A criterion (评审标准) with its weight in 0.01 percentage point."""

    name: str
    weight: int
    hint: str = ""


def wrong_criteria(rows: Sequence[CriterionInput]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for turn, row in enumerate(rows):
        at = f"criteria.{turn}"
        if not row.name:
            errors[f"{at}.name"] = ["请填写评审标准。"]
        elif row.name in [other.name for other in rows[:turn]]:
            errors[f"{at}.name"] = ["这项标准写了两次。"]
        elif len(row.name) > 20:
            errors[f"{at}.name"] = ["最多 20 字。"]
        if not 0 < row.weight <= FULL:
            errors[f"{at}.weight"] = ["应大于 0，不超过 100，最多两位小数。"]
        if len(row.hint) > 200:
            errors[f"{at}.hint"] = ["最多 200 字。"]
    total = sum(row.weight for row in rows)
    if not rows:
        errors["criteria"] = ["请至少写一项评审标准。"]
    elif not errors and total != FULL:
        errors["criteria"] = [f"权重合计为 {percent_words(total)}，应当正好是 100。"]
    return errors


def wrong_track(row: TrackInput, others: Sequence[TrackInput]) -> dict[str, list[str]]:
    """What is wrong with a track, by column; `others` stand before it."""
    long = {column: limit for column, limit in TRACK_COLUMNS.items() if len(getattr(row, column)) > limit}
    errors = {column: [f"最多 {limit} 字。"] for column, limit in long.items()}
    words = {"name": "赛道名称", "award_title": "奖项", "method": "方式"}
    errors |= {column: [f"请填写{word}。"] for column, word in words.items() if not getattr(row, column)}
    if not CODE.fullmatch(row.code):
        errors["code"] = ["代码用英文字母和数字。"]
    elif row.code in [other.code for other in others]:
        errors["code"] = ["这个代码已用于另一个赛道。"]
    if row.archive_code and not (row.archive_code.isascii() and row.archive_code.isalnum()):
        errors["archive_code"] = ["档号代号用英文字母和数字。"]
    elif (row.archive_code or "code" not in errors) and _numbered_as(row) in map(_numbered_as, others):
        errors["archive_code"] = ["这个档号代号已用于另一个赛道。"]
    if any(k not in Organization.Kind.values or s not in ("", *Organization.Sector.values) for k, s in row.kinds):
        errors["kinds"] = ["没有这种党组织类型。"]
    return errors


def _numbered_as(row: TrackInput) -> str:
    """What stands for the track in its archive numbers."""
    return row.archive_code or row.code.upper()


def kind_lines(track: Track) -> list[str]:
    """What the track admits, a line a kind of organization: “党委：社区、街道”, or “党委” whatever its sector."""
    admitted = {(kind.kind, kind.sector) for kind in track.kinds.all()}
    lines = []
    for label, kind in KINDS.items():
        sectors = [word for word, sector in SECTORS.items() if (kind, sector) in admitted]
        if (kind, "") in admitted:
            lines.append(label)
        elif sectors:
            lines.append(f"{label}：{'、'.join(sectors)}")
    return lines


def kinds_of(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The kinds that lines of words name, and what is wrong with them."""
    found, wrong = [], []
    for line in text.replace("(", "（").replace(")", "）").splitlines():
        kind, *sectors = [word for word in re.split(r"[：:、，,；;\s]+", line) if word] or [""]
        if not kind:
            continue
        if kind not in KINDS:
            wrong.append(f"没有“{kind[:20]}”这种党组织，可写：{'、'.join(KINDS)}。")
            continue
        found += [(KINDS[kind], SECTORS.get(word) or SHORT.get(word, "")) for word in sectors or [""]]
        if unknown := [word for word in sectors if word not in SECTORS and word not in SHORT]:
            wrong.append(f"没有“{unknown[0][:20]}”这种领域类别，可写：{'、'.join(SECTORS)}。")
    return found, wrong
