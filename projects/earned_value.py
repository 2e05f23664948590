"""Earned value (序时进度) in plain Python: the reference that the set-based check must equal.

All values are integers of 0.01 percentage point. The rules are worked out by hand in docs/worked-example.md.

- planned value: each item weight · elapsed/total days, clamped to 0…weight, rounded half up, then summed; an item
  that starts and ends on one day is a step on that day;
- earned value: weight · percent of the latest confirmed report, each item rounded half up;
- status date: the last day of the latest month whose report is confirmed or overdue, where a report that waits for
  the department sets the month before it;
- light: decided by `light_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from common.days import add_months, month_end, month_start
from projects.models.projects import Light

FULL = 10000
# The steps of a report that count; drafts and hand-overs are the committee's own business.
DECISIVE = ("submitted", "returned", "confirmed")


@dataclass(frozen=True, slots=True)
class Rules:
    """The season's settings that decide a light."""

    report_due_day: int = 5
    yellow_from: int = 1000
    red_above: int = 3000
    returned_grace_days: int = 3
    step_on_due: bool = False
    overdue_red_days: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    milestone: int
    weight: int
    start: date
    due: date


@dataclass(frozen=True, slots=True)
class Version:
    """A frozen plan."""

    version: int
    effective_from: date
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A state change of a report: the state it came to, the day, whether the sending was in time."""

    to: str
    on: date
    in_time: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    month: date
    events: tuple[Event, ...]
    percents: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    starts_on: date
    ends_on: date
    rules: Rules
    states: tuple[tuple[date, str], ...]
    plans: tuple[Version, ...]
    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a project stands at the end of a day; the values are null where nothing is compared."""

    plan_version: int | None
    status_date: date | None
    planned_value: int | None
    earned_value: int | None
    light: str | None
    reason: str

    @property
    def schedule_variance(self) -> int | None:
        if self.planned_value is None or self.earned_value is None:
            return None
        return self.earned_value - self.planned_value


def due_day(month: date, rules: Rules) -> date:
    """The last day on which the report for `month` is in time."""
    return add_months(month_start(month), 1).replace(day=rules.report_due_day)


def item_planned(item: Item, day: date, step_on_due: bool = False) -> int:
    """What one item should have earned by the end of `day`."""
    if day >= item.due:
        return item.weight
    if step_on_due or day <= item.start:
        return 0
    total = (item.due - item.start).days
    elapsed = (day - item.start).days
    return (2 * item.weight * elapsed + total) // (2 * total)


def planned_value(items: Iterable[Item], day: date, step_on_due: bool = False) -> int:
    return sum(item_planned(item, day, step_on_due) for item in items)


def earned_value(items: Iterable[Item], percents: Mapping[int, int]) -> int:
    """Σ weight · percent, each rounded half up; a milestone without a report has earned nothing."""
    return sum((2 * item.weight * percents.get(item.milestone, 0) + 100) // 200 for item in items)


def spi(planned: int | None, earned: int | None) -> float | None:
    """Schedule performance index EV / PV with two decimals; null while nothing is planned."""
    return round(earned / planned, 2) if planned and earned is not None else None


def in_force(plans: Sequence[Version], day: date) -> Version | None:
    effective = [plan for plan in plans if plan.effective_from <= day]
    return max(effective, key=lambda plan: (plan.effective_from, plan.version), default=None)


def report_status(report: Report | None, day: date, rules: Rules) -> str:
    """`confirmed`, `waiting` or `missing`, as of the end of `day`."""
    counted = (e for e in reversed(report.events) if e.on <= day and e.to in DECISIVE) if report else iter(())
    event = next(counted, None)
    if event is None:
        return "missing"
    if event.to == "confirmed":
        return "confirmed"
    grace = timedelta(days=rules.returned_grace_days)
    waits = event.to == "submitted" or day <= event.on + grace
    return "waiting" if event.in_time and waits else "missing"


def status_month(facts: ProjectFacts, day: date) -> date | None:
    """The first day of the month at whose end plan and result are compared; null before the first is due."""
    first, last = month_start(facts.starts_on), month_start(facts.ends_on)
    reports = {report.month: report for report in facts.reports}
    month = last
    while month >= first:
        status = report_status(reports.get(month), day, facts.rules)
        overdue = due_day(month, facts.rules) < day
        if status == "confirmed" or (overdue and status != "waiting"):
            return month
        month = add_months(month, -1)
    return None


def standing(facts: ProjectFacts, day: date) -> Standing:
    """How the project stands at the end of `day`, from dated facts only."""
    plan = in_force(facts.plans, day)
    state = next((to for on, to in reversed(facts.states) if on <= day), "draft")
    if state == "suspended":
        return Standing(None, None, None, None, None, "suspended")
    if state in ("completed", "terminated", "withdrawn", "archived", "rejected"):
        return Standing(None, None, None, None, None, "closed")
    if state not in ("running", "closing") or day < facts.starts_on:
        return Standing(None, None, None, None, None, "not_started")
    if plan is None:
        return Standing(None, None, None, None, None, "no_plan")
    month = status_month(facts, day)
    status_date = month_end(month) if month else None
    percents = latest_confirmed(facts, day)
    planned = planned_value(plan.items, status_date, facts.rules.step_on_due) if status_date else 0
    earned = earned_value(plan.items, percents)
    missing = _missing_in_a_row(facts, month, day) if earned < FULL else 0
    late = [item.due for item in plan.items if percents.get(item.milestone, 0) < 100]
    overdue = (status_date - min(late)).days if status_date and late else 0
    light, reason = light_of(planned, earned, missing, overdue, facts.rules)
    return Standing(plan.version, status_date, planned, earned, light, reason)


def light_of(planned: int, earned: int, missing: int, overdue_days: int, rules: Rules) -> tuple[str, str]:
    """The light and its reason; `missing` counts the status month and the one before it."""
    behind = planned - earned
    if behind > rules.red_above:
        return Light.RED, "far_behind"
    if rules.overdue_red_days is not None and overdue_days >= rules.overdue_red_days:
        return Light.RED, "overdue"
    if behind >= rules.yellow_from:
        return Light.YELLOW, "behind"
    if missing >= 2:
        return Light.YELLOW, "missing_twice"
    if missing == 1:
        return Light.GREY, "missing"
    return Light.GREEN, "on_schedule"


def latest_confirmed(facts: ProjectFacts, day: date) -> Mapping[int, int]:
    """Each milestone's percent in the report of the latest month that was confirmed by `day`."""
    confirmed = [r for r in facts.reports if report_status(r, day, facts.rules) == "confirmed"]
    latest = max(confirmed, key=lambda r: r.month, default=None)
    return latest.percents if latest else {}


def _missing_in_a_row(facts: ProjectFacts, month: date | None, day: date) -> int:
    if month is None:
        return 0
    reports = {report.month: report for report in facts.reports}
    if report_status(reports.get(month), day, facts.rules) != "missing":
        return 0
    before = add_months(month, -1)
    if before < month_start(facts.starts_on):
        return 1
    return 2 if report_status(reports.get(before), day, facts.rules) == "missing" else 1
