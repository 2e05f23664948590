"""The fields of an application (申报书): how each is typed, what it means, what is wrong with it.

The draft keeps every field as text, as it was typed. `read` turns it into values and names each field that is
missing or wrong; rows of a table are named `milestones.0.weight`. Fields after domain practice: 背景与难题, 目标,
措施, 预期成效, 项目组, 完成时限, 里程碑.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from brands.models import Field, Tier
from common import cells
from common.text import clean_text, parse_date
from projects.models import Season
from projects.models.seasons import FULL
from projects.plans import ItemInput, percent_words

TITLE_LIMIT = 120
TEXT_LIMIT = 2000
ROW_LIMIT = 30
RAW_LIMIT = 20000  # characters of one field of a draft
TEXTS = {
    "problem": "背景与难题",
    "goal": "目标",
    "measures": "措施",
    "expected_effect": "预期成效",
}
SINGLE = {"title": "项目名称", "track": "赛道", "field": "领域", "tier": "梯队建议", "starts_on": "开始日期"}
SINGLE |= {"ends_on": "完成时限", **TEXTS}
ROWS: dict[str, tuple[str, dict[str, str]]] = {
    "figures": ("预期成效指标", {"name": "指标", "amount": "数量", "unit": "单位"}),
    "team": ("项目组", {"name": "姓名", "post": "单位及职务", "duty": "分工"}),
    "milestones": ("里程碑", {"title": "里程碑", "weight": "权重", "start": "开始", "due": "完成时限"}),
}
# In the order of the form and of every printed application.
LABELS = {
    **{name: SINGLE[name] for name in ("title", "track", "field", "tier")},
    **TEXTS,
    "figures": "预期成效指标",
    "team": "项目组",
    "starts_on": "开始日期",
    "ends_on": "完成时限",
    "milestones": "里程碑与权重",
    "brands": "关联品牌",
    "study_record": "集体研究记录",
}
Content = dict[str, Any]


@dataclass(slots=True)
class Figure:
    """A promised figure: value and qualifier stay together."""

    name: str
    value: Decimal
    qualifier: str
    unit: str


@dataclass(slots=True)
class Parsed:
    """What could be read of a draft; `errors` names the rest by field."""

    texts: dict[str, str] = field(default_factory=dict)
    starts_on: date | None = None
    ends_on: date | None = None
    figures: list[Figure] = field(default_factory=list)
    team: list[dict[str, str]] = field(default_factory=list)
    milestones: list[ItemInput] = field(default_factory=list)
    brands: list[str] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)

    def wrong(self, name: str, message: str) -> None:
        self.errors.setdefault(name, []).append(message)


def tidy(given: Mapping[str, Any], kept: Content | None = None) -> Content:
    """The known fields of `given` over `kept`, every value as clean text, empty rows left out.

    Any other shape than text, rows of text, or a list of brand codes becomes empty: a draft never fails to save.
    """
    content = dict(kept or {})
    for name in SINGLE:
        if name in given:
            content[name] = _text(given[name])
    for name, (_, columns) in ROWS.items():
        if name in given:
            rows = given[name] if isinstance(given[name], list) else []
            content[name] = list(_rows(rows, columns))[:ROW_LIMIT]
    if "brands" in given:
        codes = given["brands"] if isinstance(given["brands"], list) else []
        content["brands"] = sorted({_text(code) for code in codes} - {""})
    return content


def read(content: Content, season: Season) -> Parsed:
    """The draft's values, and what keeps it from being sent."""
    parsed = Parsed(brands=list(content.get("brands", [])))
    _read_texts(parsed, content)
    parsed.starts_on = _day(parsed, "starts_on", content.get("starts_on", ""))
    parsed.ends_on = _day(parsed, "ends_on", content.get("ends_on", ""))
    _check_window(parsed, season)
    _read_figures(parsed, content)
    _read_team(parsed, content)
    _read_milestones(parsed, content)
    return parsed


def _text(value: Any) -> str:
    return clean_text(value)[:RAW_LIMIT] if isinstance(value, str) else ""


def _rows(rows: Iterable[Any], columns: Mapping[str, str]) -> Iterable[dict[str, str]]:
    for row in rows:
        if isinstance(row, Mapping):
            tidy_row = {name: _text(row.get(name, "")) for name in columns}
            if any(tidy_row.values()):
                yield tidy_row


