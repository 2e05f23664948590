"""Plan changes: asked for with a reason, decided by the department, and no finished day ever changes."""

from datetime import date, timedelta

import pytest

from evaluation.tracking import checks
from evaluation.tracking.models import ScheduleCheck
from projects import closing, plan_changes, reporting
from projects import earned_value as ev
from projects.facts import facts_of
from projects.models import Milestone, PlanChange, Project
from projects.plans import plan_in_force
from tests.factories import POSTS, ROLES, make_project, make_report
from tests.projects.course_steps import EXTENDED, HALF, JAN, JULY, YEAR_END, acted, ask, decide, row, told
from tests.projects.refusals import refused
from tests.projects.reporting_steps import save

TODAY = date(2026, 5, 20)
State = PlanChange.State


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


@pytest.fixture
def change(project, people):
    return ask(project, people("secretary"))


def in_force(project, day):
    plan = plan_in_force(project, day)
    return [(i.milestone.title, i.weight) for i in plan.items.select_related("milestone")]


# --- asking ---


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_only_the_lead_secretary_asks(project, people, who):
    def call():
        return ask(project, people(who))

    if who != "secretary":
        refused("forbidden", call)
        return
    change = call()
    assert (change.state, change.old_end, change.new_end, change.plan.version) == (State.REQUESTED, YEAR_END, None, 2)
    assert (change.plan.frozen_on, in_force(project, TODAY)) == (None, [("建阵地", 6000), ("见成效", 4000)])
    assert told("plan_change_requested") == [("officer", f"计划变更申请：{project}")]
    assert acted("projects.plan_change") == ["projects.plan_change.requested"]


def test_a_second_click_asks_once_and_another_request_is_refused(project, people, change):
    assert ask(project, people("secretary")) == change
    refused("change_open", lambda: ask(project, people("secretary"), reason="另一个原因"))
    assert (PlanChange.objects.count(), project.plans.count()) == (1, 2)


@pytest.mark.parametrize("state", ["draft", "submitted", "closing", "completed", "terminated", "withdrawn"])
def test_only_a_project_under_way_changes_its_plan(district, cast, people, state):
    project = make_project(district.street, cast.secretary, state=state)
    refused("illegal_step", lambda: ask(project, people("secretary")))


@pytest.mark.parametrize("reason", ["", " \u200b ", "长" * 1001])
def test_a_reason_is_needed(project, people, reason):
    refused("invalid", lambda: ask(project, people("secretary"), reason=reason), "reason")


def test_the_same_plan_again_is_no_change(project, people):
    same = [row(project, i.milestone.title, i.weight, i.start, i.due) for i in project.plans.get().items.all()]
    refused("invalid", lambda: ask(project, people("secretary"), same), "items")
    assert ask(project, people("secretary"), same, new_end=EXTENDED).new_end == EXTENDED


def test_wrong_rows_are_named(project, people, district, cast):
    def call(*items):
        return lambda: ask(project, people("secretary"), items)

    first = row(project, "建阵地", 6000, JAN, HALF)
    refused("weights", call(first), "weight")
    refused("plan", call(first, row(project, "推广", 4000, JULY, date(2027, 1, 1))), "items.1")
    refused("plan", call(first, row(project, "推广", 4000, YEAR_END, JULY)), "items.1")
    refused("plan", call(first, row(project, "建阵地", 4000, JULY, YEAR_END)), "items")
    foreign = make_project(district.other_street, cast.outsider).milestones.first()
    stolen = row(project, "推广", 4000, JULY, YEAR_END)
    refused("plan", call(first, type(stolen)("推广", 4000, JULY, YEAR_END, foreign)), "items")
    assert PlanChange.objects.count() == 0
    assert project.plans.count() == 1


# --- deciding ---


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_only_the_department_decides(change, people, who):
    if who != "officer":
        refused("forbidden", lambda: decide(change, people(who)))
        return
    decided = decide(change, people(who), answer="同意")
    assert (decided.state, decided.answer, decided.decided_by.username) == (State.APPROVED, "同意", "officer")
    assert told("plan_change_decided") == [
        ("clerk", f"计划变更已同意：{change.project}"),
        ("secretary", f"计划变更已同意：{change.project}"),
    ]


def test_an_officer_who_leads_the_project_does_not_decide_on_it(district, cast, people):
    project = make_project(district.street, cast.officer)
    change = PlanChange.objects.create(project=project, plan=project.plans.get(), reason="…", old_end=YEAR_END)
    refused("forbidden", lambda: decide(change, people("officer")))


