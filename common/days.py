"""Days of Asia/Shanghai, and the one clock that everything reads.

`settings.TODAY` (a day, or the path of a file that holds one) lets a rehearsal or a test walk through a year;
production refuses it (portal.checks).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
_pretended: ContextVar[date | None] = ContextVar("pretended_day", default=None)


@contextmanager
def pretend(day: date) -> Iterator[None]:
    """Let everything inside the block happen on `day`: how the sample year gets its past."""
    token = _pretended.set(day)
    try:
        yield
    finally:
        _pretended.reset(token)


def now() -> datetime:
    """The current moment, aware; on the rehearsal's day if one is set, at the real time of day."""
    moment = datetime.now(SHANGHAI)
    day = _rehearsal_day()
    return datetime.combine(day, moment.time(), SHANGHAI) if day else moment


def today() -> date:
    return _rehearsal_day() or datetime.now(SHANGHAI).date()


def day_of(moment: datetime) -> date:
    """The Shanghai day on which an aware moment lies."""
    return moment.astimezone(SHANGHAI).date()


def end_of(day: date) -> datetime:
    """The first moment after `day` in Shanghai."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


def month_start(day: date) -> date:
    return day.replace(day=1)


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or that month's last day where it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def months_between(first: date, last: date) -> list[date]:
    """First days of the months from the month of `first` to the month of `last`, both included."""
    months, month = [], month_start(first)
    while month <= last:
        months.append(month)
        month = add_months(month, 1)
    return months


def _rehearsal_day() -> date | None:
    if pretended := _pretended.get():
        return pretended
    text = settings.TODAY
    if not text:
        return None
    if "/" in text:
        text = Path(text).read_text(encoding="ascii")
    return date.fromisoformat(text.strip())
