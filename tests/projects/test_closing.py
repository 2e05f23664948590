"""A project's course: suspended, resumed, terminated, withdrawn; its closing report and the department's verdict."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from common.models import AuditEntry, StoredFile
from evaluation.tracking import checks
from evaluation.tracking.models import ScheduleCheck
from projects import closing
from projects.closing import FigureInput
from projects.models import Closing, Project
from tests.factories import POSTS, ROLES, make_project, make_report
from tests.projects.course_steps import ask, complete, evidence, promise, told
from tests.projects.refusals import refused

TODAY = date(2026, 5, 20)


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


@pytest.fixture
def figure(project):
    return promise(project)


@pytest.fixture
def report(project, people, figure):
    return complete(project, people("clerk"))


@pytest.fixture
def sent(report, people):
    return closing.submit_closing(closing=report, by=people("secretary"))


def course(project, key, by, reason="上级部署调整"):
    return closing.change_course(project=project, course=key, reason=reason, by=by)


def accept(report, by, level="qualified", verdict="情况属实", **values):
    return closing.accept_closing(closing=report, level=level, verdict=verdict, by=by, **values)


def steps(project):
    rows = project.state_changes.order_by("id").values_list("to_state", "reason", "on")
    return [row for row in rows if row[2] == TODAY]


# --- suspension and its like ---


@pytest.mark.parametrize("key", ["suspend", "terminate", "withdraw"])
@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_only_the_department_decides_on_the_course(project, people, who, key):
    if who != "officer":
        refused("forbidden", lambda: course(project, key, people(who)))
        return
    to, word = closing.COURSE[key]
    assert course(project, key, people(who)).state == to
    course(project, key, people(who))  # the same again is nothing
    assert steps(project) == [(to, "上级部署调整", TODAY)]
    assert told("project_course") == [("clerk", f"{word}：{project}"), ("secretary", f"{word}：{project}")]


@pytest.mark.parametrize("reason", ["", "\u200b", "长" * 201])
def test_a_step_needs_its_reason(project, people, reason):
    refused("invalid", lambda: course(project, "suspend", people("officer"), reason=reason), "reason")
    refused("invalid", lambda: course(project, "archive", people("officer")), "course")


def test_nobody_decides_on_a_project_of_his_own(district, cast, people):
    project = make_project(district.street, cast.officer)
    refused("forbidden", lambda: course(project, "suspend", people("officer")))


def test_a_suspension_stops_the_clock(project, people, today):
    make_report(project, date(2026, 4, 1), [10, 0])
    course(project, "suspend", people("officer"))
    today("2026-06-20")
    course(project, "resume", people("officer"), reason="恢复")
    today("2026-06-22")
    lights = {}
    for day in (date(2026, 5, 19), TODAY, date(2026, 6, 19), date(2026, 6, 20)):
        checks.run(day)
        row = ScheduleCheck.objects.get(day=day)
        lights[day] = (row.light, row.reason)
    assert lights == {
        date(2026, 5, 19): ("red", "far_behind"),
        TODAY: (None, "suspended"),
        date(2026, 6, 19): (None, "suspended"),
        date(2026, 6, 20): ("red", "far_behind"),
    }


@pytest.mark.parametrize(
    ("state", "key"),
    [
        ("approved", "suspend"),
        ("approved", "resume"),
        ("closing", "resume"),
        ("closing", "suspend"),
        ("completed", "terminate"),
        ("terminated", "withdraw"),
    ],
)
def test_what_the_state_does_not_allow(district, cast, people, state, key):
    project = make_project(district.street, cast.secretary, state=state)
    refused("illegal_step", lambda: course(project, key, people("officer")))


def test_an_application_is_withdrawn_by_its_secretary(district, cast, people):
    project = make_project(district.street, cast.secretary, state="submitted")
    refused("illegal_step", lambda: course(project, "withdraw", people("officer")))


# --- the report ---


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_the_clerk_and_the_secretary_write(project, people, who):
    if who not in ("clerk", "secretary"):
        refused("forbidden", lambda: closing.open_closing(project=project, by=people(who)))
        return
    opened = closing.open_closing(project=project, by=people(who))
    assert closing.open_closing(project=project, by=people("clerk")) == opened
    assert AuditEntry.objects.filter(action="projects.closing.opened").count() == 1


@pytest.mark.parametrize("state", ["approved", "suspended", "closing", "completed", "terminated"])
def test_only_of_a_running_project(district, cast, people, state):
    project = make_project(district.street, cast.secretary, state=state)
    refused("not_editable", lambda: closing.open_closing(project=project, by=people("clerk")))


def save(report, by, texts=None, figures=(), revision=None):
    return closing.save_closing(closing=report, texts=texts or {}, figures=list(figures), revision=revision, by=by)


def test_a_save_keeps_what_it_leaves_out(project, people, figure):
    report = closing.open_closing(project=project, by=people("clerk"))
    save(report, people("clerk"), {"outcome": " 办成了\u200b "}, [FigureInput(figure.pk, Decimal(4800), "余", "签到")])
    report = save(report, people("secretary"), {"practice": "三个一"})
    figure.refresh_from_db()
    assert (report.outcome, report.practice, report.revision) == ("办成了", "三个一", 2)
    assert (figure.reached_text, figure.evidence, report.saved_by.username) == ("4800余人次", "签到", "secretary")
    entry = AuditEntry.objects.filter(action="projects.closing.saved").first()
    assert (entry.before["practice"], entry.after["practice"]) == ("", "三个一")
    assert entry.after["figures"] == {str(figure.pk): ["4800余人次", "签到"]}


def test_a_stale_page_does_not_overwrite(project, people):
    report = closing.open_closing(project=project, by=people("clerk"))
    save(report, people("clerk"), {"outcome": "先写的"}, revision=0)
    error = refused("stale_draft", lambda: save(report, people("secretary"), {"outcome": "后写的"}, revision=0))
    assert "示例一街道党务干事已在" in error.message
    assert Closing.objects.get().outcome == "先写的"


def test_wrong_figures_and_long_texts_are_named(project, people, figure):
    report = closing.open_closing(project=project, by=people("clerk"))

    def call(*figures, **texts):
        return lambda: save(report, people("clerk"), texts, figures)

    key = f"figure:{figure.pk}"
    refused("invalid", call(FigureInput(figure.pk, Decimal(-1))), key)
    refused("invalid", call(FigureInput(figure.pk, Decimal(10) ** 12)), key)
    refused("invalid", call(FigureInput(figure.pk, Decimal(1), "约")), key)
    refused("invalid", call(FigureInput(figure.pk, Decimal(1), "", "长" * 301)), key)
    refused("invalid", call(FigureInput(0, Decimal(1))), "figure:0")
    refused("invalid", call(outcome="长" * 3001), "outcome")
    assert Closing.objects.get().revision == 0


def test_evidence_is_added_and_taken_out(project, people):
    report = closing.open_closing(project=project, by=people("clerk"))
    attachment = closing.attach_evidence(closing=report, file=evidence(), by=people("clerk"))
    refused(
        "secret_name",
        lambda: closing.attach_evidence(closing=report, file=evidence("机密.pdf"), by=people("clerk")),
        "evidence",
    )
    refused("forbidden", lambda: closing.remove_evidence(attachment=attachment, by=people("officer")))
    closing.remove_evidence(attachment=attachment, by=people("secretary"))
    assert (project.attachments.count(), StoredFile.objects.count()) == (0, 0)


def test_evidence_has_a_limit(project, people):
    report = closing.open_closing(project=project, by=people("clerk"))
    for turn in range(closing.FILE_LIMIT):
        closing.attach_evidence(closing=report, file=evidence(f"台账{turn}.pdf"), by=people("clerk"))
    refused("invalid", lambda: closing.attach_evidence(closing=report, file=evidence(), by=people("clerk")), "evidence")


# --- sending ---


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_only_the_lead_secretary_asks_to_close(report, people, who):
    def call():
        return closing.submit_closing(closing=report, by=people(who))

    if who != "secretary":
        refused("forbidden", call)
        return
    call()
    call()  # a second click
    report.project.refresh_from_db()
    assert (report.project.state, steps(report.project)) == ("closing", [("closing", "", TODAY)])
    assert told("closing_submitted") == [("officer", f"申请结项：{report.project}")]


def test_what_is_missing_is_named(project, people, figure):
    report = closing.open_closing(project=project, by=people("clerk"))

    def call():
        return closing.submit_closing(closing=report, by=people("secretary"))

    key = f"figure:{figure.pk}"
    refused("incomplete", call, "evidence", "outcome", "practice", key)
    save(report, people("clerk"), {"outcome": "办成了", "practice": "可推广"}, [FigureInput(figure.pk, Decimal(0))])
    assert refused("incomplete", call, "evidence", key).fields[key] == ["请写明依据。"]


def test_nothing_may_wait_for_the_department(report, people):
    waiting = make_report(report.project, date(2026, 4, 1), [60, 0], state="submitted")

    def call():
        return closing.submit_closing(closing=report, by=people("secretary"))

    refused("incomplete", call, "closing")
    waiting.delete()
    ask(report.project, people("secretary"))
    refused("incomplete", call, "closing")


def test_what_was_sent_is_no_longer_edited(sent, people):
    for who in ("clerk", "secretary"):
        refused("not_editable", lambda who=who: save(sent, people(who), {"outcome": "改"}))
        refused("not_editable", lambda who=who: closing.attach_evidence(closing=sent, file=evidence(), by=people(who)))


# --- the verdict ---


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_only_the_department_returns_and_accepts(sent, people, who):
    if who != "officer":
        refused("forbidden", lambda: accept(sent, people(who)))
        refused("forbidden", lambda: closing.return_closing(closing=sent, reason="补充", by=people(who)))
        return
    accepted = accept(sent, people(who))
    accept(sent, people(who))  # a second click
    assert (accepted.project.state, accepted.eligible, accepted.accepted_on) == ("completed", True, TODAY)
    title = f"已结项（合格）：{sent.project}"
    assert told("project_course") == [("clerk", title), ("secretary", title)]
    refused("illegal_step", lambda: accept(sent, people(who), level="excellent"))
    refused("illegal_step", lambda: closing.return_closing(closing=sent, reason="补充", by=people(who)))
    assert Closing.objects.get().level == "qualified"


@pytest.mark.parametrize(
    ("level", "bar_reason", "eligible"),
    [
        ("excellent", "", True),
        ("qualified", "", True),
        ("failed", "", False),
        ("excellent", "数据不实", False),
    ],
)
def test_eligibility_follows_from_the_level_and_the_bar(sent, people, level, bar_reason, eligible):
    accepted = accept(sent, people("officer"), level=level, bar_reason=bar_reason)
    assert (accepted.level, accepted.eligible, accepted.bar_reason) == (level, eligible, bar_reason)
    entry = AuditEntry.objects.get(action="projects.closing.accepted")
    assert entry.after == {"level": level, "eligible": eligible, "bar_reason": bar_reason}


def test_the_database_knows_it_too(sent, people):
    accept(sent, people("officer"), level="failed")
    with pytest.raises(IntegrityError), transaction.atomic():
        Closing.objects.update(eligible=True)


def test_a_verdict_is_whole(sent, people):
    refused("invalid", lambda: accept(sent, people("officer"), level="great", verdict=""), "level", "verdict")
    refused("invalid", lambda: accept(sent, people("officer"), bar_reason="长" * 201), "bar_reason")
    refused("invalid", lambda: accept(sent, people("officer"), verdict="长" * 1001), "verdict")
    assert Project.objects.get(pk=sent.project_id).state == "closing"


def test_a_returned_report_is_written_again(sent, people):
    def send_back(reason):
        return closing.return_closing(closing=sent, reason=reason, by=people("officer"))

    refused("invalid", lambda: send_back(" "), "verdict")
    send_back("请补充签到表")
    assert send_back("再点一次").verdict == "请补充签到表"
    title = f"请修改结项报告：{sent.project}"
    assert told("project_course") == [("clerk", title), ("secretary", title)]
    save(sent, people("clerk"), {"shortfall": "人手不足"})
    again = closing.submit_closing(closing=sent, by=people("secretary"))
    assert (again.returned_at, again.project.state) == (None, "closing")
    assert told("closing_submitted") == [("officer", f"申请结项：{sent.project}")] * 2


def test_only_what_waits_is_decided(report, people):
    refused("illegal_step", lambda: accept(report, people("officer")))
    refused("illegal_step", lambda: closing.return_closing(closing=report, reason="补充", by=people("officer")))
    assert Closing.objects.get().verdict == ""
