"""From a counted vote to its awards: what administrator, department, objectors and the clock do.

Per five voters of each category: committee 1 has 100 points, 2 has 60, 3 has 40; community 1 has 60, 2 and 3 are
level at 20; new 1 has 80, 2 has 20. So committee 1 and 2, community 1 and new 1 are proposed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from common import calendar, days, publication
from common.actors import Actor
from common.models import Publication
from evaluation.appraisal import awards, objections, public_notice, signatures
from evaluation.appraisal.models import Award, CampaignAnnouncement, NoticeItem, Objection, PublicNotice, Tally
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.votes import Vote
from tests.factories import PASSWORD

SYSTEM = Actor.system("test")
# 7 December 2026 is a Monday: five working days end on that Friday.
START, END, OVER = date(2026, 12, 7), date(2026, 12, 11), date(2026, 12, 12)
CONTACT = "区委组织部组织科，025-0000000，示例路1号"
CHOICES = [
    {"committee-1": [1, 2], "community-1": [1], "new-1": [1]},
    {"committee-1": [1, 2], "community-1": [1], "new-1": [1]},
    {"committee-1": [1, 2], "community-1": [1], "new-1": [1]},
    {"committee-1": [1, 3], "community-1": [2], "new-1": [1]},
    {"committee-1": [1, 3], "community-1": [3], "new-1": [2]},
]
# Committee 2 and 3 are level at the last seat.
_REST = {"community-1": [1], "new-1": [1]}
LEVEL = [{"committee-1": [1, 2], **_REST}] * 2 + [{"committee-1": [1, 3], **_REST}] * 2 + [_REST]
PERSON = {
    "kind": "person",
    "name": "示例居民",
    "contact": "025-1234567",
    "content": "与事实不符。（示例）",
    "item": None,
}


def load_calendars(*years: int) -> None:
    for year in years or (2026,):
        calendar.load_year(year=year, rows=calendar.proposed_days(year), source="国务院办公厅通知", by=SYSTEM)


def counted(district: Any, cast: Any, *, over_half: bool = False, choices: Any = CHOICES) -> Vote:
    """A vote of five voters a category that has been counted."""
    vote = votes.make_vote(district, cast, each=5)
    if over_half:
        vote.campaign.contests.update(over_half=True)
    votes.open_(vote)
    for category in vote.campaign.categories.all():
        for voter, chosen in zip(vote.voters(category.code), choices, strict=True):
            votes.ballot(vote, voter, chosen)
    votes.close(vote)
    votes.count(vote)
    return vote


def confirmed(vote: Vote) -> Vote:
    """Announced, and signed by the scrutineer."""
    values = {"body": "现将规则公告如下。（示例）", "published_on": votes.BEFORE}
    CampaignAnnouncement.objects.get_or_create(campaign=vote.campaign, defaults=values)
    tally = Tally.objects.get(campaign=vote.campaign)
    with days.pretend(votes.AFTER):
        signatures.sign(campaign=vote.campaign, password=PASSWORD, result_sha256=tally.result_sha256, by=vote.watch)
    vote.again()
    return vote


def drafted(vote: Vote) -> PublicNotice:
    with days.pretend(votes.AFTER):
        return public_notice.draft_notice(campaign=vote.again(), by=vote.by)


def wording(notice: PublicNotice, **changed: str) -> dict[str, str]:
    return {"title": notice.title, "body": notice.body, "contact": CONTACT, **changed}


def proposed(vote: Vote, notice: PublicNotice, **changed: str) -> Publication:
    return publication.propose(obj=notice, content=wording(notice, **changed), by=vote.by)


def passed(
    vote: Vote, officer: Any, notice: PublicNotice, steps: Iterable[str] = ("clear", "approve", "publish")
) -> None:
    for do in steps:
        publication.take_step(obj=notice, do=do, by=Actor.person(officer, "test"))


def published(vote: Vote, officer: Any, notice: PublicNotice, day: date = START) -> PublicNotice:
    """Proposed and taken through its steps on `day`."""
    with days.pretend(day):
        proposed(vote, notice)
        passed(vote, officer, notice)
    vote.again()
    return PublicNotice.objects.get(pk=notice.pk)


def noticed(vote: Vote, officer: Any, day: date = START) -> PublicNotice:
    """Confirmed, drafted and published."""
    return published(vote, officer, drafted(confirmed(vote)), day)


def item_of(notice: PublicNotice, candidate: str) -> NoticeItem:
    """The item of the candidate of this code."""
    return NoticeItem.objects.select_related("notice__campaign", "candidate__project").get(
        notice=notice, candidate__code=candidate
    )


def objected(notice: PublicNotice, day: date = START, **changed: Any) -> Objection:
    with days.pretend(day):
        return objections.file_objection(notice=notice, given={**PERSON, **changed}, by=Actor(None, "web"))


def closed(objection: Objection, state: str, by: Any, day: date = START, **values: Any) -> Objection:
    with days.pretend(day):
        return objections.close_objection(
            objection=objection, state=state, reply="经核实，答复如下。（示例）", by=Actor.person(by, "test"), **values
        )


def finalized(day: date = OVER) -> dict[str, int]:
    """What the clock does on `day`."""
    with days.pretend(day):
        return awards.finalize_due(Actor.system("beat"))


def titles() -> list[str]:
    """The projects that have an award."""
    return list(Award.objects.order_by("project__title").values_list("project__title", flat=True))


def states_of(notice: PublicNotice) -> dict[str, str]:
    """By project title, the state of each item of a round."""
    return dict(notice.items.order_by("candidate__project__title").values_list("candidate__project__title", "state"))
