"""Pages and API of the turnout, reminders and shortfall decisions."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from common import days
from evaluation.appraisal import lifecycle, mixing
from evaluation.appraisal.models import ReminderList, ShortfallDecision, VoterCategory
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db
CHOICES = {"committee-1": [1], "community-1": [1], "new-1": [1]}


@pytest.fixture
def vote(district: Any, cast: Any, today: Any) -> votes.Vote:
    today(votes.DURING)
    return votes.open_(votes.make_vote(district, cast, each=5))


def at(vote: votes.Vote, name: str, *args: Any) -> str:
    return reverse(f"appraisal:{name}", args=[vote.campaign.code, *args])


def closed(vote: votes.Vote, today: Any, *left_out: str) -> None:
    """Everybody voted but one category's; past the close."""
    for category in vote.campaign.categories.exclude(code__in=left_out):
        for voter in vote.voters(category.code):
            votes.ballot(vote, voter, CHOICES)
    today(votes.AFTER)
    lifecycle.close_vote(campaign=vote.campaign, by=vote.by)


def test_the_board_asks_again_by_itself_while_the_vote_is_open(
    vote: votes.Vote, cast: Any, client_as: Any, today: Any
) -> None:
    for voter in [*vote.voters("masses"), *vote.voters("member")]:
        votes.ballot(vote, voter, CHOICES)
    page = client_as(cast.leader).get(at(vote, "turnout"))
    text = page.content.decode()
    assert (page["Cache-Control"], text.count('hx-trigger="every 10s"')) == ("no-store", 1)
    assert (page.context["turnout"].voted, [row.voted for row in page.context["turnout"].rows]) == (10, [0] * 6)
    assert "各类按已混入票箱的 0 张统计，另有 10 张等着混入" in text
    mixing.mix_lot(vote.campaign)
    votes.ballot(vote, vote.voters("expert")[0], CHOICES)
    text = client_as(cast.leader).get(at(vote, "turnout")).content.decode()
    assert "各类按已混入票箱的 10 张统计，另有 1 张等着混入" in text
    found = client_as(cast.leader).get(at(vote, "turnout")).context["turnout"]
    assert {row.category.code: row.voted for row in found.rows if row.voted} == {"masses": 5, "member": 5}
    closed(vote, today, "masses", "member", "leader", "expert")
    assert "hx-trigger" not in client_as(cast.leader).get(at(vote, "turnout")).content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_the_board_asks_the_same_questions_for_one_and_three_categories(
    vote: votes.Vote, cast: Any, client_as: Any, assert_queries: Any, number: int, district: Any
) -> None:
    draft = votes.make_vote(district, cast, each=0, contests=[])
    kept = list(draft.campaign.categories.values_list("pk", flat=True)[:number])
    VoterCategory.objects.filter(campaign=draft.campaign).exclude(pk__in=kept).delete()
    draft.campaign.voters.all().delete()
    browser = client_as(cast.evaladmin)
    with assert_queries(10):
        assert len(browser.get(at(draft, "turnout")).context["turnout"].rows) == number


def test_the_api_tells_the_same(vote: votes.Vote, cast: Any, api_as: Any) -> None:
    votes.ballot(vote, vote.voters("expert")[0], CHOICES)
    address = f"/api/v1/campaigns/{vote.campaign.code}/turnout/"
    found = api_as(cast.scrutineer).get(address)
    categories = found.json()["categories"]
    assert found.json() | {"categories": []} == {
        "campaign": vote.campaign.code,
        "state": "open",
        "voted": 1,
        "roll": 30,
        "exact": False,
        "categories": [],
    }
    assert categories[3] == {"code": "leader", "name": "区领导（待确认）", "voted": 0, "roll": 5}
    assert [api_as(user).get(address).status_code for user in (cast.outsider, cast.auditor)] == [404, 404]
    assert api_as().get(address).status_code == 401


