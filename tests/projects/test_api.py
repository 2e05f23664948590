"""The projects API: what each sees, the right person and the wrong ones, bad input, guessed ids."""

import json
import re
from datetime import date
from functools import partial

import pytest
from django.urls import reverse

import evaluation.tracking.api
import organizations.api
import projects.api
from brands.models import Brand
from common import jobs
from common.models import AuditEntry, Job, Notice, Picture, PictureVariant
from evaluation.tracking.models import LiaisonCase
from projects.models import FieldComment, ProgressReport, Project, ReportPhoto
from tests.common.pictures import image_bytes, phone_photo, png_bomb, upload
from tests.factories import make_project, make_report, make_season, make_track

SEASONS, PROJECTS = "/api/v1/seasons/", "/api/v1/projects/"
APRIL = date(2026, 4, 1)
PUBLIC = {
    "code",
    "title",
    "summary",
    "season",
    "track",
    "track_name",
    "field",
    "field_display",
    "organization",
    "organization_name",
    "brands",
    "published_on",
}
SCOPED = PUBLIC | {
    "status",
    "archive_number",
    "starts_on",
    "ends_on",
    "lead_secretary",
    "planned_value",
    "earned_value",
    "schedule_variance",
    "spi",
    "light",
    "light_reason",
    "light_day",
}
DETAIL = SCOPED | {"problem", "goal", "measures", "expected_effect", "milestones"}


@pytest.fixture(autouse=True)
def _day(today):
    today("2026-05-04")


@pytest.fixture
def report(project):
    return make_report(project, APRIL, (20, 0), state="draft")


@pytest.fixture
def pair(project, district, cast):
    """Two published projects, each with a light: the first street's is red, the second street's green."""
    other = make_project(district.other_street, cast.outsider, title="智慧楼宇（示例）", track=project.track)
    rows = Project.objects.all()
    rows.update(published_on=date(2026, 3, 1), light_day=date(2026, 5, 3))
    red = {"planned_value": 3250, "earned_value": 25, "schedule_variance": -3225, "light": "red"}
    rows.filter(pk=project.pk).update(light_reason="far_behind", **red)
    green = {"planned_value": 3250, "earned_value": 3300, "schedule_variance": 50, "light": "green"}
    rows.filter(pk=other.pk).update(light_reason="on_schedule", **green)
    project.refresh_from_db()
    other.refresh_from_db()
    return project, other


def of(row, suffix=""):
    """The address of a project or a report."""
    if isinstance(row, Project):
        return f"{PROJECTS}{row.code}/{suffix}"
    return f"/api/v1/reports/{row.pk}/{suffix}"


def body(response, status=200):
    assert response.status_code == status, response.content
    return response.json()


def titles(response):
    return [row["title"] for row in body(response)["results"]]


def failed(response, status, code, *fields):
    """The one error shape, with a Chinese message."""
    error = body(response, status)
    assert list(error) == ["code", "message", "fields"]
    assert (error["code"], sorted(error["fields"])) == (code, sorted(fields))
    for text in (error["message"], *(text for texts in error["fields"].values() for text in texts)):
        assert re.search("[\u4e00-\u9fff]", text)
    return error


# --- lists ---


def test_nobody_gets_exactly_the_published_fields(api_as, pair, project):
    make_project(project.lead_organization, project.lead_secretary, title="未公开（示例）")
    rows = body(api_as().get(PROJECTS))["results"]
    assert [row["title"] for row in rows] == ["红色物业示范项目（示例）", "智慧楼宇（示例）"]
    assert all(set(row) == PUBLIC for row in rows)


@pytest.mark.parametrize("who", ["officer", "leader", "secretary", "outsider", "sysadmin"])
def test_the_public_scope_is_the_same_for_everybody(api_as, cast, pair, who):
    mine = body(api_as(getattr(cast, who)).get(PROJECTS, {"scope": "public"}))
    assert mine == body(api_as().get(PROJECTS))
    assert len(mine["results"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"light": "red"},
        {"light": "green"},
        {"status": "running"},
        {"status": "archived"},
        {"ordering": "schedule_variance"},
        {"ordering": "-schedule_variance"},
        {"ordering": "light"},
        {"ordering": "light_day"},
    ],
)
def test_the_public_list_does_not_tell_a_light_by_filter_or_order(api_as, cast, pair, query):
    asked = [
        api_as().get(PROJECTS, query),
        api_as(cast.officer).get(PROJECTS, {**query, "scope": "public"}),
    ]
    for response in asked:
        assert titles(response) == ["红色物业示范项目（示例）", "智慧楼宇（示例）"]


