"""API of the season set-up: the same actions as the pages, 404 for everybody else, one error shape."""

from __future__ import annotations

from datetime import date

import pytest

from projects import seasons
from projects.models import Season
from tests.projects import screening_steps as steps
from tests.projects.answers import SEASONS, body, failed
from tests.projects.season_steps import criteria_of, make_ready_season, pool_of, tracks_of

TODAY = date(2026, 1, 15)
NEXT = {"code": "2027", "name": "2027年度", "starts_on": "2027-01-01", "ends_on": "2027-12-31"}
PARTS = ("tracks/", "criteria/", "reviewers/", "announcement/")


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


@pytest.fixture
def ready(db):
    return make_ready_season()


@pytest.fixture
def api(cast, api_as):
    return lambda who: api_as(getattr(cast, who))


def of(season: Season, suffix: str = "") -> str:
    return f"{SEASONS}{season.code}/{suffix}"


def test_who_may(api, api_as, cast, ready):
    seasons.write_announcement(season=ready, values={}, by=steps.by(cast.officer))
    calls = [("patch", ""), *(("put", part) for part in PARTS)]
    calls += [("post", "announcement/issue/"), ("post", "reopenings/"), ("get", ""), ("get", "announcement/")]
    for role in ("secretary", "clerk", "outsider", "leader", "evaladmin", "auditor", "sysadmin"):
        for call, part in calls:
            failed(getattr(api(role), call)(of(ready, part)), 404, "not_found")
        failed(api(role).post(SEASONS, NEXT), 403, "forbidden")
    for call, part in calls:
        failed(getattr(api_as(), call)(of(ready, part)), 401, "not_authenticated")
    failed(api_as().post(SEASONS, NEXT), 401, "not_authenticated")
    assert (Season.objects.count(), ready.announcement.issued_on) == (1, None)


def test_a_new_season_copies_another(api, ready):
    officer = api("officer")
    made = body(officer.post(SEASONS, NEXT | {"source": ready.code}), 201)
    assert (made["code"], made["apply_from"], made["yellow_from"], made["red_above"]) == ("2027", None, 10.0, 30.0)
    assert [(c["name"], c["weight"]) for c in made["criteria"]] == [("前瞻", 30.0), ("创新", 30.0), ("实效", 40.0)]
    assert [r["name"] for r in made["reviewers"]] == ["示例专家1", "示例专家2", "示例专家3"]
    assert made["missing"] == ["没有设申报时间"]
    assert body(officer.get(of(Season.objects.get(code="2027")))) == made
    assert [row["code"] for row in body(officer.get(SEASONS))["results"]] == ["2027", ready.code]
    failed(officer.post(SEASONS, NEXT), 400, "invalid", "code")
    failed(officer.post(SEASONS, NEXT | {"code": "new"}), 400, "invalid", "code")
    failed(officer.post(SEASONS, NEXT | {"code": "x", "source": "no-such"}), 400, "invalid", "source")
    failed(officer.post(SEASONS, {}), 400, "invalid", "code", "ends_on", "name", "starts_on")


def test_rules_are_changed_one_by_one(api, ready):
    officer = api("officer")
    shown = body(officer.patch(of(ready), {"yellow_from": 12.5, "overdue_red_days": 15}))
    assert (shown["yellow_from"], shown["overdue_red_days"], shown["report_due_day"]) == (12.5, 15, 5)
    assert Season.objects.get().yellow_from == 1250
    error = failed(officer.patch(of(ready), {"apply_until": "2026-10-03"}), 400, "rest_day", "apply_until")
    assert "可以改为 2026-10-08" in error["message"]
    Season.objects.update(ends_on=date(2027, 6, 30))
    failed(officer.patch(of(ready), {"apply_until": "2027-03-01"}), 400, "missing_calendar", "apply_until")
    failed(officer.patch(of(ready), {"yellow_from": 31}), 400, "invalid", "red_above")
    failed(officer.patch(of(ready), {"yellow_from": "10.001"}), 400, "invalid", "yellow_from")
    failed(officer.patch(of(ready), {"report_due_day": 29}), 400, "invalid", "report_due_day")
    failed(officer.patch(of(ready), {"archive_number_format": "YH"}), 400, "invalid", "archive_number_format")
    assert body(officer.patch(of(ready), {"apply_from": None, "apply_until": None}))["apply_until"] is None


def test_tracks(api, ready):
    officer, address = api("officer"), of(ready, "tracks/")
    row = {
        "code": "new",
        "name": "“两新”赛道",
        "award_title": "优秀书记项目",
        "method": "分类选评",
        "archive_code": "LX",
    }
    kinds = [{"kind": "branch", "sector": "private_enterprise"}, {"kind": "joint_branch"}]
    shown = body(officer.put(address, {"tracks": [{**row, "kinds": kinds, "last_number": 9}]}))["tracks"]
    kinds[1]["sector"] = ""
    assert shown == [{**row, "last_number": 0, "kinds": kinds}]
    failed(officer.put(address, {"tracks": [row, row]}), 400, "invalid", "tracks.1.archive_code", "tracks.1.code")
    wrong = {**row, "kinds": [{"kind": "guild"}]}
    failed(officer.put(address, {"tracks": [wrong]}), 400, "invalid", "tracks.0.kinds.0.kind")
    failed(officer.put(address, {}), 400, "invalid", "tracks")
    assert tracks_of(ready) == [("new", "LX", [("branch", "private_enterprise"), ("joint_branch", "")])]


