"""Pages after the count: the right person, an outsider, nobody; and what the public may see."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from common import publication
from common.actors import Actor
from evaluation.appraisal import tiers
from evaluation.appraisal.models import Award, CampaignAnnouncement, Objection, PublicNotice, TierProposal
from organizations.models import Organization
from projects.models import Project
from tests.evaluation.appraisal import outcome_steps as steps
from tests.factories import make_track

pytestmark = pytest.mark.django_db
FORM = {"kind": "person", "name": "示例居民", "contact": "025-1234567", "content": "与事实不符。（示例）", "item": ""}
DURING = date(2026, 12, 8)


@pytest.fixture
def vote(district, cast):
    cache.clear()
    steps.load_calendars()
    return steps.counted(district, cast)


@pytest.fixture
def notice(vote, cast):
    return steps.noticed(vote, cast.officer)


@pytest.fixture
def awarded(vote, notice):
    steps.finalized()
    vote.again()
    return vote


@pytest.fixture
def objection(vote, notice):
    return steps.objected(notice, item=steps.item_of(notice, vote.codes("new-1")[0]))


def desk(name, vote, *more) -> str:
    return reverse(f"appraisal:{name}", args=[vote.campaign.code, *more])


def public(notice) -> str:
    return reverse("appraisal:public_notice", args=[notice.code])


# --- who may open what ---


def test_the_workbench_pages_by_person(vote, cast, objection, client_as):
    steps.closed(objection, "dismissed", cast.officer)
    steps.finalized()
    award = Award.objects.get(candidate__code=vote.codes("new-1")[0])
    everybody, handlers = ("evaladmin", "officer", "scrutineer"), ("evaladmin", "officer")
    pages = {
        desk("notice", vote): everybody,
        desk("awards", vote): everybody,
        desk("certificate", vote, award.candidate.code): everybody,
        desk("certificate_template", vote): handlers,
        desk("certificate_preview", vote): handlers,
        desk("objection", vote, objection.pk): handlers,
        desk("objection_new", vote): handlers,
    }
    for url, may in pages.items():
        for who in ("evaladmin", "officer", "scrutineer", "leader", "outsider", "secretary", "auditor"):
            status = client_as(getattr(cast, who)).get(url).status_code
            assert (url, who, status) == (url, who, 200 if who in may else 404)
        assert Client().get(url).status_code == 302


def test_the_workbench_steps_by_person(vote, cast, objection, client_as):
    steps.finalized()
    item = objection.item
    proposal = TierProposal.objects.first()
    for url in (
        desk("notice_publication", vote),
        desk("notice_finalize", vote),
        desk("notice_conclude", vote),
        desk("item_naming", vote, item.pk),
        desk("tier", vote, proposal.pk),
        desk("campaign_archive", vote),
    ):
        assert client_as(cast.outsider).post(url).status_code == 404
        assert Client().post(url).status_code == 302
        assert client_as(cast.officer).get(url).status_code == 405


# --- the notice on the workbench ---


def test_from_the_result_to_the_public_page(vote, cast, client_as, today):
    steps.confirmed(vote)
    today(steps.START)
    admin, officer = client_as(cast.evaladmin), client_as(cast.officer)
    assert "按结果拟定公示" in admin.get(desk("notice", vote)).text
    assert "按结果拟定公示</button>" not in officer.get(desk("notice", vote)).text
    assert admin.post(desk("notice", vote)).status_code == 302
    notice = PublicNotice.objects.get()
    page, url = admin.get(desk("notice", vote)), desk("notice_publication", vote)
    assert notice.title in page.text

    refused = admin.post(url, {"do": "propose", "title": notice.title, "body": "改过的正文。", "contact": ""})
    assert (refused.status_code, "请写明受理方式" in refused.text, "改过的正文。" in refused.text) == (400, True, True)
    admin.post(url, {"do": "propose", "title": notice.title, "body": notice.body, "contact": steps.CONTACT})
    assert Client().get(public(notice)).status_code == 404
    seen = publication.shown(notice, cast.officer)["seen"]
    for do in ("clear", "approve", "publish"):
        officer.post(url, {"do": do, "seen": seen})
    shown = Client().get(public(notice))
    assert (shown.status_code, steps.CONTACT in shown.text) == (200, True)
    assert "2026年12月7日" in shown.text


def test_a_refusal_is_flashed(vote, cast, client_as, today):
    steps.drafted(steps.confirmed(vote))
    today("2026-12-06")
    notice = PublicNotice.objects.get()
    steps.proposed(vote, notice)
    officer, url = client_as(cast.officer), desk("notice_publication", vote)
    for do in ("clear", "approve"):
        officer.post(url, {"do": do})
    page = officer.post(url, {"do": "publish"}, follow=True)
    assert "不是工作日，公示应从工作日开始，请在 2026年12月7日 发布" in page.text


def test_finalizing_by_the_button(vote, notice, objection, cast, client_as, today):
    today(steps.END)
    early = client_as(cast.officer).post(desk("notice_finalize", vote), follow=True)
    assert "公示到 2026年12月11日为止" in early.text
    today(steps.OVER)
    page = client_as(cast.officer).post(desk("notice_finalize", vote), follow=True)
    assert "3 个项目的评选结果已经生效" in page.text
    assert "暂不生效：有异议没有办结" in page.text


def test_the_end_of_the_notice_is_said_and_led_to(vote, notice, cast, client_as, today):
    words, button = "期满次日自动办理，也可以现在办理", "让公示结果生效？"
    today(steps.END)
    assert words not in client_as(cast.officer).get(desk("notice", vote)).text
    today(steps.OVER)
    for who, may in (("officer", True), ("evaladmin", True), ("scrutineer", False)):
        page = client_as(getattr(cast, who)).get(desk("notice", vote)).text
        assert (who, words in page, button in page) == (who, True, may)
    assert f'href="{desk("notice", vote)}">到公示页' in client_as(cast.officer).get(desk("awards", vote)).text


def test_each_page_says_whose_step_is_next(vote, cast, client_as, today):
    steps.drafted(steps.confirmed(vote))
    today(steps.START)
    watcher, notice = client_as(cast.scrutineer), PublicNotice.objects.get()
    assert "<b>提出</b>，由年度评选管理员办理" in watcher.get(desk("notice", vote)).text
    steps.proposed(vote, notice)
    for do, words in (("clear", "保密审查"), ("approve", "审批"), ("publish", "发布")):
        assert f"<b>{words}</b>，由区委组织部办理" in watcher.get(desk("notice", vote)).text
        steps.passed(vote, cast.officer, notice, [do])
    assert "下一步：" not in watcher.get(desk("notice", vote)).text


def test_the_announcement_says_whose_step_is_next(vote, cast, client_as):
    watcher, url = client_as(cast.scrutineer), desk("announcement", vote)
    assert "<b>提出</b>，由年度评选管理员办理" in watcher.get(url).text
    publication.propose(obj=vote.campaign, content={"body": "公告如下。（示例）"}, by=vote.by)
    assert "<b>保密审查</b>，由区委组织部办理，已列入组织部工作人员的待办" in watcher.get(url).text
    for do in ("clear", "approve", "publish"):
        publication.take_step(obj=vote.campaign, do=do, by=Actor.person(cast.officer))
    assert "下一步：" not in watcher.get(url).text


def test_what_is_not_settled_is_read_before_archiving(awarded, cast, client_as):
    words = "个获奖项目的梯队晋级没有决定，由组织部决定"
    page = client_as(cast.evaladmin).get(desk("awards", awarded)).text
    assert (f"4 {words}" in page, "没有决定的梯队晋级仍可决定" in page) == (True, True)
    assert words not in client_as(cast.scrutineer).get(desk("awards", awarded)).text
    for proposal in TierProposal.objects.all():
        tiers.decide_tier(proposal=proposal, accept=False, reason="暂缓。", by=Actor.person(cast.officer))
    page = client_as(cast.evaladmin).get(desk("awards", awarded)).text
    assert (words in page, "异议和梯队晋级都已办完" in page) == (False, True)


def test_the_decision_on_a_dissolved_organization(vote, notice, cast, client_as, today):
    item = steps.item_of(notice, vote.codes("new-1")[0])
    Organization.objects.filter(pk=item.candidate.project.lead_organization_id).update(dissolved_on=DURING)
    today(DURING)
    url = desk("item_naming", vote, item.pk)
    assert url in client_as(cast.officer).get(desk("notice", vote)).text
    assert url not in client_as(cast.evaladmin).get(desk("notice", vote)).text
    client_as(cast.officer).post(url, {"do": "award", "reason": "由社区党委承接。（示例）"})
    item.refresh_from_db()
    assert item.naming_decision == "由社区党委承接。（示例）"


# --- objections on the workbench ---


def test_names_are_for_those_who_handle_them(vote, notice, objection, cast, client_as, today):
    today(DURING)
    pages = {who: client_as(getattr(cast, who)).get(desk("notice", vote)).text for who in ("officer", "scrutineer")}
    assert ("示例居民" in pages["officer"], "示例居民" in pages["scrutineer"]) == (True, False)
    assert "没有办结的 1 件" in pages["scrutineer"]
    one = client_as(cast.evaladmin).get(desk("objection", vote, objection.pk)).text
    assert ("025-1234567" in one, "与事实不符。（示例）" in one) == (True, True)


def test_an_answer_without_words_keeps_the_page(vote, objection, cast, client_as, today):
    today(DURING)
    url = desk("objection", vote, objection.pk)
    page = client_as(cast.officer).post(url, {"state": "dismissed", "reply": ""})
    assert (page.status_code, "请写明答复，异议人可以看到。" in page.text) == (400, True)
    assert client_as(cast.officer).post(url, {"state": "dismissed", "reply": "已核实。"}).status_code == 302
    objection.refresh_from_db()
    assert (objection.state, objection.reply) == ("dismissed", "已核实。")


def test_a_letter_is_recorded_on_its_page(vote, notice, cast, client_as, today):
    today("2026-12-14")
    url = desk("objection_new", vote)
    letter = {**FORM, "via": "letter", "received_on": "2026.12.14", "dated_on": "2026-12-12"}
    page = client_as(cast.evaladmin).post(url, letter)
    assert (page.status_code, "不在公示期内" in page.text, "示例居民" in page.text) == (400, True, True)
    client_as(cast.evaladmin).post(url, {**letter, "dated_on": "2026/12/11"})
    assert Objection.objects.get().dated_on == date(2026, 12, 11)


# --- the public notice ---


def test_the_public_page_says_what_and_until_when(vote, notice, today):
    today(DURING)
    page = Client().get(public(notice)).text
    winner = steps.item_of(notice, vote.codes("committee-1")[0]).candidate.project
    for words in ("十佳书记项目", winner.title, winner.lead_organization.name, "<b>4</b> 个工作日（含今天）"):
        assert words in page
    vote_page = reverse("appraisal:public_vote", args=[vote.campaign.code])
    assert vote_page in page
    CampaignAnnouncement.objects.update(is_public=False)
    assert vote_page not in Client().get(public(notice)).text
    for label in ("提出", "保密审查", "审批", "发布"):
        assert f"<dt>{label}</dt><dd>2026年12月7日</dd>" in page
    for name in ("组织部工作人员", "年度评选管理员"):
        assert name not in page


def test_an_objection_by_the_form(notice, today):
    today(DURING)
    page = Client().post(public(notice), FORM)
    made = Objection.objects.get()
    assert (page.status_code, page["Cache-Control"]) == (200, "no-store")
    code = "-".join(made.code[at : at + 4] for at in (0, 4, 8))
    assert code in page.text
    asked = Client().post(reverse("appraisal:objection_status"), {"code": code.lower().replace("0", "o")})
    assert ("已收到" in asked.text, "示例居民" in asked.text, "025-1234567" in asked.text) == (True, False, False)


def test_what_was_typed_stays_beside_what_is_missing(notice, today):
    today(DURING)
    page = Client().post(public(notice), {**FORM, "name": "", "content": "写了很久的内容。"})
    assert (page.status_code, "写了很久的内容。" in page.text) == (400, True)
    assert "请填写真实姓名或单位全称，匿名的不予受理。" in page.text
    unit = Client().post(public(notice), {**FORM, "kind": "organization"})
    assert "以单位名义提出的应加盖公章" in unit.text
    assert not Objection.objects.exists()


def test_after_the_end_there_is_no_form_and_what_was_typed_stays(notice, today):
    today(steps.OVER)
    page = Client().get(public(notice)).text
    assert ("公示已于 2026年12月11日结束" in page, "提交异议" in page) == (True, False)
    late = Client().post(public(notice), {**FORM, "content": "写了很久的内容。"})
    assert (late.status_code, "写了很久的内容。" in late.text) == (409, True)
    assert "公示已于 2026年12月11日结束，不再受理异议。" in late.text
    assert not Objection.objects.exists()


def test_many_from_one_address_are_slowed_down(notice, today):
    today(DURING)
    for number in range(10):
        assert Client().post(public(notice), {**FORM, "content": f"第{number}条"}).status_code == 200
    page = Client().post(public(notice), {**FORM, "content": "第十一条"})
    assert (page.status_code, "操作过于频繁" in page.text, "第十一条" in page.text) == (429, True, True)
    assert Client(REMOTE_ADDR="10.0.0.9").post(public(notice), FORM).status_code == 200


def test_an_unknown_query_code(db):
    page = Client().post(reverse("appraisal:objection_status"), {"code": "0000-0000-0001"})
    assert (page.status_code, "没有这个查询码" in page.text) == (400, True)


def test_a_superseded_round_leads_to_the_next(vote, notice, objection, cast, today):
    steps.closed(objection, "upheld", cast.officer)
    today(DURING)
    assert "新一轮公示发布后，公示期重新计算" in Client().get(public(notice)).text
    second = steps.published(vote, cast.officer, vote.campaign.notices.get(round=2), DURING)
    assert public(second) in Client().get(public(notice)).text
    struck = objection.item.candidate.project.title
    assert struck not in Client().get(public(second)).text
    former = Client().get(public(objection.notice)).text
    assert former.count(struck) == 1
    assert former.count("已取消") == 1


def test_taken_down_it_is_nowhere(vote, notice, cast, api_as, today):
    """Pages, API and the list of awards at once; the library's search never knew of it."""
    steps.finalized()
    today(steps.OVER)
    project = Award.objects.first().project
    places = [public(notice), "/awards/", "/", f"/projects/?search={project.title}"]
    calls = [f"/api/v1/campaigns/{vote.campaign.code}/notice/", "/api/v1/awards/"]
    assert project.title in Client().get(places[0]).text
    assert project.title in Client().get(places[1]).text
    assert [project.title in api_as().get(url).content.decode() for url in calls] == [True, True]
    publication.take_down(obj=notice, reason="文字有误", by=Actor.person(cast.officer))
    assert Client().get(public(notice)).status_code == 404
    assert not any(f">{project.title}<" in Client().get(url).text for url in places)
    assert [project.title in api_as().get(url).content.decode() for url in calls] == [False, False]
    assert api_as().get(calls[0]).status_code == 404


