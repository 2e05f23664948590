"""The set-based check equals the reference, project by project, on whichever database the suite runs on.

The projects are random but for their seed; a day that a rule turns on is more likely than the one next to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import days
from evaluation.tracking import checks
from evaluation.tracking.checks import AFTER_SEASON
from evaluation.tracking.models import ScheduleCheck
from projects import earned_value as ev
from projects.facts import facts_of
from projects.models import (
    Milestone,
    Plan,
    PlanItem,
    ProgressReport,
    Project,
    ProjectStateChange,
    ReportLine,
    ReportStateChange,
    Season,
)
from projects.states import PROJECT_STEPS, REPORT_STEPS
from tests.factories import FULL, make_season, make_track

PROJECTS = 240
MILESTONES = 5
BEGIN = date(2024, 1, 1)
CHECKED = [
    date(2024, 1, 31),
    date(2024, 2, 29),
    date(2024, 3, 6),
    date(2024, 6, 30),
    date(2024, 7, 9),
    date(2024, 10, 5),
    date(2024, 12, 31),
    date(2025, 1, 29),
    date(2025, 2, 6),
    date(2025, 3, 31),
]


def round_half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def exactly_planned(item: ev.Item, day: date, step_on_due: bool) -> int:
    """The rule in its own words: the elapsed part of the weight, from 0 to all of it."""
    if day >= item.due:
        return item.weight
    if step_on_due:
        return 0
    part = Fraction((day - item.start).days, (item.due - item.start).days or 1)
    return round_half_up(item.weight * min(max(part, Fraction(0)), Fraction(1)))


def exactly_earned(items: tuple[ev.Item, ...], percents: Mapping[int, int]) -> int:
    parts = (Fraction(item.weight * percents.get(item.milestone, 0), 100) for item in items)
    return sum(round_half_up(part) for part in parts)


@settings(deadline=None)
@given(
    weight=st.integers(1, FULL),
    start=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    length=st.integers(0, 800),
    offset=st.integers(-40, 840),
    step=st.booleans(),
    percent=st.integers(0, 100),
)
def test_one_item_rounds_half_up_between_0_and_its_weight(weight, start, length, offset, step, percent):
    item = ev.Item(1, weight, start, start + timedelta(days=length))
    day = start + timedelta(days=offset)
    planned = ev.item_planned(item, day, step)
    assert planned == exactly_planned(item, day, step)
    assert 0 <= planned <= ev.item_planned(item, day + timedelta(days=1), step) <= weight
    assert ev.earned_value([item], {1: percent}) == exactly_earned((item,), {1: percent})


@pytest.mark.parametrize("seed", [1, 2])
def test_the_check_equals_the_reference(district, cast, today, seed):
    build(Random(seed), district.street, cast.secretary.person)
    today("2025-06-01")
    subjects = {p.pk: (p.season, facts_of(p)) for p in Project.objects.select_related("season")}
    versions = {(p.project_id, p.version): p.pk for p in Plan.objects.all()}
    seen = set()
    for day in CHECKED:
        expected = {
            pk: row_of(facts, day, {v: plan for (project, v), plan in versions.items() if project == pk})
            for pk, (season, facts) in subjects.items()
            if season.starts_on <= day <= season.ends_on + AFTER_SEASON and any(on <= day for on, _ in facts.states)
        }
        assert checks.run(day) == len(expected)
        found = {check.project_id: values_of(check) for check in ScheduleCheck.objects.filter(day=day)}
        assert found == expected
        for pk, (plan, status_date, planned, earned, *_) in found.items():
            if plan is not None:
                facts = subjects[pk][1]
                assert (planned, earned) == exactly(facts, day, status_date)
        seen |= {row[-1] for row in expected.values()}
    assert seen == set(ScheduleCheck.Reason.values)


def row_of(facts: ev.ProjectFacts, day: date, plans: Mapping[int, int]) -> tuple[Any, ...]:
    s = ev.standing(facts, day)
    plan = plans[s.plan_version] if s.plan_version else None
    values = (s.planned_value, s.earned_value, s.schedule_variance)
    return plan, s.status_date, *values, s.light and str(s.light), s.reason


def values_of(check: ScheduleCheck) -> tuple[Any, ...]:
    values = (check.planned_value, check.earned_value, check.schedule_variance)
    return check.plan_id, check.status_date, *values, check.light, check.reason


def exactly(facts: ev.ProjectFacts, day: date, status_date: date | None) -> tuple[int, int]:
    """Planned and earned value by fractions, from the plan and the confirmed reports as of `day`."""
    items = max((p for p in facts.plans if p.effective_from <= day), key=lambda p: p.effective_from).items
    step = facts.rules.step_on_due
    planned = sum(exactly_planned(item, status_date, step) for item in items) if status_date else 0
    reports = [r for r in facts.reports if any(e.to == "confirmed" and e.on <= day for e in r.events)]
    latest = max(reports, key=lambda r: r.month, default=None)
    return planned, exactly_earned(items, latest.percents if latest else {})


# --- random projects ---


def build(random: Random, organization: Any, person: Any) -> None:
    tracks = [make_track(random_season(random)) for _ in range(8)]
    chosen = [random.choice(tracks) for _ in range(PROJECTS)]
    projects = [
        Project(
            season=track.season,
            track=track,
            title="示例项目",
            lead_organization=organization,
            lead_secretary=person,
            starts_on=starts_on,
            ends_on=max(starts_on, random_day(random, BEGIN + timedelta(days=90), track.season.ends_on)),
        )
        for track in chosen
        for starts_on in [random_day(random, track.season.starts_on, date(2024, 6, 30))]
    ]
    Project.objects.bulk_create(projects)
    ProjectStateChange.objects.bulk_create(c for p in projects for c in random_states(random, p))
    Milestone.objects.bulk_create(Milestone(project=p, position=n) for p in projects for n in range(MILESTONES))
    milestones: dict[int, list[Milestone]] = {}
    for milestone in Milestone.objects.order_by("id"):
        milestones.setdefault(milestone.project_id, []).append(milestone)
    Plan.objects.bulk_create(plan for p in projects for plan in random_plans(random, p))
    plans = Plan.objects.select_related("project").order_by("id")
    PlanItem.objects.bulk_create(i for p in plans for i in random_items(random, p, milestones[p.project_id]))
    for project in projects:
        build_reports(random, project, milestones[project.pk])


def random_day(random: Random, first: date, last: date) -> date:
    """Often a month's first, last or due day."""
    day = first + timedelta(days=random.randint(0, max((last - first).days, 0)))
    edges = [day, day, days.month_start(day), days.month_end(day), day.replace(day=5), day.replace(day=6)]
    return min(max(random.choice(edges), first), max(first, last))


