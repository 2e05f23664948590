"""Every refusal that a voter can meet, word for word, on the pages and in the API; and that nothing changed by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from common import days
from evaluation.appraisal import lifecycle, throttle
from evaluation.appraisal.models import Campaign, UrnBallot, Voter
from tests import factories
from tests.evaluation.appraisal import voters, votes
from tests.evaluation.appraisal.votes import BEFORE, DURING, Vote

pytestmark = pytest.mark.django_db
NO_CODE = "没有这个投票码，请对照选票单核对。"
MISTYPED = "投票码有误：有一位不对，请逐位核对。字母O和数字0、字母I、L和数字1不区分。"
NOTHING_OPEN = "这里没有打开的选票。请输入投票码：还没有投的可以投票，投过的马上知道票在票箱中。"
LENGTH = "投票码有误：应为13位，您输入了{}位，请对照选票单核对。"


@pytest.fixture
def vote(district: Any, cast: Any) -> Iterator[Vote]:
    made = votes.open_(votes.make_vote(district, cast, each=5))
    with days.pretend(DURING):
        yield made


@pytest.fixture
def voter(vote: Vote) -> Voter:
    return vote.voters("expert")[0]


def refused(page: Any, message: str, status: int = 400) -> None:
    assert (voters.message_of(page), page.status_code) == (message, status)
    assert "ballot_pass" not in page.cookies


def untouched() -> None:
    assert UrnBallot.objects.count() == 0
    assert not Voter.objects.filter(voted=True).exists()


def test_o_for_0_and_l_for_1_are_the_same(vote: Vote, voter: Voter) -> None:
    code = voters.code_of(vote, voter)
    typed = code.replace("-", " ").lower().replace("0", "o").replace("1", "l")
    for each in (typed, typed.replace("l", "i"), f"　{code}​", code.replace("-", "—")):
        assert voters.enter(Client(), each)["Location"] == "/vote/ballot/1/"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("ABCD", LENGTH.format(4)),
        ("你好", LENGTH.format(2)),
        ("ABCD-ABCD-ABCD-AB", LENGTH.format(14)),
        ("ABCD-ABCD-ABCD-U", MISTYPED),
        ("0000000000001", MISTYPED),
    ],
)
def test_a_mistyped_code(vote: Vote, client: Client, typed: str, words: str) -> None:
    refused(voters.enter(client, typed), words)


def test_a_code_that_nobody_got(vote: Vote, client: Client) -> None:
    refused(voters.enter(client, "0000000000000"), NO_CODE)


def test_no_code(client: Client) -> None:
    refused(voters.enter(client, " "), "请输入选票单上的投票码。")


def test_a_revoked_code(vote: Vote, voter: Voter, client: Client) -> None:
    first = voters.code_of(vote, voter)
    second = voters.code_of(vote, voter)
    refused(voters.enter(client, first), "这个投票码已经作废，请使用补发的新码。")
    assert voters.enter(client, second).status_code == 302


def test_a_pass_ends_with_its_code(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    voters.code_of(vote, voter)
    assert "请再输入一次投票码" in voters.text_of(client.get("/vote/ballot/1/"))


def test_a_code_of_another_channel(vote: Vote, voter: Voter, client: Client) -> None:
    code = voters.code_of(vote, voter)
    Voter.objects.filter(pk=voter.pk).update(channel="paper")
    refused(voters.enter(client, code), "您的投票方式是“纸质票”，这个投票码不再使用。")


def test_not_yet_open(district: Any, cast: Any, client: Client) -> None:
    vote = votes.lock(votes.make_vote(district, cast, each=5))
    with days.pretend(BEFORE):
        answer = voters.enter(client, voters.code_of(vote, vote.voters("expert")[0]))
        refused(answer, "投票还没有开始，12月1日00:00开始。", 409)


def test_one_second_late(vote: Vote, voter: Voter, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    code = voters.code_of(vote, voter)
    fields = voters.hidden(voters.fill(client, vote, code))
    closing = vote.campaign.closes_at
    assert closing is not None
    monkeypatch.setattr(days, "now", lambda: closing)
    page = client.post("/vote/cast/", fields)
    assert (voters.message_of(page), page.status_code) == ("投票已经截止，不能再投。", 409)
    refused(voters.enter(Client(), code), "投票已经截止，不能再投。", 409)
    untouched()
    monkeypatch.setattr(days, "now", lambda: closing - timedelta(seconds=1))
    assert client.post("/vote/cast/", fields).status_code == 200


def test_a_code_of_last_year_says_so(vote: Vote, voter: Voter, client: Client) -> None:
    used, unused = voters.code_of(vote, voter), voters.code_of(vote, vote.voters("expert")[1])
    client.post("/vote/cast/", voters.hidden(voters.fill(client, vote, used)))
    with days.pretend(date(2026, 12, 5)):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    said = "这是“2026年度综合票决（示例）”的投票码，该次投票已经截止。"
    refused(voters.enter(client, unused), said)
    refused(voters.enter(client, used), f"{said}您的票已在该次投票的票箱中。")


def test_too_many_keep_everything_that_was_chosen(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    answer = voters.choose(client, vote, "committee-1", [1, 2, 3])
    assert answer["Location"] == "/vote/ballot/1/"
    page = client.get("/vote/ballot/1/")
    assert voters.message_of(page) == "最多选2个，您选了3个，请取消1个。"
    assert page.content.decode().count(" checked") == 3
    assert client.get("/vote/review/")["Location"] == "/vote/ballot/1/"


def test_none_needs_a_word(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    voters.choose(client, vote, "committee-1", [])
    page = client.get("/vote/ballot/1/")
    assert voters.message_of(page) == "您一个都没有选。确定弃权的，请勾选“本项弃权”。"
    answer = voters.choose(client, vote, "committee-1", [], **{"abstain-committee-1": "1"})
    assert answer["Location"] == "/vote/ballot/2/"


def test_choices_and_an_abstention_exclude_each_other(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    voters.choose(client, vote, "committee-1", [1], **{"abstain-committee-1": "1"})
    page = client.get("/vote/ballot/1/")
    assert voters.message_of(page) == "您选了1个项目，又勾了“本项弃权”，请取消其中一样。"


def test_a_candidate_of_another_track(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    page = client.post("/vote/ballot/1/", {"committee-1": vote.codes("community-1")[:1], "go": "on"})
    assert (voters.message_of(page), page.status_code) == ("所选项目不在这个评选项目的候选名单中。", 400)
    assert client.get("/vote/review/")["Location"] == "/vote/ballot/1/"


def test_a_page_that_does_not_exist(vote: Vote, voter: Voter, client: Client) -> None:
    voters.enter(client, voters.code_of(vote, voter))
    assert client.get("/vote/ballot/4/").status_code == 404


def test_the_ballot_of_another_voter_is_refused(vote: Vote, client: Client) -> None:
    first, second = (voters.code_of(vote, each) for each in vote.voters("expert")[:2])
    token = voters.hidden(voters.fill(client, vote, first))["token"]
    other = Client()
    own_pass = voters.hidden(voters.fill(other, vote, second))["pass"]
    page = other.post("/vote/cast/", {"token": token, "pass": own_pass})
    assert (voters.message_of(page), page.status_code) == ("这不是您刚才确认的选票，请重新选择并确认。", 400)
    untouched()


def test_nobody_gets_no_ballot(vote: Vote, client: Client) -> None:
    for address in ("/vote/ballot/1/", "/vote/review/"):
        assert NOTHING_OPEN in voters.text_of(client.get(address))
    assert client.get("/vote/cast/")["Location"] == "/vote/"
    assert NOTHING_OPEN in voters.text_of(client.post("/vote/cast/", {"token": "x"}))


def test_the_way_back_after_the_cast_or_after_leaving_speaks_of_no_kept_choices(
    vote: Vote, voter: Voter, client: Client
) -> None:
    code = voters.code_of(vote, voter)
    fields = voters.hidden(voters.fill(client, vote, code))
    client.post("/vote/leave/")
    assert NOTHING_OPEN in voters.text_of(client.get("/vote/review/"))
    client.post("/vote/cast/", fields)
    for address in ("/vote/ballot/3/", "/vote/review/"):
        page = voters.text_of(client.get(address))
        assert (NOTHING_OPEN in page, "都还在" in page) == (True, False)


def test_the_close_between_two_looks_at_the_clock(
    vote: Vote, voter: Voter, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    voters.fill(client, vote, voters.code_of(vote, voter))
    closing = vote.campaign.closes_at
    assert closing is not None
    moments = iter([closing - timedelta(seconds=1)])
    monkeypatch.setattr(days, "now", lambda: next(moments, closing))
    page = client.get("/vote/review/")
    assert (voters.message_of(page), page.status_code) == ("投票已经截止，不能再投。", 409)


def test_no_ballot_of_a_voided_vote_counts(vote: Vote, voter: Voter, client: Client) -> None:
    code = voters.code_of(vote, voter)
    fields = voters.hidden(voters.fill(client, vote, code))
    held = {name: client.cookies[name].value for name in ("ballot_pass", "ballot_draft")}
    client.post("/vote/cast/", fields)
    lifecycle.void_campaign(campaign=vote.campaign, reason="规则有误（示例）", by=vote.by)
    client.cookies.load(held)
    page = client.get("/vote/review/")
    assert page.status_code == 409
    assert voters.message_of(page) == "这次投票已经作废，投过的票也不算数；要重新投票的，另行通知。"


def test_an_old_pass_asks_for_the_code_and_the_choices_are_still_there(
    vote: Vote, voter: Voter, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = voters.code_of(vote, voter)
    voters.fill(client, vote, code)
    monkeypatch.setattr("evaluation.appraisal.electors.PASS_SECONDS", -1)
    assert "请再输入一次投票码" in voters.text_of(client.get("/vote/review/"))
    monkeypatch.undo()
    with days.pretend(DURING):
        assert voters.enter(client, code)["Location"] == "/vote/review/"


def test_wrong_codes_are_slowed_down_and_right_ones_do_not_count(
    vote: Vote, voter: Voter, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 2)
    code = voters.code_of(vote, voter)
    for _ in range(3):
        assert voters.enter(client, code).status_code == 302
    for _ in range(2):
        refused(voters.enter(client, "0000000000000"), NO_CODE)
    page = voters.enter(client, code)
    assert page.status_code == 429
    assert 1 <= int(page["Retry-After"]) <= throttle.WINDOW_SECONDS
    assert "您的票和投票码都不受影响" in voters.message_of(page)
    other = Client(REMOTE_ADDR="10.0.0.9")
    assert voters.enter(other, code).status_code == 302


def test_an_office_that_asks_after_the_close_is_not_slowed_down(
    vote: Vote, voter: Voter, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 2)
    old = voters.code_of(vote, voter)
    code = voters.code_of(vote, voter)
    client.post("/vote/cast/", voters.hidden(voters.fill(client, vote, code)))
    with days.pretend(date(2026, 12, 5)):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    for _ in range(3):
        assert voters.message_of(voters.enter(client, old)) == "这个投票码已经作废，请使用补发的新码。"
        assert "您的票已在该次投票的票箱中" in voters.message_of(voters.enter(client, code))


def test_all_addresses_together_are_slowed_down(vote: Vote, voter: Voter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "OVERALL", 3)
    for number in range(3):
        voters.enter(Client(REMOTE_ADDR=f"10.0.0.{number}"), "0000000000000")
    assert voters.enter(Client(REMOTE_ADDR="10.0.0.9"), voters.code_of(vote, voter)).status_code == 429


def test_a_cache_that_keeps_nothing_breaks_no_page(vote: Vote, settings: Any) -> None:
    """A file cache that is full drops what it has just taken."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    refused(voters.enter(Client(), "0000000000000"), NO_CODE)


