"""Loading a year's holidays and makeup workdays (节假日与调休) as the State Council's notice lists them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import chinese_calendar
from django.db import transaction

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Forbidden
from common.models import CalendarDay, CalendarYear
from common.text import clean_text

Kind = CalendarDay.Kind
NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}
PREFILL_SOURCE = "国务院办公厅关于{year}年部分节假日安排的通知（内置数据，请核对）"
SOURCE_LIMIT, NAME_LIMIT, SPAN_LIMIT = 120, 20, 31
# A day or a span of days: “1月1日至3日”, “2026.10.1-10.7”, “10月10日”; its first day names the month.
_SPAN = re.compile(
    r"(?<!\d)(?:(?P<y1>\d{4})[-./年])?(?P<m1>\d{1,2})[-./月](?P<d1>\d{1,2})日?(?![\d月])"
    r"(?:[-—–~至到]+(?:(?:(?P<y2>\d{4})[-./年])?(?P<m2>\d{1,2})[-./月])?(?P<d2>\d{1,2})日?(?![\d月]))?"
)
_ASIDE = re.compile(r"\([^()\d]*\)|\s")  # “（周四）”, “（农历除夕、周一）”
_NOT_A_NAME = re.compile(
    r"^[一二三四五六七八九十\d]+[、.]|放假|调休|补休|上班|补班|休息|共\d+天|与周末连休|[、,。;:()]"
)
MayLoad = Callable[[Any], bool]
_rules: list[MayLoad] = []


@dataclass(frozen=True, slots=True)
class DayInput:
    """A day that is not what its weekday says; `kind` is one of `CalendarDay.Kind`."""

    day: date
    kind: str
    name: str = ""


def register_rule(rule: MayLoad) -> None:
    """Say who may load a year; nobody may until a higher floor says so."""
    _rules.append(rule)


def may_load(user: Any) -> bool:
    return any(rule(user) for rule in _rules)


@transaction.atomic
def load_year(*, year: int, rows: Sequence[DayInput], source: str, by: Actor) -> CalendarYear:
    """Set the year's table, whole; the same again is nothing.

    Raises Forbidden, or ActionError under `source` and `lines`, one message for each wrong row.
    """
    if by.user is not None and not may_load(by.user):
        raise Forbidden("节假日由区委组织部或系统管理员录入。")
    source = " ".join(clean_text(source).split())
    errors = {"source": _wrong_source(source), "lines": _wrong_rows(year, rows)}
    if any(errors.values()):
        raise ActionError(
            "节假日安排有误，请按提示修改。", fields={name: wrong for name, wrong in errors.items() if wrong}
        )
    found, created = CalendarYear.objects.select_for_update().get_or_create(
        year=year, defaults={"source": source, "loaded_at": days.now(), "loaded_by": by.user}
    )
    before = {} if created else _facts(found.source, rows_of(found))
    after = _facts(source, sorted(rows, key=lambda row: row.day))
    if before == after:
        return found
    found.source, found.loaded_at, found.loaded_by = source, days.now(), by.user
    found.save(update_fields=["source", "loaded_at", "loaded_by"])
    found.days.all().delete()
    CalendarDay.objects.bulk_create(CalendarDay(year=found, day=r.day, kind=r.kind, name=r.name) for r in rows)
    audit.record(by=by, action="common.calendar.loaded", obj=found, before=before, after=after)
    return found


def rows_of(year: CalendarYear) -> list[DayInput]:
    """The year's days in their order."""
    return [DayInput(row.day, row.kind, row.name) for row in year.days.all()]


def proposed_days(year: int) -> list[DayInput]:
    """What the installed calendar library knows of the year; empty if it does not know it."""
    known = chinese_calendar.constants
    tables = ((Kind.HOLIDAY, known.holidays), (Kind.WORKDAY, known.workdays))
    rows = [
        DayInput(day, kind, NAMES.get(str(name), ""))
        for kind, table in tables
        for day, name in table.items()
        if day.year == year
    ]
    return sorted(rows, key=lambda row: row.day)


def parse_days(year: int, text: str) -> list[DayInput]:
    """Lines such as “1月1日至3日 元旦 放假”, “2026-10-10 调休上班”, “2026.10.1-10.7 国庆节”.

    The notice’s own sentences are read too: “元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。”
    Raises ActionError under `lines`, with a message for each line that cannot be read.
    """
    found: list[DayInput] = []
    wrong: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        typed = clean_text(line)
        if not typed:
            continue
        try:
            found += _read_line(year, _ASIDE.sub("", unicodedata.normalize("NFKC", typed)))
        except ValueError:
            wrong.append(f"第 {number} 行“{typed[:30]}”无法识别，请写成“10月1日至7日 国庆节”或“10月10日 调休上班”。")
    if wrong:
        raise ActionError("节假日安排中有无法识别的行。", fields={"lines": wrong})
    return found


