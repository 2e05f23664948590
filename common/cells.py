"""What people type or paste into a cell, as values; whatever cannot be read is refused with a proposal."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from common import days
from common.names import plain_key
from common.text import clean_text, parse_date

_AMOUNT = re.compile(
    r"(?P<near>近|约)?(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<scale>[万亿])?(?P<more>[余多])?(?P<unit>\D{0,10})"
)
_SCALES = {"万": Decimal(10_000), "亿": Decimal(100_000_000)}
_ERRORS = re.compile(r"#(REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!|NULL!|SPILL!)")
_POWER = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z./\-]*")
_DAY_WORDS = re.compile(
    r"(?:(\d{4})年)?(\d{1,2}|[一二三四五六七八九十]{1,2})月(?:份)?(上旬|中旬|下旬|初|中|底|末|前|底前|末前)?"
)
_YEAR_WORDS = re.compile(r"(?:(\d{4})年|本年|今年|全年)?(?:年)?(底前?|末前?|内|终|全年)")
_MONTH_ONLY = re.compile(r"(\d{4})[-./年](\d{1,2})月?")
_NUMERALS = {numeral: turn for turn, numeral in enumerate("一二三四五六七八九十", start=1)} | {"十一": 11, "十二": 12}
FIRST_SERIAL, LAST_SERIAL = 20_000, 80_000  # 1954 to 2119, counted from 1900 as Excel does
_SERIAL_ZERO = date(1899, 12, 30)
AS_TEXT = "请把这一列设为“文本”格式后重新填写完整的代码。"
_LOOKALIKES = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1"})


class CellProblem(ValueError):
    """What is wrong with a cell, and what could stand there instead; both Chinese and meant for the person."""

    def __init__(self, reason: str, proposal: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.proposal = proposal


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with what was said of it: 余 or 多 (and more), 近 (nearly); `unit` if one stood behind it."""

    value: Decimal
    qualifier: str = ""
    unit: str = ""


def half_width(text: str) -> str:
    """Clean text with full-width digits, letters and signs as their usual forms."""
    return unicodedata.normalize("NFKC", clean_text(text))


def text(value: Any, limit: int = 0) -> str:
    """What was typed, lines kept. Raises CellProblem for a formula's error, or beyond `limit` characters."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.date() if value.time() == datetime.min.time() else value
    if isinstance(value, float):
        value = format(Decimal(repr(value)), "f").removesuffix(".0")
    found = clean_text(str(value))
    if _ERRORS.fullmatch(found):
        raise CellProblem(f"单元格是公式的错误结果 {found}。", "请改成实际内容。")
    if found[:1] == "'" and found[1:2] in ("=", "+", "-", "@"):
        found = found[1:]  # how some programs mark a text that looks like a formula
    if limit and len(found) > limit:
        raise CellProblem(f"最多 {limit} 字，现在是 {len(found)} 字。", f"请删减 {len(found) - limit} 字。")
    return found


def line(value: Any, limit: int = 0) -> str:
    """A text on one line: a soft break inside a Chinese name is none."""
    found = re.sub(r"(?<=[^\x00-\x7f])\s*\n\s*|\s*\n\s*(?=[^\x00-\x7f])", "", text(value))
    return text(re.sub(r"[\s\u3000]+", " ", found), limit)


def code(value: Any, limit: int = 30) -> str:
    """A code as text, leading zeros kept. Raises CellProblem if Excel has made a number of it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        shown = f"{value:.3E}" if abs(value) >= 1e11 else text(value)
        raise CellProblem(f"代码在 Excel 里成了数字（{shown}），前面的 0 或后几位可能已经丢失。", AS_TEXT)
    typed = re.sub(r"\s", "", half_width(text(value)))
    if _POWER.fullmatch(typed):
        raise CellProblem(f"代码成了科学计数法（{typed}），原来的数字已经丢失。", AS_TEXT)
    if typed and not _CODE.fullmatch(typed):
        raise CellProblem(f"“{typed[:30]}”不是代码。", "代码只用数字、字母和短横线。")
    if len(typed) > limit:
        raise CellProblem(f"代码最多 {limit} 位，现在是 {len(typed)} 位。", "请核对后重新填写。")
    return typed