def test_the_next_window_begins_anew(vote: Vote, voter: Voter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 1)
    voters.enter(Client(), "0000000000000")
    code = voters.code_of(vote, voter)
    assert voters.enter(Client(), code).status_code == 429
    later = days.now() + timedelta(seconds=throttle.WINDOW_SECONDS)
    monkeypatch.setattr(days, "now", lambda: later)
    assert voters.enter(Client(), code).status_code == 302


class TestByAccount:
    """A voter with an account gives the password again and is not logged in by it."""

    @pytest.fixture
    def vote(self, district: Any, cast: Any) -> Iterator[Vote]:
        made = voters.vote_with_account(district, cast, cast.branchsec)
        with days.pretend(DURING):
            yield made

    @pytest.fixture
    def elector(self, cast: Any) -> Any:
        return cast.branchsec

    @pytest.fixture
    def address(self, vote: Vote) -> str:
        return f"/vote/{vote.campaign.code}/account/"

    def test_logged_in(self, elector: Any, address: str, client_as: Any) -> None:
        answer = client_as(elector).post(address, {"password": factories.PASSWORD})
        assert answer["Location"] == "/vote/ballot/1/"
        assert set(answer.cookies) == {"ballot_pass"}

    def test_not_logged_in(self, elector: Any, address: str, client: Client) -> None:
        typed = {"username": elector.username, "password": factories.PASSWORD}
        assert client.post(address, typed)["Location"] == "/vote/ballot/1/"
        assert "sessionid" not in client.cookies

    @pytest.mark.parametrize("username", ["", "nobody-of-this-name"])
    def test_wrong(self, elector: Any, address: str, client: Client, username: str) -> None:
        typed = {"username": username or elector.username, "password": "wrong"}
        refused(client.post(address, typed), "账号或密码不正确。")

    def test_an_account_without_a_vote(self, elector: Any, cast: Any, address: str, client_as: Any) -> None:
        page = client_as(cast.outsider).post(address, {"password": factories.PASSWORD})
        refused(page, "您不在本次票决的名册中，或不是用账号投票。")

    def test_an_account_is_slowed_down_from_everywhere(self, elector: Any, address: str) -> None:
        for number in range(throttle.PER_ACCOUNT):
            typed = {"username": elector.username, "password": "wrong"}
            Client(REMOTE_ADDR=f"10.0.0.{number}").post(address, typed)
        typed = {"username": elector.username, "password": factories.PASSWORD}
        assert Client(REMOTE_ADDR="10.0.1.1").post(address, typed).status_code == 429

    @pytest.mark.parametrize("voted", [True, False])
    def test_an_answer_lost_before_the_close_is_found_after_it(
        self, vote: Vote, elector: Any, address: str, client_as: Any, voted: bool
    ) -> None:
        browser = client_as(elector)
        Voter.objects.filter(campaign=vote.campaign, channel="account").update(voted=voted)
        with days.pretend(date(2026, 12, 5)):
            lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
            assert browser.get(address).status_code == 200
            page = browser.post(address, {"password": factories.PASSWORD})
        if voted:
            assert "您的票已在票箱中" in voters.text_of(page)
        else:
            refused(page, "投票已经截止，不能再投。", 409)

    def test_no_such_vote(self, vote: Vote, client: Client) -> None:
        assert client.get("/vote/nothing/account/").status_code == 404
        Campaign.objects.create(season=vote.campaign.season, title="草稿（示例）", code="draft123")
        assert client.get("/vote/draft123/account/").status_code == 404
