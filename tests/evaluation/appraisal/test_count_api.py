"""API of the count: results by rule, the recount's files, counting and signing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evaluation.appraisal import publishing
from tests.evaluation.appraisal import count_steps, votes
from tests.evaluation.appraisal.votes import Vote
from tests.factories import PASSWORD, POSTS, ROLES

pytestmark = pytest.mark.django_db


def url(vote: Vote, part: str) -> str:
    return f"/api/v1/campaigns/{vote.campaign.code}/{part}/"


@pytest.fixture
def counted(district: Any, cast: Any) -> Vote:
    return count_steps.counted(district, cast, count_steps.CLEAR)


def published(vote: Vote, cast: Any) -> Vote:
    count_steps.signed(vote)
    count_steps.announced(vote, cast.officer)
    return count_steps.noticed(vote, cast.officer)


@pytest.mark.parametrize("who", [*POSTS, *ROLES, None])
def test_who_reads_the_results_before_they_are_public(counted: Vote, cast: Any, api_as: Any, who: str | None) -> None:
    client = api_as(getattr(cast, who)) if who else api_as()
    answer = client.get(url(counted, "results"))
    if who not in ("evaladmin", "scrutineer"):
        assert answer.status_code == 404
        return
    body, tally = answer.json(), count_steps.tally_of(counted)
    assert (body["roll"], body["ballots"], body["valid"], body["invalid"]) == (60, 60, 60, 0)
    assert body["result_sha256"] == tally.result_sha256
    assert body["counts"] == {row["code"]: row["candidates"] for row in json.loads(tally.counts)["categories"]}
    first = body["classes"][0]["ranking"][0]
    assert (first["candidate"], first["rank"], first["points"], first["score"], first["elected"]) == (
        *(counted.codes("committee-1")[0], 1),
        *("90.00", "90/1", True),
    )
    assert body["categories"][0]["weight"] == "30.00"


def test_everybody_reads_what_is_published(counted: Vote, cast: Any, api_as: Any) -> None:
    published(counted, cast)
    for who in ("officer", "leader", "outsider", None):
        body = (api_as(getattr(cast, who)) if who else api_as()).get(url(counted, "results")).json()
        assert (body["classes"][0]["ranking"][0]["score"], len(body["counts"])) == ("90/1", 6)


def test_withheld_counts_are_withheld(district: Any, cast: Any, api_as: Any) -> None:
    vote = published(count_steps.counted(district, cast, count_steps.CLEAR, detail_rule="never"), cast)
    for who in ("officer", "leader", "outsider", None):
        body = (api_as(getattr(cast, who)) if who else api_as()).get(url(vote, "results")).json()
        first = body["classes"][0]["ranking"][0]
        assert (first["points"], first["score"], body["counts"], body["categories"]) == ("90", "", None, [])
        assert body["result_sha256"] == publishing.result_sha256(count_steps.tally_of(vote))
    assert api_as(cast.scrutineer).get(url(vote, "results")).json()["counts"] is not None


def test_before_the_count_there_is_nothing(district: Any, cast: Any, api_as: Any) -> None:
    vote = votes.open_(votes.make_vote(district, cast, each=5))
    for who in ("evaladmin", "scrutineer", "officer"):
        assert api_as(getattr(cast, who)).get(url(vote, "results")).status_code == 404


def test_the_files_of_the_recount(counted: Vote, cast: Any, api_as: Any) -> None:
    assert api_as().get(url(counted, "recount")).status_code == 404
    published(counted, cast)
    body = api_as().get(url(counted, "recount")).json()
    assert [row["name"] for row in body["files"]] == [
        *("manifest.json", "codes.txt", "counts.json", "result.json", "verify_tally.py")
    ]
    assert (body["withheld"], body["result_sha256"]) == (False, count_steps.tally_of(counted).result_sha256)
    assert body["files"][0]["sha256"] == counted.campaign.manifest_sha256
    assert body["package"].endswith(f"/files/recount-{counted.campaign.code}.zip")


def test_counting_and_signing(district: Any, cast: Any, api_as: Any, today: Any) -> None:
    vote = votes.close(count_steps.voted(district, cast, each=5))
    today(votes.AFTER)
    admin, watch = api_as(cast.evaladmin), api_as(cast.scrutineer)
    given = {"secrets": {"1": vote.secrets[1], "2": vote.secrets[2]}}
    for who in ("officer", "leader", "outsider", "secretary"):
        assert api_as(getattr(cast, who)).post(url(vote, "count"), given, format="json").status_code == 404
    assert api_as().post(url(vote, "count"), given, format="json").status_code == 401
    assert watch.post(url(vote, "count"), given, format="json").status_code == 403
    wrong = admin.post(url(vote, "count"), {"secrets": {"1": vote.secrets[2], "2": vote.secrets[1]}}, format="json")
    assert (wrong.status_code, wrong.json()["code"], sorted(wrong.json()["fields"])) == (
        *(400, "wrong_secret"),
        ["secret_1", "secret_2"],
    )
    assert admin.post(url(vote, "count"), {"secrets": {"4": "x"}}, format="json").status_code == 400
    answer = admin.post(url(vote, "count"), given, format="json")
    digest = count_steps.tally_of(vote).result_sha256
    assert (answer.status_code, answer.json()) == (200, {"status": "counted", "result_sha256": digest})
    sign = {"password": PASSWORD, "result_sha256": digest}
    assert admin.post(url(vote, "sign"), sign, format="json").status_code == 403
    assert api_as(cast.leader).post(url(vote, "sign"), sign, format="json").status_code == 404
    bad = watch.post(url(vote, "sign"), sign | {"password": "x"}, format="json")
    assert (bad.status_code, bad.json()["fields"]) == (400, {"password": ["密码不正确。"]})
    assert watch.post(url(vote, "sign"), sign, format="json").json() == {"status": "confirmed", "result_sha256": digest}
