"""The vote that is open when the sample is loaded: about half of its invented voters have voted.

Two codes and the three holders' secrets are kept in files of the portal's own folder, so that a trial user can vote and
count. They exist for the sample only: a real vote's codes and secrets are printed once and kept nowhere.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from common import days
from common.actors import Actor
from common.errors import ActionError
from common.working_days import add_working_days
from evaluation.appraisal import crockford, electors, lifecycle, mixing, paper, paper_keying
from evaluation.appraisal.models import Campaign, Voter, VoterCategory
from organizations.models import User
from portal.sample import voting
from portal.sample.people import Cast, keep
from projects.models import Season

EACH = 12
OPEN_DAYS = 5
CODES, SECRETS = "demo-voting-codes", "demo-box-secrets"
# Sample accounts that vote by their password, by category.
ACCOUNTS = {
    "expert": ("reviewer1", "reviewer2", "reviewer3"),
    "member": ("clerk", "contact1"),
    "leader": ("leader",),
    "secretary": ("secretary", "branchsec", "outsider"),
}
PAPER = {"masses": 8}
HOMES = {"member": ("agency1", "housing"), "secretary": ("street3", "firm1")}
# How many of each category have voted by code, just enough for every quorum; the rest is left to whoever tries it.
VOTED = {"expert": 9, "member": 10, "leader": 6, "delegate": 11, "secretary": 6}
ON_PAPER = 6


def create(season: Season, cast: Cast, today: date) -> Campaign:
    """Locked and announced three days ago, open since yesterday for some working days."""
    yesterday = today - timedelta(days=1)
    with days.pretend(today - timedelta(days=3)):
        campaign = voting.set_up(
            season,
            cast,
            opens_on=yesterday,
            closes_at=_closing_time(today),
            approved_on=today - timedelta(days=14),
        )
        accounts = {code: [cast.accounts[name] for name in names] for code, names in ACCOUNTS.items()}
        _add_voters(campaign, cast, accounts)
        campaign, secrets = voting.lock(campaign, cast)
        voting.announce(campaign, cast)
        issued = electors.issue_codes(
            campaign=campaign, voters=list(campaign.voters.filter(channel="code")), by=voting.by(cast, "evaladmin")
        )
    with days.pretend(yesterday):
        campaign = lifecycle.open_vote(campaign=campaign, by=Actor.system("sample"))
        _vote(campaign)
        _paper(campaign, cast)
        mixing.mix_lot(campaign)
    _keep(campaign, issued, secrets)
    return campaign


def _closing_time(today: date) -> datetime:
    """Six in the evening of the fifth working day from tomorrow on, or a week from now."""
    try:
        last = add_working_days(today, OPEN_DAYS, first_counts=False)
    except ActionError:
        last = today + timedelta(days=7)
    return voting.at(last, 18)


def _add_voters(campaign: Campaign, cast: Cast, accounts: dict[str, list[User]]) -> None:
    voting.add_voters(campaign, cast, EACH, accounts=accounts, paper=PAPER, homes=HOMES)


def _vote(campaign: Campaign) -> None:
    """The first so many code voters of each category, a lot mixed after each category."""
    sections = voting.sections_of(campaign)
    for turn, category in enumerate(campaign.categories.all()):
        rows = campaign.voters.filter(category=category, channel=Voter.Channel.CODE)
        voters = list(rows.select_related("campaign", "category").order_by("-pk")[: VOTED.get(category.code, 0)])
        for voter, choices in zip(voters, voting.ballots(campaign, turn, max(len(voters), 3)), strict=False):
            voting.cast_ballot(voter, choices, sections)
        mixing.mix_lot(campaign)


def _paper(campaign: Campaign, cast: Cast) -> None:
    """Seven paper ballots given out, six of them back and keyed twice."""
    admin, scrutineer = voting.by(cast, "evaladmin"), voting.by(cast, "scrutineer")
    category = VoterCategory.objects.get(campaign=campaign, code="masses")
    voters = list(campaign.voters.filter(category=category, channel=Voter.Channel.PAPER).order_by("pk"))
    for voter in voters[: ON_PAPER + 1]:
        paper.give_out(voter=voter, by=admin)
    for voter in voters[:ON_PAPER]:
        paper.take_back(voter=voter, by=admin)
    numbers = {row.code: row.number or 0 for row in campaign.candidates.all()}
    keyed = [
        paper_keying.KeyedBallot({key: [numbers[code] for code in codes] for key, codes in choices.items()})
        for choices in voting.ballots(campaign, 2, ON_PAPER)
    ]
    batch = paper_keying.key_first(campaign=campaign, category=category, ballots=keyed, by=admin)
    paper_keying.key_second(batch=batch, ballots=keyed, by=scrutineer)


def _keep(campaign: Campaign, issued: list[tuple[Voter, str]], secrets: list[str]) -> None:
    """Two codes of voters who have not voted, and the holders' secrets, for whoever tries the sample."""
    waiting = set(
        campaign.voters.filter(voted=False, recusals=None, category__code="masses").values_list("pk", flat=True)
    )
    unused = [code for voter, code in issued if voter.pk in waiting]
    keep(CODES, "".join(f"{code}\n" for code in unused[:2]))
    holders = campaign.key_holders.order_by("position")
    lines = (f"{row}：{crockford.grouped(secret)}\n" for row, secret in zip(holders, secrets, strict=True))
    keep(SECRETS, "".join(lines))
