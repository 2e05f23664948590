"""A little vote for tests: three contests, six categories, a roll, keys; and what people do with it.

Everything is made by the actions of `evaluation.appraisal`. Days are pretended: `BEFORE` the vote is set up, `DURING`
it is open, `AFTER` it is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db import connection

from common import days
from common.actors import Actor
from evaluation.appraisal import candidates, casting, counting, keys, lifecycle, locking, mixing
from evaluation.appraisal.models import (
    Campaign,
    CampaignScrutineer,
    Candidate,
    Contest,
    ContestClass,
    Tally,
    Voter,
    VoterCategory,
)
from evaluation.appraisal.triggers import TRIGGERS
from organizations.models import Organization, Person
from projects.models import Closing, Project
from tests import factories

BEFORE, DURING, AFTER = date(2026, 11, 30), date(2026, 12, 2), date(2026, 12, 5)
OPENS, CLOSES = date(2026, 12, 1), date(2026, 12, 4)
HOLDERS = (("保管人甲（示例）", "区纪委监委"), ("保管人乙（示例）", "区委组织部"), ("保管人丙（示例）", "区公证处"))
# code, name, weight in 0.01 point, whether the name is unconfirmed
CATEGORIES = [
    ("expert", "党建专家", 3000, False),
    ("member", "成员单位", 2500, False),
    ("masses", "群众代表", 2000, False),
    ("leader", "区领导", 1000, True),
    ("delegate", "两代表一委员", 1000, True),
    ("secretary", "基层党组织书记代表", 500, True),
]
# code, method, award, kinds of organization, candidates, seats
CONTESTS = [
    ("committee", "stage", "十佳书记项目", ("working_committee",), 4, 2),
    ("community", "compilation", "为民先锋项目", ("committee",), 3, 1),
    ("new", "classified", "优秀书记项目", ("branch",), 3, 1),
]


@dataclass
class Vote:
    """A campaign, who runs it, and the holders' secrets by position."""

    campaign: Campaign
    admin: Any
    scrutineer: Any
    secrets: dict[int, str] = field(default_factory=dict)

    @property
    def by(self) -> Actor:
        return Actor.person(self.admin, "test")

    @property
    def watch(self) -> Actor:
        return Actor.person(self.scrutineer, "test")

    def again(self) -> Campaign:
        self.campaign = Campaign.objects.get(pk=self.campaign.pk)
        return self.campaign

    def codes(self, section: str) -> list[str]:
        """The candidates' codes of a section (`committee-1`) in the order of the ballot."""
        contest, number = section.rsplit("-", 1)
        rows = Candidate.objects.filter(campaign=self.campaign, contest_class__contest__code=contest)
        return list(rows.filter(contest_class__number=number).order_by("number", "id").values_list("code", flat=True))

    def voters(self, category: str) -> list[Voter]:
        rows = self.campaign.voters.filter(category__code=category).select_related("campaign", "category")
        return list(rows.order_by("name"))


def make_vote(
    district: Any,
    cast: Any,
    *,
    each: int = 10,
    contests: Sequence[Any] = CONTESTS,
    weights: Mapping[str, int] | None = None,
) -> Vote:
    """A draft that lacks nothing but the lock: `each` voters a category, all by code, of no organization."""
    season = factories.make_season(date(2026, 1, 1))
    campaign = Campaign.objects.create(
        season=season,
        title="2026年度综合票决（示例）",
        approval_number="示例〔2026〕1号",
        approval_on=date(2026, 11, 2),
        approval_body="区委（示例）",
        opens_at=datetime.combine(OPENS, time(), days.SHANGHAI),
        closes_at=datetime.combine(CLOSES, time(), days.SHANGHAI),
        small_signoff="同意（示例）",
    )
    vote = Vote(campaign, cast.evaladmin, cast.scrutineer)
    for position, (code, name, weight, unconfirmed) in enumerate(CATEGORIES, start=1):
        VoterCategory.objects.create(
            campaign=campaign,
            code=code,
            name=name,
            weight=(weights or {}).get(code, weight),
            unconfirmed=unconfirmed,
            position=position,
        )
    for category in campaign.categories.all():
        for number in range(1, each + 1):
            add_voter(campaign, category, f"{category.name}{number:03}（示例）")
    with days.pretend(BEFORE):
        for position, row in enumerate(contests, start=1):
            make_contest(vote, district, position, *row)
        CampaignScrutineer.objects.create(campaign=campaign, person=cast.scrutineer.person)
        vote.secrets = dict(enumerate(keys.make_keys(campaign=campaign, holders=HOLDERS, by=vote.by), start=1))
        vote.campaign = keys.rehearse(campaign=campaign, secrets=vote.secrets, by=vote.by)
    return vote


