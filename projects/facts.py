"""Reading a project's dated facts for `earned_value`, and the points of its plan curve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from common import days
from projects import earned_value as ev
from projects.models import Plan, Project, Season


def rules_of(season: Season) -> ev.Rules:
    return ev.Rules(
        report_due_day=season.report_due_day,
        yellow_from=season.yellow_from,
        red_above=season.red_above,
        returned_grace_days=season.returned_grace_days,
        step_on_due=season.step_on_due,
        overdue_red_days=season.overdue_red_days,
    )


def version_of(plan: Plan) -> ev.Version:
    items = tuple(ev.Item(i.milestone_id, i.weight, i.start, i.due) for i in plan.items.all())
    return ev.Version(plan.version, plan.effective_from, items)


def facts_of(project: Project) -> ev.ProjectFacts:
    """All that decides the project's lights, in six queries."""
    plans = project.plans.exclude(frozen_on=None).prefetch_related("items")
    reports = project.reports.prefetch_related("state_changes", "lines")
    return ev.ProjectFacts(
        starts_on=project.starts_on,
        ends_on=project.ends_on,
        rules=rules_of(project.season),
        states=tuple(project.state_changes.order_by("id").values_list("on", "to_state")),
        plans=tuple(version_of(plan) for plan in plans),
        reports=tuple(
            ev.Report(
                month=report.month,
                events=tuple(ev.Event(c.to_state, c.on, c.in_time) for c in report.state_changes.all()),
                percents={line.milestone_id: line.percent for line in report.lines.all()},
            )
            for report in reports
        ),
    )


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A day and a value in 0.01 percentage point."""

    day: date
    value: int


@dataclass(frozen=True, slots=True)
class Curve:
    planned: list[CurvePoint]
    earned: list[CurvePoint]


def curve_of(facts: ev.ProjectFacts, preview: tuple[date, dict[int, int]] | None = None) -> Curve:
    """Planned value at each month's end, and earned value at the end of each confirmed month.

    `preview` adds a report that is not confirmed yet: its month and percents.
    """
    plan = ev.in_force(facts.plans, days.today()) or (facts.plans[0] if facts.plans else None)
    if plan is None:
        return Curve([], [])
    months = days.months_between(facts.starts_on, facts.ends_on)
    ends = [min(days.month_end(month), facts.ends_on) for month in months]
    planned = [CurvePoint(facts.starts_on, 0)]
    planned += [CurvePoint(day, ev.planned_value(plan.items, day, facts.rules.step_on_due)) for day in ends]
    confirmed = {
        r.month: dict(r.percents)
        for r in facts.reports
        if ev.report_status(r, days.today(), facts.rules) == "confirmed"
    }
    if preview:
        confirmed[preview[0]] = preview[1]
    earned = [CurvePoint(facts.starts_on, 0)]
    for month, day in zip(months, ends, strict=True):
        if month in confirmed:
            earned.append(CurvePoint(day, ev.earned_value(plan.items, confirmed[month])))
    return Curve(planned, earned)
