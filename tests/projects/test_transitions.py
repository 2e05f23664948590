"""Every step from every state to every state, of projects and of reports."""

from datetime import date

import pytest

from common.actors import Actor
from common.errors import Conflict
from common.models import AuditEntry
from common.transitions import move
from projects.actions import change_state
from projects.models import ProgressReport, Project, ProjectStateChange, ReportStateChange
from projects.states import PROJECT_STEPS, REPORT_STEPS
from tests.factories import make_report

SYSTEM = Actor.system("test")
DAY = date(2026, 5, 10)
# The allowed steps, written down once more; every pair of the enum that is not here must be refused.
PROJECT_ALLOWED = {
    "draft": "submitted withdrawn",
    "submitted": "in_review returned_revise rejected withdrawn",
    "in_review": "approved returned_revise returned_redraft rejected",
    "returned_revise": "submitted withdrawn",
    "returned_redraft": "submitted withdrawn",
    "rejected": "",
    "approved": "running withdrawn terminated",
    "running": "suspended closing terminated withdrawn",
    "suspended": "running terminated withdrawn",
    "closing": "running completed",
    "completed": "archived",
    "terminated": "archived",
    "withdrawn": "archived",
    "archived": "",
}
REPORT_ALLOWED = {
    "draft": "handed_over submitted",
    "handed_over": "draft submitted",
    "returned": "handed_over submitted",
    "submitted": "confirmed returned",
    "confirmed": "",
}


@pytest.fixture(autouse=True)
def _day(today):
    today(DAY)


@pytest.fixture
def report(project):
    return make_report(project, date(2026, 4, 1), state="draft")


def put(row, state):
    """The row in `state`, whatever it was."""
    values = {"state": state}
    if isinstance(row, ProgressReport):
        values["confirmed_on"] = DAY if state == "confirmed" else None
    type(row).objects.filter(pk=row.pk).update(**values)
    return type(row).objects.get(pk=row.pk)


def move_project(row, to):
    return change_state(project=row, to=to, by=SYSTEM)


def move_report(row, to):
    values = {"confirmed_on": DAY} if to == "confirmed" else {}
    return move(row, to, table=REPORT_STEPS, history=ReportStateChange, parent="report", by=SYSTEM, **values)


def history(row):
    return list(row.state_changes.order_by("id").values_list("from_state", "to_state", "on"))


def goes_where_allowed(row, states, before, allowed, step):
    """From `before`, the allowed steps move the row and leave one history row; all others leave nothing."""
    for to in states:
        moved, earlier = put(row, before), history(row)
        if to == before:
            step(moved, to)
            assert history(row) == earlier
        elif to in allowed:
            step(moved, to)
            assert history(row) == [*earlier, (before, to, DAY)]
        else:
            with pytest.raises(Conflict) as caught:
                step(moved, to)
            error, labels = caught.value, (states(before).label, states(to).label)
            assert (error.code, history(row)) == ("illegal_step", earlier)
            assert error.message == "当前状态为“{}”，不能改为“{}”。".format(*labels)
        expected = to if to in allowed else before
        assert (moved.state, type(row).objects.get(pk=row.pk).state) == (expected, expected)


@pytest.mark.parametrize("before", Project.State.values)
def test_projects(project, before):
    goes_where_allowed(project, Project.State, before, PROJECT_ALLOWED[before].split(), move_project)


@pytest.mark.parametrize("before", ProgressReport.State.values)
def test_reports(report, before):
    goes_where_allowed(report, ProgressReport.State, before, REPORT_ALLOWED[before].split(), move_report)


@pytest.mark.parametrize(
    ("table", "states"),
    [(PROJECT_STEPS, Project.State), (REPORT_STEPS, ProgressReport.State)],
)
def test_the_tables_know_every_state_and_no_other(table, states):
    assert set(table) == set(states)
    assert set().union(*table.values()) <= set(states)


def test_a_step_is_audited_once_with_its_reason(project):
    change_state(project=project, to="suspended", by=SYSTEM, reason="汛期停工")
    change_state(project=project, to="suspended", by=SYSTEM, reason="汛期停工")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.who) == ("projects.project.moved", "系统")
    assert (entry.before, entry.after) == (
        {"state": "running"},
        {"state": "suspended", "reason": "汛期停工"},
    )
    assert ProjectStateChange.objects.latest("id").reason == "汛期停工"


def test_of_two_who_moved_the_same_row_the_second_is_refused(project):
    stale = Project.objects.get(pk=project.pk)
    move_project(project, "suspended")
    with pytest.raises(Conflict) as caught:
        move_project(stale, "closing")
    assert caught.value.code == "moved_meanwhile"
    assert Project.objects.get(pk=project.pk).state == "suspended"