def _read_texts(parsed: Parsed, content: Content) -> None:
    for name in ("title", *TEXTS):
        text, limit = content.get(name, ""), TITLE_LIMIT if name == "title" else TEXT_LIMIT
        if not text:
            parsed.wrong(name, f"请填写{LABELS[name]}。")
        elif len(text) > limit:
            parsed.wrong(name, f"最多 {limit} 字，现在是 {len(text)} 字。")
        parsed.texts[name] = text
    parsed.texts["title"] = " ".join(parsed.texts["title"].split())  # one line, as every ledger prints it
    for name, known in (("field", Field.values), ("tier", Tier.values)):
        value = content.get(name, "")
        if value and value not in known:
            parsed.wrong(name, f"没有这个{LABELS[name]}选项。")
        parsed.texts[name] = value


def _day(parsed: Parsed, name: str, text: str, label: str = "") -> date | None:
    if not text:
        parsed.wrong(name, f"请填写{label or LABELS[name]}。")
        return None
    try:
        return parse_date(text)
    except ValueError:
        parsed.wrong(name, f"“{text[:20]}”不是日期，请按 2026-3-5 这样填写。")
        return None


def _check_window(parsed: Parsed, season: Season) -> None:
    start, end = parsed.starts_on, parsed.ends_on
    if start and not season.starts_on <= start <= season.ends_on:
        parsed.wrong("starts_on", f"应在本年度（{season.starts_on}至{season.ends_on}）之内。")
    if end and end > season.ends_on:
        parsed.wrong("ends_on", f"不能晚于本年度结束（{season.ends_on}）。")
    if start and end and end < start:
        parsed.wrong("ends_on", "完成时限不能早于开始日期。")


def _read_figures(parsed: Parsed, content: Content) -> None:
    for number, row in enumerate(content.get("figures", [])):
        key = f"figures.{number}"
        for name, label in (("name", "指标名称"), ("unit", "单位，例如 人次、户、家")):
            limit = 80 if name == "name" else 10
            if not row[name]:
                parsed.wrong(f"{key}.{name}", f"请填写{label}。")
            elif len(row[name]) > limit:
                parsed.wrong(f"{key}.{name}", f"最多 {limit} 字。")
        try:
            amount = cells.amount(row["amount"])
        except cells.CellProblem as problem:
            parsed.wrong(f"{key}.amount", f"{problem.reason}{problem.proposal}")
            continue
        unit = row["unit"] or amount.unit
        parsed.figures.append(Figure(row["name"], amount.value, amount.qualifier, unit))


def _read_team(parsed: Parsed, content: Content) -> None:
    for number, row in enumerate(content.get("team", [])):
        limits = {"name": 50, "post": 80, "duty": 120}
        if not row["name"]:
            parsed.wrong(f"team.{number}.name", "请填写姓名。")
        for name, limit in limits.items():
            if len(row[name]) > limit:
                parsed.wrong(f"team.{number}.{name}", f"最多 {limit} 字。")
        parsed.team.append(row)


def _read_milestones(parsed: Parsed, content: Content) -> None:
    rows = content.get("milestones", [])
    if not rows:
        parsed.wrong("milestones", "请至少填写一个里程碑。")
        return
    total = 0
    for number, row in enumerate(rows):
        key = f"milestones.{number}"
        if not row["title"]:
            parsed.wrong(f"{key}.title", "请填写里程碑名称。")
        elif len(row["title"]) > TITLE_LIMIT:
            parsed.wrong(f"{key}.title", f"最多 {TITLE_LIMIT} 字。")
        weight = weight_of(row["weight"])
        if weight is None:
            parsed.wrong(f"{key}.weight", "权重应大于 0，不超过 100，最多两位小数。")
        start = _day(parsed, f"{key}.start", row["start"], "开始日期")
        due = _day(parsed, f"{key}.due", row["due"], "完成时限")
        _check_milestone(parsed, key, start, due)
        total += weight or 0
        if start and due:
            parsed.milestones.append(ItemInput(title=row["title"], weight=weight or 0, start=start, due=due))
    if total != FULL:
        parsed.wrong("milestones", f"权重合计为 {percent_words(total)}，应当正好是 100。")


def _check_milestone(parsed: Parsed, key: str, start: date | None, due: date | None) -> None:
    if start and due and due < start:
        parsed.wrong(f"{key}.due", "完成时限早于开始日期。")
    if start and parsed.starts_on and start < parsed.starts_on:
        parsed.wrong(f"{key}.start", f"早于项目开始日期 {parsed.starts_on}。")
    if due and parsed.ends_on and due > parsed.ends_on:
        parsed.wrong(f"{key}.due", f"晚于项目完成时限 {parsed.ends_on}。")


def weight_of(text: str) -> int | None:
    """A weight typed in percentage points as an integer of 0.01 point; None if it is none."""
    try:
        hundredths = Decimal(cells.half_width(text).rstrip("%").strip()) * 100
    except InvalidOperation:
        return None
    if not hundredths.is_finite() or hundredths != hundredths.to_integral_value() or not 0 < hundredths <= FULL:
        return None
    return int(hundredths)