# --- awards ---


def test_an_empty_list_of_awards_says_so(db):
    assert "还没有公布的评选结果" in Client().get("/awards/").text


def test_the_list_of_awards_by_season(awarded):
    page = Client().get("/awards/").text
    project = Award.objects.first().project
    assert (project.title in page, project.lead_organization.name in page) == (True, True)
    assert "排列不分先后" in page
    assert Client().get("/awards/?season=none").status_code == 200


def test_a_running_notice_is_led_to_from_the_lists_and_the_home_page(notice, today):
    for day, led in ((DURING, True), (steps.OVER, False)):
        today(day)
        for page in ("/awards/", "/appraisals/", "/"):
            assert (public(notice) in Client().get(page).text) is led


def test_a_published_project_is_linked(awarded):
    project = Award.objects.first().project
    address = reverse("catalogue:project", args=[project.code])
    assert address not in Client().get("/awards/").text
    Project.objects.filter(pk=project.pk).update(published_on=date(2026, 6, 1))
    assert address in Client().get("/awards/").text


def test_the_list_asks_as_often_for_many_as_for_one(awarded, assert_queries):
    rows = list(Award.objects.order_by("pk").values_list("pk", flat=True))
    other = make_track().season
    for kept in (1, 3):
        Award.objects.filter(pk__in=rows[:kept]).update(season=awarded.campaign.season)
        Award.objects.filter(pk__in=rows[kept:]).update(season=other)
        with assert_queries(3):
            Client().get(f"/awards/?season={awarded.campaign.season.code}")