def random_season(random: Random) -> Season:
    red = random.choice([3000, 1000, random.randint(1, FULL)])
    return make_season(
        random.choice([BEGIN, date(2023, 12, 1), date(2024, 2, 29)]),
        random.choice([11, 12, 13]),
        report_due_day=random.choice([5, 5, 1, 28, random.randint(1, 28)]),
        red_above=red,
        yellow_from=random.choice([min(1000, red), red, random.randint(1, red)]),
        returned_grace_days=random.choice([3, 0, random.randint(1, 40)]),
        step_on_due=random.random() < 0.25,
        overdue_red_days=random.choice([None, None, 15, random.randint(1, 60)]),
    )


def random_states(random: Random, project: Project) -> Iterator[ProjectStateChange]:
    """Most projects run from about their first day; some stop, pause or end."""
    was, on = "draft", project.starts_on - timedelta(days=random.choice([0, 0, 10, -5]))
    for to in ("submitted", "in_review", "approved", "running"):
        if random.random() < 0.03:
            return
        yield ProjectStateChange(project=project, from_state=was, to_state=to, at=days.now(), on=on)
        was = to
    while random.random() < 0.3 and (steps := sorted(PROJECT_STEPS[was])):
        on += timedelta(days=random.randint(0, 150))
        to = random.choice(steps)
        yield ProjectStateChange(project=project, from_state=was, to_state=to, at=days.now(), on=on)
        was = to


def random_plans(random: Random, project: Project) -> Iterator[Plan]:
    """Up to three versions, some of them drafts; a later version may be effective earlier."""
    first, last = project.starts_on - timedelta(days=5), project.starts_on + timedelta(days=240)
    effective = {random_day(random, first, last) for _ in range(random.choice([0, 1, 2]))}
    if random.random() < 0.9:
        effective.add(project.starts_on)
    for version, on in enumerate(random.sample(sorted(effective), len(effective)), start=1):
        frozen = random.random() < 0.9
        yield Plan(
            project=project,
            version=version,
            effective_from=on,
            frozen_on=on if frozen else None,
            weight_total=FULL if frozen else 0,
        )


def random_items(random: Random, plan: Plan, milestones: list[Milestone]) -> Iterator[PlanItem]:
    chosen = random.sample(milestones, random.randint(1, MILESTONES))
    cuts = [0, *sorted(random.sample(range(1, FULL), len(chosen) - 1)), FULL]
    for milestone, low, high in zip(chosen, cuts, cuts[1:], strict=False):
        start = random_day(random, plan.project.starts_on, plan.project.ends_on)
        due = start if random.random() < 0.2 else random_day(random, start, plan.project.ends_on)
        yield PlanItem(plan=plan, milestone=milestone, weight=high - low, start=start, due=due)


def build_reports(random: Random, project: Project, milestones: list[Milestone]) -> None:
    reports: list[ProgressReport] = []
    changes: list[ReportStateChange] = []
    lines: list[ReportLine] = []
    diligence = random.choice([0.2, 0.7, 0.95])
    for month in days.months_between(project.starts_on, project.ends_on):
        if random.random() > diligence:
            continue
        report = ProgressReport(project=project, month=month)
        changes += random_steps(random, report, project.season.report_due_day)
        progress = (days.month_end(month) - project.starts_on).days / 3
        for milestone in random.sample(milestones, random.randint(3, MILESTONES)):
            percent = random.choice([0, 100, 100, round(progress), random.randint(0, 100)])
            lines.append(ReportLine(report=report, milestone=milestone, percent=min(percent, 100)))
        reports.append(report)
    ProgressReport.objects.bulk_create(reports)
    ReportStateChange.objects.bulk_create(changes)
    ReportLine.objects.bulk_create(lines)


def random_steps(random: Random, report: ProgressReport, due: int) -> Iterator[ReportStateChange]:
    """A walk through the report's states, from about its due day, in time or not."""
    on = days.add_months(report.month, 1).replace(day=due) + timedelta(days=random.choice([-20, -1, 0, 1, 5]))
    in_time = random.random() < 0.8
    while (steps := sorted(REPORT_STEPS[report.state])) and random.random() < 0.9:
        was, report.state = report.state, random.choice(steps)
        yield ReportStateChange(
            report=report, from_state=was, to_state=report.state, at=days.now(), on=on, in_time=in_time
        )
        if report.state == "confirmed":
            report.confirmed_on = on
        on += timedelta(days=random.choice([0, 1, 3, 4, random.randint(0, 60)]))
