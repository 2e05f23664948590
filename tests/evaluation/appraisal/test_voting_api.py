"""Casting by API: the same actions, the same refusals, no session; and the list in which a number is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from common import days
from evaluation.appraisal import crockford, lifecycle, mixing, throttle
from evaluation.appraisal.models import Campaign, UrnBallot, Voter
from tests.evaluation.appraisal import voters, votes
from tests.evaluation.appraisal.snapshots import changed, snapshot
from tests.evaluation.appraisal.votes import DURING, Vote

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(district: Any, cast: Any) -> Iterator[Vote]:
    made = votes.open_(votes.make_vote(district, cast, each=5))
    with days.pretend(DURING):
        yield made


@pytest.fixture
def code(vote: Vote) -> str:
    return voters.code_of(vote, vote.voters("expert")[0])


@pytest.fixture
def api() -> APIClient:
    return APIClient()


def post(api: APIClient, path: str, **body: Any) -> Any:
    return api.post(f"/api/v1/votes/{path}", body, format="json")


def choices(vote: Vote) -> dict[str, list[str]]:
    return {key: [vote.codes(key)[n - 1] for n in numbers] for key, numbers in voters.CHOICES.items()}


def test_the_ballot(vote: Vote, code: str, api: APIClient, assert_queries: Any) -> None:
    with assert_queries(3):  # the code, the recusals, the candidates
        answer = post(api, "ballot/", code=code)
    body = answer.json()
    assert (body["campaign"], body["voted"], body["manifest_sha256"]) == (
        vote.campaign.code,
        False,
        vote.campaign.manifest_sha256,
    )
    sections = {
        s["key"]: (s["seats"], [c["code"] for c in s["candidates"]]) for c in body["contests"] for s in c["sections"]
    }
    assert sections == {
        "committee-1": (2, vote.codes("committee-1")),
        "community-1": (1, vote.codes("community-1")),
        "new-1": (1, vote.codes("new-1")),
    }
    assert body["contests"][0]["sections"][0]["candidates"][0].keys() == {
        "code",
        "number",
        "project",
        "organization",
        "recused",
        "withdrawn",
        "dossier",
    }


def test_review_stores_nothing_and_the_cast_is_the_same_twice(vote: Vote, code: str, api: APIClient) -> None:
    before = snapshot()
    prepared = post(api, "review/", code=code, choices=choices(vote)).json()
    assert changed(before, snapshot()) == set()
    first, second = (post(api, "", code=code, token=prepared["token"]) for _ in range(2))
    assert first.json() == {"tracking_code": prepared["tracking_code"], "again": False}
    assert second.json() == {"tracking_code": prepared["tracking_code"], "again": True}
    assert changed(before, snapshot()) == {"appraisal_urnballot", "appraisal_voter"}
    assert UrnBallot.objects.get().code == prepared["tracking_code"]


def test_a_session_that_comes_along_is_not_touched(vote: Vote, code: str, api_as: Any, cast: Any) -> None:
    api = api_as(cast.officer)
    before = snapshot()
    answer = post(api, "review/", code=code, choices=choices(vote))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert "sessionid" not in answer.cookies
    assert changed(before, snapshot()) == set()


def test_refusals_come_in_the_one_shape(vote: Vote, code: str, api: APIClient) -> None:
    wrong = choices(vote) | {"committee-1": vote.codes("committee-1")[:3], "new-1": [], "nothing-1": ["x"]}
    answer = post(api, "review/", code=code, choices=wrong)
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "code": "wrong_choices",
            "message": "选票还不能提交，请按提示修改；已选的内容都还在。",
            "fields": {
                "nothing-1": ["没有这个评选项目。"],
                "committee-1": ["最多选 2 个，您选了 3 个，请取消 1 个。"],
                "new-1": ["您一个都没有选。确定弃权的，请勾选“本项弃权”。"],
            },
        },
    )
    foreign = choices(vote) | {"new-1": vote.codes("community-1")[:1]}
    answer = post(api, "review/", code=code, choices=foreign)
    assert answer.json()["fields"] == {"new-1": ["所选项目不在这个评选项目的候选名单中。"]}
    answer = post(api, "review/", code=code, choices=choices(vote), abstained=["new-1"])
    assert answer.json()["fields"] == {"new-1": ["您选了 1 个项目，又勾了“本项弃权”，请取消其中一样。"]}


def test_a_wrong_code_and_a_wrong_token(vote: Vote, code: str, api: APIClient) -> None:
    answer = post(api, "ballot/", code="0000000000000")
    said = "没有这个投票码，请对照选票单核对。"
    assert answer.json() == {"code": "wrong_code", "message": said, "fields": {"code": [said]}}
    assert post(api, "", code=code, token="x").json()["code"] == "wrong_token"
    assert post(api, "", code=code).json()["fields"] == {"token": ["该字段是必填项。"]}


def test_a_second_ballot_is_refused(vote: Vote, code: str, api: APIClient) -> None:
    tokens = [post(api, "review/", code=code, choices=choices(vote)).json()["token"] for _ in range(2)]
    post(api, "", code=code, token=tokens[0])
    answer = post(api, "", code=code, token=tokens[1])
    assert (answer.status_code, answer.json()["code"]) == (409, "already_voted")
    assert post(api, "review/", code=code, choices=choices(vote)).status_code == 409
    assert post(api, "ballot/", code=code).json()["voted"] is True
    assert Voter.objects.filter(voted=True).count() == 1


def test_the_brake_is_the_pages_own(vote: Vote, code: str, api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 2)
    voters.enter(Client(), "0000000000000")
    post(api, "ballot/", code="0000000000000")
    answer = post(api, "ballot/", code=code)
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= throttle.WINDOW_SECONDS


def test_the_calls_are_in_the_schema(api: APIClient) -> None:
    paths = api.get("/api/v1/schema/", {"format": "json"}).json()["paths"]
    found = {path: paths[path]["post"]["responses"]["200"]["content"] for path in paths if "/votes/" in path}
    assert {
        path: content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1] for path, content in found.items()
    } == {
        "/api/v1/votes/": "Receipt",
        "/api/v1/votes/ballot/": "Ballot",
        "/api/v1/votes/review/": "Prepared",
    }


class TestTheList:
    """What the browser fetches to look a tracking number up."""

    def test_it_grows_by_lots_and_ends_with_all(self, vote: Vote, client: Client) -> None:
        address = f"/appraisals/{vote.campaign.code}/codes.txt"
        cast = [votes.ballot(vote, voter, {"committee-1": [1]}).code for voter in vote.campaign.voters.all()[:12]]
        assert client.get(address).content == b""
        mixing.mix_lot(vote.campaign)
        lot = vote.campaign.lots.get()
        assert client.get(address).content.decode() == f"# 1 {lot.sha256}\n" + "".join(f"{c}\n" for c in sorted(cast))

    def test_only_from_the_opening_on(self, district: Any, cast: Any, client: Client) -> None:
        vote = votes.lock(votes.make_vote(district, cast, each=5))
        addresses = [f"/appraisals/{vote.campaign.code}/{end}" for end in ("codes.txt", "check/")]
        assert [client.get(address).status_code for address in addresses] == [404, 404]
        votes.open_(vote)
        assert [client.get(address).status_code for address in addresses] == [200, 200]
        with days.pretend(DURING):
            lifecycle.void_campaign(campaign=vote.campaign, reason="示例", by=vote.by)
        assert [client.get(address).status_code for address in addresses] == [404, 404]

    def test_the_page_says_when_the_newest_appear(self, vote: Vote, client: Client) -> None:
        address = f"/appraisals/{vote.campaign.code}/check/"
        assert "每满 10 张打乱成一批公布" in voters.text_of(client.get(address))
        Campaign.objects.filter(pk=vote.campaign.pk).update(state="closed")
        page = client.get(address)
        assert "每满 10 张打乱成一批公布" not in voters.text_of(page)
        assert 'data-none="清单里还没有"' in page.content.decode()
        Campaign.objects.filter(pk=vote.campaign.pk).update(state="mixed")
        assert 'data-none="清单里没有"' in client.get(address).content.decode()


def test_a_tracking_number_has_as_many_symbols_as_the_page_says(vote: Vote, code: str, api: APIClient) -> None:
    tracking = post(api, "review/", code=code, choices=choices(vote)).json()["tracking_code"]
    assert len(tracking) == 16
    assert set(tracking) <= set(crockford.ALPHABET)
