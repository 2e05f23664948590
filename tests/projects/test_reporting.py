"""Monthly reports until they are sent: opening, saving, handing over."""

from datetime import date
from functools import partial

import pytest

from common.actors import Actor
from common.errors import Conflict, Forbidden
from common.models import AuditEntry, Notice
from projects import reporting
from projects.models import ProgressReport, Project
from projects.reporting import LineInput
from tests.factories import make_plan, make_project, make_report
from tests.projects.refusals import refused
from tests.projects.reporting_steps import ZERO_WIDTH, entries, percents, save, send_back, steps, stored, told

FEBRUARY, MARCH, APRIL, MAY = (date(2026, month, 1) for month in (2, 3, 4, 5))


@pytest.fixture(autouse=True)
def _day(today):
    today("2026-05-04")  # April's report is due on the 5th


@pytest.fixture
def report(project):
    """April's draft, complete but for nothing: it may be sent."""
    return make_report(project, APRIL, (20, 0), state="draft")


# --- open ---


@pytest.mark.parametrize("who", ["clerk", "secretary"])
def test_opening_makes_a_draft_once(project, people, stones, who):
    report = reporting.open_report(project=project, month=MAY, by=people(who))
    again = reporting.open_report(project=project, month=MAY, by=people("clerk"))
    assert (report, report.state, report.revision) == (again, "draft", 0)
    assert list(report.lines.values_list("milestone", "percent")) == [(stones[0], 0), (stones[1], 0)]
    assert [action for action, _ in entries()] == ["projects.report.opened"]


@pytest.mark.parametrize(
    ("month", "message"),
    [
        (date(2026, 6, 1), "不能填写以后月份的月报。"),
        (date(2025, 12, 1), "这个月不在项目起止日期之内。"),
        (date(2026, 4, 2), "月份应写成该月第一天。"),
    ],
)
def test_a_month_that_cannot_be_reported(project, people, month, message):
    call = partial(reporting.open_report, project=project, month=month, by=people("clerk"))
    assert refused("month", call, "month").message == message
    assert (ProgressReport.objects.count(), entries()) == (0, [])


def test_the_first_and_the_last_month_are_partly_the_projects(district, cast, people):
    dates = {"starts_on": date(2026, 2, 20), "ends_on": date(2026, 4, 10)}
    project = make_project(district.street, cast.secretary, **dates)
    for month in (FEBRUARY, APRIL):
        assert reporting.open_report(project=project, month=month, by=people("clerk")).month == month
    for month in (date(2026, 1, 1), MAY):
        refused(
            "month",
            lambda m=month: reporting.open_report(project=project, month=m, by=people("clerk")),
            "month",
        )


@pytest.mark.parametrize("state", Project.State.values)
def test_only_a_running_or_closing_project_is_reported(project, people, state):
    Project.objects.filter(pk=project.pk).update(state=state)
    project.refresh_from_db()
    call = partial(reporting.open_report, project=project, month=APRIL, by=people("clerk"))
    if state in ("running", "closing"):
        assert call().state == "draft"
    else:
        label = Project.State(state).label
        assert refused("month", call, "month").message == f"项目当前为“{label}”，不能填写月报。"


def test_there_must_be_a_plan_in_force(district, cast, people):
    project = make_project(district.street, cast.secretary, milestones=[])
    full = [("建阵地", 10000, project.starts_on, project.ends_on)]
    make_plan(project, full, frozen=False)
    make_plan(project, full, effective_from=date(2026, 5, 5))
    refused("no_plan", lambda: reporting.open_report(project=project, month=APRIL, by=people("clerk")))


def test_lines_start_from_the_latest_confirmed_month_before(project, people):
    make_report(project, FEBRUARY, (30, 0))
    make_report(project, MARCH, (50, 10))
    make_report(project, MAY, (90, 90))  # later than the month that is opened
    make_report(project, date(2026, 1, 1), (80, 80), state="returned")
    report = reporting.open_report(project=project, month=APRIL, by=people("clerk"))
    assert percents(report) == [50, 10]


@pytest.mark.parametrize("state", ["draft", "handed_over", "submitted", "returned"])
def test_what_is_not_confirmed_is_no_start(project, people, state):
    make_report(project, FEBRUARY, (30, 5))
    make_report(project, MARCH, (50, 10), state=state)
    assert percents(reporting.open_report(project=project, month=APRIL, by=people("clerk"))) == [30, 5]