def test_the_new_plan_is_in_force_from_tomorrow(project, change, people):
    decide(change, people("officer"))
    decide(change, people("officer"))  # the same again is nothing
    assert in_force(project, TODAY) == [("建阵地", 6000), ("见成效", 4000)]
    assert in_force(project, TODAY + timedelta(days=1)) == [("建阵地", 3000), ("推广", 7000)]
    kept = Milestone.objects.get(title="建阵地")
    assert kept.plan_items.count() == 2
    assert acted("projects.plan_change") == ["projects.plan_change.requested", "projects.plan_change.approved"]


def test_a_refusal_needs_an_answer_and_changes_nothing(project, change, people):
    refused("invalid", lambda: decide(change, people("officer"), approve=False), "answer")
    decide(change, people("officer"), approve=False, answer="理由不充分")
    assert in_force(project, YEAR_END) == [("建阵地", 6000), ("见成效", 4000)]
    refused("illegal_step", lambda: decide(change, people("officer")))
    assert ask(project, people("secretary")).plan.version == 3


def test_the_secretary_takes_it_back(change, people):
    for who in ("clerk", "officer", "outsider"):
        refused("forbidden", lambda who=who: plan_changes.take_back(change=change, by=people(who)))
    plan_changes.take_back(change=change, by=people("secretary"))
    assert plan_changes.take_back(change=change, by=people("secretary")).state == State.TAKEN_BACK
    refused("illegal_step", lambda: decide(change, people("officer")))


def test_two_changes_approved_on_one_day_follow_each_other(project, change, people):
    decide(change, people("officer"))
    second = ask(project, people("secretary"), [row(project, "推广", 10000, JULY, YEAR_END)])
    decide(second, people("officer"))
    assert in_force(project, TODAY + timedelta(days=1)) == [("建阵地", 3000), ("推广", 7000)]
    assert in_force(project, TODAY + timedelta(days=2)) == [("推广", 10000)]


def test_a_change_before_the_start_is_not_overtaken_by_the_first_plan(district, cast, people):
    july, august = date(2026, 7, 1), date(2026, 8, 1)
    project = make_project(
        district.street,
        cast.secretary,
        state="approved",
        starts_on=july,
        milestones=[("建阵地", 10000, july, YEAR_END)],
    )
    change = ask(project, people("secretary"), [row(project, "建阵地", 10000, august, YEAR_END)])
    decide(change, people("officer"))
    assert plan_in_force(project, july).version == 1
    assert plan_in_force(project, july + timedelta(days=1)) == PlanChange.objects.get().plan


def test_a_terminated_project_closes_its_open_request(project, change, people):
    closing.change_course(project=project, course="terminate", reason="不再具备条件", by=people("officer"))
    change.refresh_from_db()
    assert (change.state, change.answer) == (State.REFUSED, "项目终止。")


def test_what_was_asked_for_before_an_end_cannot_be_approved_after_it(change, people):
    Project.objects.update(state="closing")
    refused("illegal_step", lambda: decide(change, people("officer")))


# --- extension ---


@pytest.mark.parametrize(
    ("new_end", "message"),
    [
        (YEAR_END, "应晚于现在的完成时限 2026-12-31；不延期请留空。"),
        (date(2026, 11, 30), "应晚于现在的完成时限 2026-12-31；不延期请留空。"),
        (date(2027, 4, 1), "最多延期 3 个月，即不晚于 2027-03-31。"),
    ],
)
def test_an_extension_is_later_and_short(project, people, new_end, message):
    error = refused("invalid", lambda: ask(project, people("secretary"), new_end=new_end), "new_end")
    assert error.fields["new_end"] == [message]


def test_the_seasons_limit_is_a_setting(project, people):
    project.season.extension_months = 4
    project.season.save()
    assert ask(project, people("secretary"), new_end=date(2027, 4, 1)).new_end == date(2027, 4, 1)


def test_a_project_is_extended_once(project, people):
    later = [row(project, "建阵地", 6000, JAN, HALF), row(project, "见成效", 4000, JULY, EXTENDED)]
    change = ask(project, people("secretary"), later, new_end=EXTENDED)
    project.refresh_from_db()
    assert project.ends_on == YEAR_END  # until the approval
    decide(change, people("officer"))
    project.refresh_from_db()
    assert project.ends_on == EXTENDED
    assert told("plan_change_decided")[0] == ("clerk", f"延期已同意：{project}")
    error = refused("invalid", lambda: ask(project, people("secretary"), later, new_end=date(2027, 3, 31)), "new_end")
    assert error.fields["new_end"] == ["一个项目只能延期一次。"]


def test_a_refused_extension_may_be_asked_for_again(project, people):
    decide(ask(project, people("secretary"), new_end=EXTENDED), people("officer"), approve=False, answer="太长")
    decide(ask(project, people("secretary"), new_end=date(2027, 1, 31)), people("officer"))
    project.refresh_from_db()
    assert project.ends_on == date(2027, 1, 31)


