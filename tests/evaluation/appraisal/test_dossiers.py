"""Dossiers: what the project holds, figures never bare, no level, no floats; and who sees their pictures."""

from __future__ import annotations

import json
from datetime import date

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from common import days
from common.models import Picture
from evaluation.appraisal import dossiers, electors, locking, manifest
from evaluation.appraisal.models import Campaign, CampaignAnnouncement, Candidate, Credential
from evaluation.appraisal.vote_pages import PASS_COOKIE
from projects.models import Project
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.dossier_steps import fill, make_picture
from tests.factories import make_plan, make_report


@pytest.fixture
def vote(district, cast):
    return votes.make_vote(district, cast)


@pytest.fixture
def project(vote, cast):
    """The first candidate's project, with everything."""
    return fill(Project.objects.get(title="为民先锋项目1（示例）"), cast.secretary)


def candidate_of(project) -> Candidate:
    return Candidate.objects.get(project=project)


# --- what is in it ---


def test_a_dossier_tells_what_the_project_holds(project):
    with days.pretend(votes.BEFORE):
        found = dossiers.build(project)
    pictures = found.pop("pictures")
    assert found == {
        "title": "为民先锋项目1（示例）",
        "archive_number": project.archive_number,
        "organization": "为民先锋项目1党组织（示例）",
        "secretary": "为民先锋项目1书记（示例）",
        "track": "为民先锋项目赛道",
        "field": "党建引领社区治理",
        "tier": "新生项目",
        "brands": [],
        "period": "2026年1月1日至2026年12月31日",
        "problem": "停车难。\n管线老。",
        "goal": "让居民满意。",
        "measures": "一、建阵地\n二、见成效",
        "outcome": "路通了。\n灯亮了。",
        "practice": "党员带头。",
        "figures": [
            {"name": "服务居民群众", "promised": "5000人次", "reached": "5000余人次", "verdict": "达到"},
            # 近100 was promised: 95 may be that.
            {"name": "培育骨干", "promised": "近100名", "reached": "95名", "verdict": ""},
            {"name": "化解矛盾", "promised": "30件", "reached": "", "verdict": ""},
            {"name": "节约经费", "promised": "2.5万元", "reached": "1.2万元", "verdict": "未达到"},
        ],
        "milestones": [
            {"title": "建阵地", "due": "2026年7月2日", "percent": 90},
            {"title": "见成效", "due": "2026年12月31日", "percent": 50},
        ],
    }
    assert [(p["caption"], p["alt"]) for p in pictures] == [
        (f"2026年{month}月", f"为民先锋项目1（示例），2026年{month}月工作照片") for month in (3, 4, 5)
    ]
    assert {(p["width"], p["height"]) for p in pictures} == {(800, 600)}
    assert len({p["id"] for p in pictures}) == 3


def test_the_level_of_the_closing_is_not_told(project):
    assert project.closing.level == "excellent"
    text = json.dumps(dossiers.build(project), ensure_ascii=False)
    assert not any(word in text for word in ("excellent", "优秀", "合格"))


def test_it_is_canonical_without_floats(project):
    found = dossiers.build(project)
    assert json.loads(manifest.canonical(found)) == found


def test_only_ready_pictures_of_confirmed_reports_the_latest_three(project, cast):
    for state, picture_state in (("submitted", "ready"), ("confirmed", "waiting"), ("confirmed", "failed")):
        month = 6 + project.reports.filter(month__gte=date(2026, 6, 1)).count()
        report = make_report(project, date(2026, month, 1), state=state)
        report.photos.create(picture=make_picture(cast.secretary, state=picture_state))
    last = make_report(project, date(2026, 10, 1))
    for position in range(2):
        last.photos.create(picture=make_picture(cast.secretary), position=position)
    Picture.objects.get(report_photo__report__month=date(2026, 8, 1)).variants.all().delete()
    captions = [picture["caption"] for picture in dossiers.build(project)["pictures"]]
    assert captions == ["2026年5月", "2026年10月", "2026年10月"]


def test_milestones_are_those_of_the_plan_in_force(project):
    make_plan(project, [("推广", 10000, date(2026, 7, 1), date(2026, 12, 1))], effective_from=date(2026, 7, 1))
    make_plan(project, [("来年", 10000, date(2027, 1, 1), date(2027, 2, 1))], effective_from=date(2027, 1, 1))
    with days.pretend(votes.BEFORE):
        found = dossiers.build(project)["milestones"]
    assert found == [{"title": "推广", "due": "2026年12月1日", "percent": None}]


