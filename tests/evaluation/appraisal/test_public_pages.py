"""What the public sees of a vote, and when: nothing before the announcement, no result before the notice."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from common import publication
from common.actors import Actor
from evaluation.appraisal import lifecycle, manifest, public_notice, publishing, runoffs
from evaluation.appraisal.models import Campaign
from tests.evaluation.appraisal import count_steps, votes
from tests.evaluation.appraisal.votes import Vote

pytestmark = pytest.mark.django_db
LIST = reverse("appraisal:public_votes")
EVERY_FILE = ["codes.txt", "counts.json", "manifest.json", "result.json", "verify_tally.py"]


def page(vote: Vote) -> str:
    return reverse("appraisal:public_vote", args=[vote.campaign.code])


def file(vote: Vote, name: str) -> str:
    return reverse("appraisal:public_file", args=[vote.campaign.code, name])


def fetched(client: Client, vote: Vote) -> list[str]:
    """The names of the files that can be fetched, out of all that there might ever be."""
    names = [*EVERY_FILE, "salt.txt", publishing.package_name(vote.campaign)]
    return [name for name in names if client.get(file(vote, name)).status_code == 200]


def test_nothing_before_the_announcement(district: Any, cast: Any, client: Client) -> None:
    vote = votes.lock(votes.make_vote(district, cast, each=5))
    assert "目前没有评选公告" in client.get(LIST).content.decode()
    publication.propose(obj=vote.campaign, content={"body": count_steps.BODY}, by=vote.by)
    for do in ("clear", "approve"):
        publication.take_step(obj=vote.campaign, do=do, by=Actor.person(cast.officer, "test"))
    assert client.get(page(vote)).status_code == 404
    assert vote.campaign.title not in client.get(LIST).content.decode()
    assert fetched(client, vote) == []
    publication.take_step(obj=vote.campaign, do="publish", by=Actor.person(cast.officer, "test"))
    text = client.get(page(vote)).content.decode()
    assert client.get(LIST).content.decode().count(vote.campaign.title) == 1
    for words in (
        "不是网络投票",
        count_steps.BODY,
        "十佳书记项目1（示例）",
        "各类权重合计 100.00",
        vote.campaign.manifest_sha256,
    ):
        assert words in text, words
    assert ("自己动手核对" in text, fetched(client, vote)) == (False, [])


def test_taking_down_hides_it_at_once(district: Any, cast: Any, client: Client) -> None:
    vote = votes.open_(votes.make_vote(district, cast, each=5))
    count_steps.announced(vote, cast.officer)
    assert client.get(page(vote)).status_code == 200
    publication.take_down(obj=vote.campaign, reason="有误。", by=Actor.person(cast.officer, "test"))
    assert (client.get(page(vote)).status_code, fetched(client, vote)) == (404, [])
    assert vote.campaign.title not in client.get(LIST).content.decode()


def test_a_new_wording_shows_once_it_is_published(district: Any, cast: Any, client: Client) -> None:
    vote = votes.lock(votes.make_vote(district, cast, each=5))
    count_steps.announced(vote, cast.officer)
    publication.propose(obj=vote.campaign, content={"body": "改过的正文。"}, by=vote.by)
    assert "改过的正文。" not in client.get(page(vote)).content.decode()


def test_rules_and_codes_from_the_opening_on(district: Any, cast: Any, client: Client) -> None:
    vote = count_steps.voted(district, cast, count_steps.CLEAR)
    count_steps.announced(vote, cast.officer)
    first = ["codes.txt", "manifest.json", "verify_tally.py", publishing.package_name(vote.campaign)]
    assert fetched(client, vote) == first
    assert client.get(file(vote, "manifest.json")).content.decode() == vote.campaign.manifest
    assert client.get(file(vote, "codes.txt")).content == b""  # nothing is mixed yet
    votes.close(vote)
    codes = client.get(file(vote, "codes.txt")).content.decode()
    assert (len(codes.splitlines()), codes.startswith("# 1 ")) == (61, True)
    # Counted and signed, and still only those who run the vote know.
    votes.count(vote)
    count_steps.signed(vote)
    assert fetched(client, vote) == first
    text = client.get(page(vote)).content.decode()
    assert ("等待结果公示" in text, 'id="result"' in text, "90.00" in text) == (True, False, False)


def test_the_result_with_the_notice(district: Any, cast: Any, client: Client) -> None:
    vote = count_steps.signed(count_steps.counted(district, cast, count_steps.CLEAR))
    count_steps.announced(vote, cast.officer)
    notice = public_notice.draft_notice(campaign=vote.campaign, by=vote.by)
    assert "counts.json" not in fetched(client, vote)
    count_steps.noticed(vote, cast.officer)
    assert fetched(client, vote) == [*EVERY_FILE, publishing.package_name(vote.campaign)]
    tally, text = count_steps.tally_of(vote), client.get(page(vote)).content.decode()
    for words in ("90.00", "9 / 10", tally.result_sha256, f"--result-sha256 {tally.result_sha256}", "结果公示中"):
        assert words in text, words
    assert (tally.salt in text, "承诺值" in text, "公布结果摘要（" in text) == (False, False, False)
    assert client.get(file(vote, "counts.json")).content.decode() == tally.counts
    assert client.get(file(vote, "result.json")).content.decode() == tally.result
    with zipfile.ZipFile(io.BytesIO(client.get(file(vote, publishing.package_name(vote.campaign))).content)) as packed:
        assert sorted(packed.namelist()) == EVERY_FILE
        assert manifest.sha256(packed.read("manifest.json").decode()) == vote.campaign.manifest_sha256
    publication.take_down(obj=notice, reason="有误。", by=Actor.person(cast.officer, "test"))
    assert ("result.json" in fetched(client, vote), "90.00" in client.get(page(vote)).content.decode()) == (
        False,
        False,
    )


def test_withheld_counts_are_nowhere(district: Any, cast: Any, client: Client) -> None:
    vote = count_steps.signed(count_steps.counted(district, cast, count_steps.CLEAR, detail_rule="never"))
    count_steps.announced(vote, cast.officer)
    count_steps.noticed(vote, cast.officer)
    assert "counts.json" not in fetched(client, vote)
    text = client.get(page(vote)).content.decode()
    assert ("90" in text, "9 / 10" in text, "分类别票数不公布" in text, "承诺值已随结果公布" in text) == (
        True,
        False,
        True,
        True,
    )
    tally = count_steps.tally_of(vote)
    assert ("公布结果摘要（不含分类别票数，取整）：<code" in text, publishing.WHY_TWO_DIGESTS in text) == (True, True)
    assert (publishing.result_sha256(tally) in text, tally.commitment in text, tally.result_sha256 in text) == (
        *(True, True),
        False,
    )
    assert [f"<dt>{word}</dt>" in text for word in ("manifest.json", "SHA-256", "承诺值", "盐值")] == [True] * 4
    assert (
        "score"
        not in json.loads(client.get(file(vote, "result.json")).content)["contests"][0]["classes"][0]["ranking"][0]
    )


def test_a_voided_vote_says_so(district: Any, cast: Any, client: Client) -> None:
    vote = votes.open_(votes.make_vote(district, cast, each=5))
    count_steps.announced(vote, cast.officer)
    lifecycle.void_campaign(campaign=vote.campaign, reason="名册有误。", by=vote.by)
    text = client.get(page(vote)).content.decode()
    assert ("本次票决已经作废：名册有误。" in text, fetched(client, vote)) == (True, [])
    assert client.get(f"/api/v1/campaigns/{vote.campaign.code}/").json()["state"] == "voided"


def test_a_run_offs_result_comes_with_its_vote(district: Any, cast: Any, client: Client) -> None:
    vote = count_steps.signed(count_steps.counted(district, cast))
    made = runoffs.create_runoff(campaign=vote.campaign, by=vote.by)
    assert not publishing.is_public(made)
    assert publishing.result_is_public(made) is False
    Campaign.objects.filter(pk=made.pk).update(state="voided")
    count_steps.announced(vote, cast.officer)
    assert made.title not in client.get(LIST).content.decode()


def test_the_list_asks_the_same_however_long(district: Any, cast: Any, client: Client, assert_queries: Any) -> None:
    for number in (1, 3):
        while publishing.announced().count() < number:
            count_steps.announced(votes.lock(votes.make_vote(district, cast, each=5)), cast.officer)
        with assert_queries(3):
            assert client.get(LIST).content.decode().count("2026年度综合票决") == number


def test_nothing_is_in_feeds_or_sitemaps_before(district: Any, cast: Any, client: Client) -> None:
    vote = votes.lock(votes.make_vote(district, cast, each=5))
    for address in ("/", "/projects/", "/brands/", LIST, "/sitemap.xml", "/feed/"):
        assert vote.campaign.code not in client.get(address).content.decode()