def test_todays_list_is_made_by_a_button_and_stays(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    browser, address = client_as(cast.evaladmin), at(vote, "reminders")
    assert browser.get(address).context["made"] is None
    browser.post(address, {"do": "make"})
    first = [voter.pk for voter in browser.get(address).context["names"]]
    votes.ballot(vote, vote.voters("expert")[0], CHOICES)
    browser.post(address, {"do": "make"})
    page = browser.get(address)
    assert ([voter.pk for voter in page.context["names"]], len(first)) == (first, 30)
    assert page["Cache-Control"] == "no-store"
    browser.post(address, {"do": "remind"})
    assert "今天已发通知" not in browser.get(address).content.decode()
    assert browser.post(address, {"do": "other"}).status_code == 404
    assert [client_as(user).get(address).status_code for user in (cast.scrutineer, cast.leader)] == [404, 404]
    assert ReminderList.objects.count() == 1


def test_a_shortfall_is_proposed_agreed_and_then_mixed(vote: votes.Vote, cast: Any, client_as: Any, today: Any) -> None:
    closed(vote, today, "leader")
    admin, watcher = client_as(cast.evaladmin), client_as(cast.scrutineer)
    page = admin.get(at(vote, "turnout"))
    assert [(each.words, stand) for each, stand in page.context["shortfalls"]] == [("“区领导”只有 0/5 人投票", "open")]
    assert page.context["form"]["category"].value() == "leader"
    form = {"kind": "merge", "category": "leader", "target": "", "until": "", "reason": "人数不足"}
    wrong = admin.post(at(vote, "shortfall_propose"), form)
    assert (wrong.status_code, wrong.context["form"].errors) == (400, {"target": ["请选择并入的另一类别。"]})
    admin.post(at(vote, "shortfall_propose"), form | {"target": "delegate"})
    decision = ShortfallDecision.objects.get()
    page = admin.get(at(vote, "turnout"))
    assert (page.context["shortfalls"][0][1], page.context["proposing"]) == ("proposed", False)
    assert ("已提出，等监票人同意" in page.text, "还没有决定" in page.text) == (True, False)
    address = at(vote, "shortfall_agree", decision.pk)
    admin.post(address)
    decision.refresh_from_db()
    assert decision.agreed_at is None
    assert client_as(cast.officer).post(address).status_code == 404
    watcher.post(address)
    decision.refresh_from_db()
    assert decision.agreed_by == cast.scrutineer.person
    mixing.mix_all(campaign=vote.campaign, by=vote.by)
    assert admin.get(at(vote, "turnout")).context["shortfalls"][0][1] == "settled"


def test_a_proposal_is_taken_back_or_refused_on_the_page(
    vote: votes.Vote, cast: Any, client_as: Any, today: Any
) -> None:
    closed(vote, today, "leader")
    admin, watcher = client_as(cast.evaladmin), client_as(cast.scrutineer)
    form = {"kind": "drop", "category": "leader", "target": "", "until": "", "reason": "人数不足"}
    admin.post(at(vote, "shortfall_propose"), form)
    address = at(vote, "shortfall_drop", ShortfallDecision.objects.get().pk)
    assert (
        "撤回这个提议？" in admin.get(at(vote, "turnout")).text,
        "不同意这个决定？" in admin.get(at(vote, "turnout")).text,
    ) == (
        True,
        False,
    )
    assert "不同意这个决定？" in watcher.get(at(vote, "turnout")).text
    assert "不同意这个决定？" not in client_as(cast.leader).get(at(vote, "turnout")).text
    for who in (cast.officer, cast.leader, cast.outsider):
        assert client_as(who).post(address, {"reason": "不妥"}).status_code == 404
    assert Client().post(address).status_code == 302
    assert "请写明不同意的理由。" in watcher.post(address, {"reason": " "}, follow=True).text
    assert ShortfallDecision.objects.count() == 1
    watcher.post(address, {"reason": "应并入代表类"})
    assert ShortfallDecision.objects.count() == 0
    assert admin.get(at(vote, "turnout")).context["shortfalls"][0][1] == "open"
    admin.post(at(vote, "shortfall_propose"), form)
    admin.post(at(vote, "shortfall_drop", ShortfallDecision.objects.get().pk))
    assert ShortfallDecision.objects.count() == 0


def test_an_agreed_extension_opens_the_vote_again(vote: votes.Vote, cast: Any, client_as: Any, today: Any) -> None:
    closed(vote, today, "leader")
    form = {"kind": "extend", "category": "", "target": "", "until": "2026-12-7 18:00", "reason": "再等两天"}
    client_as(cast.evaladmin).post(at(vote, "shortfall_propose"), form)
    client_as(cast.scrutineer).post(at(vote, "shortfall_agree", ShortfallDecision.objects.get().pk))
    campaign = vote.again()
    assert (campaign.state, campaign.closes_at.astimezone(days.SHANGHAI).isoformat()) == (
        "open",
        "2026-12-07T18:00:00+08:00",
    )
