"""Run-offs (再次票决): a vote of its own between the projects that tied at the last seat, and what comes of both.

A run-off has the roll, the categories and the rules of its vote; keys, times and the lock are made anew through the
usual pages. One that ties again gets a run-off of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from common import audit
from common.actors import Actor
from common.errors import Conflict, Forbidden
from evaluation.appraisal import rules
from evaluation.appraisal.layout import section_title
from evaluation.appraisal.models import (
    Campaign,
    CampaignScrutineer,
    Candidate,
    Contest,
    ContestClass,
    Voter,
    VoterCategory,
)

State = Campaign.State
SIGNED = (State.CONFIRMED, State.NOTICED, State.FINAL, State.ARCHIVED)
TITLE_LIMIT = 80
SUFFIX = "再次票决"
# What a run-off takes over from the vote in which the projects tied.
KEPT = (
    *("approval_number", "approval_on", "approval_body", "quorum_part", "quorum_whole"),
    *("category_quorum_part", "category_quorum_whole", "category_minimum", "signoff_below", "small_signoff"),
    *("lot_size", "shortfall_rule", "detail_rule", "detail_signoff", "notice_days", "is_sample"),
)
# A class of a contest by code and number: the same in a vote and its run-off.
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A project that the count, or the run-off of its tie, chose; `candidate` is the one of the first vote."""

    candidate: Candidate
    contest: str
    class_name: str
    award_title: str
    rank: int


@dataclass(frozen=True, slots=True)
class Tie:
    """Projects level at the last seat (末位并列) and how many seats they compete for.

    `runoff` is the vote between them that was not voided, if there is one; the tie blocks the notice until it is
    signed and has chosen.
    """

    campaign: Campaign
    contest: str
    number: int
    award_title: str
    class_name: str
    seats: int
    candidates: tuple[Candidate, ...]
    runoff: Campaign | None

    @property
    def name(self) -> str:
        return section_title(self.award_title, self.class_name)


def outcome_of(campaign: Campaign) -> list[Chosen]:
    """The chosen of a counted campaign and of its signed run-offs, by contest, class and rank.

    A tie without a signed run-off gives nobody: see `open_ties`.
    """
    candidates = _candidates(campaign)
    own, chosen = {row.project_id: row for row in candidates.values()}, _chosen(campaign, candidates)
    return [
        Chosen(own[project], contest["code"], each["name"], contest["award"], rank)
        for contest, each in _classes(campaign)
        for project, rank in chosen[contest["code"], each["number"]]
    ]


def open_ties(campaign: Campaign) -> list[Tie]:
    """The ties of a counted campaign, and of its signed run-offs, that nothing has resolved yet."""
    found = []
    for tie in ties(campaign):
        if tie.runoff is None or tie.runoff.state not in SIGNED:
            found.append(tie)
        else:
            found += [
                each for each in open_ties(tie.runoff) if (each.contest, each.number) == (tie.contest, tie.number)
            ]
    return found


def ties(campaign: Campaign) -> list[Tie]:
    """Every tie that the campaign's own count left; none before the count."""
    candidates, runoff = _candidates(campaign), runoff_of(campaign)
    return [
        Tie(
            campaign=campaign,
            contest=contest["code"],
            number=each["number"],
            award_title=contest["award"],
            class_name=each["name"],
            seats=each["tie"]["seats"],
            candidates=tuple(candidates[code] for code in each["tie"]["candidates"]),
            runoff=runoff,
        )
        for contest, each in _classes(campaign)
        if each["tie"]
    ]


def first_vote(campaign: Campaign) -> Campaign:
    """The vote whose notice has what a run-off decided, however often its projects tied again; else the vote itself."""
    while campaign.runoff_of is not None:
        campaign = campaign.runoff_of
    return campaign


def runoff_of(campaign: Campaign) -> Campaign | None:
    """The run-off of a campaign's ties that was not voided; there is one for all of them."""
    return campaign.runoffs.exclude(state=State.VOIDED).order_by("-id").first()