def test_texts_are_offered_from_the_report_before(project, report):
    assert reporting.previous_report(report) is None
    before = make_report(project, FEBRUARY, state="returned")
    make_report(project, MAY)
    assert reporting.previous_report(report) == before


@pytest.mark.parametrize("who", ["officer", "leader", "branchsec", "outsider", "sysadmin", "auditor"])
def test_only_secretary_and_clerk_open(project, people, who):
    with pytest.raises(Forbidden):
        reporting.open_report(project=project, month=APRIL, by=people(who))
    assert ProgressReport.objects.count() == 0


# --- save ---


def test_saving_keeps_what_is_typed_complete_or_not(report, people, stones, cast):
    line = LineInput(stones[0], 35, evidence="阵地照片三张", fall_reason="")
    saved = save(report, people("clerk"), line, revision=0, done="", effect="居民满意", next="继续")
    saved.refresh_from_db()
    assert (saved.done, saved.effect, saved.difficulty, saved.next) == ("", "居民满意", "", "继续")
    assert (saved.revision, saved.saved_by, saved.state) == (1, cast.clerk, "draft")
    assert list(saved.lines.values_list("percent", "evidence")) == [(35, "阵地照片三张"), (0, "")]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.who) == ("projects.report.saved", "示例一街道党务干事")
    key = str(stones[0])
    assert (entry.before["effect"], entry.before["lines"][key]) == ("", [20, "", ""])
    assert (entry.after["effect"], entry.after["lines"][key]) == ("居民满意", [35, "阵地照片三张", ""])