def test_a_project_without_closing_reports_and_plan_has_a_dossier_too(district, cast, project):
    other = Project.objects.get(title="十佳书记项目1（示例）")
    other.closing.delete()
    other.plans.all().delete()
    found = dossiers.build(Project.objects.get(pk=other.pk))
    assert [found[name] for name in ("outcome", "figures", "milestones", "pictures")] == ["", [], [], []]


@pytest.mark.parametrize("number", [1, 3])
def test_many_dossiers_cost_as_much_as_one(vote, cast, assert_queries, number):
    chosen = [row.project for row in vote.campaign.candidates.select_related("project")[:number]]
    for project in chosen:
        fill(project, cast.secretary, months=number, photos=number)
    with assert_queries(9):
        found = dossiers.build_all(project.pk for project in chosen)
    assert sorted(found) == sorted(project.pk for project in chosen)


def test_the_lock_fixes_it(vote, project):
    votes.lock(vote)
    locked = candidate_of(project).dossier
    assert locked["outcome"] == "路通了。\n灯亮了。"
    Project.objects.filter(pk=project.pk).update(title="改过的名称", goal="改过")
    candidate = candidate_of(project)
    assert dossiers.of(candidate) == locked
    assert manifest.build(candidate.campaign, locking.verifier_sha256(), [])["contests"][1]["classes"][0]["candidates"]
    told = {
        each["code"]: each["dossier_sha256"]
        for contest in manifest.of(candidate.campaign)["contests"]
        for row in contest["classes"]
        for each in row["candidates"]
    }
    assert told[candidate.code] == manifest.sha256(manifest.canonical(locked))


def test_before_the_lock_it_is_as_it_would_be_now(project):
    assert dossiers.of(candidate_of(project)) == dossiers.build(project)


# --- as it is read ---


def test_what_the_reader_sees(project):
    candidate = candidate_of(project)
    dossier = dossiers.of(candidate)
    html = render_to_string("appraisal/dossier.html", {"dossier": dossier, "candidate": candidate.code})
    for text in (
        *("服务居民群众", "预期5000人次", "完成<b>5000余人次</b>（达到）", "未报完成数", "<p>路通了。<br>灯亮了。</p>"),
        *("建阵地<small>完成 90%（时限2026年7月2日）</small>", "新生项目", "党建引领社区治理"),
    ):
        assert text in html
    assert html.count("<img ") == 3
    for picture in dossier["pictures"]:
        address = reverse("appraisal:dossier_picture", args=[candidate.code, picture["id"], "medium"])
        assert f'src="{address}" alt="{picture["alt"]}" width="800" height="600" loading="lazy"' in html


def test_nothing_typed_becomes_markup(project):
    candidate = candidate_of(project)
    dossier = {**dossiers.of(candidate), "outcome": "<script>alert(1)</script>", "organization": "<b>党委"}
    html = render_to_string("appraisal/dossier.html", {"dossier": dossier, "candidate": candidate.code})
    assert ("<script" in html, "<b>党委" in html) == (False, False)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


# --- who sees the pictures ---


@pytest.fixture
def opened(vote, project):
    return votes.open_(vote)


def address(project, picture: str = "", size: str = "medium") -> str:
    candidate = candidate_of(project)
    picture = picture or dossiers.of(candidate)["pictures"][0]["id"]
    return reverse("appraisal:dossier_picture", args=[candidate.code, picture, size])


def with_pass(client, voter):
    """A browser at the voting pages with the voter's pass."""
    credential = Credential.objects.create(voter=voter, digest=f"{voter.pk:064}")
    client.cookies[PASS_COOKIE] = electors._pass(voter, credential.digest)
    return client


def test_a_voter_with_a_pass_sees_them_and_nothing_is_kept(opened, project, client):
    voter = opened.voters("expert")[0]
    with days.pretend(votes.DURING):
        found = with_pass(client, voter).get(address(project))
    assert (found.status_code, found["Content-Type"], found["Cache-Control"]) == (200, "image/webp", "no-store")
    assert b"".join(found.streaming_content)[:4] == b"RIFF"
    assert settings.SESSION_COOKIE_NAME not in found.cookies


