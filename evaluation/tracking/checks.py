"""The nightly check (核对): one snapshot a project and finished day, and the light that it carries."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import Min

from common import days
from common.actors import Actor
from common.errors import ActionError
from evaluation.tracking import check_sql, liaison
from evaluation.tracking.models import CheckDay, ScheduleCheck
from projects.models import ProjectStateChange

# A project is still looked at for so many days after its season, or its own extended end, so that a closing shows.
AFTER_SEASON = timedelta(days=92)


def run(day: date, by: Actor | None = None) -> int:
    """Write the snapshots of a finished Shanghai day, carry the lights, open and update liaison cases.

    Returns the number of rows written; a second run writes none. Raises ActionError for today or a later day.
    """
    if day >= days.today():
        raise ActionError("只能核对已经结束的日期。", code="unfinished_day")
    by = by or Actor.system("check_schedules")
    with transaction.atomic():
        written = insert(day)
        _execute(check_sql.carry_sql(connection.vendor), {"day": day})
        liaison.follow(day=day, by=by)
        CheckDay.objects.get_or_create(day=day, defaults={"projects": ScheduleCheck.objects.filter(day=day).count()})
    return written


def run_until(last: date, by: Actor | None = None) -> int:
    """Run every day without a `CheckDay` up to `last`, oldest first, each in its own transaction."""
    done = set(CheckDay.objects.values_list("day", flat=True))
    first = ProjectStateChange.objects.aggregate(first=Min("on"))["first"] or last
    written, day = 0, first
    while day <= last:
        if day not in done:
            written += run(day, by)
        day += timedelta(days=1)
    return written


def insert(day: date) -> int:
    """The one pass: the snapshots of `day` that are not there yet; call inside a transaction."""
    for setting in check_sql.SETTINGS[connection.vendor]:
        _execute(setting, {})
    parameters: dict[str, date | int] = {
        "day": day,
        "since": day - AFTER_SEASON,
        "month": day.year * 12 + day.month - 1,
        "day_of_month": day.day,
    }
    return _execute(check_sql.insert_sql(connection.vendor), parameters)


def _execute(sql: str, parameters: dict[str, date | int]) -> int:
    """Run one statement; SQLite compares days as ISO text."""
    bound = {
        name: value.isoformat() if isinstance(value, date) and connection.vendor == "sqlite" else value
        for name, value in parameters.items()
    }
    used = {name: value for name, value in bound.items() if f"%({name})s" in sql}
    with connection.cursor() as cursor:
        cursor.execute(sql, used)
        return max(cursor.rowcount, 0)
