"""Every row of docs/worked-example.md, for the reference and for the nightly check's snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings

from common import days
from evaluation.tracking import checks
from evaluation.tracking.models import ScheduleCheck
from projects import earned_value as ev
from projects.facts import curve_of, facts_of
from projects.models import ProgressReport, Project, ProjectStateChange, ReportStateChange
from tests import factories
from tests.factories import make_plan, make_project, make_report, make_season, make_track

NONE = "—"
SECTIONS = {
    name: section
    for name, _, section in (
        part.partition("\n")
        for part in (django_settings.BASE_DIR / "docs/worked-example.md").read_text("utf-8").split("\n## ")
    )
}


def rows_of(section: str, first_column: str) -> dict[str, list[str]]:
    """The cells after the first of each row of the table that begins with `first_column`, by the first."""
    table = SECTIONS[section].split(f"\n| {first_column} |")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    return {cells[0].strip(): cells[1:] for cells in rows}


def points(cell: str) -> int | None:
    return None if cell == NONE else round(float(cell) * 100)


def day_or_none(cell: str) -> date | None:
    return None if cell == NONE else date.fromisoformat(cell)


CURVE = rows_of("One project, one year", "month's end")
ITEMS = rows_of("One item at its boundaries", "item")
CASES = rows_of("Days, reports and lights at their boundaries", "case")

JAN, FEB, MAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
SEP, NOV, DEC = date(2026, 9, 1), date(2026, 11, 1), date(2026, 12, 1)
PLAN = [
    ("建阵地", 6000, JAN, date(2026, 6, 30)),
    ("见成效", 4000, date(2026, 7, 1), date(2026, 12, 31)),
]


@pytest.fixture
def begin(district: Any, cast: Any) -> Callable[..., Project]:
    """`begin(plan, starts_on=…, season={…})`: the document's project, or another one."""

    def project(plan: Any = PLAN, season: Mapping[str, Any] | None = None, **fields: Any) -> Project:
        year = fields.pop("year", 2026)
        track = make_track(make_season(date(year, 1, 1), **(season or {})))
        return make_project(district.street, cast.secretary, track=track, milestones=plan, **fields)

    return project


def two_items(weight: int, due: date = date(2026, 1, 31)) -> list[factories.Item]:
    """建阵地 of this weight, due on 31 January; the rest of the year for 见成效."""
    return [
        ("建阵地", weight, JAN, due),
        ("见成效", 10000 - weight, FEB, date(2026, 12, 31)),
    ]


def confirmed(project: Project, month: date, percents: list[int], on: date) -> Project:
    make_report(project, month, percents, submitted_on=on, decided_on=on)
    return project


def january(project: Project) -> Project:
    return confirmed(project, JAN, [35, 0], date(2026, 2, 3))


def sent(project: Project, month: date, on: date, *, in_time: bool = True) -> Project:
    make_report(project, month, [40, 0], state="submitted", submitted_on=on, in_time=in_time)
    return project


def step(project: Project, month: date, to: str, moment: datetime, *, in_time: bool = True) -> Project:
    """The report moves at this moment; its day is the one in Shanghai."""
    on = days.day_of(moment)
    report = ProgressReport.objects.get(project=project, month=month)
    ReportStateChange.objects.create(
        report=report, from_state=report.state, to_state=to, at=moment, on=on, by=None, in_time=in_time
    )
    report.state, report.confirmed_on = to, on if to == "confirmed" else None
    report.save()
    return project


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=days.SHANGHAI)


def confirmed_at(project: Project, moment: datetime) -> Project:
    """January 35 %; February 40 %, sent in time and confirmed at this moment."""
    return step(sent(january(project), FEB, date(2026, 2, 28)), FEB, "confirmed", moment)


def returned(project: Project) -> Project:
    return step(sent(january(project), FEB, date(2026, 3, 5)), FEB, "returned", noon(2026, 3, 6))


