"""Monthly reports: opening, saving, handing over, sending, deciding; with their notices and audit entries."""

from datetime import date
from functools import partial

import pytest

from common.actors import Actor
from common.errors import Conflict, Forbidden
from common.models import AuditEntry, Job, Notice, Picture
from projects import reporting
from projects.models import FieldComment, ProgressReport, Project, ReportPhoto
from projects.reporting import LineInput
from tests.common.pictures import phone_photo, upload
from tests.factories import appoint, grant, make_plan, make_project, make_report, make_user
from tests.projects.refusals import refused

FEBRUARY, MARCH, APRIL, MAY = (date(2026, month, 1) for month in (2, 3, 4, 5))
ZERO_WIDTH = "\u200b\ufeff"


@pytest.fixture(autouse=True)
def _day(today):
    today("2026-05-04")  # April's report is due on the 5th


@pytest.fixture
def people(cast, actor):
    """Actors by name: `people("clerk")`."""
    return lambda who: actor(getattr(cast, who))


@pytest.fixture
def report(project):
    """April's draft, complete but for nothing: it may be sent."""
    return make_report(project, APRIL, (20, 0), state="draft")


@pytest.fixture
def stones(project):
    """The two milestones' ids."""
    return list(project.milestones.values_list("pk", flat=True))


def save(report, by, *lines, revision=None, **texts):
    return reporting.save_report(report=report, lines=lines, texts=texts, revision=revision, by=by)


def send_back(report, by, reason="请补充数据", **comments):
    return reporting.return_report(report=report, comments=comments, reason=reason, by=by)


def stored(report):
    return ProgressReport.objects.get(pk=report.pk)


def percents(report):
    return list(report.lines.values_list("percent", flat=True))


def steps(report):
    return list(report.state_changes.order_by("id").values_list("from_state", "to_state", "in_time"))


def entries():
    return list(AuditEntry.objects.order_by("id").values_list("action", "who"))


def told(kind):
    """The accounts that got a notice of this kind, with its title."""
    return sorted(Notice.objects.filter(kind=kind).values_list("recipient__username", "title"))


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


# --- submit ---


@pytest.mark.parametrize("state", ["draft", "handed_over", "returned"])
def test_sending_twice_leaves_one_step_and_one_notice(project, people, cast, state):
    report = make_report(project, APRIL, (20, 0), state=state)
    before = steps(report)
    for _ in range(2):
        sent = reporting.submit_report(report=report, by=people("secretary"))
    assert (sent.state, sent.submitted_by) == ("submitted", cast.secretary)
    assert steps(report) == [*before, (state, "submitted", True)]
    assert told("report_submitted") == [("officer", f"待确认：{report}")]
    assert Notice.objects.get().url == "/desk/inbox/"
    assert entries() == [("projects.report.submitted", "示例一街道书记")]


def test_what_is_done_must_be_said(report, people):
    save(report, people("clerk"), done=ZERO_WIDTH)
    call = partial(reporting.submit_report, report=report, by=people("secretary"))
    assert refused("incomplete", call, "done").fields == {"done": ["请填写做法。"]}
    assert (stored(report).state, stored(report).submitted_at, told("report_submitted")) == (
        "draft",
        None,
        [],
    )


def test_a_fall_needs_its_reason(project, report, people, stones):
    make_report(project, MARCH, (30, 0))
    call = partial(reporting.submit_report, report=report, by=people("secretary"))
    error = refused("incomplete", call, f"line:{stones[0]}")
    assert error.fields == {f"line:{stones[0]}": ["比已确认的 30% 低，请写明下调原因。"]}
    save(report, people("clerk"), LineInput(stones[0], 20, fall_reason="复核后扣减"))
    assert call().state == "submitted"


