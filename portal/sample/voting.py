"""What the two votes (综合票决) of the sample share: rules, voters, ballots; all by the actions that people use.

The names of three categories wait for confirmation (待确认), and the weights are the sample's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from django.db.models import Model, QuerySet

from common import days, publication
from common.actors import Actor
from common.errors import ActionError
from common.working_days import next_working_day
from evaluation.appraisal import campaigns, candidates, casting, categories, contests, keys, locking, roll, scrutineers
from evaluation.appraisal.models import Campaign, ContestClass, Voter
from organizations.models import User
from portal.sample.organizations import MARK
from portal.sample.people import Cast
from portal.sample.projects import COMMUNITY, NEW, STREET
from projects.models import Project, Season

DIGITS = "一二三四五六七八九十"
# By the categories' codes; the sum is 100.
WEIGHTS = {"expert": 3000, "member": 2500, "masses": 2000, "leader": 1000, "delegate": 1000, "secretary": 500}
# track: method, seats by class
CONTESTS: dict[str, tuple[str, dict[str, int]]] = {
    STREET: ("stage", {"": 3}),
    COMMUNITY: ("compilation", {"": 2}),
    NEW: ("classified", {"非公企业": 1, "社会组织": 1}),
}
HOLDERS = (
    (f"保管人甲{MARK}", f"区纪委监委{MARK}"),
    (f"保管人乙{MARK}", f"区委组织部{MARK}"),
    (f"保管人丙{MARK}", f"区公证处{MARK}"),
)
CONTACT = "区委组织部组织科（示例），025-00000000，示例路1号"
ANNOUNCEMENT = (
    "经区委批准，现将本年度书记项目评选的投票规则公告如下。各类人员的权重和名额是为示例设定的，"
    "标有“待确认”的三类名称尚未由主管部门确定；项目、人员和选票均为虚构。（示例）"
)


def number_words(number: int) -> str:
    """1 to 19 as a name of the sample says it; names on the roll have no digits."""
    return DIGITS[number - 1] if number <= 10 else f"十{DIGITS[number - 11]}"


def working_day(day: date) -> date:
    """The day, or the next that is worked where a holiday table is known."""
    try:
        return next_working_day(day)
    except ActionError:
        return day


def at(day: date, hour: int = 0) -> datetime:
    return datetime.combine(day, time(hour), days.SHANGHAI)


def by(cast: Cast, username: str) -> Actor:
    return Actor.person(cast.accounts[username], "sample")


def set_up(season: Season, cast: Cast, *, opens_on: date, closes_at: datetime, approved_on: date) -> Campaign:
    """A draft with its basics, contests, categories, candidates and scrutineer, made today."""
    admin = by(cast, "evaladmin")
    campaign = campaigns.create_campaign(season=season, title=f"{season.name}书记项目综合票决{MARK}", by=admin)
    Campaign.objects.filter(pk=campaign.pk).update(is_sample=True)
    values = {
        "approval_number": f"示例〔{approved_on.year}〕3号",
        "approval_on": approved_on,
        "approval_body": f"区委{MARK}",
        "opens_at": at(opens_on),
        "closes_at": closes_at,
    }
    campaign = campaigns.edit_basics(campaign=campaign, values=values, by=admin)
    _set_rules(campaign, admin)
    for place in ContestClass.objects.filter(contest__campaign=campaign).select_related("contest__track"):
        place.contest.campaign = campaign
        for project in _closed_out(place):
            if place.name in ("", class_of(project)) and not candidates.why_not_eligible(project, place.contest):
                candidates.add_candidate(contest_class=place, project=project, by=admin)
    scrutineers.set_scrutineers(campaign=campaign, persons=[cast.accounts["scrutineer"].person], by=admin)
    return campaign


def _closed_out(place: ContestClass) -> QuerySet[Project]:
    """The projects of the track that are closed out by today."""
    rows = Project.objects.filter(track=place.contest.track_id, closing__accepted_on__lte=days.today())
    return rows.select_related("closing", "lead_organization").order_by("archive_number", "id")


def class_of(project: Project) -> str:
    """In which class of the classified contest an organization's project stands."""
    return "社会组织" if project.lead_organization.sector == "social_organization" else "非公企业"


