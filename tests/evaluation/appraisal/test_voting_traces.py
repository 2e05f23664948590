"""What voting leaves behind: nothing before the cast, and then the ballot and the mark alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from common import days
from evaluation.appraisal.models import Voter
from evaluation.appraisal.vote_urls import urlpatterns
from organizations.models import User
from tests import factories
from tests.evaluation.appraisal import voters
from tests.evaluation.appraisal.snapshots import changed, snapshot
from tests.evaluation.appraisal.votes import DURING, Vote

pytestmark = pytest.mark.django_db
CAST = {"appraisal_urnballot", "appraisal_voter"}


@pytest.fixture
def vote(district: Any, cast: Any) -> Iterator[Vote]:
    made = voters.vote_with_account(district, cast, cast.branchsec)
    with days.pretend(DURING):
        yield made


def test_the_snapshot_sees_a_change(vote: Vote) -> None:
    before = snapshot()
    User.objects.filter(pk=vote.admin.pk).update(last_login=days.now())
    assert changed(before, snapshot()) == {"organizations_user"}


def test_nothing_is_stored_before_the_cast_and_then_two_tables_change(vote: Vote, client: Client) -> None:
    voter = vote.voters("expert")[0]
    code = voters.code_of(vote, voter)
    before = snapshot()
    voters.enter(client, "0000000000000")
    review = voters.fill(client, vote, code)
    client.get("/vote/threats/")
    assert changed(before, snapshot()) == set()
    client.post("/vote/cast/", voters.hidden(review))
    assert changed(before, snapshot()) == CAST
    marked = Voter.objects.filter(voted=True).values_list("pk", flat=True)
    assert list(marked) == [voter.pk]


def test_an_account_votes_without_session_login_or_log(vote: Vote, cast: Any, client_as: Any) -> None:
    client = client_as(cast.branchsec)
    client.get("/desk/")
    before = snapshot()
    address = f"/vote/{vote.campaign.code}/account/"
    for typed in ({}, {"password": "wrong"}, {"password": factories.PASSWORD}):
        client.get(address) if not typed else client.post(address, typed)
    for section, numbers in voters.CHOICES.items():
        voters.choose(client, vote, section, numbers)
    review = client.get("/vote/review/")
    assert changed(before, snapshot()) == set()
    client.post("/vote/cast/", voters.hidden(review))
    assert changed(before, snapshot()) == CAST
    client.get("/desk/")
    assert changed(before, snapshot()) == CAST | {"django_session"}  # any other page does renew it


def test_a_password_hash_is_not_renewed_by_voting(vote: Vote, cast: Any, client: Client, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    before = snapshot()
    typed = {"username": cast.branchsec.username, "password": factories.PASSWORD}
    assert client.post(f"/vote/{vote.campaign.code}/account/", typed).status_code == 302
    assert changed(before, snapshot()) == set()


def test_the_session_cookie_is_not_renewed(vote: Vote, cast: Any, client_as: Any) -> None:
    client = client_as(cast.officer)
    for address in ("/vote/", "/vote/threats/", f"/vote/{vote.campaign.code}/account/"):
        assert "sessionid" not in client.get(address).cookies
    assert "sessionid" in client.get("/desk/").cookies


def test_only_the_account_page_asks_who_is_logged_in(
    vote: Vote, cast: Any, client_as: Any, assert_queries: Any
) -> None:
    client = client_as(cast.officer)
    with assert_queries(0):
        client.get("/vote/threats/")
    page = client.get(f"/vote/{vote.campaign.code}/account/")
    assert f"账号：{cast.officer.username}" in voters.text_of(page)


def test_every_page_of_these_parts_is_so_marked() -> None:
    assert {pattern.name: hasattr(pattern.callback, "blind_to_sessions") for pattern in urlpatterns} == {
        pattern.name: True for pattern in urlpatterns
    }


def test_every_answer_is_kept_by_nobody(vote: Vote, client: Client) -> None:
    code = voters.code_of(vote, vote.voters("expert")[0])
    check = f"/appraisals/{vote.campaign.code}/check/"
    answers = [client.get(each) for each in ("/vote/", "/vote/threats/", "/vote/ballot/1/", "/vote/cast/", check)]
    answers += [voters.enter(client, "wrong"), voters.enter(client, code), client.get("/vote/ballot/1/")]
    answers += [voters.choose(client, vote, "committee-1", [1, 2, 3], go=go) for go in ("keep", "back", "on")]
    fields = voters.hidden(voters.fill(client, vote, code))
    answers += [client.get("/vote/review/"), client.post("/vote/cast/", fields), client.post("/vote/cast/", {})]
    assert {answer["Cache-Control"] for answer in answers} == {"no-store"}
    assert {answer["Referrer-Policy"] for answer in answers} == {"no-referrer", "same-origin"}
    receipt = client.post("/vote/cast/", fields)
    assert receipt["Referrer-Policy"] == "no-referrer"


def test_no_choice_stands_in_an_address(vote: Vote, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, vote.voters("expert")[0]))
    answers = [voters.choose(client, vote, section, numbers) for section, numbers in voters.CHOICES.items()]
    assert [answer["Location"] for answer in answers] == ["/vote/ballot/2/", "/vote/ballot/3/", "/vote/review/"]


def test_refusals_are_not_logged_and_those_of_other_pages_are(vote: Vote, client: Client) -> None:
    written: list[str] = []
    logger = logging.getLogger("django.request")
    handler = Kept(written)
    console = next(h for h in logging.getLogger().handlers if any(type(f).__name__ == "NoVisits" for f in h.filters))
    handler.filters = console.filters
    logger.addHandler(handler)
    try:
        voters.enter(client, "0000000000000")
        client.post("/api/v1/votes/", {"code": "0000000000000", "token": "x"}, content_type="application/json")
        client.get("/nothing-here/")
    finally:
        logger.removeHandler(handler)
    assert written == ["Not Found: /nothing-here/"]


class Kept(logging.Handler):
    """Keeps what is written to it."""

    def __init__(self, written: list[str]) -> None:
        super().__init__()
        self.written = written

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(record.getMessage())


def test_the_todo_is_there_until_the_vote_and_says_nothing_of_when(vote: Vote, cast: Any, client_as: Any) -> None:
    from portal.workspace.todo import todos

    waiting = [todo for todo in todos(cast.branchsec) if todo.title == "请投票"]
    assert [(todo.about, todo.url, todo.note) for todo in waiting] == [
        (vote.campaign.title, f"/vote/{vote.campaign.code}/account/", "")
    ]
    assert [todo for todo in todos(cast.officer) if todo.title == "请投票"] == []
    Voter.objects.filter(campaign=vote.campaign, person=cast.branchsec.person).update(voted=True)
    assert [todo for todo in todos(cast.branchsec) if todo.title == "请投票"] == []
