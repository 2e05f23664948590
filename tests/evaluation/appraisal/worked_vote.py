"""The vote of docs/worked-vote.md: its tables, its roll, and ballots that add up to its approvals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.conf import settings

from common import days
from evaluation.appraisal import candidates
from evaluation.appraisal.models import Campaign, Candidate, Contest, ContestClass, Voter
from tests import factories
from tests.evaluation.appraisal import votes

PAGE = (settings.BASE_DIR / "docs/worked-vote.md").read_text("utf-8")
SECTIONS = {name: text for name, _, text in (part.partition("\n") for part in PAGE.split("\n## "))}
CODES = {name: code for code, name, _, _ in votes.CATEGORIES}
# contest: method, award, kind of organization, seats by class
CONTESTS = {
    "committee": ("stage", "十佳书记项目", "working_committee", {1: ("", 2)}),
    "community": ("compilation", "为民先锋项目", "committee", {1: ("", 1)}),
    "new": ("classified", "优秀书记项目", "branch", {1: ("非公企业", 1), 2: ("社会组织", 1)}),
}
EACH = 12
RECUSED = 2  # of the last category, for 甲一


def table(section: str, nth: int = 0) -> list[dict[str, str]]:
    """The rows of a section's table as mappings from column to cell."""
    blocks = [block for block in SECTIONS[section].split("\n\n") if block.startswith("| ")]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in blocks[nth].strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate of the table of approvals: (approvals, ballots) by the category's code."""

    name: str
    contest: str
    number: int
    cells: Mapping[str, tuple[int, int]]


def approvals(section: str = "Approvals") -> list[Row]:
    found = []
    for line in table(section):
        cells = {}
        for name, code in CODES.items():
            approved, ballots = line[name].split("/")
            cells[code] = (int(approved), int(ballots))
        found.append(Row(line["candidate"], line["contest"], int(line["class"]), cells))
    return found


def ballots(category: str, section: str = "Approvals") -> list[dict[str, list[str]]]:
    """Twelve ballots of a category, each the chosen names by section (`committee-1`), that add up to the table.

    The picks of a section are dealt round the voters in the table's order, so the first candidate's voters come first
    and the last voters, who are recused for 甲一, get others.
    """
    made: list[dict[str, list[str]]] = [{} for _ in range(EACH)]
    rows = approvals(section)
    for key in dict.fromkeys((row.contest, row.number) for row in rows):
        own = [row for row in rows if (row.contest, row.number) == key]
        picks = [row.name for row in own for _ in range(row.cells[category][0])]
        for turn, name in enumerate(picks):
            made[turn % EACH].setdefault(f"{key[0]}-{key[1]}", []).append(name)
    return made


def make(district: Any, cast: Any) -> votes.Vote:
    """The campaign of the page as a draft that can be locked, with its 72 voters."""
    vote = votes.make_vote(district, cast, each=0, contests=[])
    campaign = vote.campaign
    with days.pretend(votes.BEFORE):
        for position, code in enumerate(CONTESTS, start=1):
            _contest(vote, district, position, code)
    place = Candidate.objects.get(campaign=campaign, project__title="甲一").project.lead_organization
    accounts = iter(
        [factories.make_user(f"成员单位{turn:02}（示例）", username=f"voter{turn:02}") for turn in range(1, 13)]
    )
    for line in table("The roll"):
        category = campaign.categories.get(name=line["category"])
        channels = [name for name in ("paper", "code", "account") for _ in range(int(line[name]))]
        for turn, channel in enumerate(channels, start=1):
            user = next(accounts) if channel == "account" else None
            recused = category.code == "secretary" and turn > EACH - RECUSED
            votes.add_voter(
                campaign,
                category,
                f"{category.name}{turn:02}（示例）",
                channel=channel,
                person=user.person if user else None,
                organization=place if recused else None,
            )
    return vote


def voters(campaign: Campaign, category: str) -> list[Voter]:
    """The category's voters in the order of their ballots."""
    rows = campaign.voters.filter(category__code=category).select_related("campaign", "category")
    return list(islice(rows.order_by("name"), EACH))


def picked(campaign: Campaign, ballot: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """A ballot by candidate codes instead of names."""
    codes = dict(campaign.candidates.values_list("project__title", "code"))
    return {section: [codes[name] for name in names] for section, names in ballot.items()}


def sections(campaign: Campaign) -> list[str]:
    rows = ContestClass.objects.filter(contest__campaign=campaign).order_by("contest__position", "number")
    return [f"{row.contest.code}-{row.number}" for row in rows.select_related("contest")]


def _contest(vote: votes.Vote, district: Any, position: int, code: str) -> None:
    method, award, kind, classes = CONTESTS[code]
    track = factories.make_track(vote.campaign.season, f"{award}赛道", (kind,), code=code, award_title=award)
    contest = Contest.objects.create(
        campaign=vote.campaign, track=track, code=code, award_title=award, method=method, position=position
    )
    made = {
        n: ContestClass.objects.create(contest=contest, number=n, name=name, seats=s)
        for n, (name, s) in classes.items()
    }
    for row in approvals():
        if row.contest == code:
            place = factories.make_org(district.root, kind, f"{row.name}党组织（示例）")
            project = votes.closed_project(place, factories.make_person(f"{row.name}书记（示例）"), track, row.name)
            candidates.add_candidate(contest_class=made[row.number], project=project, by=vote.by)
