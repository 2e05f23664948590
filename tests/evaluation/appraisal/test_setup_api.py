"""API of the set-up: the same actions and refusals as the pages; a vote is public once it is announced."""

from __future__ import annotations

import pytest

from evaluation.appraisal.models import Campaign, CampaignAnnouncement, Candidate
from tests import factories
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.setup_steps import weights_of
from tests.projects.answers import body, failed

CAMPAIGNS = "/api/v1/campaigns/"
POSTS = ("candidates/", "lock/", "open/", "close/", "void/")


@pytest.fixture(autouse=True)
def _day(today):
    today(votes.BEFORE)


@pytest.fixture
def vote(district, cast):
    return votes.make_vote(district, cast, each=10)


@pytest.fixture
def api(cast, api_as):
    return lambda who: api_as(getattr(cast, who))


def of(vote: votes.Vote, suffix: str = "") -> str:
    return f"{CAMPAIGNS}{vote.campaign.code}/{suffix}"


def announce(vote: votes.Vote) -> None:
    CampaignAnnouncement.objects.create(campaign=vote.campaign, body="公告（示例）", published_on=votes.BEFORE)


def codes(answer) -> list[str]:
    return [row["code"] for row in body(answer)["results"]]


def test_who_reads_a_draft(api, api_as, vote):
    for who in ("evaladmin", "officer", "leader", "scrutineer"):
        assert codes(api(who).get(CAMPAIGNS)) == [vote.campaign.code]
        for part in ("", "candidates/", "problems/"):
            assert api(who).get(of(vote, part)).status_code == 200
    for who in ("secretary", "outsider", "auditor", "sysadmin"):
        assert codes(api(who).get(CAMPAIGNS)) == []
        for part in ("", "candidates/", "problems/"):
            failed(api(who).get(of(vote, part)), 404, "not_found")
    assert codes(api_as().get(CAMPAIGNS)) == []
    for part in ("", "candidates/"):
        failed(api_as().get(of(vote, part)), 404, "not_found")
    failed(api_as().get(of(vote, "problems/")), 401, "not_authenticated")


def test_a_locked_vote_is_public_once_it_is_announced(api_as, vote):
    announce(vote)
    failed(api_as().get(of(vote)), 404, "not_found")  # a draft stays one's own
    votes.lock(vote)
    shown = body(api_as().get(of(vote)))
    assert (shown["state"], shown["manifest_sha256"]) == ("locked", vote.campaign.manifest_sha256)
    assert len(body(api_as().get(of(vote, "candidates/")))) == 10
    assert codes(api_as().get(CAMPAIGNS)) == [vote.campaign.code]
    CampaignAnnouncement.objects.update(is_public=False)
    failed(api_as().get(of(vote)), 404, "not_found")


def test_only_the_administrator_changes(api, api_as, vote):
    before = Campaign.objects.values().get()
    calls = [("patch", ""), ("put", "contests/"), ("put", "categories/"), *(("post", part) for part in POSTS)]
    for call, part in calls:
        failed(getattr(api_as(), call)(of(vote, part)), 401, "not_authenticated")
        failed(getattr(api("outsider"), call)(of(vote, part), {}, format="json"), 404, "not_found")
    given = {"contests/": {"contests": []}, "categories/": {"categories": []}, "void/": {"reason": "不要"}}
    for who in ("officer", "leader", "scrutineer"):
        for call, part in calls:
            if part != "candidates/":
                answer = getattr(api(who), call)(of(vote, part), given.get(part, {}), format="json")
                failed(answer, 403, "forbidden")
        failed(api(who).post(CAMPAIGNS, {"season": vote.campaign.season.code, "title": "新"}), 403, "forbidden")
    assert Campaign.objects.values().get() == before


def test_a_new_campaign_is_empty_or_a_copy(api, vote):
    admin, season = api("evaladmin"), vote.campaign.season.code
    shown = body(admin.post(CAMPAIGNS, {"season": season, "title": "空白的"}), 201)
    assert [row["weight"] for row in shown["categories"]] == ["16.67", "16.67", "16.67", "16.67", "16.66", "16.66"]
    given = {"season": season, "title": "沿用的", "source": vote.campaign.code}
    shown = body(admin.post(CAMPAIGNS, given), 201)
    assert (shown["categories"][0]["name"], shown["categories"][0]["weight"]) == ("党建专家", "30.00")
    assert [row["classes"][0]["seats"] for row in shown["contests"]] == [2, 1, 1]
    failed(admin.post(CAMPAIGNS, given), 400, "exists", "title")
    failed(admin.post(CAMPAIGNS, given | {"source": "none"}), 400, "invalid", "source")
    failed(admin.post(CAMPAIGNS, given | {"season": "none"}), 400, "invalid", "season")
    failed(admin.post(CAMPAIGNS, {}), 400, "invalid", "season", "title")