def test_the_desk_asks_as_often_for_many_as_for_one(vote, notice, cast, client_as, assert_queries, today):
    today(DURING)
    client, rows = client_as(cast.officer), list(notice.items.order_by("pk").values_list("pk", flat=True))
    client.get(desk("notice", vote))
    for kept in (1, 3):
        notice.items.filter(pk__in=rows[kept:]).update(state="carried")
        steps.objected(notice, DURING, content=f"{kept}")
        with assert_queries(20):
            client.get(desk("notice", vote))
        notice.items.update(state="standing")


def test_the_tier_is_decided_on_the_page(awarded, cast, client_as):
    proposal = TierProposal.objects.first()
    url = desk("tier", awarded, proposal.pk)
    assert url in client_as(cast.officer).get(desk("awards", awarded)).text
    assert url not in client_as(cast.evaladmin).get(desk("awards", awarded)).text
    client_as(cast.officer).post(url, {"do": "accept", "reason": "成效明显。（示例）"})
    proposal.refresh_from_db()
    assert (proposal.state, proposal.award.project.tier) == ("accepted", "premium")


def test_the_public_pages_need_no_login_and_know_no_session(notice, today):
    today(DURING)
    for url in (public(notice), "/awards/", "/verify/", "/notices/objections/"):
        response = Client().get(url)
        assert (response.status_code, "sessionid" in response.cookies) == (200, False)
