"""API after the count: the notice, objections in and for their handlers, awards, certificates."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.cache import cache

from evaluation.appraisal import crockford
from evaluation.appraisal.models import Award, Objection
from tests.evaluation.appraisal import outcome_steps as steps

pytestmark = pytest.mark.django_db
DURING = date(2026, 12, 8)
BODY = {"kind": "person", "name": "示例居民", "contact": "025-1234567", "content": "与事实不符。（示例）"}


@pytest.fixture
def vote(district, cast):
    cache.clear()
    steps.load_calendars()
    return steps.counted(district, cast)


@pytest.fixture
def notice(vote, cast):
    return steps.noticed(vote, cast.officer)


def test_the_notice_of_a_campaign(vote, notice, api_as, today):
    today(DURING)
    shown = api_as().get(f"/api/v1/campaigns/{vote.campaign.code}/notice/").json()
    items = shown.pop("items")
    assert shown == {
        "code": notice.code,
        "round": 1,
        "title": notice.title,
        "body": notice.body,
        "contact": steps.CONTACT,
        "state": "running",
        "starts_on": "2026-12-07",
        "ends_on": "2026-12-11",
        "open": True,
        "days_left": 4,
    }
    project = steps.item_of(notice, vote.codes("committee-1")[0]).candidate.project
    assert len(items) == 4
    assert items[0] == {
        "candidate": vote.codes("committee-1")[0],
        "title": project.title,
        "organization": project.lead_organization.name,
        "award": "十佳书记项目",
        "class_name": "",
    }


def test_a_draft_is_not_there(vote, cast, api_as):
    steps.drafted(steps.confirmed(vote))
    for user in (None, cast.evaladmin, cast.officer):
        assert api_as(user).get(f"/api/v1/campaigns/{vote.campaign.code}/notice/").status_code == 404


def test_an_objection_from_the_public(vote, notice, api_as, today):
    today(DURING)
    url = f"/api/v1/notices/{notice.code}/objections/"
    code = vote.codes("new-1")[0]
    answer = api_as().post(url, {**BODY, "candidate": code})
    made = Objection.objects.get()
    assert (answer.status_code, answer.json()) == (201, {"code": crockford.grouped(made.code)})
    assert made.item == steps.item_of(notice, code)
    refused = api_as().post(url, {**BODY, "name": "匿名", "contact": ""})
    assert (refused.status_code, sorted(refused.json()["fields"])) == (400, ["contact", "name"])
    other = api_as().post(url, {**BODY, "candidate": "nowhere"})
    assert (other.status_code, list(other.json()["fields"])) == (400, ["candidate"])
    today(steps.OVER)
    late = api_as().post(url, {**BODY, "content": "晚了"})
    assert (late.status_code, late.json()["code"]) == (409, "notice_over")
    assert Objection.objects.count() == 1


def test_objections_are_read_by_those_who_handle_them(vote, notice, cast, api_as):
    made = steps.objected(notice, item=steps.item_of(notice, vote.codes("new-1")[0]))
    url = f"/api/v1/notices/{notice.code}/objections/"
    for who in ("scrutineer", "leader", "secretary", "outsider", "auditor"):
        assert api_as(getattr(cast, who)).get(url).status_code == 404
    assert api_as().get(url).status_code == 404
    for who in ("officer", "evaladmin"):
        (row,) = api_as(getattr(cast, who)).get(url).json()
        assert (row["id"], row["name"], row["contact"]) == (made.pk, "示例居民", "025-1234567")
        assert (row["candidate"], row["state"]) == (vote.codes("new-1")[0], "received")
        assert "code" not in row


def test_many_objections_are_slowed_down(notice, api_as, today):
    today(DURING)
    url = f"/api/v1/notices/{notice.code}/objections/"
    answers = [api_as().post(url, {**BODY, "content": f"第{n}条"}).status_code for n in range(11)]
    assert answers == [201] * 10 + [429]


def test_the_list_of_awards(vote, notice, api_as, assert_queries):
    assert api_as().get("/api/v1/awards/").json()["results"] == []
    steps.finalized()
    award = Award.objects.get(candidate__code=vote.codes("new-1")[0])
    with assert_queries(1):
        rows = api_as().get("/api/v1/awards/?track=new").json()["results"]
    assert rows == [
        {
            "season": vote.campaign.season.code,
            "track": "new",
            "award": "优秀书记项目",
            "class_name": "",
            "project": award.project.code,
            "title": award.project.title,
            "organization": award.organization_name,
            "awarded_on": "2026-12-12",
        }
    ]
    with assert_queries(1):
        assert len(api_as().get("/api/v1/awards/").json()["results"]) == 4
    assert api_as().get("/api/v1/awards/?season=none").json()["results"] == []


def test_a_certificate_is_confirmed(notice, api_as):
    steps.finalized()
    award = Award.objects.first()
    shown = api_as().get(f"/api/v1/certificates/{award.verification_code.lower()}/").json()
    assert (shown["certificate_number"], shown["title"], shown["organization"]) == (
        award.certificate_number,
        award.project.title,
        award.organization_name,
    )
    unknown = api_as().get("/api/v1/certificates/0000000000001/")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