def test_basics_contests_and_categories(api, vote):
    admin = api("evaladmin")
    shown = body(admin.patch(of(vote), {"notice_days": 7, "closes_at": "2026-12-05T18:00:00+08:00"}, format="json"))
    assert shown["rules"][-1]["sentences"][0].startswith("拟入选项目公示 7 个工作日")
    failed(admin.patch(of(vote), {"closes_at": "2026-11-05T18:00:00+08:00"}), 400, "invalid", "closes_at")
    rows = [
        {"code": row.code, "name": row.name, "weight": weight}
        for row, weight in zip(
            vote.campaign.categories.all(), ("33.33", "33.33", "33.33", "0.01", 0.01, "0.01"), strict=True
        )
    ]
    body(admin.put(of(vote, "categories/"), {"categories": rows}, format="json"))
    assert [weight for _, weight in weights_of(vote.campaign)] == [3333, 3333, 3333, 1, 1, 1]
    problems = body(admin.get(of(vote, "problems/")))
    assert problems == [
        {
            "part": "categories",
            "row": "类别权重",
            "words": "权重合计为 100.02，应正好为 100，",
            "cure": "请调整 0.02。",
        }
    ]
    bad = [rows[0] | {"weight": "33.333"}]
    failed(
        admin.put(of(vote, "categories/"), {"categories": bad}, format="json"), 400, "invalid", "categories.0.weight"
    )
    contests = [
        {"track": "community", "award_title": "为民先锋项目", "method": "compilation", "classes": [{"seats": 2}]},
        {"track": "gone", "award_title": "别的", "method": "stage", "classes": [{"seats": 1}]},
    ]
    answer = admin.put(of(vote, "contests/"), {"contests": contests}, format="json")
    failed(answer, 400, "invalid", "contests.1.track")
    failed(admin.put(of(vote, "contests/"), {"contests": contests[:1]}, format="json"), 409, "has_candidates")
    Candidate.objects.all().delete()
    shown = body(admin.put(of(vote, "contests/"), {"contests": contests[:1]}, format="json"))
    assert [(row["code"], row["classes"]) for row in shown["contests"]] == [
        ("community", [{"number": 1, "name": "", "seats": 2}])
    ]


def test_candidates_come_and_go(api, vote, district):
    admin, track = api("evaladmin"), vote.campaign.contests.get(code="new").track
    extra = votes.closed_project(factories.make_org(district.root), factories.make_person(), track, "新来的")
    given = {"project": extra.code, "contest": "new"}
    made = body(admin.post(of(vote, "candidates/"), given), 201)
    assert (made["title"], made["contest"], made["class_number"], made["number"]) == ("新来的", "new", 1, None)
    assert body(admin.post(of(vote, "candidates/"), given), 201) == made
    running = factories.make_project(district.street, factories.make_person(), track=track)
    failed(admin.post(of(vote, "candidates/"), given | {"project": running.code}), 400, "not_eligible", "project")
    failed(admin.post(of(vote, "candidates/"), given | {"project": "none"}), 400, "invalid", "project")
    failed(admin.post(of(vote, "candidates/"), given | {"number": 2}), 400, "invalid", "contest")
    left = body(admin.post(of(vote, f"candidates/{made['code']}/withdraw/")))
    assert len(left) == 10
    failed(admin.post(of(vote, f"candidates/{made['code']}/withdraw/")), 404, "not_found")
    votes.lock(vote)
    first = vote.codes("new-1")[0]
    failed(admin.post(of(vote, f"candidates/{first}/withdraw/")), 400, "invalid", "reason")
    left = body(admin.post(of(vote, f"candidates/{first}/withdraw/"), {"reason": "主动退出"}))
    assert [row["withdrawn_reason"] for row in left if row["code"] == first] == ["主动退出"]
    failed(admin.post(of(vote, "candidates/"), given), 409, "locked")


def test_lock_open_close_void(api, vote, today):
    admin = api("evaladmin")
    vote.campaign.categories.filter(code="expert").update(weight=2500)
    error = failed(admin.post(of(vote, "lock/")), 400, "not_lockable", "categories")
    assert error["fields"]["categories"] == ["类别权重：权重合计为 95.00，应正好为 100，请调整 5.00。"]
    vote.campaign.categories.filter(code="expert").update(weight=3000)
    shown = body(admin.post(of(vote, "lock/"), {"order_seed": "2026138"}))
    assert (shown["state"], vote.again().order_seed) == ("locked", "2026138")
    assert body(admin.get(of(vote, "problems/"))) == []
    failed(admin.patch(of(vote), {"notice_days": 6}), 409, "locked")
    failed(admin.post(of(vote, "open/")), 409, "too_early")
    today(votes.DURING)
    assert body(admin.post(of(vote, "open/")))["state"] == "open"
    failed(admin.post(of(vote, "close/")), 409, "too_early")
    today(votes.AFTER)
    assert body(admin.post(of(vote, "close/")))["state"] == "closed"
    failed(admin.post(of(vote, "void/")), 400, "invalid", "reason")
    assert body(admin.post(of(vote, "void/"), {"reason": "名册有误"}))["state"] == "voided"


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_and_three(api, rows, assert_queries):
    season = factories.make_season()
    for number in range(rows):
        Campaign.objects.create(season=season, title=f"票决{number}")
    admin = api("evaladmin")
    with assert_queries(6):
        assert len(codes(admin.get(CAMPAIGNS))) == rows