def test_nobody_without_a_pass_sees_them(opened, project, client):
    with days.pretend(votes.DURING):
        assert client.get(address(project)).status_code == 404
        client.cookies[PASS_COOKIE] = "made-up"
        assert client.get(address(project)).status_code == 404


def test_a_voter_of_another_vote_sees_none(opened, project, client):
    other = Campaign.objects.create(season=opened.campaign.season, title="另一次票决")
    category = other.categories.create(code="expert", name="党建专家", weight=10000, position=1)
    voter = votes.add_voter(other, category, "别处的人")
    with days.pretend(votes.DURING):
        assert with_pass(client, voter).get(address(project)).status_code == 404


@pytest.mark.parametrize(
    ("who", "status"),
    [("evaladmin", 200), ("scrutineer", 200), ("officer", 200), ("leader", 200), ("outsider", 404), ("clerk", 404)],
)
def test_who_runs_or_watches_the_vote_sees_them(opened, project, cast, client_as, who, status):
    assert client_as(getattr(cast, who)).get(address(project)).status_code == status


def test_everybody_sees_them_once_the_vote_is_announced(opened, project, client):
    announcement = CampaignAnnouncement.objects.create(
        campaign=opened.campaign, body="公告", published_on=votes.OPENS, is_public=False
    )
    assert client.get(address(project)).status_code == 404
    CampaignAnnouncement.objects.filter(pk=announcement.pk).update(is_public=True)
    assert client.get(address(project)).status_code == 200
    known = client.get(address(project))["ETag"]
    assert client.get(address(project), headers={"If-None-Match": known}).status_code == 304


def test_only_pictures_of_the_dossier_in_sizes_that_exist(opened, project, cast, client_as):
    client = client_as(cast.evaladmin)
    stranger = make_picture(cast.secretary)
    assert client.get(address(project, str(stranger.pk))).status_code == 404
    assert client.get(address(project, size="small")).status_code == 200
    assert client.get(address(project, size="huge")).status_code == 404
    other = Project.objects.get(title="为民先锋项目2（示例）")
    assert client.get(address(other, dossiers.of(candidate_of(project))["pictures"][0]["id"])).status_code == 404
    assert client.post(address(project)).status_code == 405


def test_a_draft_shows_them_to_the_workbench_only(vote, project, cast, client, client_as):
    CampaignAnnouncement.objects.create(campaign=vote.campaign, body="公告", published_on=votes.OPENS, is_public=True)
    assert client_as(cast.evaladmin).get(address(project)).status_code == 200
    assert client.get(address(project)).status_code == 404


# --- the workbench page ---


def page(vote):
    return reverse("appraisal:dossiers", args=[vote.campaign.code])


@pytest.mark.parametrize(
    ("who", "status"),
    [("evaladmin", 200), ("scrutineer", 200), ("officer", 200), ("leader", 200), ("outsider", 404), ("secretary", 404)],
)
def test_who_looks_through_the_dossiers(vote, cast, client_as, who, status):
    assert client_as(getattr(cast, who)).get(page(vote)).status_code == status


def test_nobody_is_sent_to_the_login(vote, client):
    assert client.get(page(vote)).status_code == 302


def test_the_page_shows_each_dossier_and_its_booklet(vote, project, cast, client_as):
    html = client_as(cast.evaladmin).get(page(vote)).content.decode()
    assert (html.count('class="dossier-fold"'), html.count('value="vote_booklet"')) == (10, 3)
    assert ("锁定时定稿" in html, "<p>路通了。<br>灯亮了。</p>" in html) == (True, True)
    votes.lock(vote)
    html = client_as(cast.evaladmin).get(page(vote)).content.decode()
    assert ("锁定时已定稿" in html, html.count('class="vote-number"')) == (True, 10)


def test_without_candidates_the_page_says_what_to_do(vote, cast, client_as):
    Candidate.objects.all().delete()
    html = client_as(cast.evaladmin).get(page(vote)).content.decode()
    assert "还没有候选项目" in html


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_costs_the_same_for_any_number(vote, cast, client_as, assert_queries, number):
    kept = vote.campaign.candidates.values_list("pk", flat=True)[:number]
    vote.campaign.candidates.exclude(pk__in=list(kept)).delete()
    for row in vote.campaign.candidates.select_related("project"):
        fill(row.project, cast.secretary)
    client = client_as(cast.evaladmin)
    client.get(page(vote))
    with assert_queries(18):
        client.get(page(vote))