def test_a_full_milestone_needs_evidence(report, people, stones):
    save(report, people("clerk"), LineInput(stones[0], 100))
    call = partial(reporting.submit_report, report=report, by=people("secretary"))
    error = refused("incomplete", call, f"line:{stones[0]}")
    assert error.fields == {f"line:{stones[0]}": ["报 100% 要有佐证：写一句说明，或上传照片。"]}
    save(report, people("clerk"), LineInput(stones[0], 100, evidence="已验收"))
    assert call().state == "submitted"


def test_a_photo_is_evidence(report, people, stones):
    save(report, people("clerk"), LineInput(stones[0], 100))
    reporting.attach_photo(report=report, file=upload(phone_photo()), by=people("clerk"))
    assert reporting.submit_report(report=report, by=people("secretary")).state == "submitted"


def test_full_already_confirmed_needs_no_evidence_again(project, people):
    make_report(project, MARCH, (100, 0))
    report = make_report(project, APRIL, (100, 0), state="draft")
    assert reporting.submit_report(report=report, by=people("secretary")).state == "submitted"


def test_all_that_is_missing_is_said_at_once(project, people, stones):
    make_report(project, MARCH, (30, 0))
    report = make_report(project, APRIL, (10, 100), state="draft", done="")
    call = partial(reporting.submit_report, report=report, by=people("secretary"))
    refused("incomplete", call, "done", *(f"line:{stone}" for stone in stones))


# --- in time ---


@pytest.mark.parametrize(
    ("day", "in_time"),
    [("2026-04-30", True), ("2026-05-05", True), ("2026-05-06", False)],
)
def test_in_time_is_by_the_due_day(report, people, today, day, in_time):
    today(day)
    reporting.submit_report(report=report, by=people("secretary"))
    assert steps(report) == [("draft", "submitted", in_time)]


@pytest.mark.parametrize(
    ("sent", "again", "in_time"),
    [
        ("2026-05-05", "2026-05-11", True),  # three days of grace after the return on the 8th
        ("2026-05-05", "2026-05-12", False),
        ("2026-05-06", "2026-05-09", False),  # was late the first time
    ],
)
def test_sent_again_after_a_return(report, people, today, sent, again, in_time):
    first = sent <= "2026-05-05"
    today(sent)
    reporting.submit_report(report=report, by=people("secretary"))
    today("2026-05-08")
    send_back(report, people("officer"))
    today(again)
    reporting.hand_over(report=report, by=people("clerk"))
    reporting.submit_report(report=report, by=people("secretary"))
    reporting.confirm_report(report=report, by=people("officer"))
    assert [flag for _, _, flag in steps(report)] == [first, first, False, in_time, in_time]


def test_the_grace_and_the_due_day_are_the_seasons(project, report, people, today):
    season = project.season
    season.report_due_day, season.returned_grace_days = 10, 0
    season.save()
    today("2026-05-10")
    reporting.submit_report(report=report, by=people("secretary"))
    send_back(report, people("officer"))
    today("2026-05-11")
    reporting.submit_report(report=report, by=people("secretary"))
    assert [flag for _, _, flag in steps(report)] == [True, True, False]


# --- return ---


@pytest.fixture
def sent(project):
    return make_report(project, APRIL, (20, 0), state="submitted")


@pytest.mark.parametrize("comments", [{}, {"done": ""}, {"done": ZERO_WIDTH}])
def test_a_return_needs_a_reason_or_a_comment(sent, people, comments):
    call = partial(send_back, sent, people("officer"), reason=f" {ZERO_WIDTH}", **comments)
    refused("no_reason", call, "reason")
    assert (stored(sent).state, FieldComment.objects.count(), entries()) == ("submitted", 0, [])


