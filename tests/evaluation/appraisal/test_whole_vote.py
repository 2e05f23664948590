"""A vote from draft to count, by the actions alone; its figures against fractions worked out by hand here."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from evaluation.appraisal.models import BoxBallot, UrnBallot
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db


def test_a_vote_from_draft_to_count(district: Any, cast: Any) -> None:
    vote = votes.open_(votes.make_vote(district, cast))
    for category in vote.campaign.categories.all():
        for turn, voter in enumerate(vote.voters(category.code)):
            choices = {
                "committee-1": [1, 2] if turn < 7 else [3],
                "community-1": [1] if turn < 6 else [2],
                "new-1": [2],
            }
            votes.ballot(vote, voter, choices)
    tally = votes.count(votes.close(vote))
    assert UrnBallot.objects.count() == 0
    assert BoxBallot.objects.count() == 60
    classes = {c["code"]: c["classes"][0] for c in json.loads(tally.result)["contests"]}
    first, second, third, fourth = vote.codes("committee-1")
    scores = {row["candidate"]: Fraction(row["score"]) for row in classes["committee"]["ranking"]}
    assert scores == {first: 70, second: 70, third: 30, fourth: 0}
    assert [row["candidate"] for row in classes["community"]["ranking"] if row["elected"]] == [
        vote.codes("community-1")[0]
    ]
    assert classes["new"]["ranking"][0]["points"] == "100.00"
    assert classes["committee"]["tie"] is None
