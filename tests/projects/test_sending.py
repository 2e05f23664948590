"""Monthly reports from their sending on: in time, returned, confirmed; notices, audit, photos."""

from datetime import date
from functools import partial

import pytest

from common.errors import Conflict, Forbidden
from common.models import AuditEntry, Job, Notice, Picture
from projects import reporting
from projects.models import FieldComment, ReportPhoto
from projects.reporting import LineInput
from tests.common.pictures import phone_photo, upload
from tests.factories import appoint, grant, make_report, make_user
from tests.projects.refusals import refused
from tests.projects.reporting_steps import ZERO_WIDTH, entries, save, send_back, steps, stored, told

FEBRUARY, MARCH, APRIL, MAY = (date(2026, month, 1) for month in (2, 3, 4, 5))


@pytest.fixture(autouse=True)
def _day(today):
    today("2026-05-04")  # April's report is due on the 5th


@pytest.fixture
def report(project):
    """April's draft, complete but for nothing: it may be sent."""
    return make_report(project, APRIL, (20, 0), state="draft")


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
