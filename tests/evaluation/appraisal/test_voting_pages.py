"""The way of a voter through the pages, with scripts off: code, ballot, review, cast, receipt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from common import days
from evaluation.appraisal import candidates
from evaluation.appraisal.models import Candidate, ContestClass, UrnBallot, Voter
from tests.evaluation.appraisal import voters, votes
from tests.evaluation.appraisal.votes import DURING, Vote

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district: Any, cast: Any) -> Iterator[Vote]:
    """An open vote of five voters a category; everything happens while it is open."""
    made = votes.open_(votes.make_vote(district, cast, each=5))
    with days.pretend(DURING):
        yield made


@pytest.fixture
def voter(vote: Vote) -> Voter:
    return vote.voters("expert")[0]


def test_from_code_to_receipt(vote: Vote, voter: Voter, client: Client) -> None:
    code = voters.code_of(vote, voter)
    assert voters.enter(client, code)["Location"] == "/vote/ballot/1/"
    assert voters.choose(client, vote, "committee-1", [1, 2])["Location"] == "/vote/ballot/2/"
    assert voters.choose(client, vote, "community-1", [1])["Location"] == "/vote/ballot/3/"
    assert voters.choose(client, vote, "new-1", [3])["Location"] == "/vote/review/"
    page = client.get("/vote/review/")
    fields = voters.hidden(page)
    shown = re.findall(r"<li>.*?<b>(\d+)\. (.*?)</b>", page.content.decode(), flags=re.DOTALL)
    assert [number for number, _ in shown] == ["1", "2", "1", "3"]
    receipt = client.post("/vote/cast/", fields)
    assert receipt.status_code == 200
    stored = UrnBallot.objects.get()
    assert stored.category == voter.category
    grouped = "-".join(re.findall("....", stored.code))
    assert f'<p class="vote-tracking code">{grouped}</p>' in receipt.content.decode()
    assert "投票成功" in voters.text_of(receipt)
    assert {name: morsel["max-age"] for name, morsel in receipt.cookies.items()} == {
        "ballot_pass": 0,
        "ballot_draft": 0,
    }
    assert Voter.objects.get(pk=voter.pk).voted is True


def test_queries_do_not_grow_with_the_candidates(district: Any, cast: Any, client: Client, assert_queries: Any) -> None:
    contests = [(*votes.CONTESTS[0][:4], 1, 1), (*votes.CONTESTS[1][:4], 3, 1), votes.CONTESTS[2]]
    vote = votes.open_(votes.make_vote(district, cast, each=5, contests=contests))
    with days.pretend(DURING):
        voters.enter(client, voters.code_of(vote, vote.voters("expert")[0]))
        for number in (1, 2):
            with assert_queries(3):  # whose pass, the recusals, the candidates
                client.get(f"/vote/ballot/{number}/")


def test_the_cookies_are_for_these_pages_and_no_script(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    answer = voters.choose(client, vote, "committee-1", [1])
    kept = client.cookies["ballot_pass"], answer.cookies["ballot_draft"]
    assert [(c["path"], c["httponly"], c["samesite"], c["max-age"], c["expires"]) for c in kept] == [
        ("/vote/", True, "Strict", "", "")
    ] * 2


def test_the_draft_is_one_length_and_shows_no_choice(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    none = voters.choose(client, vote, "committee-1", [], go="keep").cookies["ballot_draft"].value
    two = voters.choose(client, vote, "committee-1", [1, 2], go="keep").cookies["ballot_draft"].value
    assert len(none) == len(two)
    assert none != two


def test_a_reload_and_the_way_back_lose_nothing(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    voters.choose(client, vote, "committee-1", [2, 4])
    assert voters.choose(client, vote, "community-1", [3], go="back")["Location"] == "/vote/ballot/1/"
    assert ticked(client, vote, 1) == [2, 4]
    assert ticked(client, vote, 2) == [3]


def test_what_is_kept_while_ticking_is_not_yet_a_page_done(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    answer = voters.choose(client, vote, "committee-1", [1, 2, 3], go="keep")
    assert (answer.status_code, answer.content) == (204, b"")
    page = client.get("/vote/ballot/1/")
    assert voters.message_of(page) == ""
    assert ticked(client, vote, 1) == [1, 2, 3]


def test_a_change_after_the_review_leads_straight_back_to_it(vote: Vote, voter: Voter, client: Client) -> None:
    voters.fill(client, vote, voters.code_of(vote, voter))
    assert voters.choose(client, vote, "committee-1", [3])["Location"] == "/vote/review/"
    assert ticked(client, vote, 1) == [3]


def test_the_review_waits_for_every_page(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    voters.choose(client, vote, "community-1", [1])
    answer = client.get("/vote/review/")
    assert (answer.status_code, answer["Location"]) == (302, "/vote/ballot/1/")


def test_a_double_tap_and_a_reload_show_the_same_receipt(vote: Vote, voter: Voter, client: Client) -> None:
    fields = voters.hidden(voters.fill(client, vote, voters.code_of(vote, voter)))
    first, second = client.post("/vote/cast/", fields), client.post("/vote/cast/", fields)
    tracking = [re.findall(r'vote-tracking code">([^<]+)<', page.content.decode()) for page in (first, second)]
    assert tracking[0] == tracking[1]
    assert len(tracking[0]) == 1
    assert "已经收到过，没有重复计票" in voters.text_of(second)
    assert UrnBallot.objects.count() == 1


def test_of_two_tabs_the_first_counts(vote: Vote, voter: Voter, client: Client) -> None:
    first = voters.hidden(voters.fill(client, vote, voters.code_of(vote, voter)))
    second = voters.hidden(client.get("/vote/review/"))
    client.post("/vote/cast/", second)
    stored = UrnBallot.objects.get()
    refused = client.post("/vote/cast/", first)
    assert refused.status_code == 409
    assert "先投的那一张有效，已在票箱中" in voters.text_of(refused)
    assert UrnBallot.objects.get() == stored


def test_a_lost_answer_is_found_in_one_step(vote: Vote, voter: Voter, client: Client) -> None:
    code = voters.code_of(vote, voter)
    client.post("/vote/cast/", voters.hidden(voters.fill(client, vote, code)))
    page = voters.enter(Client(), code)
    assert page.status_code == 200
    assert "您的票已在票箱中" in voters.text_of(page)
    assert dict(page.cookies) == {}


def test_who_has_voted_sees_no_ballot_any_more(vote: Vote, voter: Voter, client: Client) -> None:
    fields = voters.hidden(voters.fill(client, vote, voters.code_of(vote, voter)))
    held = {name: client.cookies[name].value for name in ("ballot_pass", "ballot_draft")}
    client.post("/vote/cast/", fields)
    client.cookies.load(held)
    for address in ("/vote/ballot/1/", "/vote/review/"):
        assert "您的票已在票箱中" in voters.text_of(client.get(address))


def test_another_voter_on_the_same_phone_finds_nothing(vote: Vote, client: Client) -> None:
    first, second = vote.voters("expert")[:2]
    voters.enter(client, voters.code_of(vote, first))
    voters.choose(client, vote, "committee-1", [1, 2])
    assert "没有投完的票" in voters.text_of(client.get("/vote/"))
    assert voters.enter(client, voters.code_of(vote, second))["Location"] == "/vote/ballot/1/"
    assert ticked(client, vote, 1) == []


def test_a_page_of_another_voter_in_the_same_browser_goes_on_as_that_voter(vote: Vote, client: Client) -> None:
    first, second = vote.voters("expert")[:2]
    voters.enter(client, voters.code_of(vote, first))
    page = voters.hidden(client.get("/vote/ballot/1/"))
    voters.enter(client, voters.code_of(vote, second))
    voters.choose(client, vote, "committee-1", [1, 2], **page)
    assert voters.hidden(client.get("/vote/ballot/2/")) == page
    assert ticked(client, vote, 1) == [1, 2]
    voters.enter(client, voters.code_of(vote, second))
    assert ticked(client, vote, 1) == []


def test_leaving_takes_everything_back(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    answer = client.post("/vote/leave/")
    assert answer["Location"] == "/vote/"
    assert {name: morsel["max-age"] for name, morsel in answer.cookies.items()} == {"ballot_pass": 0, "ballot_draft": 0}


def test_recused_and_withdrawn_are_shown_and_not_offered(district: Any, cast: Any, client: Client) -> None:
    vote = votes.make_vote(district, cast, each=5)
    member = vote.voters("member")[0]
    own = Candidate.objects.filter(campaign=vote.campaign, contest_class__contest__code="committee").first()
    Voter.objects.filter(pk=member.pk).update(organization=own.project.lead_organization)
    votes.open_(vote)
    gone = next(code for code in vote.codes("committee-1") if code != own.code)
    with days.pretend(DURING):
        row = Candidate.objects.get(code=gone)
        candidates.withdraw_candidate(candidate=row, reason="主动退出（示例）", by=vote.by)
        voters.enter(client, voters.code_of(vote, member))
        page = client.get("/vote/ballot/1/")
    offered = re.findall(r'name="committee-1" value="([^"]+)"', page.content.decode())
    assert offered == [code for code in vote.codes("committee-1") if code not in (own.code, gone)]
    reasons = re.findall(r"(应当回避|已退出)：([^<]+)", page.content.decode())
    assert sorted(reasons) == [("已退出", "主动退出（示例）"), ("应当回避", "本人所在党组织的项目")]


def test_withdrawn_projects_that_fill_up_are_explained_and_marked(district: Any, cast: Any, client: Client) -> None:
    vote = votes.make_vote(district, cast, each=5)
    vote.campaign.contests.filter(code="committee").update(must_fill=True)
    votes.open_(vote)
    note = "规则要求选满，请再勾标有“已退出”的补足个数"
    with days.pretend(DURING):
        code = voters.code_of(vote, vote.voters("expert")[0])
        voters.enter(client, code)
        assert note not in client.get("/vote/ballot/1/").content.decode()
        for row in Candidate.objects.filter(code__in=vote.codes("committee-1")[1:]):
            candidates.withdraw_candidate(candidate=row, reason="主动退出（示例）", by=vote.by)
        assert note in client.get("/vote/ballot/1/").content.decode()
        review = voters.fill(client, vote, code, {**voters.CHOICES, "committee-1": [1, 2]}).content.decode()
    assert review.count("已退出，不计票，只用来补足须选的个数") == 1


def ticked(client: Client, vote: Vote, number: int) -> list[int]:
    """Which candidates are ticked on a page, by their number."""
    section = voters.CONTESTS[number - 1]
    page = client.get(f"/vote/ballot/{number}/").content.decode()
    found = re.findall(rf'name="{section}" value="([^"]+)" checked', page)
    return [vote.codes(section).index(code) + 1 for code in found]


def test_every_page_names_the_vote_and_a_class_its_award(district: Any, cast: Any, client: Client) -> None:
    vote = votes.make_vote(district, cast, each=5)
    ContestClass.objects.filter(contest__campaign=vote.campaign, contest__code="new").update(name="非公企业")
    votes.open_(vote)
    with days.pretend(DURING):
        review = voters.fill(client, vote, voters.code_of(vote, vote.voters("expert")[0]))
        pages = [client.get(f"/vote/ballot/{number}/").content.decode() for number in (1, 2, 3)]
    assert [page.count(vote.campaign.title) for page in (*pages, review.content.decode())] == [1] * 4
    assert '<legend class="vote-legend">优秀书记项目（非公企业）<' in pages[2]
    assert "<h3>优秀书记项目（非公企业）</h3>" in review.content.decode()