def test_comments_at_fields_are_enough(sent, people, stones, cast):
    comments = {
        "done": f"写具体{ZERO_WIDTH}",
        "photos": "请补照片",
        f"line:{stones[0]}": "与台账不符",
        "next": "",
    }
    for _ in range(2):
        send_back(sent, people("officer"), reason="", **comments)
    rows = sorted(sent.comments.values_list("field", "text", "round", "by__username"))
    assert rows == sorted(
        [
            ("done", "写具体", 1, "officer"),
            ("photos", "请补照片", 1, "officer"),
            (f"line:{stones[0]}", "与台账不符", 1, "officer"),
        ]
    )
    assert entries() == [("projects.report.returned", "组织部工作人员")]


@pytest.mark.parametrize("field", ["state", "line:0", "line:", "DONE"])
def test_a_comment_at_an_unknown_field(sent, people, field):
    call = partial(send_back, sent, people("officer"), **{field: "意见"})
    assert field in refused("invalid", call, "comments").message
    assert (stored(sent).state, FieldComment.objects.count()) == ("submitted", 0)


def test_a_second_return_is_a_second_round(sent, people):
    send_back(sent, people("officer"), done="第一次")
    reporting.submit_report(report=sent, by=people("secretary"))
    send_back(sent, people("officer"), done="第二次")
    assert list(sent.comments.values_list("round", "text")) == [(1, "第一次"), (2, "第二次")]
    assert sent.state_changes.latest("id").reason == "请补充数据"


def test_sent_again_unchanged_the_department_is_told_again(sent, people):
    """Perhaps only a photo was added: that is no save."""
    send_back(sent, people("officer"))
    reporting.submit_report(report=sent, by=people("secretary"))
    send_back(sent, people("officer"))
    reporting.submit_report(report=sent, by=people("secretary"))
    assert told("report_submitted") == [("officer", f"待确认：{sent}")] * 2


# --- confirm ---


def test_confirming_sets_the_day_and_is_once(sent, people):
    for _ in range(2):
        confirmed = reporting.confirm_report(report=sent, by=people("officer"))
    assert (confirmed.state, confirmed.confirmed_on) == ("confirmed", date(2026, 5, 4))
    assert steps(sent)[1:] == [("submitted", "confirmed", True)]
    assert entries() == [("projects.report.confirmed", "组织部工作人员")]


@pytest.mark.parametrize(
    ("step", "who"),
    [
        (reporting.hand_over, "clerk"),
        (reporting.give_back, "secretary"),
        (reporting.submit_report, "secretary"),
        (send_back, "officer"),
    ],
)
def test_confirmed_is_final(project, people, step, who):
    report = make_report(project, APRIL, (20, 0))
    error = refused("illegal_step", lambda: step(report=report, by=people(who)))
    assert isinstance(error, Conflict)
    assert (stored(report).state, entries(), Notice.objects.count()) == ("confirmed", [], 0)


@pytest.mark.parametrize("state", ["draft", "handed_over", "returned"])
def test_only_what_was_sent_is_confirmed(project, people, state):
    report = make_report(project, APRIL, state=state)
    refused("illegal_step", lambda: reporting.confirm_report(report=report, by=people("officer")))
    assert stored(report).confirmed_on is None


def test_an_officer_does_not_decide_on_the_own_project(sent, people, cast):
    grant(cast.secretary, "department_officer")
    for step in (reporting.confirm_report, send_back):
        with pytest.raises(Forbidden):
            step(report=sent, by=people("secretary"))


# --- notices and audit ---


@pytest.mark.parametrize(
    ("step", "kind"),
    [(reporting.confirm_report, "confirmed"), (send_back, "returned_1")],
)
def test_a_decision_is_told_to_its_authors_and_nobody_else(sent, people, district, cast, step, kind):
    names = ("second", "former", "closed", "above")
    second, former, closed, above = (make_user(username=name) for name in names)
    appoint(second, district.street, "clerk")
    appoint(former, district.street, "clerk", until=date(2026, 5, 3))
    appoint(closed, district.street, "clerk")
    appoint(above, district.root, "clerk")
    closed.is_active = False
    closed.save(update_fields=["is_active"])
    step(report=sent, by=people("officer"))
    assert [who for who, _ in told(f"report_{kind}")] == ["clerk", "second", "secretary"]
    notice = Notice.objects.filter(recipient=cast.clerk).get()
    assert notice.url == f"/desk/projects/{sent.project.code}/reports/2026-04/"


