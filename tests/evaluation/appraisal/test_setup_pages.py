"""Pages of the set-up: the administrator writes, those who may look read, everybody else finds nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from evaluation.appraisal import campaigns as actions
from evaluation.appraisal import lifecycle
from evaluation.appraisal.models import Campaign, Candidate, ContestClass
from tests import factories
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.setup_steps import weights_of
from tests.projects.refusals import refused
from tests.projects.test_season_pages import text_of, typed_rows

PARTS = ("campaign", "basics", "contests", "categories", "candidates", "scrutineers", "keys", "lock")
STEPS = ("campaign_open", "campaign_close", "campaign_void", "categories_merge", "keys_rehearse")


@pytest.fixture(autouse=True)
def _day(today):
    today(votes.BEFORE)


@pytest.fixture
def vote(district, cast):
    return votes.make_vote(district, cast, each=10)


@pytest.fixture
def admin(client_as, cast):
    return client_as(cast.evaladmin)


def at(name: str, *args: str) -> str:
    return reverse(f"appraisal:{name}", args=args)


def basics_of(campaign: Campaign, **changes: str) -> dict[str, str]:
    """What the browser sends of the basics as they stand."""
    names = ("title", "approval_number", "approval_body", "category_minimum", "signoff_below", "small_signoff")
    values = {name: getattr(campaign, name) for name in names}
    more = ("shortfall_rule", "lot_size", "detail_rule", "detail_signoff", "notice_days", "approval_on")
    values |= {name: getattr(campaign, name) for name in more}
    return values | {
        "opens_at": "2026-12-1 0:00",
        "closes_at": "2026年12月3日 24：00",
        "quorum": "2/3",
        "category_quorum": "1/2",
        **changes,
    }


# --- who ---


def test_the_pages_are_for_who_runs_watches_or_reads_votes(client_as, client, cast, vote):
    for part in ("campaigns", *PARTS):
        page = at(part, *([] if part == "campaigns" else [vote.campaign.code]))
        assert client.get(page).headers["Location"] == f"{reverse('accounts:login')}?next={page}"
        for role in ("evaladmin", "officer", "leader", "scrutineer"):
            expected = 404 if part == "keys" and role != "evaladmin" else 200
            assert client_as(getattr(cast, role)).get(page).status_code == expected, (role, page)
        for role in ("secretary", "clerk", "outsider", "auditor", "sysadmin"):
            assert client_as(getattr(cast, role)).get(page).status_code == 404, (role, page)
    assert client_as(cast.evaladmin).get(at("campaign_new")).status_code == 200
    for role in ("officer", "leader", "scrutineer", "secretary"):
        assert client_as(getattr(cast, role)).get(at("campaign_new")).status_code == 404
    vote.campaign.scrutineers.all().delete()
    assert client_as(cast.scrutineer).get(at("campaign", vote.campaign.code)).status_code == 404
    assert "还没有票决" in text_of(client_as(cast.scrutineer).get(at("campaigns")))


def test_nobody_else_changes_anything(client_as, client, cast, vote):
    before = Campaign.objects.values().get()
    pages = [at(name, vote.campaign.code) for name in (*STEPS, *PARTS[1:])]
    pages.append(at("candidate_withdraw", vote.campaign.code, vote.codes("new-1")[0]))
    for page in pages:
        assert client_as(cast.outsider).post(page, {}).status_code == 404
        assert client.post(page, {}).headers["Location"] == f"{reverse('accounts:login')}?next={page}"
    code = vote.campaign.code
    changed = basics_of(vote.campaign, title="改了的名称")
    for role in ("officer", "leader", "scrutineer"):
        reader = client_as(getattr(cast, role))
        assert text_of(reader.post(at("basics", code), changed), 403).count("由年度评选管理员办理。") == 1
        assert reader.post(at("lock", code), {}).status_code == 403
        assert reader.post(at("scrutineers", code), {}).status_code == 403
        assert reader.post(at("keys", code), {}).status_code == 404
        assert reader.post(at("candidates", code), {}).status_code == 403
        assert reader.post(at("categories", code), {}).status_code == 403
        assert reader.post(at("campaign_void", code), {"reason": "不要了"}).status_code == 403
        assert 'type="submit">保存' not in text_of(reader.get(at("basics", code)))
    assert Campaign.objects.values().get() == before
    assert vote.campaign.candidates.count() == 10


# --- the list, a new one ---


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_and_three(admin, rows, assert_queries):
    season = factories.make_season()
    for number in range(rows):
        Campaign.objects.create(season=season, title=f"票决{number}")
    with assert_queries(9):
        text = text_of(admin.get(at("campaigns")))
    assert text.count("完成准备，锁定规则") == rows


def test_a_new_campaign_is_proposed_and_made(admin, vote):
    votes.lock(vote)
    season = factories.make_season(votes.BEFORE.replace(year=2027, month=1, day=1), code="2027")
    factories.make_track(season, "两新", code="new")
    text = text_of(admin.get(at("campaign_new")))
    assert f'value="{vote.campaign.code}" selected' in text
    assert f'这一年度已有票决：<a href="{at("campaign", vote.campaign.code)}">2026年度综合票决（示例）</a>' in text
    for title, state in (("上一次", "final"), ("正在投票", "open")):
        twin = Campaign.objects.get(pk=vote.campaign.pk)
        twin.pk, twin.code, twin.title, twin.state = None, state, title, state
        twin.save(force_insert=True)
    ended = Campaign.objects.get(title="上一次")
    assert f'value="{ended.code}" selected' in text_of(admin.get(at("campaign_new")))
    given = {"source": vote.campaign.code, "season": "2027", "title": "2027年度综合票决"}
    answer = admin.post(at("campaign_new"), given, follow=True)
    made = Campaign.objects.get(title="2027年度综合票决")
    assert answer.redirect_chain == [(at("basics", made.code), 302)]
    assert "没有对应的赛道，没有沿用：十佳书记项目、为民先锋项目。" in answer.content.decode()
    assert weights_of(made) == weights_of(vote.campaign)
    text = text_of(admin.post(at("campaign_new"), given), 400)
    assert "已有名为“2027年度综合票决”的票决。" in text
    empty = admin.post(at("campaign_new"), {"source": "", "season": "2027", "title": "空白"})
    assert empty.headers["Location"] == at("basics", Campaign.objects.get(title="空白").code)


def test_a_voided_runoff_leads_back_to_the_vote_that_it_decides(admin, vote):
    values = {"season": vote.campaign.season, "title": "再次票决", "runoff_of": vote.campaign, "state": "voided"}
    made = Campaign.objects.create(**values)
    text = text_of(admin.get(at("campaign", made.code)))
    assert f'href="{at("result", vote.campaign.code)}">原票决的“结果”</a>' in text
    assert f"?source={made.code}" not in text
    refused(
        "runoff", lambda: actions.copy_campaign(source=made, season=made.season, title="另一次", by=vote.by), "source"
    )


# --- basics, contests, categories ---


def test_basics_are_typed_as_people_write_them(admin, vote):
    page = at("basics", vote.campaign.code)
    answer = admin.post(page, basics_of(vote.campaign, quorum="３／５", approval_on="2026.11.3"))
    assert answer.headers["Location"] == at("contests", vote.campaign.code)
    changed = vote.again()
    assert (changed.quorum_part, changed.quorum_whole, changed.approval_on.day) == (3, 5, 3)
    assert changed.closes_at.isoformat() == "2026-12-03T16:00:00+00:00"
    assert 'value="2026-12-03 24:00"' in text_of(admin.get(page))
    admin.post(page, basics_of(vote.campaign, title="２０２６年度票决（示例）", approval_number="示例〔２０２６〕１号"))
    assert (vote.again().title, vote.campaign.approval_number) == ("2026年度票决（示例）", "示例〔2026〕1号")
    for given, words in (
        ({"quorum": "三分之二"}, "请写成 2/3 这样的分数，大于 0、不超过 1。"),
        ({"quorum": "4/3"}, "请写成 2/3 这样的分数，大于 0、不超过 1。"),
        ({"opens_at": "2026-12-1"}, "请写明日期和时刻，例如 2026-12-4 9:00。"),
        ({"opens_at": "2026-12-1 25:00"}, "请写明日期和时刻，例如 2026-12-4 9:00。"),
        ({"closes_at": "2026-11-1 9点"}, "投票截止必须晚于投票开始。"),
        ({"lot_size": "5"}, "至少"),
    ):
        text = text_of(admin.post(page, basics_of(changed, **given)), 400)
        assert words in text, given
        for value in given.values():
            assert f'value="{value}"' in text


def test_seats_are_written_by_class(admin, vote):
    page = at("contests", vote.campaign.code)
    text = text_of(admin.get(page))
    assert re.findall(r'name="contests\.\d\.held" [^>]*checked', text) == [
        f'name="contests.{n}.held" id="id_contests.{n}.held" checked' for n in range(3)
    ]
    Candidate.objects.filter(contest_class__contest__code="new").delete()
    given = {
        f"contests.{n}.{column}": value
        for n, (award, method, seats) in enumerate(
            [
                ("十佳书记项目", "stage", "2"),
                ("为民先锋项目", "compilation", "1 个"),
                ("优秀书记项目", "classified", "园区企业：３\n社会组织 2"),
            ]
        )
        for column, value in (
            ("held", "on"),
            ("award_title", award),
            ("method", method),
            ("classes", seats),
            ("tie_rule", "runoff"),
        )
    }
    answer = admin.post(page, given)
    assert answer.headers["Location"] == at("categories", vote.campaign.code)
    rows = ContestClass.objects.filter(contest__campaign=vote.campaign).order_by("contest__position", "number")
    assert list(rows.values_list("name", "seats")) == [("", 2), ("", 1), ("园区企业", 3), ("社会组织", 2)]
    without = {name: value for name, value in given.items() if not name.startswith("contests.0.held")}
    text = text_of(admin.post(page, without), 409)
    assert "“十佳书记项目”已有候选项目，请先把它们移出。" in text
    text = text_of(admin.post(page, given | {"contests.2.classes": "园区企业 ２，社会组织：1、律所、会计所：4"}), 400)
    assert "看不出名额，请写成“10”，或一行一类“园区企业：3”。" in text
    admin.post(page, given | {"contests.2.classes": "律所、会计所：4"})
    assert list(rows.values_list("name", "seats"))[2:] == [("律所、会计所", 4)]
    admin.post(page, given | {"contests.2.classes": "园区企业 ２，社会组织：１；行业协会 1 个"})
    assert list(rows.values_list("name", "seats"))[2:] == [("园区企业", 2), ("社会组织", 1), ("行业协会", 1)]
    both = given | {"contests.2.classes": "园区企业若干", "contests.1.award_title": ""}
    assert re.findall(r'id="id_contests\.(\d\.\w+)_error"', text_of(admin.post(page, both), 400)) == [
        *("1.award_title", "2.classes")
    ]
    text = text_of(admin.post(page, given | {"contests.2.classes": "园区企业若干"}), 400)
    assert "“园区企业若干”看不出名额" in text
    assert "园区企业若干</textarea>" in text
    Candidate.objects.filter(contest_class__contest__code="committee").delete()
    text = text_of(admin.post(page, without | {"contests.2.method": ""}), 400)
    assert re.findall(r'id="id_contests\.(\d\.\w+)_error"', text) == ["2.method"]


def test_weights_are_typed_as_decimals_and_the_sum_is_shown(admin, vote):
    page = at("categories", vote.campaign.code)
    text = text_of(admin.get(page))
    assert re.findall(r'name="categories\.\d\.weight" value="([\d.]+)"', text) == [
        *("30.00", "25.00", "20.00", "10.00", "10.00", "5.00")
    ]
    assert "权重合计 100.00，正好。" in text
    rows = [
        {"code": row.code, "name": row.name, "weight": weight, "tie_order": "", "merge_into": "", "unconfirmed": ""}
        for row, weight in zip(
            vote.campaign.categories.all(), ["33.33", "33.33", "３３.33", "0.01", "0.01", "0.01%"], strict=True
        )
    ]
    answer = admin.post(page, typed_rows("categories", *rows), follow=True)
    assert "权重合计 100.02，多出 0.02，锁定前须正好为 100。" in answer.content.decode()
    assert [weight for _, weight in weights_of(vote.campaign)] == [3333, 3333, 3333, 1, 1, 1]
    bad = [rows[0] | {"weight": "三成", "tie_order": "甲"}, *rows[1:]]
    text = text_of(admin.post(page, typed_rows("categories", *bad)), 400)
    assert 'value="三成"' in text
    assert "请写 1、2、3 这样的顺序，或留空。" in text
    assert re.findall(r'id="id_categories\.(\d\.\w+)_error"', text) == ["0.weight", "0.tie_order"]
    text = text_of(admin.post(page, typed_rows("categories", rows[0] | {"weight": "33.333"}, *rows[1:])), 400)
    assert re.findall(r'id="id_categories\.(\d\.\w+)_error"', text) == ["0.weight"]
    vote.campaign.voters.filter(category__code="secretary").delete()
    cleared = rows[5] | {"name": "", "weight": "", "tie_order": "6", "merge_into": "expert", "unconfirmed": "on"}
    admin.post(page, typed_rows("categories", *rows[:5], cleared))
    assert len(weights_of(vote.campaign)) == 5


def test_categories_are_merged_on_their_page(admin, vote):
    page = at("categories_merge", vote.campaign.code)
    answer = admin.post(page, {"source": "secretary", "target": "masses"}, follow=True)
    assert "已并入“群众代表”，权重相加，人员随之转入。" in answer.content.decode()
    assert weights_of(vote.campaign)[2] == ("群众代表", 2500)
    assert "请选择本次票决的另一个类别。" in text_of(admin.post(page, {"source": "expert", "target": "expert"}), 400)
    text_of(admin.post(page, {"source": "gone", "target": "expert"}), 400)


def test_a_first_campaign_says_that_its_weights_are_a_proposal(admin, vote, actor):
    made = actions.create_campaign(season=vote.campaign.season, title="第一次", by=vote.by)
    assert "目前的权重是平均分配的建议" in text_of(admin.get(at("categories", made.code)))
    assert "权重仍是平均分配的建议" in text_of(admin.get(at("lock", made.code)))
    assert "平均分配的建议" not in text_of(admin.get(at("categories", vote.campaign.code)))


# --- candidates, scrutineers ---


def ticks(vote: votes.Vote, contest: str = "") -> list[str]:
    """The projects of the candidates as they stand, of the other contests if one is named."""
    rows = vote.campaign.candidates.exclude(contest_class__contest__code=contest)
    return list(rows.order_by("pk").values_list("project__code", flat=True))


def test_candidates_of_all_contests_are_ticked_and_saved_at_once(admin, vote, district):
    contest = vote.campaign.contests.select_related("track").get(code="new")
    barred = votes.closed_project(factories.make_org(district.root), factories.make_person(), contest.track, "没资格的")
    barred.closing.eligible, barred.closing.bar_reason = False, "红灯未销号"
    barred.closing.save()
    extra = votes.closed_project(factories.make_org(district.root), factories.make_person(), contest.track, "新来的")
    page, others = at("candidates", vote.campaign.code), ticks(vote, "new")
    text = text_of(admin.get(page))
    assert "没资格的" in text
    assert "：不具备评选资格：红灯未销号。" in text
    assert f'value="{extra.code}">' in text
    assert text.count("保存，下一步：名册") == 1
    first = vote.campaign.candidates.filter(contest_class__contest=contest).first().project
    gone = others.pop()
    answer = admin.post(page, {"project": [*others, first.code, extra.code]})
    assert answer.headers["Location"] == at("roll", vote.campaign.code)
    rows = vote.campaign.candidates.order_by("pk")
    assert ticks(vote) == [*others, first.code, extra.code]
    text = text_of(admin.post(page, {"project": [gone, barred.code]}), 400)
    assert text.count("“没资格的”不具备评选资格：红灯未销号。") == 2  # above the form, and beside its row
    assert (rows.count(), ticks(vote)[-1]) == (len(others) + 2, extra.code)


def test_candidates_without_a_class_keep_all_ticks_and_say_so_beside_the_row(admin, vote):
    contest = vote.campaign.contests.get(code="new")
    contest.classes.update(name="甲")
    ContestClass.objects.create(contest=contest, number=2, name="乙", seats=1)
    page, before = at("candidates", vote.campaign.code), ticks(vote)
    third, first, _ = before[-3:]
    given = {"project": before[:-1], f"class-{first}": "2"}
    text = text_of(admin.post(page, given), 400)
    ticked = re.findall(r'id="project-(\w+)" value="\w+" checked', text)
    assert sorted(ticked) == sorted(before[:-1])
    assert re.findall(r'id="project-(\w+)-error"', text) == [third]
    assert '<option value="2" selected>乙</option>' in text
    assert ticks(vote) == before
    admin.post(page, given | {f"class-{third}": "2"})
    rows = vote.campaign.candidates.filter(contest_class__contest=contest).order_by("pk")
    assert list(rows.values_list("project__code", "contest_class__name")) == [(third, "乙"), (first, "乙")]


def test_a_withdrawal_after_the_lock_needs_a_reason(admin, vote):
    votes.lock(vote)
    code = vote.codes("new-1")[0]
    page = at("candidate_withdraw", vote.campaign.code, code)
    text = text_of(admin.post(page, {"reason": " "}), 400)
    assert "请写明退出原因，将随补充说明公布。" in text
    text = text_of(admin.post(page, {"reason": "长" * 201}), 400)
    assert "长" * 201 in text
    answer = admin.post(page, {"reason": "主动退出"}, follow=True)
    assert "2026年11月30日退出：主动退出" in answer.content.decode()
    assert "补充说明 PDF" in answer.content.decode()
    assert Candidate.objects.get(code=code).withdrawn_reason == "主动退出"


@pytest.mark.parametrize("rows", [1, 3])
def test_candidates_cost_the_same_for_one_and_three(admin, district, cast, rows, assert_queries):
    small = [("new", "classified", "优秀书记项目", ("branch",), rows, 1)]
    vote = votes.make_vote(district, cast, each=1, contests=small)
    with assert_queries(12):
        text = text_of(admin.get(at("candidates", vote.campaign.code)))
    assert text.count("checked") == rows


def test_scrutineers_are_ticked(admin, vote, cast):
    page = at("scrutineers", vote.campaign.code)
    assert f'value="{cast.scrutineer.person_id}" checked' in text_of(admin.get(page))
    text = text_of(admin.post(page, {"person": [cast.officer.person_id]}), 400)
    assert "组织部工作人员没有监票人的角色或可用的账号，请换人，或由系统管理员开通。" in text
    answer = admin.post(page, {"person": [cast.scrutineer.person_id, "x", "9" * 30]})
    assert answer.headers["Location"] == at("keys", vote.campaign.code)


# --- open, close, void ---


def test_the_overview_leads_through_the_life(admin, vote, today):
    code = vote.campaign.code
    text = text_of(admin.get(at("campaign", code)))
    assert "完成准备，锁定规则" in text
    assert at("campaign_open", code) not in text
    votes.lock(vote)
    assert "自动开始投票；此前发放选票单" in text_of(admin.get(at("campaign", code)))
    answer = admin.post(at("campaign_open", code), follow=True)
    assert "还没有到规则里的投票开始时间。" in answer.content.decode()
    today(votes.DURING)
    assert at("campaign_open", code) in text_of(admin.get(at("campaign", code)))
    answer = admin.post(at("campaign_open", code), follow=True)
    assert "投票已经开始。" in answer.content.decode()
    answer = admin.post(at("campaign_close", code), follow=True)
    assert "还没有到截止时间，且还有人没有投票，不能提前截止。" in answer.content.decode()
    today(votes.AFTER)
    admin.post(at("campaign_close", code))
    text = text_of(admin.get(at("campaign", code)))
    assert vote.again().state == "closed"
    assert "总投票 0/60，没有达到 2/3，请提出办法" in text


def test_voiding_asks_for_a_reason_and_keeps_it(admin, vote):
    code = vote.campaign.code
    assert "请写明作废的原因。" in text_of(admin.post(at("campaign_void", code), {"reason": ""}), 400)
    assert "长" * 201 in text_of(admin.post(at("campaign_void", code), {"reason": "长" * 201}), 400)
    answer = admin.post(at("campaign_void", code), {"reason": "批准文件有误"}, follow=True)
    text = answer.content.decode()
    assert "这次票决已经作废" in text
    assert "批准文件有误" in text
    assert f"{at('campaign_new')}?source={code}" in text
    proposed = text_of(admin.get(f"{at('campaign_new')}?source={code}"))
    assert f'value="{code}" selected' in proposed
    made = actions.copy_campaign(
        source=vote.again(), season=vote.campaign.season, title=vote.campaign.title, by=vote.by
    )
    assert at("campaign", made.code) in text_of(admin.get(at("campaign", code)))
    assert lifecycle.void_campaign(campaign=vote.again(), reason="再来", by=vote.by).state == "voided"


def test_what_is_locked_is_read_only(admin, vote):
    votes.lock(vote)
    for part in ("basics", "contests", "categories", "candidates", "scrutineers"):
        text = text_of(admin.get(at(part, vote.campaign.code)))
        assert "规则在2026年11月30日锁定，只能查看。" in text
        assert ">保存" not in text
    page = at("basics", vote.campaign.code)
    text: Any = text_of(admin.post(page, basics_of(vote.campaign, title="改")), 409)
    assert "票决已经锁定，规则、名单和类别都不能再改。" in text
    assert vote.again().title == "2026年度综合票决（示例）"