@transaction.atomic
def create_runoff(*, campaign: Campaign, by: Actor) -> Campaign:
    """A draft between the tied projects of a signed count; asked again, the one that exists.

    Raises Forbidden, Conflict.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    if existing := runoff_of(campaign):
        return existing
    if campaign.state != State.CONFIRMED:
        # A count that no scrutineer stands for may yet be voided.
        message = f"当前为“{campaign.get_state_display()}”，监票人签字以后、公示以前才能组织再次票决。"
        raise Conflict(message, code="illegal_step")
    tied = ties(campaign)
    if not tied:
        raise Conflict("没有末位并列，不用再次票决。", code="no_tie")
    made = Campaign.objects.create(
        season=campaign.season,
        title=campaign.title[: TITLE_LIMIT - len(SUFFIX)] + SUFFIX,
        runoff_of=campaign,
        **{name: getattr(campaign, name) for name in KEPT},
    )
    _copy_contests(campaign, made, {(tie.contest, tie.number): tie for tie in tied})
    _copy_roll(campaign, made)
    CampaignScrutineer.objects.bulk_create(
        CampaignScrutineer(campaign=made, person_id=row.person_id) for row in campaign.scrutineers.all()
    )
    audit.record(by=by, action="appraisal.runoff.created", obj=made, after={"runoff_of": campaign.code})
    return made


def strays(runoff: Campaign) -> list[str]:
    """What a run-off's draft has that is not of its ties, in words, for the lock; empty for any other campaign."""
    if runoff.runoff_of is None:
        return []
    tied = {(tie.contest, tie.number): tie for tie in ties(runoff.runoff_of)}
    allowed = {place: {row.project_id for row in tie.candidates} for place, tie in tied.items()}
    found = []
    for each in ContestClass.objects.filter(contest__campaign=runoff).select_related("contest"):
        tie = tied.get((each.contest.code, each.number))
        if tie is None or tie.seats != each.seats:
            found.append(f"“{each}”的名额或类别与原票决的并列不符")
    rows = Candidate.objects.filter(campaign=runoff).select_related("project", "contest_class__contest")
    found += [
        f"“{row.project}”不是并列的项目"
        for row in rows
        if row.project_id not in allowed.get((row.contest_class.contest.code, row.contest_class.number), ())
    ]
    return found


def _chosen(campaign: Campaign, candidates: Mapping[str, Candidate]) -> dict[Place, list[tuple[int, int]]]:
    """Projects and ranks by class; who won a run-off takes the rank of the tie and the next ones."""
    runoff = runoff_of(campaign)
    decided = _chosen(runoff, _candidates(runoff)) if runoff is not None and runoff.state in SIGNED else {}
    found = {}
    for contest, each in _classes(campaign):
        place = (contest["code"], each["number"])
        rows = [(candidates[row["candidate"]].project_id, row["rank"]) for row in each["ranking"] if row["elected"]]
        if each["tie"]:
            tied = next(row["rank"] for row in each["ranking"] if row["tied"])
            rows += [(project, tied + rank - 1) for project, rank in decided.get(place, ())]
        found[place] = rows
    return found


def _classes(campaign: Campaign) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Contest and class of the campaign's result; nothing before the count."""
    tally = getattr(campaign, "tally", None)
    for contest in json.loads(tally.result)["contests"] if tally else ():
        for each in contest["classes"]:
            yield contest, each


def _candidates(campaign: Campaign) -> dict[str, Candidate]:
    rows = Candidate.objects.filter(campaign=campaign).select_related("project__lead_organization", "contest_class")
    return {row.code: row for row in rows}


def _copy_contests(campaign: Campaign, made: Campaign, tied: Mapping[Place, Tie]) -> None:
    for old in campaign.contests.prefetch_related("classes").order_by("position", "id"):
        own = [(each, tied[old.code, each.number]) for each in old.classes.all() if (old.code, each.number) in tied]
        if not own:
            continue
        contest = Contest.objects.create(
            campaign=made,
            track_id=old.track_id,
            code=old.code,
            award_title=old.award_title,
            method=old.method,
            over_half=old.over_half,
            must_fill=old.must_fill,
            tie_rule=old.tie_rule,
            position=old.position,
        )
        for each, tie in own:
            only = ContestClass.objects.create(contest=contest, number=each.number, name=each.name, seats=tie.seats)
            Candidate.objects.bulk_create(
                Candidate(campaign=made, contest_class=only, project_id=row.project_id) for row in tie.candidates
            )


def _copy_roll(campaign: Campaign, made: Campaign) -> None:
    """Categories with their weights, and the voters with their channels; nobody has voted, no code is issued."""
    new: dict[int | None, VoterCategory] = {}
    for row in campaign.categories.all():
        new[row.pk] = VoterCategory.objects.create(
            campaign=made,
            code=row.code,
            name=row.name,
            weight=row.weight,
            unconfirmed=row.unconfirmed,
            tie_order=row.tie_order,
            position=row.position,
        )
    for pk, merge_into in campaign.categories.exclude(merge_into=None).values_list("pk", "merge_into"):
        VoterCategory.objects.filter(pk=new[pk].pk).update(merge_into=new[merge_into])
    fields = ("name", "person_id", "organization_id", "workplace", "channel")
    Voter.objects.bulk_create(
        (
            Voter(campaign=made, category=new[row.category_id], **{name: getattr(row, name) for name in fields})
            for row in campaign.voters.order_by("category", "name", "public_id")
        ),
        batch_size=1000,
    )
