"""Pages of the count: the right person, the department and outsiders (404), nobody (login); what each step shows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from common import days
from common.models import AuditEntry, Job
from evaluation.appraisal import lifecycle, publishing, runoffs
from evaluation.appraisal.models import Campaign, Tally
from tests.evaluation.appraisal import count_steps, votes
from tests.evaluation.appraisal.votes import Vote
from tests.factories import PASSWORD, POSTS, ROLES

pytestmark = pytest.mark.django_db
RUN = ("evaladmin", "scrutineer")
WRONG = "0" * 26


@pytest.fixture
def mixed(district: Any, cast: Any, today: Any) -> Vote:
    vote = votes.close(count_steps.voted(district, cast, each=5))
    today(votes.AFTER)
    return vote


@pytest.fixture
def counted(mixed: Vote) -> Vote:
    votes.count(mixed)
    return mixed


def url(part: str, vote: Vote, *more: str) -> str:
    return reverse(f"appraisal:{part}", args=[vote.campaign.code, *more])


def secrets(vote: Vote, *positions: int, **wrong: str) -> dict[str, str]:
    return {f"secret_{at}": vote.secrets[at] for at in positions} | wrong


# --- counting ---


def test_what_the_page_says_at_each_state(district: Any, cast: Any, client_as: Any, today: Any) -> None:
    vote = votes.make_vote(district, cast, each=5)
    client = client_as(cast.evaladmin)
    told = {}
    told["draft"] = client.get(url("count", vote)).content.decode()
    votes.open_(vote)
    told["open"] = client.get(url("count", vote)).content.decode()
    for category in vote.campaign.categories.all():
        for voter in vote.voters(category.code):
            votes.ballot(vote, voter, {"committee-1": [1, 2], "community-1": [1], "new-1": [1]})
    today(votes.AFTER)
    lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    told["closed"] = client.get(url("count", vote)).content.decode()
    assert client.post(url("count_mix", vote)).url == url("count", vote)
    told["mixed"] = client.get(url("count", vote)).content.decode()
    words = {"draft": "还没有开始投票", "open": "还在投票", "closed": "现在混票", "mixed": "任意两位保管人到场"}
    assert {state: [w for w in words.values() if w in text] for state, text in told.items()} == {
        state: [word] for state, word in words.items()
    }
    assert vote.again().state == "mixed"


def test_a_shortfall_is_named_and_holds_the_mixing(district: Any, cast: Any, client_as: Any, today: Any) -> None:
    vote = votes.open_(votes.make_vote(district, cast, each=5))
    votes.ballot(vote, vote.voters("expert")[0], {"committee-1": [1]})
    today(votes.AFTER)
    lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
    page = client_as(cast.evaladmin).get(url("count", vote)).content.decode()
    assert "“成员单位”只有 0/5 人投票" in page
    assert "现在混票" not in page
    client_as(cast.evaladmin).post(url("count_mix", vote))
    assert vote.again().state == "closed"


def test_two_secrets_open_the_box(mixed: Vote, cast: Any, client_as: Any) -> None:
    client = client_as(cast.evaladmin)
    page = client.get(url("count", mixed))
    assert page["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    text = page.content.decode()
    assert text.count('type="password"') == 3
    assert "保管人甲（示例）（区纪委监委）的密钥" in text
    answer = client.post(url("count", mixed), secrets(mixed, 1, 3))
    assert (answer.status_code, answer.url) == (302, url("result", mixed))
    tally = Tally.objects.get()
    assert (tally.holders, mixed.again().state) == (
        "保管人甲（示例）（区纪委监委）、保管人丙（示例）（区公证处）",
        "counted",
    )
    assert not Job.objects.filter(kind="appraisal.count").exists()


@pytest.mark.parametrize(
    ("positions", "wrong", "words"),
    [
        ((), {}, "请至少填写两位。"),
        ((1,), {}, "请至少填写两位。"),
        ((1,), {"secret_2": WRONG}, "密钥有误"),
        ((1,), {"secret_2": "x" * 200}, "60"),
    ],
)
def test_secrets_that_do_not_open_it(
    mixed: Vote, cast: Any, client_as: Any, positions: Any, wrong: Any, words: str
) -> None:
    answer = client_as(cast.evaladmin).post(url("count", mixed), secrets(mixed, *positions, **wrong))
    text = answer.content.decode()
    assert (answer.status_code, words in text) == (400, True)
    for typed in (*mixed.secrets.values(), *wrong.values()):
        assert typed not in text
    assert (mixed.again().state, Tally.objects.count()) == ("mixed", 0)


def test_the_secrets_of_two_swapped_holders_are_named(mixed: Vote, cast: Any, client_as: Any) -> None:
    swapped = {"secret_1": mixed.secrets[2], "secret_2": mixed.secrets[1]}
    answer = client_as(cast.evaladmin).post(url("count", mixed), swapped)
    assert (answer.status_code, answer.content.decode().count("这两份密钥打不开票箱") >= 2) == (400, True)


def test_counting_before_the_mixing_is_refused(district: Any, cast: Any, client_as: Any) -> None:
    vote = votes.open_(votes.make_vote(district, cast, each=5))
    assert client_as(cast.evaladmin).post(url("count", vote), secrets(vote, 1, 2)).status_code == 409
    assert vote.again().state == "open"


# --- who ---


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_who_sees_the_count(counted: Vote, cast: Any, client_as: Any, who: str) -> None:
    client: Client = client_as(getattr(cast, who))
    expected = 200 if who in RUN else 404
    assert client.get(url("count", counted)).status_code == expected
    page = client.get(url("result", counted))
    assert page.status_code == expected
    assert ("result-cells" in page.content.decode()) == (who in RUN)
    assert client.post(url("count", counted), secrets(counted, 1, 2)).status_code in (302, 403, 404)
    sums = client.get(url("scrutineer_file", counted, "counts.json"))
    assert sums.status_code == (200 if who == "scrutineer" else 404)


def test_nobody_is_asked_to_log_in(counted: Vote, client: Client) -> None:
    for part in ("count", "result", "announcement"):
        assert client.get(url(part, counted)).status_code == 302
    for part in ("count_mix", "result_sign", "result_runoff"):
        assert client.post(url(part, counted)).status_code == 302
    assert client.get(url("scrutineer_file", counted, "salt.txt")).status_code == 302


def test_a_scrutineer_does_not_open_the_box(mixed: Vote, cast: Any, client_as: Any) -> None:
    answer = client_as(cast.scrutineer).post(url("count", mixed), secrets(mixed, 1, 2))
    assert (answer.status_code, mixed.again().state) == (403, "mixed")


# --- the result ---


def test_before_the_count_there_is_no_result(mixed: Vote, cast: Any, client_as: Any) -> None:
    page = client_as(cast.evaladmin).get(url("result", mixed)).content.decode()
    assert ("还没有计票" in page, "入选" in page) == (True, False)


def test_the_result_as_it_is_read(counted: Vote, cast: Any, client_as: Any) -> None:
    page = client_as(cast.evaladmin).get(url("result", counted)).content.decode()
    for words in (
        "80.00",
        "80/1",
        "4 / 5",
        "区领导（待确认）",
        "末位并列",
        "监票人签字以后组织",
        count_steps.tally_of(counted).result_sha256,
    ):
        assert words in page, words
    assert 'name="password"' not in page


def test_a_scrutineer_signs(counted: Vote, cast: Any, client_as: Any) -> None:
    client = client_as(cast.scrutineer)
    digest = count_steps.tally_of(counted).result_sha256
    assert 'name="password"' in client.get(url("result", counted)).content.decode()
    wrong = client.post(url("result_sign", counted), {"password": "nein", "result_sha256": digest})
    assert (wrong.status_code, "密码不正确" in wrong.content.decode(), "nein" in wrong.content.decode()) == (
        400,
        True,
        False,
    )
    answer = client.post(url("result_sign", counted), {"password": PASSWORD, "result_sha256": digest})
    assert (answer.status_code, counted.again().state) == (302, "confirmed")
    assert "已签字" in client.get(url("result", counted)).content.decode()


def test_passwords_are_not_tried_out(counted: Vote, cast: Any, client_as: Any) -> None:
    client = client_as(cast.scrutineer)
    given = {"password": "guess", "result_sha256": count_steps.tally_of(counted).result_sha256}
    answers = [client.post(url("result_sign", counted), given).status_code for _ in range(11)]
    assert answers == [*[400] * 10, 429]
    assert client.post(url("result_sign", counted), given | {"password": PASSWORD}).status_code == 429
    assert counted.again().state == "counted"


def test_the_administrator_does_not_sign(counted: Vote, cast: Any, client_as: Any) -> None:
    given = {"password": PASSWORD, "result_sha256": count_steps.tally_of(counted).result_sha256}
    assert client_as(cast.evaladmin).post(url("result_sign", counted), given).status_code == 403
    assert counted.again().state == "counted"


def test_a_scrutineers_download_is_recorded(counted: Vote, cast: Any, client_as: Any) -> None:
    client, tally = client_as(cast.scrutineer), count_steps.tally_of(counted)
    assert client.get(url("scrutineer_file", counted, "counts.json")).content.decode() == tally.counts
    assert client.get(url("scrutineer_file", counted, "salt.txt")).content.decode() == tally.salt
    assert client.get(url("scrutineer_file", counted, "result.json")).status_code == 404
    entries = AuditEntry.objects.filter(action="appraisal.tally.fetched").order_by("pk")
    assert [entry.after for entry in entries] == [{"file": "counts.json"}, {"file": "salt.txt"}]


def test_a_run_off_is_created_from_the_signed_result(counted: Vote, cast: Any, client_as: Any) -> None:
    address = url("result_runoff", counted)
    assert address not in client_as(cast.evaladmin).get(url("result", counted)).content.decode()
    count_steps.signed(counted)
    assert address in client_as(cast.evaladmin).get(url("result", counted)).content.decode()
    answer = client_as(cast.evaladmin).post(url("result_runoff", counted))
    made = Campaign.objects.get(runoff_of=counted.campaign)
    assert answer.url == reverse("appraisal:campaign", args=[made.code])
    assert "再次票决：筹备中" in client_as(cast.evaladmin).get(url("result", counted)).content.decode()
    other = client_as(cast.scrutineer).post(url("result_runoff", counted))
    assert (other.status_code, runoffs.runoff_of(counted.campaign)) == (302, made)


# --- the announcement ---


def test_the_announcement_takes_four_steps(district: Any, cast: Any, client_as: Any) -> None:
    vote = votes.lock(votes.make_vote(district, cast, each=5))
    admin, officer, address = client_as(cast.evaladmin), client_as(cast.officer), url("announcement", vote)
    assert "组织开展2026年度综合票决" in admin.get(address).content.decode()
    assert admin.post(address, {"do": "propose", "body": ""}).status_code == 400
    assert admin.post(address, {"do": "propose", "body": count_steps.BODY}).status_code == 302
    assert admin.post(address, {"do": "clear"}).status_code == 403
    for do in ("clear", "approve", "publish"):
        assert not Campaign.objects.filter(announcement__is_public=True).exists()
        assert officer.post(address, {"do": do}).status_code == 302
    assert Campaign.objects.filter(announcement__is_public=True).get() == vote.campaign
    assert officer.post(address, {"do": "take_down", "reason": "有误。"}).status_code == 302
    assert not Campaign.objects.filter(announcement__is_public=True).exists()
    assert client_as(cast.secretary).get(address).status_code == 404


def test_a_draft_is_not_announced(district: Any, cast: Any, client_as: Any) -> None:
    vote = votes.make_vote(district, cast, each=5)
    client = client_as(cast.evaladmin)
    assert "锁定以后才能公告" in client.get(url("announcement", vote)).content.decode()
    assert client.post(url("announcement", vote), {"do": "propose", "body": "提前。"}).status_code == 403


def test_queries_do_not_grow_with_the_candidates(
    district: Any, cast: Any, client_as: Any, assert_queries: Any, today: Any
) -> None:
    numbers = []
    for each, contests in ((5, votes.CONTESTS[:1]), (5, votes.CONTESTS)):
        vote = votes.make_vote(district, cast, each=each, contests=contests)
        votes.open_(vote)
        for category in vote.campaign.categories.all():
            for voter in vote.voters(category.code):
                votes.ballot(vote, voter, {f"{code}-1": [1] for code, *_ in contests})
        votes.count(votes.close(vote))
        client = client_as(cast.evaladmin)
        with days.pretend(votes.AFTER), assert_queries(18):
            client.get(url("result", vote))
        numbers.append(len(count_steps.shown(vote)["contests"]))
    assert numbers == [1, 3]


def test_the_result_names_each_hash(district: Any, cast: Any, client_as: Any) -> None:
    """Two where details are withheld, and why; one where all is published."""
    for given, number in (({"detail_rule": "never"}, 2), ({}, 1)):
        vote = count_steps.counted(district, cast, count_steps.CLEAR, **given)
        page = client_as(cast.evaladmin).get(url("result", vote))
        names = re.findall(
            r'<dt>([^<]*结果摘要[^<]*)</dt><dd><code class="digest">([0-9a-f]{64})<', page.content.decode()
        )
        assert (len(names), names) == (number, publishing.digests(count_steps.tally_of(vote)))
        assert (publishing.WHY_TWO_DIGESTS in page.content.decode()) == (number == 2)