def make_contest(
    vote: Vote,
    district: Any,
    position: int,
    code: str,
    method: str,
    award: str,
    kinds: Sequence[str],
    number: int,
    seats: int,
) -> Contest:
    """A contest with one class and so many candidates, each of an organization of its own below the district."""
    track = factories.make_track(vote.campaign.season, f"{award}赛道", kinds, code=code, award_title=award)
    contest = Contest.objects.create(
        campaign=vote.campaign, track=track, code=code, award_title=award, method=method, position=position
    )
    only = ContestClass.objects.create(contest=contest, number=1, seats=seats)
    for turn in range(1, number + 1):
        place = factories.make_org(district.root, kinds[0], f"{award}{turn}党组织（示例）")
        project = closed_project(
            place, factories.make_person(f"{award}{turn}书记（示例）"), track, f"{award}{turn}（示例）"
        )
        candidates.add_candidate(contest_class=only, project=project, by=vote.by)
    return contest


def closed_project(place: Organization, secretary: Person, track: Any, title: str) -> Project:
    """A closed-out project that may stand in the vote."""
    project = factories.make_project(place, secretary, track=track, title=title, state="completed")
    Closing.objects.create(
        project=project,
        outcome="完成全部目标。（示例）",
        practice="党员带头。（示例）",
        level="excellent",
        eligible=True,
        accepted_on=date(2026, 11, 20),
    )
    return project


def add_voter(campaign: Campaign, category: VoterCategory, name: str, **values: Any) -> Voter:
    return Voter.objects.create(campaign=campaign, category=category, name=name, **values)


def in_state(vote: Vote, state: str) -> Campaign:
    """A campaign that is in a state without having gone there.

    The locked one of `vote`, but for a draft: what was locked never is one again, so that is another campaign,
    which lacks nothing but the lock.
    """
    campaign = vote.again()
    if state != "draft":
        Campaign.objects.filter(pk=campaign.pk).update(state=state)
        return vote.again()
    kept = ("season", "title", "approval_number", "approval_on", "approval_body", "opens_at", "closes_at")
    made = {name: getattr(campaign, name) for name in (*kept, "public_key", "keys_rehearsed_at", "order_seed")}
    return Campaign.objects.create(**made)


@contextmanager
def tampering() -> Iterator[None]:
    """What only somebody may do who takes the triggers off the database first."""
    connection.check_constraints()  # PostgreSQL takes no trigger off a table with deferred checks
    TRIGGERS.drop(connection)
    yield
    connection.check_constraints()
    TRIGGERS.install(connection)


def lock(vote: Vote) -> Vote:
    with days.pretend(BEFORE):
        vote.campaign = locking.lock(campaign=vote.campaign, by=vote.by)
    return vote


def open_(vote: Vote) -> Vote:
    """Locked, if it is not, and open."""
    if vote.campaign.is_draft:
        lock(vote)
    with days.pretend(DURING):
        vote.campaign = lifecycle.open_vote(campaign=vote.campaign, by=vote.by)
    return vote


def ballot(vote: Vote, voter: Voter, choices: Mapping[str, Sequence[int]]) -> casting.Receipt:
    """Cast for candidates by their number in the section (from 1); sections left out are abstained from."""
    voter = Voter.objects.select_related("campaign", "category").get(pk=voter.pk)
    sections = [f"{c.contest.code}-{c.number}" for c in ContestClass.objects.filter(contest__campaign=vote.campaign)]
    chosen = {key: [vote.codes(key)[number - 1] for number in numbers] for key, numbers in choices.items()}
    with days.pretend(DURING):
        prepared = casting.prepare(voter=voter, choices=chosen, abstained=[s for s in sections if not chosen.get(s)])
        return casting.cast(voter=voter, token=prepared.token)


def close(vote: Vote) -> Vote:
    """Closed and mixed, if nothing is short."""
    with days.pretend(AFTER):
        lifecycle.close_vote(campaign=vote.campaign, by=vote.by)
        vote.campaign = mixing.mix_all(campaign=vote.campaign, by=vote.by)
    return vote


def count(vote: Vote) -> Tally:
    with days.pretend(AFTER):
        tally = counting.count(campaign=vote.campaign, secrets={1: vote.secrets[1], 3: vote.secrets[3]}, by=vote.by)
    vote.again()
    return tally