def test_saving_a_part_leaves_the_rest(report, people):
    save(report, people("clerk"), effect="居民满意")
    saved = save(report, people("clerk"), next="继续")
    assert (saved.done, saved.effect, saved.next) == ("开展了示例工作。", "居民满意", "继续")
    assert percents(saved) == [20, 0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"percent": 110}, "完成比例应在 0 至 100 之间，填写的是 110。"),
        ({"percent": -1}, "完成比例应在 0 至 100 之间，填写的是 -1。"),
        ({"percent": 50, "evidence": "证" * 501}, "佐证最多 500 字。"),
        ({"percent": 50, "fall_reason": "因" * 201}, "下调原因最多 200 字。"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_saved(report, people, stones, wrong, message):
    lines = LineInput(stones[0], 40), LineInput(stones[1], **wrong)
    key = f"line:{stones[1]}"
    error = refused("invalid", lambda: save(report, people("clerk"), *lines, done="改过"), key)
    assert error.fields == {key: [message]}
    assert (percents(report), stored(report).done, stored(report).revision) == ([20, 0], report.done, 0)
    assert entries() == []


def test_another_projects_milestone_is_unknown(report, people, district, cast):
    other = make_project(district.other_street, cast.outsider).milestones.first()
    key = f"line:{other.pk}"
    error = refused("invalid", lambda: save(report, people("clerk"), LineInput(other.pk, 50)), key)
    assert error.fields == {key: ["这个里程碑不在本项目的计划里。"]}


@pytest.mark.parametrize("field", reporting.TEXTS)
def test_a_text_too_long_says_by_how_much(report, people, stones, field):
    call = partial(save, report, people("clerk"), LineInput(stones[0], 40), **{field: "长" * 2001})
    assert refused("invalid", call, field).fields == {field: ["最多 2000 字，现在是 2001 字。"]}
    assert (percents(report), stored(report).revision) == ([20, 0], 0)


def test_invisible_characters_are_cleaned_and_not_counted(report, people, stones):
    line = LineInput(stones[0], 10, evidence=f"{ZERO_WIDTH}有照片 ", fall_reason=f"汛{ZERO_WIDTH}期")
    saved = save(report, people("clerk"), line, done=f"做{ZERO_WIDTH}了\x00", effect="长" * 2000 + ZERO_WIDTH)
    row = saved.lines.get(milestone=stones[0])
    assert (saved.done, len(saved.effect)) == ("做了", 2000)
    assert (row.evidence, row.fall_reason) == ("有照片", "汛期")


def test_a_stale_page_is_refused_and_nothing_is_lost(report, people, stones):
    save(report, people("clerk"), LineInput(stones[0], 40), revision=0, done="干事写的")
    call = partial(save, report, people("secretary"), LineInput(stones[0], 5), revision=0, done="旧页")
    error = refused("stale_draft", call)
    assert isinstance(error, Conflict)
    assert error.message.startswith("示例一街道党务干事已在 ")
    assert (stored(report).done, stored(report).revision, percents(report)) == ("干事写的", 1, [40, 0])
    assert len(entries()) == 1
    assert save(report, people("secretary"), revision=1, done="书记改的").revision == 2


@pytest.mark.parametrize(
    ("state", "who", "editable"),
    [
        ("draft", "clerk", True),
        ("draft", "secretary", True),
        ("handed_over", "clerk", False),
        ("handed_over", "secretary", True),
        ("submitted", "clerk", False),
        ("submitted", "secretary", False),
        ("returned", "clerk", True),
        ("returned", "secretary", True),
        ("confirmed", "clerk", False),
        ("confirmed", "secretary", False),
    ],
)
def test_who_saves_in_which_state(project, people, state, who, editable):
    report = make_report(project, APRIL, state=state)
    if editable:
        assert save(report, people(who), done="改过").done == "改过"
    else:
        assert isinstance(refused("not_editable", lambda: save(report, people(who), done="改过")), Conflict)
        assert stored(report).done == "开展了示例工作。"


@pytest.mark.parametrize("who", ["officer", "leader", "outsider", "branchsec"])
def test_others_do_not_save(report, people, who):
    with pytest.raises(Forbidden):
        save(report, people(who), done="改过")
    assert stored(report).revision == 0


def test_a_text_that_is_left_out_stays(report, people, stones):
    save(report, people("clerk"), LineInput(stones[0], 30, fall_reason="重新核定", evidence="台账"))
    save(report, people("clerk"), LineInput(stones[0], 40))
    line = report.lines.get(milestone=stones[0])
    assert (line.percent, line.fall_reason, line.evidence) == (40, "重新核定", "台账")


# --- hand over, give back ---


def test_the_clerk_hands_over_to_the_lead_secretary(report, people):
    for _ in range(2):
        reporting.hand_over(report=report, by=people("clerk"))
    assert (stored(report).state, steps(report)) == ("handed_over", [("draft", "handed_over", False)])
    assert told("report_handed_over") == [("secretary", f"请审定：{report}")]
    assert entries() == [("projects.report.handed_over", "示例一街道党务干事")]


def test_the_secretary_gives_back_with_a_reason(report, people):
    reporting.hand_over(report=report, by=people("clerk"))
    for _ in range(2):
        reporting.give_back(report=report, by=people("secretary"), reason="数字再核一遍")
    assert stored(report).state == "draft"
    assert steps(report)[1:] == [("handed_over", "draft", False)]
    assert told("report_given_back") == [("clerk", f"书记退回修改：{report}")]
    assert Notice.objects.get(kind="report_given_back").body == "数字再核一遍"
    assert report.state_changes.latest("id").reason == "数字再核一遍"
    assert len(entries()) == 2


def test_handed_over_again_the_secretary_is_told_again(report, people):
    for _ in range(2):
        reporting.hand_over(report=report, by=people("clerk"))
        reporting.give_back(report=report, by=people("secretary"))
    assert len(told("report_handed_over")) == len(told("report_given_back")) == 2


@pytest.mark.parametrize(
    ("step", "who"),
    [(reporting.hand_over, who) for who in ("secretary", "officer", "outsider")]
    + [(reporting.give_back, who) for who in ("clerk", "officer", "outsider")]
    + [(reporting.submit_report, who) for who in ("clerk", "officer", "leader", "outsider")]
    + [(reporting.confirm_report, who) for who in ("clerk", "secretary", "leader", "outsider")]
    + [(send_back, who) for who in ("clerk", "secretary", "leader", "outsider")],
)
def test_each_step_is_one_roles(report, people, step, who):
    with pytest.raises(Forbidden):
        step(report=report, by=people(who))
    assert (stored(report).state, steps(report), entries(), Notice.objects.count()) == ("draft", [], [], 0)


@pytest.mark.parametrize(
    ("step", "who"),
    [
        (reporting.hand_over, "clerk"),
        (reporting.give_back, "secretary"),
        (reporting.submit_report, "secretary"),
        (reporting.confirm_report, "officer"),
        (send_back, "officer"),
    ],
)
def test_the_system_itself_takes_no_step(report, step, who):
    with pytest.raises(Forbidden):
        step(report=report, by=Actor.system("test"))