def test_tracks_in_use_stay(api, sent, season):
    failed(api("officer").put(of(season, "tracks/"), {"tracks": []}), 409, "track_used")
    assert season.tracks.count() == 1


def test_criteria(api, season, in_review, panel):
    officer, address = api("officer"), of(season, "criteria/")
    rows = [{"name": "实效", "weight": 60.5, "hint": "看结果"}, {"name": "创新", "weight": "39.50"}]
    shown = body(officer.put(address, {"criteria": rows}))["criteria"]
    assert shown == [rows[0], {"name": "创新", "weight": 39.5, "hint": ""}]
    failed(officer.put(address, {"criteria": rows[:1]}), 400, "criteria", "criteria")
    failed(officer.put(address, {"criteria": [rows[0], rows[0]]}), 400, "criteria", "criteria.1.name")
    failed(officer.put(address, {"criteria": [rows[0] | {"weight": 101}]}), 400, "invalid", "criteria.0.weight")
    steps.score(steps.own_review(in_review, panel[0]), 70, 80)
    failed(officer.put(address, {"criteria": rows}), 409, "scored")
    assert criteria_of(season) == [("实效", 6050), ("创新", 3950)]


def test_reviewers(api, cast, ready):
    officer, address = api("officer"), of(ready, "reviewers/")
    first = ready.reviewers.select_related("person").get(person__name="示例专家1").person
    wanted = [first.pk, cast.leader.person_id]
    shown = body(officer.put(address, {"persons": wanted}))
    assert [(r["person"], r["name"]) for r in shown["reviewers"]] == [
        (first.pk, "示例专家1"),
        (cast.leader.person_id, "区领导"),
    ]
    assert shown["missing"] == ["评审人库只有 2 人，至少要 3 人"]
    failed(officer.put(address, {"persons": [*wanted, 987654]}), 400, "invalid", "persons")
    failed(officer.put(address, {"persons": ["x"]}), 400, "invalid", "persons.0")
    assert pool_of(ready) == ["区领导", "示例专家1"]


def test_the_call_for_applications(api, ready):
    officer, address = api("officer"), of(ready, "announcement/")
    failed(officer.get(address), 404, "not_found")
    failed(officer.post(f"{address}issue/"), 400, "no_announcement")
    draft = body(officer.put(address, {"number": "示例〔2026〕1号"}))
    assert (draft["title"], draft["number"], draft["issued_on"]) == (
        "关于申报2026年度书记项目的通知",
        "示例〔2026〕1号",
        None,
    )
    failed(officer.put(address, {"title": " "}), 400, "invalid", "title")
    failed(api("outsider").get(address), 404, "not_found")
    issued = body(officer.post(f"{address}issue/"))
    assert issued == draft | {"issued_on": "2026-01-15"}
    assert body(officer.post(f"{address}issue/")) == issued  # again is nothing
    assert body(api("outsider").get(address)) == issued
    failed(officer.put(address, {"title": "改"}), 409, "issued")


def test_an_incomplete_season_cannot_be_announced(api, season):
    officer = api("officer")
    body(officer.put(of(season, "announcement/"), {}))
    failed(officer.post(of(season, "announcement/issue/")), 400, "incomplete")


def test_an_organization_is_let_in_after_the_deadline(api, ready, district):
    officer, address = api("officer"), of(ready, "reopenings/")
    given = {"organization": district.street.public_id, "until": "2026-03-31", "reason": "换届"}
    shown = body(officer.post(address, given), 201)
    assert (shown["organization_name"], shown["until"], shown["by"]) == (
        "示例一街道党工委",
        "2026-03-31",
        "组织部工作人员",
    )
    assert body(officer.get(of(ready)))["reopenings"] == [shown]
    failed(officer.post(address, given | {"until": "2026-01-14"}), 400, "invalid", "until")
    failed(officer.post(address, given | {"reason": " "}), 400, "invalid", "reason")
    failed(officer.post(address, given | {"organization": "nowhere"}), 400, "invalid", "organization")
    assert ready.reopenings.count() == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_a_season_costs_the_same_for_one_and_three(api, cast, district, rows, assert_queries):
    season = make_ready_season()
    steps.make_reviewers(season, rows, first=4)
    for turn in range(rows):
        season.reopenings.create(
            organization=district.street, by=cast.officer, until=date(2026, 5, 6), reason=f"原因{turn}"
        )
    officer = api("officer")
    with assert_queries(22):
        answer = officer.get(of(season))
    assert len(body(answer)["reopenings"]) == rows
