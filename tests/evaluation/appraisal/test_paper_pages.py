"""Pages of the paper ballots: the desk, blank ballots, two keyings by two people, nothing kept in between."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from common import days
from evaluation.appraisal import paper
from evaluation.appraisal.models import PaperBatch, UrnBallot, Voter
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district: Any, cast: Any, today: Any) -> votes.Vote:
    """Open; five experts on paper, the first recused for a candidate."""
    today(votes.DURING)
    vote = votes.make_vote(district, cast, each=5)
    lead = vote.campaign.candidates.order_by("id").first().project.lead_organization
    Voter.objects.filter(pk=vote.voters("expert")[0].pk).update(organization=lead)
    Voter.objects.filter(category__code="expert").update(channel="paper")
    return votes.open_(vote)


def at(vote: votes.Vote, name: str, *args: Any) -> str:
    return reverse(f"appraisal:{name}", args=[vote.campaign.code, *args])


def returned(vote: votes.Vote, number: int = 5) -> None:
    with days.pretend(votes.DURING):
        for voter in vote.voters("expert")[:number]:
            paper.give_out(voter=voter, by=vote.by)
            paper.take_back(voter=voter, by=vote.by)


def typed(**changes: str) -> dict[str, str]:
    """Five ballots as they are typed; the first is the form with a recusal."""
    values = {"b1-profile": "1"}
    for number in range(1, 6):
        values |= {f"b{number}-community-1": "1、", f"b{number}-new-1": "２"}
    return values | changes


def test_the_desk_gives_out_and_takes_back(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    browser, voter = client_as(cast.scrutineer), vote.voters("expert")[1]
    address = at(vote, "paper_step", voter.public_id)
    for step, state in (
        ("take", ""),
        ("give", "issued"),
        ("take", "returned"),
        ("correct", "issued"),
        ("take", "returned"),
    ):
        browser.post(address, {"do": step})
        voter.refresh_from_db()
        assert voter.paper == state
    (desk, half), *rest = browser.get(at(vote, "paper")).context["desks"]
    assert (desk.issued, desk.returned, desk.out, half, rest) == (1, 1, 0, None, [])
    assert browser.post(address, {"do": "steal"}).status_code == 404
    back = browser.post(address, {"do": "take", "q": "专家"})
    assert back["Location"] == f"{at(vote, 'paper')}?q=%E4%B8%93%E5%AE%B6"


def test_a_blank_ballot_of_each_form(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    page = client_as(cast.evaladmin).get(at(vote, "paper_ballots", "expert"))
    text = page.content.decode()
    assert [form.voters for form in page.context["forms"]] == [4, 1]
    ballots = text.split('<article class="ballot">')[1:]
    assert [len(re.findall(r">回避</td>", each)) for each in ballots] == [0, 1]
    assert {each.count("<tr><td>") for each in ballots} == {10}
    assert "党建专家001" not in text


@pytest.mark.parametrize("number", ["2张", "", "-1", "1.5", "999999"])
def test_what_is_no_number_of_ballots_is_said_beside_the_field(
    vote: votes.Vote, cast: Any, client_as: Any, number: str
) -> None:
    returned(vote)
    browser, address = client_as(cast.evaladmin), at(vote, "paper_key", "expert")
    for page in (browser.get(address, {"ballots": number}), browser.post(address, {"ballots": number})):
        text = page.content.decode()
        assert (page.status_code, page.context["beside"]) == (400, ["请填写张数，只写数字，例如 12。"])
        assert (text.count('id="id_ballots_error"'), f'value="{number}"' in text) == (1, True)
        assert 'aria-describedby="id_ballots_helptext id_ballots_error" aria-invalid="true"' in text
    page = browser.get(address, {"ballots": "3"})
    assert page.context["beside"] == ["“党建专家”登记收回 5 张，现在只有 3 张。请清点，或更正多登记的交票。"]
    assert "field-error" not in browser.get(address).content.decode()


def test_two_people_key_and_the_ballots_are_in_the_urn(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    returned(vote)
    first, second = client_as(cast.evaladmin), client_as(cast.scrutineer)
    address = at(vote, "paper_key", "expert")
    assert "箱里有几张票" in first.get(address).content.decode()
    assert first.get(address, {"ballots": "5"}).context["sheet"].number == 5
    done = first.post(address, typed() | {"ballots": "5"})
    assert (done.status_code, done["Location"]) == (302, at(vote, "paper"))
    batch = PaperBatch.objects.get()
    again = at(vote, "paper_second", batch.pk)
    assert first.post(again, typed()).context["sheet"].message == "第一遍是您录的，第二遍须由另一人录入。"
    assert first.get(again)["Location"] == at(vote, "paper")
    assert "第一遍是您录的，第二遍须由另一人录入。" in first.get(at(vote, "paper")).content.decode()
    half = second.get(address, {"ballots": "5"})
    assert (half.status_code, half.context["error"].code) == (409, "half_keyed")
    shown = second.get(again)
    assert (shown["Cache-Control"], 'value="1、"' in shown.content.decode()) == ("no-store", False)
    differs = second.post(again, typed(**{"b3-new-1": "1"}))
    assert (differs.status_code, differs.context["sheet"].errors) == (
        400,
        {"b3-new-1": ["第 3 张“优秀书记项目”：两遍录入不一致。"]},
    )
    assert 'name="b3-new-1" value="1"' in differs.content.decode()
    assert second.post(again, typed()).status_code == 302
    assert (UrnBallot.objects.count(), vote.campaign.voters.filter(voted=True).count()) == (5, 5)
    assert second.get(again).status_code == 404
    sessions = str([session.get_decoded() for session in Session.objects.all()])
    assert "community" not in sessions


def test_a_wrong_number_of_ballots_is_told_before_any_is_keyed(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    returned(vote, 4)
    watcher, address = client_as(cast.scrutineer), at(vote, "paper_key", "expert")
    more = watcher.get(address, {"ballots": "5"})
    assert (more.status_code, more.context["error"].code) == (409, "more_than_returned")
    assert "作废重投" in more.content.decode()
    fewer = watcher.get(address, {"ballots": "3"})
    assert (fewer.status_code, fewer.context["error"].code) == (400, "fewer_than_returned")
    watcher.post(at(vote, "paper_redo", "expert"), {"reason": "多出一张"})
    assert not vote.campaign.voters.exclude(paper="").exists()


def test_what_is_no_number_is_told_and_nothing_is_lost(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    returned(vote)
    values = typed(**{"b2-new-1": "甲", "b4-committee-1": "99"}) | {"ballots": "5"}
    page = client_as(cast.evaladmin).post(at(vote, "paper_key", "expert"), values)
    assert page.context["sheet"].errors == {
        "b2-new-1": ["第 2 张“优秀书记项目”：“甲”不是序号。请只写数字，用空格或逗号隔开。"]
    }
    assert 'value="99"' in page.content.decode()
    values["b2-new-1"] = "2"
    page = client_as(cast.evaladmin).post(at(vote, "paper_key", "expert"), values)
    assert page.context["sheet"].errors == {"b4-committee-1": ["第 4 张“十佳书记项目”：票面上没有 99 号。"]}
    assert PaperBatch.objects.count() == 0


def test_a_batch_is_dropped_from_the_desk(vote: votes.Vote, cast: Any, client_as: Any) -> None:
    returned(vote)
    browser = client_as(cast.evaladmin)
    browser.post(at(vote, "paper_key", "expert"), typed() | {"ballots": "5"})
    batch = PaperBatch.objects.get()
    assert client_as(cast.scrutineer).post(at(vote, "paper_drop", batch.pk)).status_code == 302
    batch.refresh_from_db()
    assert (batch.state, batch.keyed) == ("dropped", "")


def test_others_find_nothing(vote: votes.Vote, cast: Any, client_as: Any, client: Any) -> None:
    voter = vote.voters("expert")[0]
    gets = [at(vote, "paper"), at(vote, "paper_ballots", "expert"), at(vote, "paper_key", "expert")]
    gets += [at(vote, "paper_second", uuid4())]
    posts = [at(vote, "paper_step", voter.public_id), at(vote, "paper_redo", "expert"), at(vote, "paper_drop", uuid4())]
    for user in (cast.officer, cast.leader, cast.outsider):
        browser = client_as(user)
        assert {browser.get(address).status_code for address in gets} == {404}
        assert {browser.post(address, {"do": "give"}).status_code for address in posts} == {404}
    assert {client.get(address).status_code for address in gets} == {302}
    assert {client.post(address).status_code for address in posts} == {302}
    assert client_as(cast.evaladmin).get(at(vote, "paper_ballots", "nothing")).status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_the_desk_asks_the_same_questions_for_one_and_three(
    vote: votes.Vote, cast: Any, client_as: Any, assert_queries: Any, number: int
) -> None:
    Voter.objects.filter(pk__in=[voter.pk for voter in vote.voters("expert")[number:]]).update(channel="code")
    browser = client_as(cast.evaladmin)
    with assert_queries(12):
        assert len(browser.get(at(vote, "paper")).context["page"]) == number


@pytest.mark.parametrize("number", [1, 3])
def test_the_keying_sheet_asks_the_same_questions_for_one_and_three(
    vote: votes.Vote, cast: Any, client_as: Any, assert_queries: Any, number: int
) -> None:
    Voter.objects.filter(pk__in=[voter.pk for voter in vote.voters("expert")[number:]]).update(channel="code")
    returned(vote, number)
    browser = client_as(cast.evaladmin)
    with assert_queries(14):
        assert browser.get(at(vote, "paper_key", "expert"), {"ballots": number}).context["sheet"].number == number
