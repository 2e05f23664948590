"""From an open vote to a signed, announced and published count, by the actions; shared by the tests of the count."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from common import calendar, days, publication
from common.actors import Actor
from common.models import Publication
from evaluation.appraisal import publishing, signatures
from evaluation.appraisal.models import Campaign, Tally
from tests.evaluation.appraisal import outcome_steps, votes
from tests.evaluation.appraisal.votes import Vote
from tests.factories import PASSWORD

# What each voter of a category chooses, in turn. Over the whole vote committee 1 is chosen, 2 and 3 tie for the
# second seat; community 1 and new 1 are chosen; in every category every candidate has some approvals and not all.
TIED = [
    {"committee-1": [1, 2], "community-1": [1], "new-1": [1]},
    {"committee-1": [1, 3], "community-1": [1], "new-1": [1]},
    {"committee-1": [1, 4], "community-1": [2], "new-1": [2]},
    {"committee-1": [2, 3], "community-1": [3], "new-1": [3]},
    {"committee-1": [1], "community-1": [1], "new-1": [1]},
]
CLEAR = [{**TIED[0]}, {**TIED[0]}, *TIED[1:]]
BODY = "经区委批准，现将本次综合票决的规则公告如下。（示例）"


def voted(
    district: Any, cast: Any, choices: Sequence[Mapping[str, Sequence[int]]] = TIED, *, each: int = 10, **fields: Any
) -> Vote:
    """An open vote in which everybody has voted; `fields` are set on the draft."""
    vote = votes.make_vote(district, cast, each=each)
    if fields:
        Campaign.objects.filter(pk=vote.campaign.pk).update(**fields)
        vote.again()
    votes.open_(vote)
    for category in vote.campaign.categories.all():
        for turn, voter in enumerate(vote.voters(category.code)):
            votes.ballot(vote, voter, choices[turn % len(choices)])
    vote.again()
    return vote


def counted(district: Any, cast: Any, choices: Any = TIED, **options: Any) -> Vote:
    vote = votes.close(voted(district, cast, choices, **options))
    votes.count(vote)
    return vote


def signed(vote: Vote) -> Vote:
    with days.pretend(votes.AFTER):
        signatures.sign(
            campaign=vote.campaign, password=PASSWORD, result_sha256=tally_of(vote).result_sha256, by=vote.watch
        )
    vote.again()
    return vote


def announced(vote: Vote, officer: Any, body: str = BODY) -> Publication:
    """The announcement through all four steps."""
    found = publication.propose(obj=vote.campaign, content={"body": body}, by=vote.by)
    for do in ("clear", "approve", "publish"):
        publication.take_step(obj=vote.campaign, do=do, by=Actor.person(officer, "test"))
    return found


def noticed(vote: Vote, officer: Any) -> Vote:
    """The notice of a signed vote without open ties runs."""
    outcome_steps.load_calendars()
    outcome_steps.published(vote, officer, outcome_steps.drafted(vote))
    vote.again()
    return vote


def tally_of(vote: Vote) -> Tally:
    return Tally.objects.get(campaign=vote.campaign)


def shown(vote: Vote) -> dict[str, Any]:
    """The full result."""
    found: dict[str, Any] = json.loads(tally_of(vote).result)
    return found


def texts(vote: Vote) -> dict[str, str]:
    """The public files by name, as text."""
    return {each.name: each.content.decode() for each in publishing.files(vote.campaign)}


__all__ = ["BODY", "CLEAR", "TIED", "announced", "calendar", "counted", "noticed", "shown", "signed", "texts", "voted"]