def lines_of(rows: Sequence[DayInput]) -> str:
    """The rows as lines that `parse_days` reads, days in a row together."""
    return "\n".join(
        " ".join(filter(None, (span_words(run), run[0].name, Kind(run[0].kind).label))) for run in runs_of(rows)
    )


def runs_of(rows: Sequence[DayInput]) -> list[list[DayInput]]:
    """The rows, those of one holiday that follow each other together; a makeup workday stands alone."""
    runs = [[row] for row in rows[:1]]
    for row, following in pairwise(rows):
        same = (row.kind, row.name, following.day - row.day) == (following.kind, following.name, timedelta(days=1))
        if same and row.kind == Kind.HOLIDAY:
            runs[-1].append(following)
        else:
            runs.append([following])
    return runs


def span_words(run: Sequence[DayInput]) -> str:
    """“10月1日至7日”, “1月28日至2月4日”, “10月10日”."""
    first, last = run[0].day, run[-1].day
    if first == last:
        return _words(first)
    return f"{_words(first)}至" + (_words(last) if last.month > first.month else f"{last.day}日")


def _words(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _facts(source: str, rows: Sequence[DayInput]) -> dict[str, Any]:
    return {"source": source, "days": [f"{row.day} {row.kind} {row.name}".strip() for row in rows]}


def _read_line(year: int, line: str) -> Iterator[DayInput]:
    """The days of a line without blanks and asides; words follow their days, a name may stand first."""
    spans = list(_SPAN.finditer(line))
    if not spans or re.search(r"\d+[月日]", _SPAN.sub("", line)):
        raise ValueError(line)
    heading = _NOT_A_NAME.sub("", line[: spans[0].start()])
    waiting: list[re.Match[str]] = []
    for span, following in pairwise([*spans, None]):
        assert span is not None
        waiting.append(span)
        words = line[span.end() : following.start() if following else len(line)]
        if following and not words.strip("、,和及"):
            continue  # “2月14日、2月28日上班”: the words come after the last of them
        kind, name = _kind_and_name(words, heading)
        for each in waiting:
            yield from (DayInput(day, kind, name) for day in _days_of(each, year))
        waiting = []


def _kind_and_name(words: str, heading: str) -> tuple[str, str]:
    """What the words after a day say of it. Raises ValueError if they say nothing, both, or a number (“放假7天”)."""
    name = _NOT_A_NAME.sub("", words) or heading
    works, rests = bool(re.search("上班|补班", words)), bool(re.search("放假|补休|休息", words))
    if (works == rests and (works or not name)) or re.search(r"\d", name):
        raise ValueError(words)
    return (Kind.WORKDAY if works else Kind.HOLIDAY), name


def _days_of(span: re.Match[str], year: int) -> list[date]:
    first = date(int(span["y1"] or year), int(span["m1"]), int(span["d1"]))
    last = first
    if span["d2"]:
        last = date(int(span["y2"] or first.year), int(span["m2"] or first.month), int(span["d2"]))
    if not 0 <= (last - first).days < SPAN_LIMIT:
        raise ValueError(span[0])
    return [first + timedelta(days=turn) for turn in range((last - first).days + 1)]


def _wrong_source(source: str) -> list[str]:
    if not source:
        return ["请写明依据，例如国务院办公厅通知的名称和文号。"]
    return [f"依据最多 {SOURCE_LIMIT} 字。"] if len(source) > SOURCE_LIMIT else []


def _wrong_rows(year: int, rows: Sequence[DayInput]) -> list[str]:
    """A message for each row that cannot stand in the year's table; a weekend day off is fine."""
    wrong, seen = ([] if rows else ["请至少写一个节假日。"]), set()
    for row in rows:
        if row.day.year != year:
            wrong.append(f"{row.day} 不在 {year} 年。")
        elif row.day in seen:
            wrong.append(f"{_words(row.day)}写了两次。")
        elif row.kind == Kind.WORKDAY and row.day.weekday() < 5:
            wrong.append(f"{_words(row.day)}本来就是工作日，不用写调休上班。")
        elif row.kind not in Kind.values:
            wrong.append(f"{_words(row.day)}没有写明放假还是上班。")
        elif len(row.name) > NAME_LIMIT:
            wrong.append(f"{_words(row.day)}的节日名称最多 {NAME_LIMIT} 字。")
        seen.add(row.day)
    return wrong
