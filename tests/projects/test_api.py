"""The projects API, lists and details: what each sees, filters, paging, queries, guessed ids."""

import json
from datetime import date

import pytest
from django.urls import reverse

import evaluation.tracking.api
import organizations.api
import projects.api
from brands.models import Brand
from common.models import AuditEntry, Notice, Picture, PictureVariant, StoredFile
from evaluation.tracking.models import LiaisonCase
from projects.models import Application, FieldComment, ProgressReport, Project, ReportPhoto
from tests.factories import make_project, make_report, make_season, make_track
from tests.projects.answers import PROJECTS, SEASONS, body, failed, of, titles

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


@pytest.mark.parametrize("ordering", ["", "title", "-published_on", "starts_on"])
def test_pages_lose_and_repeat_nothing(api_as, pair, ordering):
    whole = titles(api_as().get(PROJECTS, {"ordering": ordering}))
    first = body(api_as().get(PROJECTS, {"page_size": 1, "count": 1, "ordering": ordering}))
    second = body(api_as().get(first["next"]))
    assert (first["count"], second["next"]) == (2, None)
    assert [row["title"] for row in first["results"] + second["results"]] == whole
    assert set(whole) == {row.title for row in pair}


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
        "ranking.code": project.season.code,
        "report_id": report.pk,
        "photo_id": report.photos.get().picture_id,
        "case_id": case.pk,
        "public_id": district.street.public_id,
        **_application_parts(project, cast),
    }


def _application_parts(project, cast):
    """An application with all that hangs on it; parts that share a name are told apart by the address'."""
    Application.objects.create(project=project)
    version = project.versions.create(number=1, content={})
    review = project.screenings.create(version=version, round=1).reviews.create(reviewer=cast.leader.person)
    comment = project.application_comments.create(version=version, field="goal", text="意见", by=cast.officer)
    stored = StoredFile.objects.create(
        owner=cast.clerk, original_name="记录.pdf", content_type="application/pdf", size=1, sha256="0", path="files/x"
    )
    project.attachments.create(purpose="study_record", file=stored)
    change = project.plan_changes.create(
        plan=project.plans.create(version=2, effective_from=APRIL), reason="变更", old_end=project.ends_on
    )
    return {
        "review_id": review.pk,
        "comment_id": comment.pk,
        "file_id": stored.pk,
        "pk": change.pk,
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
    parts = {part: foreign.get(f"{pattern.name}.{part}") or foreign[part] for part in pattern.pattern.converters}
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
