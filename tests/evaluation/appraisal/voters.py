"""What a voter does with a browser that has no script: the code, the pages, review, cast."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any

from django.test import Client

from evaluation.appraisal import electors
from evaluation.appraisal.models import Voter
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.votes import Vote

CONTESTS = ("committee-1", "community-1", "new-1")
# By section, the numbers on the ballot.
CHOICES = {"committee-1": [1, 2], "community-1": [1], "new-1": [3]}


def code_of(vote: Vote, voter: Voter) -> str:
    """A code of the voter's own, in print form; days must be pretended, and the vote locked or open."""
    return electors.issue_codes(campaign=vote.campaign, voters=[voter], by=vote.by)[0][1]


def enter(client: Client, code: str) -> Any:
    return client.post("/vote/", {"code": code})


def choose(client: Client, vote: Vote, section: str, numbers: Sequence[int], *, go: str = "on", **extra: Any) -> Any:
    """Send the page of a contest with one class; the page's number is the contest's."""
    chosen = [vote.codes(section)[number - 1] for number in numbers]
    page = CONTESTS.index(section) + 1
    return client.post(f"/vote/ballot/{page}/", {section: chosen, "go": go, **extra})


def fill(client: Client, vote: Vote, code: str, choices: Mapping[str, Sequence[int]] = CHOICES) -> Any:
    """From the code to the review page; sections without a choice are abstained from."""
    enter(client, code)
    for section in CONTESTS:
        numbers = choices.get(section, [])
        extra = {} if numbers else {f"abstain-{section}": "1"}
        choose(client, vote, section, numbers, **extra)
    return client.get("/vote/review/")


def hidden(page: Any) -> dict[str, str]:
    """The hidden fields of the review page's form: sealed ballot and pass."""
    found = re.findall(r'type="hidden" name="(token|pass)" value="([^"]*)"', page.content.decode())
    return {name: unescape(value) for name, value in found}


def text_of(page: Any) -> str:
    """What stands on a page, without tags, spaces folded."""
    body = re.sub(r"<(script|svg|head).*?</\1>", "", page.content.decode(), flags=re.DOTALL)
    return unescape(" ".join(re.sub(r"<[^>]+>", "", body).split()))


def message_of(page: Any) -> str:
    """The refusal that a page shows."""
    found = re.findall(r'class="vote-error"[^>]*>(.*?)</(?:p|div)>', page.content.decode(), flags=re.DOTALL)
    texts = [unescape("".join(re.sub(r"<[^>]+>", "", text).split())) for text in found]
    return texts[-1] if texts else ""


def vote_with_account(district: Any, cast: Any, user: Any) -> Vote:
    """An open vote of five voters a category in which one secretary votes by this account."""
    vote = votes.make_vote(district, cast, each=5)
    row = vote.voters("secretary")[0]
    Voter.objects.filter(pk=row.pk).update(channel="account", person=user.person)
    return votes.open_(vote)