def replanned(project: Project) -> Project:
    plan = [("建阵地", 10000, JAN, date(2026, 3, 31))]
    confirmed(january(project), FEB, [40, 0], date(2026, 3, 4))
    make_plan(project, plan, effective_from=date(2026, 3, 10))
    return project


def moved(project: Project, to: str) -> Project:
    moment = noon(2026, 2, 10)
    ProjectStateChange.objects.create(
        project=project, from_state="running", to_state=to, at=moment, on=days.day_of(moment), by=None
    )
    return january(project)


def running_early(project: Project) -> Project:
    """Running and planned since New Year, whatever its first day."""
    project.state_changes.update(on=JAN)
    project.plans.update(effective_from=JAN)
    return project


def november(project: Project, second: int = 80) -> Project:
    return confirmed(project, NOV, [100, second], date(2026, 12, 3))


def overdue(begin: Callable[..., Project], due: date) -> Project:
    project = begin(two_items(999, due), season={"overdue_red_days": 15})
    return confirmed(project, FEB, [0, 0], date(2026, 3, 3))


MIDNIGHT = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)  # 4 March, 00:00 in Shanghai
LAST_MINUTE = datetime(2026, 3, 3, 15, 59, tzinfo=UTC)  # 3 March, 23:59 in Shanghai
Begin = Callable[..., Project]
SCENARIOS: dict[str, Callable[[Begin], Project]] = {
    "nothing due yet": lambda begin: begin(),
    "March by hand": lambda begin: confirmed(begin(), MAR, [45, 0], date(2026, 4, 3)),
    "September by hand": lambda begin: confirmed(begin(), SEP, [100, 40], date(2026, 10, 3)),
    "9.99 behind": lambda begin: confirmed(begin(two_items(999)), JAN, [0, 0], date(2026, 2, 3)),
    "exactly 10 behind": lambda begin: confirmed(begin(), JAN, [0, 0], date(2026, 2, 3)),
    "exactly 30 behind": lambda begin: confirmed(begin(two_items(3000)), JAN, [0, 0], date(2026, 2, 3)),
    "30.01 behind": lambda begin: confirmed(begin(two_items(3001)), JAN, [0, 0], date(2026, 2, 3)),
    "an earned half rounds up": lambda begin: confirmed(begin(two_items(3333)), JAN, [50, 0], date(2026, 2, 3)),
    "on the due day": lambda begin: january(begin()),
    "missing once": lambda begin: january(begin()),
    "missing twice": lambda begin: january(begin()),
    "00:00, the day before": lambda begin: confirmed_at(begin(), MIDNIGHT),
    "00:00, that day": lambda begin: confirmed_at(begin(), MIDNIGHT),
    "23:59, that day": lambda begin: confirmed_at(begin(), LAST_MINUTE),
    "23:59, the day before": lambda begin: confirmed_at(begin(), LAST_MINUTE),
    "waits for the department": lambda begin: sent(january(begin()), FEB, date(2026, 3, 5)),
    "two months wait": lambda begin: sent(sent(january(begin()), FEB, date(2026, 3, 5)), MAR, date(2026, 4, 3)),
    "one waits, the next is missing": lambda begin: sent(january(begin()), FEB, date(2026, 3, 5)),
    "sent too late": lambda begin: sent(january(begin()), FEB, date(2026, 3, 6), in_time=False),
    "too late, then confirmed": lambda begin: step(
        sent(january(begin()), FEB, date(2026, 3, 6), in_time=False),
        FEB,
        "confirmed",
        noon(2026, 3, 20),
        in_time=False,
    ),
    "returned, last day of grace": lambda begin: returned(begin()),
    "returned, grace over": lambda begin: returned(begin()),
    "returned, sent again in grace": lambda begin: step(returned(begin()), FEB, "submitted", noon(2026, 3, 9)),
    "the day before a new plan": lambda begin: replanned(begin()),
    "the new plan's first day": lambda begin: replanned(begin()),
    "31 December": lambda begin: november(begin()),
    "December's due day": lambda begin: november(begin()),
    "after December's due day": lambda begin: november(begin()),
    "no month after the last": lambda begin: november(begin()),
    "confirmed on 31 December": lambda begin: confirmed(begin(), DEC, [100, 100], date(2026, 12, 31)),
    "all earned, nothing missing": lambda begin: november(begin(), 100),
    "29 February 2028": lambda begin: confirmed(
        begin([("建阵地", 10000, date(2028, 1, 1), date(2028, 12, 31))], year=2028),
        date(2028, 2, 1),
        [20],
        date(2028, 2, 29),
    ),
    "step on the due day": lambda begin: confirmed(begin(season={"step_on_due": True}), MAR, [0, 0], date(2026, 4, 3)),
    "overdue by 15 days": lambda begin: overdue(begin, date(2026, 2, 13)),
    "overdue by 14 days": lambda begin: overdue(begin, date(2026, 2, 14)),
    "the day before a suspension": lambda begin: moved(begin(), "suspended"),
    "suspended": lambda begin: moved(begin(), "suspended"),
    "closed": lambda begin: moved(begin(), "completed"),
    "not started": lambda begin: running_early(begin(starts_on=MAR)),
    "no plan": lambda begin: begin([]),
}


