"""Every row of docs/worked-vote.md: the ballots are cast, sealed, mixed, opened and counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from common import days
from evaluation.appraisal import candidates, casting
from evaluation.appraisal.models import Candidate, Tally, Voter
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal import worked_vote as worked

pytestmark = pytest.mark.django_db


def cast_all(vote: votes.Vote, section: str = "Approvals") -> None:
    """Everybody's ballot straight through the action; paper voters are taken as if they had a code."""
    vote.campaign.voters.filter(channel="paper").update(channel="code")
    every = worked.sections(vote.campaign)
    with days.pretend(votes.DURING):
        for category in worked.CODES.values():
            for voter, ballot in zip(
                worked.voters(vote.campaign, category), worked.ballots(category, section), strict=True
            ):
                abstained = [key for key in every if key not in ballot]
                chosen = worked.picked(vote.campaign, ballot)
                casting.cast(voter=voter, token=casting.prepare(voter=voter, choices=chosen, abstained=abstained).token)


def counted(vote: votes.Vote) -> Tally:
    return votes.count(votes.close(vote))


def compare(vote: votes.Vote, tally: Tally, scores: list[dict[str, str]]) -> None:
    """The result against the rows of a table of scores, both ways."""
    titles = dict(Candidate.objects.filter(campaign=vote.campaign).values_list("code", "project__title"))
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for contest in json.loads(tally.result)["contests"]:
        for each in contest["classes"]:
            for row in each["ranking"]:
                found[titles[row["candidate"]]] = (str(each["seats"]), row)
    assert {line["candidate"] for line in scores} == found.keys()
    for line in scores:
        seats, row = found[line["candidate"]]
        outcome = "chosen" if row["elected"] else "tied" if row["tied"] else "—"
        assert (Fraction(row["score"]), row["points"], str(row["rank"]), seats, outcome) == (
            Fraction(line["score"]),
            line["points"],
            line["rank"],
            line["seats"],
            line["outcome"],
        ), line["candidate"]


def test_the_roll_is_as_the_page_says(district: Any, cast: Any) -> None:
    vote = votes.lock(worked.make(district, cast))
    by_channel = [
        Voter.objects.filter(campaign=vote.campaign, channel=channel).count()
        for channel in ("code", "account", "paper")
    ]
    assert by_channel == [50, 12, 10]
    assert sum(Fraction(line["weight"]) for line in worked.table("The roll")) == 100


def test_counts_and_scores_are_those_of_the_page(district: Any, cast: Any) -> None:
    vote = votes.open_(worked.make(district, cast))
    cast_all(vote)
    with days.pretend(votes.DURING):
        gone = Candidate.objects.get(campaign=vote.campaign, project__title="丙六")
        candidates.withdraw_candidate(candidate=gone, reason="主动退出（示例）", by=vote.by)
    tally = counted(vote)
    titles = dict(Candidate.objects.filter(campaign=vote.campaign).values_list("code", "project__title"))
    cells = {
        (titles[code], category["code"]): tuple(cell)
        for category in json.loads(tally.counts)["categories"]
        for code, cell in category["candidates"].items()
    }
    expected = {
        (row.name, code): cell for row in worked.approvals() for code, cell in row.cells.items() if row.name != "丙六"
    }
    assert cells == expected
    compare(vote, tally, worked.table("Scores"))
    assert tally.detail_published
