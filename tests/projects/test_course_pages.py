"""Pages of a project's course: plan changes side by side, the panel 办理, lead secretary, publication."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from projects import plan_changes
from projects.models import PlanChange, Project
from tests.factories import make_project, make_report
from tests.projects.course_steps import EXTENDED, HALF, JAN, JULY, YEAR_END, ask, decide, row

TODAY = date(2026, 5, 20)
State = PlanChange.State


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


def at(name: str, project: Project, *args: Any) -> str:
    return reverse(f"projects:{name}", args=[project.code, *args])


def page_of(project: Project) -> str:
    return reverse("workspace:project", args=[project.code])


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return answer.content.decode()


def typed(project: Project, *rows: tuple[str, Any, Any, Any], **fields: Any) -> dict[str, Any]:
    """What the browser sends of the form; a title that the project has goes with its hidden id."""
    given: dict[str, Any] = {"reason": "原场地拆迁", "new_end": "", **fields}
    for number, (title, weight, start, due) in enumerate(rows):
        kept = project.milestones.filter(title=title).first()
        given[f"items.{number}.{'milestone' if kept else 'title'}"] = kept.pk if kept else title
        given |= {f"items.{number}.weight": weight, f"items.{number}.start": start, f"items.{number}.due": due}
    return given


GOOD = (("建阵地", "30%", "2026.1.1", "2026年7月2日"), ("推广", "70", "2026/7/3", "2026-12-31"))


# --- asking for another plan ---


def test_the_form_starts_from_the_plan_in_force(client_as, cast, project):
    text = text_of(client_as(cast.secretary).get(at("plan_change_new", project)))
    kept = [str(m.pk) for m in project.milestones.all()]
    assert re.findall(r'name="items\.\d+\.milestone" value="(\d+)"', text) == kept
    assert re.findall(r'name="items\.\d+\.weight" value="(\d+)"', text) == ["60", "40"]
    assert sorted(set(re.findall(r'name="items\.(\w+)\.title"', text))) == ["2", "3", "4", "__n__"]


def test_the_secretary_asks_and_sees_both_plans(client_as, cast, project):
    browser = client_as(cast.secretary)
    sent = typed(project, *GOOD, ("", "", "", ""), new_end="2027.2.28")
    answers = [browser.post(at("plan_change_new", project), sent) for _ in range(2)]  # a double click
    change = PlanChange.objects.get()
    assert [a["Location"] for a in answers] == [plan_changes.address(change)] * 2
    assert (change.new_end, change.plan.version) == (EXTENDED, 2)
    items = [(i.milestone.title, i.weight, i.start, i.due) for i in change.plan.items.all()]
    assert items == [("建阵地", 3000, JAN, HALF), ("推广", 7000, JULY, YEAR_END)]
    assert change.plan.items.first().milestone == project.milestones.get(title="建阵地")
    text = text_of(browser.get(plan_changes.address(change)))
    words = re.findall(r'data-label="变化"><span class="tag[^"]*">([^<]*)<', text)
    assert words == ["调整权重", "新增", "取消"]
    assert (text.count("curve-other"), "原计划（%）" in text, "新计划（%）" in text) == (1, True, True)
    assert "撤回申请" in text
    # While it waits there is no second form.
    assert browser.get(at("plan_change_new", project))["Location"] == plan_changes.address(change)


@pytest.mark.parametrize(
    ("rows", "fields", "messages"),
    [
        (GOOD, {"reason": ""}, ["请写明变更的原因。"]),
        (GOOD, {"new_end": "明年"}, ["请按 2026-3-5 这样填写日期。"]),
        (GOOD, {"new_end": "2027-4-1"}, ["最多延期 3 个月"]),
        (GOOD[:1], {}, ["里程碑权重合计为 30，应当正好是 100。"]),
        ((), {}, ["里程碑权重合计为 0，应当正好是 100。"]),
        ((GOOD[0], ("推广", "很多", "2026-7-3", "2026-12-31")), {}, ["应大于 0，不超过 100"]),
        ((GOOD[0], ("推广", "70", "三月上旬", "")), {}, ["请按 2026-3-5 这样填写日期。", "请填写完成时限。"]),
        ((GOOD[0], ("长" * 121, "70", "2026-7-3", "2026-12-31")), {}, ["最多 120 字。"]),
        ((GOOD[0], ("推广", "70", "2026-12-31", "2026-7-3")), {}, ["第 2 个里程碑的完成时限早于开始日期。"]),
        ((GOOD[0], ("推广", "70", "2026-7-3", "2027-1-1")), {}, ["第 2 个里程碑不在项目起止日期之内。"]),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client_as, cast, project, rows, fields, messages):
    sent = typed(project, *rows, **{"reason": "一大段 很重要的 原因", **fields})
    text = text_of(client_as(cast.secretary).post(at("plan_change_new", project), sent), 400)
    for message in messages:
        assert message in text
    for value in sent.values():
        assert str(value) in text
    assert PlanChange.objects.count() == 0


def test_an_emptied_milestone_is_dropped(client_as, cast, project):
    sent = typed(project, ("建阵地", "", "", ""), ("见成效", "100", "2026-1-1", "2026-12-31"))
    client_as(cast.secretary).post(at("plan_change_new", project), sent)
    assert [i.milestone.title for i in PlanChange.objects.get().plan.items.all()] == ["见成效"]


def test_another_request_is_refused_with_what_was_typed(client_as, cast, project, people):
    ask(project, people("secretary"))
    sent = typed(project, *GOOD, reason="另一个原因")
    text = text_of(client_as(cast.secretary).post(at("plan_change_new", project), sent), 409)
    assert "已有一份待审批的变更申请" in text
    assert "另一个原因" in text


def test_only_the_lead_secretary_has_the_form(client_as, client, cast, project):
    address = at("plan_change_new", project)
    for person in (cast.clerk, cast.officer, cast.leader):
        for call in ("get", "post"):
            assert getattr(client_as(person), call)(address)["Location"] == page_of(project)
    assert client_as(cast.outsider).get(address).status_code == 404
    assert client.get(address)["Location"].startswith("/login/")
    assert PlanChange.objects.count() == 0


@pytest.mark.parametrize("state", ["closing", "completed", "terminated"])
def test_a_project_that_is_over_has_no_form(client_as, cast, district, state):
    project = make_project(district.street, cast.secretary, state=state)
    answer = client_as(cast.secretary).get(at("plan_change_new", project), follow=True)
    assert "不能变更计划。" in text_of(answer)


# --- deciding ---


@pytest.fixture
def change(project, people):
    return ask(project, people("secretary"))


def test_the_department_approves(client_as, cast, project, change):
    browser, address = client_as(cast.officer), plan_changes.address(change)
    assert "组织部审批" in text_of(browser.get(address))
    answer = browser.post(address, {"do": "approve", "answer": "同意"}, follow=True)
    assert "新计划将按期生效" in text_of(answer)
    assert 'name="do"' not in answer.content.decode()
    change.refresh_from_db()
    assert (change.state, change.answer) == (State.APPROVED, "同意")
    # Decided is decided: a second tab is told so.
    late = browser.post(address, {"do": "refuse", "answer": "不"}, follow=True)
    assert "不能再审批" in text_of(late)


def test_a_refusal_without_an_answer_stays_on_the_page(client_as, cast, change):
    browser, address = client_as(cast.officer), plan_changes.address(change)
    assert "请写明不同意的原因。" in text_of(browser.post(address, {"do": "refuse"}), 400)
    long = text_of(browser.post(address, {"do": "refuse", "answer": "长" * 1001}), 400)
    assert "长" * 1001 in long
    browser.post(address, {"do": "refuse", "answer": "理由不充分"})
    change.refresh_from_db()
    assert change.state == State.REFUSED


def test_the_secretary_takes_back(client_as, cast, change):
    client_as(cast.secretary).post(plan_changes.address(change), {"do": "take_back"})
    change.refresh_from_db()
    assert change.state == State.TAKEN_BACK


def test_others_read_or_find_nothing(client_as, client, cast, district, change):
    address = plan_changes.address(change)
    for person in (cast.clerk, cast.leader):
        text = text_of(client_as(person).get(address))
        assert ("组织部审批" in text, "撤回申请" in text) == (False, False)
        client_as(person).post(address, {"do": "approve"})
    assert client_as(cast.outsider).get(address).status_code == 404
    assert client_as(cast.outsider).post(address, {"do": "approve"}).status_code == 404
    assert client.get(address)["Location"].startswith("/login/")
    other = make_project(district.street, cast.secretary)
    assert client_as(cast.officer).get(at("plan_change", other, change.pk)).status_code == 404
    change.refresh_from_db()
    assert change.state == State.REQUESTED


def test_a_decided_change_still_compares_with_the_plan_it_replaced(client_as, cast, project, people, change):
    decide(change, people("officer"))
    decide(ask(project, people("secretary"), [row(project, "推广", 10000, JULY, YEAR_END)]), people("officer"))
    text = text_of(client_as(cast.leader).get(plan_changes.address(change)))
    assert "第 1 版 → 第 2 版" in text


# --- the panel ---


def test_the_panel_offers_each_what_is_his(client_as, cast, project):
    words = ("申请变更或延期", "填写结项报告", "提出公开", "任期与变更", "暂停", "终止", "撤项")
    found = {
        who: [w for w in words if w in text_of(client_as(getattr(cast, who)).get(page_of(project)))]
        for who in ("secretary", "clerk", "officer", "leader")
    }
    assert found == {
        "secretary": ["申请变更或延期", "填写结项报告", "提出公开"],
        "clerk": ["填写结项报告", "提出公开"],
        "officer": ["提出公开", "任期与变更", "暂停", "终止", "撤项"],
        "leader": [],
    }


@pytest.mark.parametrize("count", [1, 3])
def test_the_panel_costs_the_same_for_one_and_three_changes(client_as, cast, project, people, count, assert_queries):
    for turn in range(count):
        change = ask(project, people("secretary"), reason=f"原因{turn}")
        plan_changes.take_back(change=change, by=people("secretary"))
    browser = client_as(cast.leader)
    with assert_queries(24):
        text = text_of(browser.get(page_of(project)))
    assert text.count("计划变更</a>") == count


def test_an_application_has_no_panel(client_as, cast, district):
    project = make_project(district.street, cast.secretary, state="submitted")
    assert 'id="course"' not in text_of(client_as(cast.officer).get(page_of(project)))


def test_suspension_and_resumption(client_as, cast, project):
    browser, address = client_as(cast.officer), at("course", project)
    assert "请写明暂停的原因。" in text_of(browser.post(address, {"course": "suspend"}, follow=True))
    text = text_of(browser.post(address, {"course": "suspend", "reason": "场地调整"}, follow=True))
    assert ("已办理暂停。" in text, "场地调整" in text) == (True, True)
    text = text_of(browser.post(address, {"course": "resume", "reason": "场地落实"}, follow=True))
    assert "已办理恢复。" in text
    project.refresh_from_db()
    assert project.state == "running"
    assert "请选择暂停、恢复、终止或撤项。" in text_of(browser.post(address, {"course": "x"}, follow=True))


def test_the_course_is_the_departments(client_as, client, cast, project):
    given = {"course": "terminate", "reason": "…"}
    for person in (cast.secretary, cast.clerk, cast.leader):
        text = text_of(client_as(person).post(at("course", project), given, follow=True))
        assert "这一步由区委组织部办理" in text
    assert client_as(cast.outsider).post(at("course", project), given).status_code == 404
    assert client.post(at("course", project), given)["Location"].startswith("/login/")
    assert client_as(cast.officer).get(at("course", project)).status_code == 405
    project.refresh_from_db()
    assert project.state == "running"


# --- the lead secretary ---


def test_the_department_changes_the_lead(client_as, cast, project):
    browser, address = client_as(cast.officer), at("lead", project)
    assert "示例第一党支部书记（示例社区第一党支部）" in text_of(browser.get(address))
    given = {"person": cast.branchsec.person_id, "since": "2026.5.18", "reason": "换届"}
    text = text_of(browser.post(address, given | {"since": "2026-6-1"}), 400)
    assert ("起始日期不能晚于今天" in text, 'value="2026-6-1"' in text) == (True, True)
    text = text_of(browser.post(address, given, follow=True))
    assert "领题书记已变更为示例第一党支部书记" in text
    assert re.findall(r'data-label="止">([^<]*)<', text) == ["—", "2026年5月17日"]
    project.refresh_from_db()
    assert project.lead_secretary == cast.branchsec.person


def test_others_see_the_history_only(client_as, client, cast, project):
    address, given = at("lead", project), {"person": cast.branchsec.person_id, "since": "2026-5-18"}
    for person in (cast.secretary, cast.leader):
        assert "变更领题书记" not in text_of(client_as(person).get(address))
        assert "由区委组织部变更领题书记。" in text_of(client_as(person).post(address, given, follow=True))
    assert client_as(cast.outsider).get(address).status_code == 404
    assert client.get(address)["Location"].startswith("/login/")
    assert project.lead_terms.count() == 1


# --- publication ---


def test_the_four_steps_on_one_page(client_as, client, cast, project):
    address, public = at("publication", project), reverse("catalogue:project", args=[project.code])
    clerk, officer = client_as(cast.clerk), client_as(cast.officer)
    assert "请填写公开简介。" in text_of(clerk.post(address, {"do": "propose"}), 400)
    long = "长" * 301
    assert long in text_of(clerk.post(address, {"do": "propose", "summary": long}), 400)
    clerk.post(address, {"do": "propose", "summary": "党员带头建设红色议事厅。"})
    assert 'value="propose"' not in text_of(clerk.get(address))
    for do in ("clear", "approve"):
        text_of(officer.post(address, {"do": do}, follow=True))
        assert client.get(public).status_code == 404
    officer.post(address, {"do": "publish"})
    assert "党员带头建设红色议事厅。" in text_of(client.get(public))
    text = text_of(clerk.get(address))
    assert re.findall(r'history-title">([^<]*)<', text) == ["发布", "审批通过", "保密审查通过", "提出"]


def test_a_return_needs_its_reason(client_as, cast, project):
    address, officer = at("publication", project), client_as(cast.officer)
    client_as(cast.clerk).post(address, {"do": "propose", "summary": "一句话"})
    assert "请写明原因。" in text_of(officer.post(address, {"do": "send_back"}, follow=True))
    assert "有个人信息" in text_of(officer.post(address, {"do": "send_back", "reason": "有个人信息"}, follow=True))


def test_publication_is_proposed_and_reviewed_by_the_right_ones(client_as, client, cast, project):
    address = at("publication", project)
    client_as(cast.leader).post(address, {"do": "propose", "summary": "一句话"})
    client_as(cast.secretary).post(address, {"do": "propose", "summary": "书记写的"})
    for do in ("clear", "approve", "publish"):
        client_as(cast.secretary).post(address, {"do": do})
    assert client_as(cast.outsider).get(address).status_code == 404
    assert client_as(cast.outsider).post(address, {"do": "clear"}).status_code == 404
    assert client.get(address)["Location"].startswith("/login/")
    text = text_of(client_as(cast.leader).get(address))
    assert ("书记写的" in text, "已提出" in text, 'name="do"' in text) == (True, True, False)


def test_an_empty_post_changes_nothing(client_as, cast, project, change):
    officer = client_as(cast.officer)
    for address in (plan_changes.address(change), at("lead", project)):
        assert officer.post(address).status_code == 400
    assert "没有这一步。" in text_of(officer.post(at("publication", project), follow=True))
    change.refresh_from_db()
    assert (change.state, project.lead_terms.count()) == (State.REQUESTED, 1)


# --- reports after a change ---


def test_the_report_form_shows_the_new_milestone_without_writing_by_looking(client_as, cast, project, people, today):
    draft = make_report(project, date(2026, 5, 1), [60, 10], state="draft")
    decide(ask(project, people("secretary")), people("officer"))
    today("2026-06-02")
    browser = client_as(cast.clerk)
    address = reverse("projects:report", args=[project.code, "2026-05"])
    new = project.milestones.get(title="推广").pk
    assert f'name="percent_{new}"' in text_of(browser.get(address))
    assert draft.lines.count() == 2
    keys = list(project.milestones.values_list("pk", flat=True))
    given = {f"percent_{key}": 20 + turn for turn, key in enumerate(keys)}
    given |= {f"fall_reason_{key}": "核减" for key in keys} | {"done": "做了", "revision": 0}
    browser.post(address, given)
    assert sorted(draft.lines.values_list("milestone", "percent")) == [(key, given[f"percent_{key}"]) for key in keys]


def test_a_terminated_project_shows_why(client_as, cast, project):
    given = {"course": "terminate", "reason": "不再具备条件"}
    client_as(cast.officer).post(at("course", project), given)
    assert "不再具备条件" in text_of(client_as(cast.leader).get(page_of(project)))