def lock(campaign: Campaign, cast: Cast) -> tuple[Campaign, list[str]]:
    """Keys, rehearsal and lock, today; the campaign and the three holders' secrets."""
    admin = by(cast, "evaladmin")
    secrets = keys.make_keys(campaign=campaign, holders=HOLDERS, by=admin)
    keys.rehearse(campaign=campaign, secrets=dict(enumerate(secrets, start=1)), by=admin)
    return locking.lock(campaign=campaign, by=admin), secrets


def announce(campaign: Campaign, cast: Cast) -> None:
    publication.propose(obj=campaign, content={"body": ANNOUNCEMENT}, by=by(cast, "evaladmin"))
    pass_on(campaign, cast)


def pass_on(obj: Model, cast: Cast) -> None:
    """The three steps of the department, today."""
    for step in (publication.clear, publication.approve, publication.publish):
        step(obj=obj, by=by(cast, "officer"))


def add_voters(
    campaign: Campaign,
    cast: Cast,
    each: int,
    *,
    accounts: Mapping[str, Sequence[User]] | None = None,
    paper: Mapping[str, int] | None = None,
    homes: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """`each` voters a category: those with accounts, so many on paper, the rest by code.

    `homes`: keys of the organizations that the last of a category belong to.
    """
    admin = by(cast, "evaladmin")
    for category in campaign.categories.all():
        users = (accounts or {}).get(category.code, ())
        if users:
            roll.add_accounts(category=category, persons=[user.person for user in users], by=admin)
        number, on_paper = each - len(users), (paper or {}).get(category.code, 0)
        places = list((homes or {}).get(category.code, ()))
        for turn in range(1, number + 1):
            from_end = number - turn
            roll.add_voter(
                campaign=campaign,
                category=category,
                name=f"{category.name}{number_words(turn)}{MARK}",
                organization=cast.organizations[places[from_end]] if from_end < len(places) else None,
                workplace=f"示例单位{number_words(turn)}{MARK}",
                channel=Voter.Channel.PAPER if turn <= on_paper else Voter.Channel.CODE,
                by=admin,
            )


def ballots(campaign: Campaign, category: int, voters: int) -> list[dict[str, list[str]]]:
    """So many ballots of the category with this turn, by section: candidates' codes.

    The first candidate of a section has most approvals, each following one fewer, in no category equal: nothing ties,
    nobody has none or all. The picks are dealt round the voters.
    """
    made: list[dict[str, list[str]]] = [{} for _ in range(voters)]
    dealt = category
    for place in ContestClass.objects.filter(contest__campaign=campaign).select_related("contest"):
        codes = list(place.candidates.order_by("project__archive_number").values_list("code", flat=True))
        room = voters * place.seats
        for turn, code in enumerate(codes):
            left = len(codes) - turn
            share = voters * place.seats * left * 2 // (len(codes) * (len(codes) + 1))
            wanted = max(1, share - (turn + category * place.number) % 2)
            for _ in range(min(wanted, voters - 2, room)):
                made[dealt % voters].setdefault(f"{place.contest.code}-{place.number}", []).append(code)
                dealt, room = dealt + 1, room - 1
    return made


def cast_ballot(voter: Voter, choices: Mapping[str, Sequence[str]], sections: Sequence[str]) -> None:
    """The voter's ballot, today, without the candidates for whom the voter is recused."""
    recused = casting.recused_for(voter)
    chosen = {key: [code for code in choices.get(key, ()) if code not in recused] for key in sections}
    abstained = [key for key in sections if not chosen[key]]
    casting.cast(voter=voter, token=casting.prepare(voter=voter, choices=chosen, abstained=abstained).token)


def sections_of(campaign: Campaign) -> list[str]:
    rows = ContestClass.objects.filter(contest__campaign=campaign).select_related("contest")
    return [f"{row.contest.code}-{row.number}" for row in rows]


def _set_rules(campaign: Campaign, admin: Actor) -> None:
    rows = [
        contests.ContestInput(
            track=track,
            award_title=track.award_title,
            method=CONTESTS[track.code][0],
            classes=[contests.ClassInput(name, seats) for name, seats in CONTESTS[track.code][1].items()],
        )
        for track in campaign.season.tracks.all()
    ]
    contests.set_contests(campaign=campaign, rows=rows, by=admin)
    named = [
        categories.CategoryInput(row.code, row.name, WEIGHTS[row.code], unconfirmed=row.unconfirmed)
        for row in campaign.categories.all()
    ]
    categories.set_categories(campaign=campaign, rows=named, by=admin)