def day(value: Any, year: int | None = None) -> date | None:
    """A day: a date cell, a serial number (45000), 2026.3.5, 2026年3月5日, 20260305; None for an empty cell.

    What says no exact day (三月上旬、年底前、2026-02-30) is refused with the day that may be meant, in `year` if the
    text names none (this year by default).
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    typed = half_width(text(value)).replace(" ", "")
    if not typed:
        return None
    if re.fullmatch(r"\d{5}(\.\d+)?", typed) and FIRST_SERIAL <= float(typed) <= LAST_SERIAL:
        return _SERIAL_ZERO + timedelta(days=int(float(typed)))
    if re.fullmatch(r"(19|20)\d{6}", typed):
        typed = f"{typed[:4]}-{typed[4:6]}-{typed[6:]}"
    typed = re.sub(r"(?<=\d)[T]?0{1,2}:00(:00)?(\.0+)?$", "", typed)
    try:
        return parse_date(typed)
    except ValueError:
        raise CellProblem(f"“{text(value)[:20]}”不是一个确定的日期。", _day_proposal(typed, year)) from None


def percent(value: Any) -> int | None:
    """A share as 0.01 percentage point: “40%”, 40 and a percent cell's 0.4 are 4000; None for an empty cell.

    Raises CellProblem beyond 100 %, and for a bare 1, which may be 1 % or 100 %.
    """
    typed = half_width(text(value)).replace(" ", "")
    if not typed:
        return None
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)(%?)", typed)
    if match is None:
        mended = typed.translate(_LOOKALIKES)
        proposal = f"是不是 {mended}？" if re.fullmatch(r"\d+(\.\d+)?%?", mended) else "请写成 40% 这样。"
        raise CellProblem(f"“{typed[:20]}”不是百分比。", proposal)
    number, signed = Decimal(match[1]), bool(match[2])
    if not signed and number == 1:
        raise CellProblem("1 可能是 1%，也可能是 100%。", "请写明 1% 或 100%。")
    if not signed and 0 < number < 1:
        number *= 100
    if number < 0:
        raise CellProblem("百分比不能是负数。", f"是不是 {-number:f}%？")
    if number > 100:
        meant = (number / 100).normalize()
        raise CellProblem("百分比不能超过 100%。", f"是不是 {meant:f}%？" if meant <= 100 else "")
    points = number * 100
    if points != points.to_integral_value():
        raise CellProblem("百分比最多两位小数。", f"是不是 {number.quantize(Decimal('0.01')):f}%？")
    return int(points)


def choice(value: Any, choices: Sequence[tuple[str, str]], synonyms: Mapping[str, str] | None = None) -> str:
    """The key of the choice whose label, key or synonym was typed, "" for an empty cell; else what is near."""
    typed = line(value)
    if not typed:
        return ""
    known = {plain_key(label): key for key, label in choices} | {plain_key(key): key for key, _ in choices}
    known |= {plain_key(word): key for word, key in (synonyms or {}).items()}
    if (found := known.get(plain_key(typed))) is not None:
        return found
    labels = {plain_key(label): label for _, label in choices}
    near = get_close_matches(plain_key(typed), list(labels), n=2, cutoff=0.5)
    if near:
        proposal = f"是不是{'或'.join(f'“{labels[key]}”' for key in near)}？"
    else:
        proposal = f"可填：{'、'.join(label for _, label in choices)}。"
    raise CellProblem(f"没有“{typed[:20]}”这个选项。", proposal)


def amount(value: Any) -> Amount:
    """“100余” → 100 余, “近5000人次” → 近 5000 人次, “1,100”, “３２”, “32万元” → 32 万元.

    A scale stays with the unit (万元), because that is how it is printed; without a unit it multiplies. Raises
    CellProblem for anything that is not one non-negative number.
    """
    typed = half_width(text(value)).replace(" ", "")
    if not typed:
        raise CellProblem("请填写数量。")
    match = _AMOUNT.fullmatch(typed)
    if match is None or match["unit"][:1] in ("O", "o", "l", "I"):  # 5O is a mistyped 50
        raise CellProblem(f"“{text(value)[:20]}”不是数量。", _proposal(typed))
    number, unit, scale = Decimal(match["number"].replace(",", "")), match["unit"], match["scale"] or ""
    if match["near"] == "约":
        raise CellProblem("“约”说不清多少，", "请写成“近”“余”“多”或确数。")
    if match["near"] and match["more"]:
        raise CellProblem("“近”和“余”“多”不能同时用。")
    if scale and unit:
        unit = scale + unit
    elif scale:
        number *= _SCALES[scale]
    if number.as_tuple().exponent < -2 or number >= Decimal(10) ** 12:  # type: ignore[operator]
        raise CellProblem("数量最多两位小数，小于一万亿。")
    return Amount(number, "近" if match["near"] else match["more"] or "", unit)


def _proposal(typed: str) -> str:
    mended = typed.translate(_LOOKALIKES)
    if mended != typed and _AMOUNT.fullmatch(mended):
        return f"是不是 {mended}？"
    if typed.startswith("-"):
        return "数量不能是负数。"
    return "请写成 100、100余、近5000 这样。"


def _day_proposal(typed: str, year: int | None) -> str:
    """The day that a vague or impossible one may mean, as a question; else how to write one."""
    year = year or days.today().year
    if match := re.fullmatch(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?", typed):
        year, month = int(match[1]), int(match[2])
        if 1 <= month <= 12 and year > 0:
            last = calendar.monthrange(year, month)[1]
            return f"{year}年{month}月只有 {last} 天，是不是 {date(year, month, last)}？"
    elif match := _MONTH_ONLY.fullmatch(typed):
        if 1 <= int(match[2]) <= 12 and int(match[1]) > 0:
            return f"请写到日，例如 {_in_month(int(match[1]), int(match[2]), '底')}。"
    elif match := _YEAR_WORDS.fullmatch(typed):
        return f"是不是 {int(match[1] or year)}-12-31？"
    elif match := _DAY_WORDS.fullmatch(typed):
        month = _NUMERALS.get(match[2]) or int(match[2]) if match[2].isdecimal() or match[2] in _NUMERALS else 0
        if 1 <= month <= 12:
            return f"是不是 {_in_month(int(match[1] or year), month, match[3] or '底')}？"
    return "请按 2026-3-5 这样填写。"


def _in_month(year: int, month: int, part: str) -> date:
    last = calendar.monthrange(year, month)[1]
    return date(year, month, {"上": 10, "初": 10, "中": 20}.get(part[0], last))