def test_a_report_is_told_to_every_officer_in_office(report, people, district):
    second, former, local = (make_user(username=name) for name in ("second", "former", "local"))
    grant(second, "department_officer")
    grant(former, "department_officer", until=date(2026, 5, 3))
    grant(local, "department_officer", district.street)
    reporting.submit_report(report=report, by=people("secretary"))
    assert [who for who, _ in told("report_submitted")] == ["officer", "second"]


def test_a_month_leaves_one_audit_entry_a_step(project, people, stones):
    report = reporting.open_report(project=project, month=APRIL, by=people("clerk"))
    save(report, people("clerk"), LineInput(stones[0], 20), done="入户走访")
    reporting.hand_over(report=report, by=people("clerk"))
    reporting.give_back(report=report, by=people("secretary"))
    reporting.hand_over(report=report, by=people("clerk"))
    reporting.submit_report(report=report, by=people("secretary"))
    send_back(report, people("officer"))
    reporting.submit_report(report=report, by=people("secretary"))
    reporting.confirm_report(report=report, by=people("officer"))
    clerk, secretary, officer = "示例一街道党务干事", "示例一街道书记", "组织部工作人员"
    assert entries() == [
        ("projects.report.opened", clerk),
        ("projects.report.saved", clerk),
        ("projects.report.handed_over", clerk),
        ("projects.report.draft", secretary),
        ("projects.report.handed_over", clerk),
        ("projects.report.submitted", secretary),
        ("projects.report.returned", officer),
        ("projects.report.submitted", secretary),
        ("projects.report.confirmed", officer),
    ]
    assert set(AuditEntry.objects.values_list("object_id", flat=True)) == {str(report.pk)}


# --- photos ---


def test_a_photo_is_added_and_taken_out(report, people, django_capture_on_commit_callbacks):
    photo = reporting.attach_photo(report=report, file=upload(phone_photo()), by=people("clerk"))
    assert (photo.position, photo.picture.state, Job.objects.get().kind) == (1, "waiting", "make_variants")
    with django_capture_on_commit_callbacks(execute=True):
        reporting.remove_photo(photo=photo, by=people("secretary"))
    assert (ReportPhoto.objects.count(), Picture.objects.count()) == (0, 0)
    assert [action for action, _ in entries()] == [
        "projects.report.photo_added",
        "projects.report.photo_removed",
    ]


def test_twelve_photos_are_enough(report, people, cast):
    for position in range(12):
        picture = Picture.objects.create(owner=cast.clerk, state="ready", size=1, width=1, height=1)
        ReportPhoto.objects.create(report=report, picture=picture, position=position)
    call = partial(reporting.attach_photo, report=report, file=upload(phone_photo()), by=people("clerk"))
    assert refused("too_many_photos", call, "file").message == "一份月报最多 12 张照片。"


@pytest.mark.parametrize("state", ["submitted", "confirmed"])
def test_photos_of_a_sent_report_stay(project, people, cast, state):
    report = make_report(project, APRIL, state=state)
    picture = Picture.objects.create(owner=cast.clerk, state="ready", size=1, width=1, height=1)
    photo = ReportPhoto.objects.create(report=report, picture=picture)
    for who in ("clerk", "secretary"):
        file = upload(phone_photo())
        refused("not_editable", partial(reporting.attach_photo, report=report, file=file, by=people(who)))
        refused("not_editable", partial(reporting.remove_photo, photo=photo, by=people(who)))
    with pytest.raises(Forbidden):
        reporting.remove_photo(photo=photo, by=people("officer"))
    assert list(report.photos.all()) == [photo]
