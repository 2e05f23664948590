"""What waits on the desk after a vote: reviews, objections, dissolved organizations, tiers; and for whom."""

from __future__ import annotations

from datetime import date

import pytest

from common import days, publication
from common.actors import Actor
from organizations.models import Organization
from portal.workspace.todo_outcome import outcome_todos
from tests.conftest import fresh
from tests.evaluation.appraisal import outcome_steps as steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district, cast):
    steps.load_calendars()
    return steps.counted(district, cast)


def seen(user) -> list[tuple[str, str, str]]:
    return [(todo.title, todo.about, todo.url) for todo in outcome_todos(fresh(user))]


def test_a_proposed_notice_waits_for_the_department(vote, cast, today):
    notice = steps.drafted(steps.confirmed(vote))
    assert seen(cast.officer) == []
    today(steps.START)
    steps.proposed(vote, notice)
    url = f"/desk/votes/{vote.campaign.code}/notice/"
    for do, words in (("clear", "保密审查通过"), ("approve", "审批通过"), ("publish", "发布")):
        assert seen(cast.officer) == [(f"公示：{words}", notice.title, url)]
        steps.passed(vote, cast.officer, notice, [do])
    for who in (cast.officer, cast.evaladmin):
        assert seen(who) == []


def test_a_proposed_announcement_waits_for_the_department(vote, cast):
    campaign = vote.campaign
    with days.pretend(steps.START):
        publication.propose(obj=campaign, content={"body": "现将规则公告如下。（示例）"}, by=vote.by)
    url = f"/desk/votes/{campaign.code}/announcement/"
    for do, words in (("clear", "保密审查通过"), ("approve", "审批通过"), ("publish", "发布")):
        assert seen(cast.officer) == [(f"评选公告：{words}", campaign.title, url)]
        assert seen(cast.evaladmin) == []
        publication.take_step(obj=campaign, do=do, by=Actor.person(cast.officer, "test"))
    assert seen(cast.officer) == []


def test_a_notice_whose_days_are_over_waits_for_both(vote, cast, today):
    notice = steps.noticed(vote, cast.officer)
    today(steps.END)
    assert seen(cast.officer) == []
    today(steps.OVER)
    expected = [("公示期满：办理结果生效", notice.title, f"/desk/votes/{vote.campaign.code}/notice/")]
    assert (seen(cast.officer), seen(cast.evaladmin)) == (expected, expected)
    for who in (cast.scrutineer, cast.leader, cast.secretary):
        assert seen(who) == []
    steps.finalized()
    assert seen(cast.evaladmin) == []


def test_objections_wait_for_those_who_handle_them(vote, cast):
    notice = steps.noticed(vote, cast.officer)
    first = steps.objected(notice)
    steps.objected(notice, content="又一条。（示例）")
    expected = [("异议 2 件：待办理", vote.campaign.title, f"/desk/votes/{vote.campaign.code}/notice/")]
    assert (seen(cast.officer), seen(cast.evaladmin)) == (expected, expected)
    for who in (cast.scrutineer, cast.leader, cast.secretary, cast.auditor):
        assert seen(who) == []
    steps.closed(first, "dismissed", cast.officer)
    assert seen(cast.officer)[0][0] == "异议 1 件：待办理"


def test_a_dissolved_organization_waits_for_the_officer(vote, cast, today):
    notice = steps.noticed(vote, cast.officer)
    item = steps.item_of(notice, vote.codes("new-1")[0])
    Organization.objects.filter(pk=item.candidate.project.lead_organization_id).update(dissolved_on=date(2026, 12, 8))
    today("2026-12-07")
    assert seen(cast.officer) == []
    today("2026-12-08")
    (todo,) = outcome_todos(fresh(cast.officer))
    assert (todo.about, todo.due) == (item.candidate.project.title, steps.END)
    assert seen(cast.evaladmin) == []


def test_tiers_wait_for_the_officer_at_a_constant_number_of_queries(vote, cast, assert_queries):
    steps.noticed(vote, cast.officer)
    user = fresh(cast.officer)
    with assert_queries(7):
        assert outcome_todos(user) == []
    steps.finalized()
    user = fresh(cast.officer)
    with assert_queries(7):
        found = outcome_todos(user)
    assert [todo.title for todo in found] == ["梯队晋级：未定 → 精品项目"] * 4
    assert {todo.url for todo in found} == {f"/desk/votes/{vote.campaign.code}/awards/"}
    assert seen(cast.evaladmin) == []