def test_an_extension_comes_before_its_end_has_decided_a_day(project, people, today):
    today("2027-02-05")  # the day on which January's report would be due
    change = ask(project, people("secretary"), new_end=EXTENDED)
    today("2027-02-06")
    refused("not_extensible", lambda: decide(change, people("officer")))
    plan_changes.take_back(change=change, by=people("secretary"))
    refused("invalid", lambda: ask(project, people("secretary"), new_end=EXTENDED), "new_end")


# --- past days ---


def snapshots():
    values = ("day", "plan", "status_date", "planned_value", "earned_value", "schedule_variance", "light", "reason")
    return list(ScheduleCheck.objects.order_by("day", "project").values_list(*values))


def recomputed(days):
    """The snapshots of these days, written anew."""
    ScheduleCheck.objects.all().delete()
    for day in days:
        checks.run(day)
    return snapshots()


@pytest.mark.parametrize("new_end", [None, EXTENDED])
def test_past_snapshots_never_change(project, people, today, new_end):
    make_report(project, date(2026, 3, 1), [45, 0])
    make_report(project, date(2026, 4, 1), [60, 0])
    past = [JAN + timedelta(days=turn) for turn in range((TODAY - JAN).days + 1)]
    today(TODAY + timedelta(days=1))
    before = recomputed(past)
    today(TODAY)
    decide(ask(project, people("secretary"), new_end=new_end), people("officer"))
    today(TODAY + timedelta(days=1))
    for day in past:
        assert checks.run(day) == 0
    assert snapshots() == before
    assert recomputed(past) == before


def test_a_late_extension_changes_no_snapshot_either(project, people, today):
    make_report(project, date(2026, 11, 1), [100, 60])
    past = [date(2026, 12, 1) + timedelta(days=turn) for turn in range(67)]  # to 5 February
    today("2027-02-06")
    before = recomputed(past)
    today("2027-02-05")
    decide(ask(project, people("secretary"), new_end=EXTENDED), people("officer"))
    today("2027-02-06")
    assert recomputed(past) == before


def test_sql_and_python_agree_after_a_change(project, people, today):
    make_report(project, date(2026, 4, 1), [60, 0])
    decide(ask(project, people("secretary"), new_end=EXTENDED), people("officer"))
    today("2027-02-10")
    for day in (TODAY, TODAY + timedelta(days=1), date(2026, 8, 6), date(2027, 2, 9)):
        checks.run(day)
        row = ScheduleCheck.objects.select_related("plan").get(day=day)
        standing = ev.standing(facts_of(Project.objects.get()), day)
        assert (row.plan.version, row.status_date, row.planned_value, row.earned_value, row.light, row.reason) == (
            standing.plan_version,
            standing.status_date,
            standing.planned_value,
            standing.earned_value,
            standing.light,
            standing.reason,
        )
    # In force: 建阵地 30, 推广 70; the report of April knows only the first.
    assert row.earned_value == 1800


# --- drafts of reports ---


def test_an_open_draft_gets_the_new_milestone_once_the_plan_is_in_force(project, people, today):
    draft = make_report(project, date(2026, 5, 1), [60, 10], state="draft")
    decide(ask(project, people("secretary")), people("officer"))
    reporting.open_report(project=project, month=draft.month, by=people("clerk"))
    assert lines(draft) == [("建阵地", 60), ("见成效", 10)]
    today(TODAY + timedelta(days=1))
    reporting.open_report(project=project, month=draft.month, by=people("officer"))  # who only looks adds nothing
    assert lines(draft) == [("建阵地", 60), ("见成效", 10)]
    reporting.open_report(project=project, month=draft.month, by=people("clerk"))
    assert lines(draft) == [("建阵地", 60), ("见成效", 10), ("推广", 0)]  # the dropped one stays


def test_saving_a_draft_takes_the_new_milestone(project, people, today):
    draft = make_report(project, date(2026, 5, 1), [60, 10], state="draft")
    decide(ask(project, people("secretary")), people("officer"))
    today(TODAY + timedelta(days=1))
    fresh = Milestone.objects.get(title="推广")
    save(draft, people("clerk"), reporting.LineInput(fresh.pk, 25))
    assert lines(draft) == [("建阵地", 60), ("见成效", 10), ("推广", 25)]


def test_a_sent_report_stays_as_it_is(project, people, today):
    report = make_report(project, date(2026, 4, 1), [60, 10], state="submitted")
    decide(ask(project, people("secretary")), people("officer"))
    today(TODAY + timedelta(days=1))
    reporting.open_report(project=project, month=report.month, by=people("secretary"))
    assert lines(report) == [("建阵地", 60), ("见成效", 10)]


def lines(report):
    return sorted(report.lines.values_list("milestone__title", "percent"), key=lambda line: line[0] == "推广")
