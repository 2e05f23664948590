"""Working days, against a plain loop over the days and against the cases that everybody knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import calendar, working_days
from common.actors import Actor

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LOADED = (2022, 2025, 2026)
SYSTEM = Actor.system("test")
days_of_two_years = st.dates(date(2025, 1, 1), date(2026, 12, 31))
same_tables = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def tables() -> None:
    for year in LOADED:
        calendar.load_year(year=year, rows=calendar.proposed_days(year), source="国务院办公厅通知", by=SYSTEM)


def worked(day: date) -> bool:
    """What the library says, by the rows themselves."""
    kinds = {row.day: row.kind for year in LOADED for row in calendar.proposed_days(year)}
    return kinds.get(day, "workday" if day.weekday() < 5 else "holiday") == "workday"


def in_a_row(first: date, stop: Callable[[list[date]], bool]) -> date:
    """The day on which `stop` first holds of the working days met so far."""
    met: list[date] = []
    day = first
    while True:
        met += [day] if worked(day) else []
        if stop(met):
            return day
        day += DAY


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 10, 10), True),  # a makeup workday, a Saturday
        (date(2026, 9, 20), True),  # a makeup workday, a Sunday
        (date(2026, 10, 1), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 11), False),
        (date(2026, 10, 12), True),
    ],
)
def test_national_day_of_2026(tables, day, expected):
    assert working_days.is_working_day(day) is expected


@pytest.mark.parametrize(
    ("start", "count", "first_counts", "expected"),
    [
        (date(2022, 10, 31), 5, True, date(2022, 11, 4)),  # Monday to Friday
        (date(2022, 10, 31), 5, False, date(2022, 11, 7)),
        (date(2022, 5, 7), 5, True, date(2022, 5, 12)),  # 7 May 2022 is a makeup workday, the 8th is not worked
        (date(2026, 9, 28), 5, True, date(2026, 10, 9)),  # over National Day
        (date(2026, 9, 28), 6, True, date(2026, 10, 10)),
        (date(2026, 10, 1), 1, True, date(2026, 10, 8)),  # a start on a holiday is no working day
        (date(2026, 10, 1), 1, False, date(2026, 10, 8)),
        (date(2026, 10, 9), 1, True, date(2026, 10, 9)),
        (date(2026, 10, 9), 1, False, date(2026, 10, 10)),
        (date(2025, 12, 29), 4, True, date(2026, 1, 4)),  # New Year to the 3rd, then a makeup workday
    ],
)
def test_known_periods(tables, start, count, first_counts, expected):
    assert working_days.add_working_days(start, count, first_counts=first_counts) == expected


@same_tables
@given(start=st.dates(date(2025, 1, 1), date(2026, 8, 1)), count=st.integers(1, 60), first_counts=st.booleans())
def test_adding_is_a_loop_over_days(tables, start, count, first_counts):
    expected = in_a_row(start if first_counts else start + DAY, lambda met: len(met) == count)
    assert working_days.add_working_days(start, count, first_counts=first_counts) == expected


@same_tables
@given(day=st.dates(date(2025, 1, 1), date(2026, 12, 20)))
def test_the_next_working_day_is_a_loop_over_days(tables, day):
    assert working_days.next_working_day(day) == in_a_row(day, bool)


@same_tables
@given(first=days_of_two_years, last=days_of_two_years)
def test_between_is_a_loop_over_days(tables, first, last):
    expected = sum(worked(first + DAY * turn) for turn in range((last - first).days + 1))
    assert working_days.working_days_between(first, last) == expected


def test_a_long_count_reaches_over_years(tables):
    last = working_days.add_working_days(date(2025, 1, 1), 400)
    assert (last.year, working_days.working_days_between(date(2025, 1, 1), last)) == (2026, 400)


@pytest.mark.parametrize(
    "count_days",
    [
        lambda: working_days.is_working_day(date(2027, 1, 4)),
        lambda: working_days.next_working_day(date(2027, 1, 1)),
        lambda: working_days.next_working_day(date(2026, 12, 31) + DAY),
        lambda: working_days.add_working_days(date(2026, 12, 29), 5),
        lambda: working_days.add_working_days(date(2026, 12, 31), 1, first_counts=False),
        lambda: working_days.working_days_between(date(2026, 12, 1), date(2027, 1, 1)),
    ],
)
def test_a_year_without_a_table_is_refused(tables, count_days):
    with pytest.raises(working_days.MissingCalendar) as refused:
        count_days()
    message = "没有 2027 年的节假日安排，无法计算工作日。请在“年度设置—节假日”录入国务院办公厅通知后再试。"
    assert (refused.value.message, refused.value.code, refused.value.year) == (message, "missing_calendar", 2027)


def test_the_end_of_the_last_known_year_needs_no_other(tables):
    assert working_days.add_working_days(date(2026, 12, 25), 5) == date(2026, 12, 31)
    assert working_days.next_working_day(date(2026, 12, 31)) == date(2026, 12, 31)


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_of_none_is_a_mistake(tables, count):
    with pytest.raises(ValueError, match=str(count)):
        working_days.add_working_days(date(2026, 1, 5), count)


def test_the_years_that_are_known(tables):
    assert working_days.known_years() == set(LOADED)


@pytest.mark.parametrize("count", [1, 60])
def test_queries_do_not_grow_with_the_days(tables, assert_queries, count):
    with assert_queries(2):
        working_days.add_working_days(date(2026, 1, 5), count)
    with assert_queries(2):
        working_days.working_days_between(date(2026, 1, 1), date(2026, 1, count // 2 + 1))
    with assert_queries(2):
        working_days.next_working_day(date(2026, 10, 1))