def test_the_scoped_list_is_the_own_projects_published_or_not(api_as, cast, pair, project):
    hidden = make_project(project.lead_organization, project.lead_secretary, title="未公开（示例）")
    first, second = pair
    assert titles(api_as(cast.secretary).get(PROJECTS)) == [first.title, hidden.title]
    assert titles(api_as(cast.clerk).get(PROJECTS)) == [first.title, hidden.title]
    assert titles(api_as(cast.outsider).get(PROJECTS)) == [second.title]
    assert len(titles(api_as(cast.officer).get(PROJECTS))) == 3
    for who in (cast.branchsec, cast.sysadmin, cast.auditor, cast.evaladmin, cast.scrutineer):
        assert titles(api_as(who).get(PROJECTS)) == []


def test_a_row_in_scope(api_as, cast, pair):
    row = body(api_as(cast.secretary).get(PROJECTS))["results"][0]
    assert set(row) == SCOPED
    assert (row["planned_value"], row["earned_value"], row["schedule_variance"]) == (32.5, 0.25, -32.25)
    assert (row["spi"], row["light"], row["status"]) == (0.01, "red", "running")
    assert row["light_reason"] == "严重落后于序时进度 32.25 个百分点"


def test_who_may_see_lights_may_filter_and_order_by_them(api_as, cast, pair):
    api, (first, second) = api_as(cast.officer), pair
    assert titles(api.get(PROJECTS, {"light": "red"})) == [first.title]
    assert titles(api.get(PROJECTS, {"status": "archived"})) == []
    assert titles(api.get(PROJECTS, {"ordering": "schedule_variance"})) == [first.title, second.title]
    assert titles(api.get(PROJECTS, {"ordering": "-schedule_variance"})) == [second.title, first.title]
    failed(api.get(PROJECTS, {"light": "blue"}), 400, "invalid", "light")


def test_public_filters(api_as, pair, project):
    first, second = pair
    Project.objects.filter(pk=second.pk).update(summary="楼宇里的党群服务", field="grid")
    second.brands.add(Brand.objects.create(code="lou-yu", name="楼宇先锋"))
    api = api_as()
    for query in (
        {"field": "grid"},
        {"brand": "lou-yu"},
        {"organization": second.lead_organization.public_id},
        {"search": "智慧 党群"},
        {"search": "二街道"},
    ):
        assert titles(api.get(PROJECTS, query)) == [second.title]
    both = {"season": project.season.code, "track": project.track.code, "search": "\u200b示例"}
    assert titles(api.get(PROJECTS, both)) == [first.title, second.title]
    assert titles(api.get(PROJECTS, {"season": "none"})) == []


def test_pages_lose_and_repeat_nothing(api_as, pair):
    first = body(api_as().get(PROJECTS, {"page_size": 1, "count": 1}))
    second = body(api_as().get(first["next"]))
    assert (first["count"], second["next"]) == (2, None)
    assert [row["title"] for row in first["results"] + second["results"]] == [row.title for row in pair]


def test_seasons_with_their_tracks(api_as, cast, project):
    assert body(api_as(cast.outsider).get(SEASONS))["results"] == [
        {
            "code": project.season.code,
            "name": "2026年度（示例）",
            "starts_on": "2026-01-01",
            "ends_on": "2026-12-31",
            "report_due_day": 5,
            "tracks": [
                {
                    "code": project.track.code,
                    "name": "党（工）委赛道",
                    "award_title": "十佳书记项目",
                    "method": "综合票决",
                }
            ],
        }
    ]
    failed(api_as().get(SEASONS), 401, "not_authenticated")


# --- detail ---


@pytest.mark.parametrize("who", ["secretary", "clerk", "officer", "leader"])
def test_detail_in_scope_published_or_not(api_as, cast, project, who):
    shown = body(api_as(getattr(cast, who)).get(of(project)))
    assert set(shown) == DETAIL
    ids = dict(project.milestones.values_list("title", "pk"))
    assert shown["milestones"] == [
        {
            "id": ids["建阵地"],
            "title": "建阵地",
            "weight": 60.0,
            "start": "2026-01-01",
            "due": "2026-07-02",
        },
        {
            "id": ids["见成效"],
            "title": "见成效",
            "weight": 40.0,
            "start": "2026-07-03",
            "due": "2026-12-31",
        },
    ]


