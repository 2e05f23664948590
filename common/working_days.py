"""Working days (工作日) by the loaded holiday tables; a year without one is refused, never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from common.errors import ActionError
from common.models import CalendarDay, CalendarYear

DAY = timedelta(days=1)
SATURDAY = 5
# Fewer working days than any year has: how many years a count may reach into.
FEWEST_A_YEAR = 200


class MissingCalendar(ActionError):
    """Working days of this year cannot be counted: its holiday table is not loaded."""

    def __init__(self, year: int) -> None:
        super().__init__(
            f"没有 {year} 年的节假日安排，无法计算工作日。请在“年度设置—节假日”录入国务院办公厅通知后再试。",
            code="missing_calendar",
        )
        self.year = year


class WorkingDays:
    """The tables of some years, read once by two queries; whoever counts many days asks this."""

    def __init__(self, years: Iterable[int]) -> None:
        wanted = list(years)
        self.known = set(CalendarYear.objects.filter(year__in=wanted).values_list("year", flat=True))
        self.kinds: dict[date, str] = dict(CalendarDay.objects.filter(year__in=wanted).values_list("day", "kind"))

    def __contains__(self, day: date) -> bool:
        """Whether `day` is worked. Raises MissingCalendar."""
        if day.year not in self.known:
            raise MissingCalendar(day.year)
        kind = self.kinds.get(day)
        return kind == CalendarDay.Kind.WORKDAY if kind else day.weekday() < SATURDAY


def is_working_day(day: date) -> bool:
    """Weekdays but holidays, and makeup workdays (调休上班). Raises MissingCalendar."""
    return day in WorkingDays([day.year])


def next_working_day(day: date) -> date:
    """The day itself if it is worked, else the next that is. Raises MissingCalendar."""
    table = WorkingDays([day.year, day.year + 1])
    while day not in table:
        day += DAY
    return day


def add_working_days(start: date, count: int, *, first_counts: bool = True) -> date:
    """The last of `count` (one or more) working days from `start`; a worked `start` is the first of them.

    So a notice (公示) of five working days that begins on a Monday ends on that Friday. Without `first_counts`
    the count begins on the day after. Raises MissingCalendar.
    """
    if count < 1:
        raise ValueError(count)
    table = WorkingDays(range(start.year, start.year + 2 + count // FEWEST_A_YEAR))
    day, left = start if first_counts else start + DAY, count
    while True:
        left -= day in table
        if not left:
            return day
        day += DAY


def working_days_between(first: date, last: date) -> int:
    """How many days are worked from `first` to `last`, both included. Raises MissingCalendar."""
    table = WorkingDays(range(first.year, last.year + 1))
    return sum(first + DAY * turn in table for turn in range((last - first).days + 1))


def known_years() -> set[int]:
    """The years whose table is loaded."""
    return set(CalendarYear.objects.values_list("year", flat=True))