def test_every_case_of_the_document_is_here():
    assert list(CASES) == list(SCENARIOS)
    assert (len(CURVE), len(ITEMS), len(CASES)) == (12, 14, 40)


@pytest.mark.parametrize("case", CASES)
def test_case(begin, today, case):
    _, on, status, planned, earned, variance, spi, light, reason = CASES[case]
    project, day = SCENARIOS[case](begin), date.fromisoformat(on)
    today(day + timedelta(days=1))
    checks.run(day)

    expected = (day_or_none(status), points(planned), points(earned), points(variance))
    judged = (None if light == NONE else light, reason)
    standing, check = ev.standing(facts_of(project), day), ScheduleCheck.objects.get()
    for found in (standing, check):
        values = (found.status_date, found.planned_value, found.earned_value, found.schedule_variance)
        assert (*values, found.light, found.reason) == (*expected, *judged)
    assert check.plan == project.plans.filter(version=standing.plan_version).first()
    index = ev.spi(standing.planned_value or 0, standing.earned_value or 0)
    assert (f"{index:.2f}" if index is not None else NONE) == spi

    project.refresh_from_db()
    carried = (project.planned_value, project.earned_value, project.schedule_variance)
    assert (*carried, project.light, project.light_reason) == (*expected[1:], *judged)
    carried = ev.spi(project.planned_value, project.earned_value)
    assert (project.light_day, carried) == (day, None if spi == NONE else float(spi))


@pytest.mark.parametrize("case", ITEMS)
def test_item(begin, today, case):
    start, due, status, planned, _ = ITEMS[case]
    start, due, status = (date.fromisoformat(cell) for cell in (start, due, status))
    plan = [("建阵地", 10000, start, due)]
    project = begin(plan, year=status.year, ends_on=date(due.year, 12, 31))
    day = status + timedelta(days=6)
    today(day + timedelta(days=1))
    checks.run(day)

    check = ScheduleCheck.objects.get()
    assert (check.status_date, check.planned_value) == (status, points(planned))
    assert ev.standing(facts_of(project), day).planned_value == points(planned)
    assert ev.item_planned(ev.Item(1, 10000, start, due), status) == points(planned)


def test_curve(begin, today):
    today("2026-05-10")
    curve = curve_of(facts_of(begin())).planned
    expected = [(date.fromisoformat(end), points(cells[-1])) for end, cells in CURVE.items()]
    assert [(point.day, point.value) for point in curve] == [(JAN, 0), *expected]
    items = [ev.Item(n, weight, start, due) for n, (_, weight, start, due) in enumerate(PLAN)]
    assert [(end, ev.planned_value(items, end)) for end, _ in expected] == expected