@pytest.mark.parametrize("who", ["outsider", "branchsec", "sysadmin", "auditor", None])
def test_out_of_scope_a_published_project_shows_what_the_public_list_shows(api_as, cast, pair, who):
    api = api_as(getattr(cast, who) if who else None)
    shown = body(api.get(of(pair[0])))
    assert shown == body(api_as().get(PROJECTS))["results"][0]
    assert set(shown) == PUBLIC


@pytest.mark.parametrize("who", ["outsider", "branchsec", "sysadmin", "auditor", None])
def test_out_of_scope_an_unpublished_project_is_not_there(api_as, cast, project, who):
    api = api_as(getattr(cast, who) if who else None)
    unknown = failed(api.get(f"{PROJECTS}zzzzzzzz/"), 404, "not_found")
    assert failed(api.get(of(project)), 404, "not_found") == unknown


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


# --- queries: as many for three rows as for one ---


def add_photo(report, owner):
    picture = Picture.objects.create(owner=owner, state="ready", size=1, width=1, height=1)
    ReportPhoto.objects.create(report=report, picture=picture)
    for name in ("full", "small"):
        PictureVariant.objects.create(picture=picture, name=name, width=1, height=1, size=1)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("who", "queries"), [(None, 2), ("officer", 7)])
def test_queries_of_the_project_lists(api_as, cast, district, assert_queries, rows, who, queries):
    for number in range(rows):
        row = make_project(district.street, cast.secretary, published_on=date(2026, 3, 1))
        row.brands.add(Brand.objects.create(code=f"brand-{number}", name=f"品牌{number}"))
    api = api_as(getattr(cast, who) if who else None)
    with assert_queries(queries):
        assert len(titles(api.get(PROJECTS))) == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_of_the_seasons(api_as, cast, assert_queries, rows):
    for number in range(rows):
        season = make_season(date(2026 + number, 1, 1))
        make_track(season)
        make_track(season)
    api = api_as(cast.outsider)
    with assert_queries(5):
        assert len(body(api.get(SEASONS))["results"]) == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_of_the_reports(api_as, cast, project, assert_queries, rows):
    for number in range(rows):
        report = make_report(project, date(2026, number + 1, 1), (10, 0))
        FieldComment.objects.create(report=report, field="done", text="意见", by=cast.officer)
        add_photo(report, cast.clerk)
        add_photo(report, cast.clerk)
    api = api_as(cast.clerk)
    with assert_queries(12):
        shown = body(api.get(of(project, "reports/")))["results"]
    assert [len(row["photos"][0]["variants"]) for row in shown] == [2] * rows


# --- guessed ids ---


@pytest.fixture
def foreign(project, cast, district):
    """The value of each address part, all of the first street's things."""
    report = make_report(project, APRIL, (20, 0), state="submitted")
    add_photo(report, cast.clerk)
    case = LiaisonCase.objects.create(
        project=project,
        opened_on=APRIL,
        opened_light="red",
        light="red",
        interval_days=14,
        next_visit_on=APRIL,
    )
    return {
        "code": project.code,
        "report_id": report.pk,
        "photo_id": report.photos.get().picture_id,
        "case_id": case.pk,
        "public_id": district.street.public_id,
    }


ADDRESSES = [
    pattern
    for api in (projects.api, evaluation.tracking.api, organizations.api)
    for pattern in api.urlpatterns
    if pattern.pattern.converters
]


@pytest.mark.parametrize("pattern", ADDRESSES, ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("who", ["outsider", "branchsec", "sysadmin", "auditor", "evaladmin"])
def test_no_address_opens_with_an_id_of_another_committee(api_as, cast, foreign, pattern, who):
    parts = {part: foreign[part] for part in pattern.pattern.converters}
    address = reverse(f"api:{pattern.name}", kwargs=parts)
    before = list(ProgressReport.objects.values_list("state", "revision"))
    statuses = {
        method: getattr(api_as(getattr(cast, who)), method)(address, {}).status_code
        for method in ("get", "post", "put", "patch", "delete")
    }
    view = pattern.callback.view_class
    expected = {method: 404 if hasattr(view, method) else 405 for method in statuses}
    assert statuses == expected
    assert 404 in statuses.values()
    assert list(ProgressReport.objects.values_list("state", "revision")) == before
    assert (ReportPhoto.objects.count(), AuditEntry.objects.count(), Notice.objects.count()) == (1, 0, 0)


def test_the_schema_says_number_where_the_api_does(api_as, db):
    schema = api_as().get("/api/v1/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json")
    assert schema.status_code == 200
    shapes = json.loads(schema.content)["components"]["schemas"]
    for field in ("planned_value", "earned_value", "schedule_variance"):
        assert shapes["ProjectDetail"]["properties"][field]["type"] == "number"
