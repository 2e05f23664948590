"""The projects API, reports and photos: the right person and the wrong ones, bad input."""

from datetime import date
from functools import partial

import pytest
from django.urls import reverse

from common import jobs
from common.models import AuditEntry, Job, Picture, PictureVariant
from projects.models import ProgressReport, ReportPhoto
from tests.common.pictures import image_bytes, phone_photo, png_bomb, upload
from tests.factories import make_report
from tests.projects.answers import body, failed, of

APRIL = date(2026, 4, 1)


@pytest.fixture(autouse=True)
def _day(today):
    today("2026-05-04")


@pytest.fixture
def report(project):
    return make_report(project, APRIL, (20, 0), state="draft")


# --- reports ---


def test_the_clerk_writes_a_months_report(api_as, cast, project):
    first, second = project.milestones.values_list("pk", flat=True)
    given = {
        "month": "2026-04",
        "lines": [{"milestone": first, "percent": 35, "evidence": "三\u200b张照片"}],
        "done": "入户走访\u200b",
    }
    shown = body(api_as(cast.clerk).post(of(project, "reports/"), given), 201)
    stored = ProgressReport.objects.get()
    assert shown == {
        "id": str(stored.pk),
        "project": project.code,
        "month": "2026-04",
        "state": "draft",
        "revision": 1,
        "lines": [
            {"milestone": first, "percent": 35, "fall_reason": "", "evidence": "三张照片"},
            {"milestone": second, "percent": 0, "fall_reason": "", "evidence": ""},
        ],
        "done": "入户走访",
        "effect": "",
        "difficulty": "",
        "next": "",
        "submitted_at": None,
        "confirmed_on": None,
        "photos": [],
        "comments": [],
    }
    assert body(api_as(cast.leader).get(of(stored))) == shown
    assert body(api_as(cast.officer).get(of(project, "reports/")))["results"] == [shown]
    assert AuditEntry.objects.filter(source="api", who="示例一街道党务干事").count() == 2


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("officer", 403, "forbidden"),
        ("leader", 403, "forbidden"),
        ("outsider", 404, "not_found"),
        ("branchsec", 404, "not_found"),
        ("sysadmin", 404, "not_found"),
        (None, 401, "not_authenticated"),
    ],
)
def test_the_wrong_person_writes_no_report(api_as, cast, project, report, who, status, code):
    api = api_as(getattr(cast, who) if who else None)
    failed(api.post(of(project, "reports/"), {"month": "2026-03", "done": "乱写"}), status, code)
    failed(api.patch(of(report), {"done": "乱写"}), status, code)
    assert list(ProgressReport.objects.values_list("done", "revision")) == [("开展了示例工作。", 0)]


@pytest.mark.parametrize("month", ["2026-13", "2026-5", "2026-04-01", "0000-01", "四月", "", None, 202604])
def test_a_month_that_is_none(api_as, cast, project, month):
    response = api_as(cast.clerk).post(of(project, "reports/"), {"month": month})
    failed(response, 400, "invalid", "month")
    assert ProgressReport.objects.count() == 0


def test_a_month_must_be_given_and_lie_in_the_project(api_as, cast, project):
    post = partial(api_as(cast.clerk).post, of(project, "reports/"))
    failed(post({}), 400, "invalid", "month")
    failed(post({"month": "2026-06"}), 400, "month", "month")
    failed(post({"month": "9999-12"}), 400, "month", "month")


@pytest.mark.parametrize("given", [[], "文字", 7])
def test_a_body_that_is_no_object(api_as, cast, report, given):
    failed(api_as(cast.clerk).patch(of(report), given), 400, "invalid", "__all__")


def test_broken_json_has_the_error_shape(api_as, cast, report):
    response = api_as(cast.clerk).patch(of(report), data="{", content_type="application/json")
    failed(response, 400, "parse_error")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"percent": 110}, "lines.0.percent"),
        ({"percent": -1}, "lines.0.percent"),
        ({"percent": 33.3}, "lines.0.percent"),
        ({"percent": "一半"}, "lines.0.percent"),
        ({"percent": 10, "evidence": "证" * 501}, "lines.0.evidence"),
        ({}, "lines.0.percent"),
    ],
)
def test_a_wrong_line_is_named(api_as, cast, report, line, field):
    given = {"lines": [{"milestone": report.lines.first().milestone_id, **line}]}
    failed(api_as(cast.clerk).patch(of(report), given), 400, "invalid", field)


def test_an_unknown_milestone_is_refused_and_opens_nothing(api_as, cast, project):
    given = {"month": "2026-04", "lines": [{"milestone": 987654, "percent": 10}]}
    response = api_as(cast.clerk).post(of(project, "reports/"), given)
    failed(response, 400, "invalid", "line:987654")
    assert (ProgressReport.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_a_text_too_long(api_as, cast, report):
    response = api_as(cast.clerk).patch(of(report), {"done": "长" * 2001})
    failed(response, 400, "invalid", "done")


def test_a_stale_revision_is_a_conflict(api_as, cast, report):
    api = api_as(cast.clerk)
    assert body(api.patch(of(report), {"revision": 0, "done": "新的"}))["revision"] == 1
    failed(api.patch(of(report), {"revision": 0, "done": "旧页"}), 409, "stale_draft")
    assert body(api.get(of(report)))["done"] == "新的"


STEPS = [
    ("hand-over", "draft", "clerk", "secretary", "handed_over"),
    ("give-back", "handed_over", "secretary", "clerk", "draft"),
    ("submit", "draft", "secretary", "clerk", "submitted"),
    ("confirm", "submitted", "officer", "secretary", "confirmed"),
    ("return", "submitted", "officer", "leader", "returned"),
]


@pytest.mark.parametrize(("step", "before", "right", "wrong", "after"), STEPS)
def test_each_step_and_its_people(api_as, cast, project, step, before, right, wrong, after):
    report = make_report(project, APRIL, (20, 0), state=before)
    address, given = of(report, f"{step}/"), {"reason": "请补充"} if step == "return" else None
    failed(api_as(getattr(cast, wrong)).post(address, given), 403, "forbidden")
    failed(api_as(cast.outsider).post(address, given), 404, "not_found")
    failed(api_as().post(address, given), 401, "not_authenticated")
    failed(api_as(getattr(cast, right)).get(address), 405, "method_not_allowed")
    assert ProgressReport.objects.get().state == before
    for _ in range(2):
        assert body(api_as(getattr(cast, right)).post(address, given))["state"] == after
    assert report.state_changes.filter(from_state=before, to_state=after).count() == 1


def test_an_illegal_step_is_a_conflict(api_as, cast, report):
    failed(api_as(cast.officer).post(of(report, "confirm/")), 409, "illegal_step")


def test_an_incomplete_report_names_its_fields(api_as, cast, report):
    ProgressReport.objects.update(done="")
    failed(api_as(cast.secretary).post(of(report, "submit/")), 400, "incomplete", "done")


def test_a_return_with_comments(api_as, cast, project):
    report = make_report(project, APRIL, state="submitted")
    api, address = api_as(cast.officer), of(report, "return/")
    failed(api.post(address, {}), 400, "no_reason", "reason")
    failed(api.post(address, {"comments": {"state": "意见"}}), 400, "invalid", "comments")
    failed(api.post(address, {"comments": {"done": "长" * 501}}), 400, "invalid", "comments.done")
    failed(api.post(address, {"comments": ["意见"]}), 400, "invalid", "comments")
    shown = body(api.post(address, {"comments": {"done": "写具体"}}))
    assert shown["comments"] == [{"field": "done", "text": "写具体", "round": 1}]


# --- photos ---


def send(api, report, content, name="现场.jpg"):
    return api.post(of(report, "photos/"), {"file": upload(content, name)}, format="multipart")


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"MZ\x90\x00" + bytes(5000), "setup.jpg", "not_a_picture"),
        (png_bomb(), "大.png", "too_many_pixels"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "图.svg", "not_a_picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "图.jpg", "not_a_picture"),
        (b"", "空.jpg", "empty_file"),
    ],
    ids=["exe", "bomb", "svg", "svg-as-jpg", "empty"],
)
def test_a_bad_file_is_refused_and_leaves_nothing(api_as, cast, report, content, name, code):
    failed(send(api_as(cast.clerk), report, content, name), 400, code, "file")
    assert (Picture.objects.count(), ReportPhoto.objects.count(), Job.objects.count()) == (0, 0, 0)


def test_a_photo_from_upload_to_sizes_and_away(api_as, cast, report, django_capture_on_commit_callbacks):
    api = api_as(cast.clerk)
    shown = body(send(api, report, phone_photo()), 201)
    picture = Picture.objects.get()
    assert shown == {"id": str(picture.pk), "state": "waiting", "variants": []}
    with django_capture_on_commit_callbacks(execute=True):
        jobs.run(str(Job.objects.get().pk))
    address = f"/api/v1/photos/{picture.pk}/"
    ready = body(api.get(address))
    assert ready["state"] == "ready"
    assert sorted(size["name"] for size in ready["variants"]) == ["full", "large", "medium", "small"]
    for size in ready["variants"]:
        assert size["url"] == reverse("common:picture", args=[picture.pk, size["name"]])
        assert size["width"] > size["height"] > 0
    assert body(api.get(of(report)))["photos"] == [ready]
    assert api.delete(address).status_code == 204
    failed(api.delete(address), 404, "not_found")
    assert (Picture.objects.count(), PictureVariant.objects.count()) == (0, 0)


def test_a_name_of_300_chinese_characters(api_as, cast, report):
    response = send(api_as(cast.clerk), report, image_bytes(), "示" * 300 + ".jpg")
    assert body(response, 201)["state"] == "waiting"
    assert len(Picture.objects.get().original_name.encode()) <= 255


def test_a_photo_must_be_there_and_be_a_form(api_as, cast, report):
    api = api_as(cast.clerk)
    failed(api.post(of(report, "photos/"), {}, format="multipart"), 400, "invalid", "file")
    failed(api.post(of(report, "photos/"), {"file": "x"}), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [("officer", 403, "forbidden"), ("outsider", 404, "not_found"), (None, 401, "not_authenticated")],
)
def test_the_wrong_person_touches_no_photo(api_as, cast, report, who, status, code):
    photo = body(send(api_as(cast.clerk), report, phone_photo()), 201)
    api = api_as(getattr(cast, who) if who else None)
    failed(send(api, report, phone_photo()), status, code)
    failed(api.delete(f"/api/v1/photos/{photo['id']}/"), status, code)
    assert ReportPhoto.objects.count() == 1


def test_a_sent_reports_photos_stay(api_as, cast, report):
    api = api_as(cast.clerk)
    photo = body(send(api, report, phone_photo()), 201)
    ProgressReport.objects.update(state="submitted")
    failed(send(api, report, phone_photo()), 409, "not_editable")
    failed(api.delete(f"/api/v1/photos/{photo['id']}/"), 409, "not_editable")
