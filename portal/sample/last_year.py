"""The year before the running one: small projects, closed out, and their vote, finished down to the certificates."""

from __future__ import annotations

from datetime import date, timedelta

from common import calendar, days, publication
from common.actors import Actor
from common.working_days import known_years
from evaluation.appraisal import (
    awards,
    certificates,
    counting,
    lifecycle,
    mixing,
    objections,
    public_notice,
    signatures,
    tiers,
)
from evaluation.appraisal.models import Campaign, Objection, PublicNotice, TierProposal
from evaluation.tracking.models import CheckDay
from organizations.models import Organization
from portal.sample import closings, people, voting
from portal.sample.people import Cast
from portal.sample.projects import COMMUNITY, NEW, PREPARED, STREET, Spec, add_rules, create_approved, publish
from projects import actions
from projects.models import Project, Season

DAY = timedelta(days=1)
# With what the closing said (`level`, or why it is barred) instead of a story, and the tier it had.
SPECS: list[tuple[Spec, str, str]] = [
    (Spec("园区企业“红色合伙人”", "valley", STREET, "private_enterprise"), "excellent", "premium"),
    (Spec("街道“红色议事厅”", "street2", STREET, "grid"), "excellent", "emerging"),
    (Spec("机关支部联社区", "agencies", STREET, "agency"), "excellent", "established"),
    (Spec("“小哥之家”联建", "street1", STREET, "grid"), "qualified", "emerging"),
    (Spec("片区安全共治", "station", STREET, "regional"), "qualified", ""),
    (Spec("党群服务阵地提质", "street5", STREET, "community"), "qualified", ""),
    (Spec("集镇环境整治", "street6", STREET, "grid"), "failed", ""),
    (Spec("楼组党建一家亲", "street1c2", COMMUNITY, "community"), "excellent", "emerging"),
    (Spec("“民情茶室”", "street2c1", COMMUNITY, "community"), "excellent", "established"),
    (Spec("暑期红领巾托管", "street3c1", COMMUNITY, "community"), "qualified", "emerging"),
    (Spec("小区停车共议", "street4c2", COMMUNITY, "community"), "qualified", ""),
    (Spec("防诈先锋队", "street5c1", COMMUNITY, "community"), "qualified", ""),
    (Spec("社区花园共建", "street6c1", COMMUNITY, "community"), "报送材料不实（示例）", ""),
    (Spec("“金点子”创新擂台", "firm1", NEW, "private_enterprise"), "excellent", "established"),
    (Spec("项目攻坚党员责任区", "firm2", NEW, "private_enterprise"), "qualified", "emerging"),
    (Spec("楼宇志愿服务岗", "firm4", NEW, "private_enterprise"), "qualified", ""),
    (Spec("公益护苗行动", "social1", NEW, "social_organization"), "excellent", "established"),
    (Spec("社区助残先锋", "social2", NEW, "social_organization"), "qualified", "emerging"),
    (Spec("行业自律红色公约", "social3", NEW, "social_organization"), "qualified", ""),
]
WHOLE: list[tuple[int, float, float, str]] = [(4000, 0.0, 0.5, "建章立制"), (6000, 0.5, 1.0, "见到成效")]
EACH = 12
# The last voters of a category by the organizations to which they belong: they do not vote on their own projects.
HOMES = {"secretary": ("street2", "street1c2"), "member": ("agency1",)}
PAST_SOURCE = "示例：没有 {year} 年的通知，只按周末和元旦推算（示例）"


def create_last_season(
    running: Season, organizations: dict[str, Organization], cast: Cast, before: Actor
) -> tuple[Season, list[Project]]:
    """Twelve months that ended when the running season began; its projects were closed out, some not eligible."""
    starts_on = days.add_months(running.starts_on, -12)
    season = Season.objects.create(
        code=f"{starts_on:%Y%m}",
        name=f"{starts_on.year}年度",
        starts_on=starts_on,
        ends_on=running.starts_on - DAY,
        one_project_per_organization=False,
    )
    add_rules(season)
    made = []
    for spec, verdict, tier in SPECS:
        project = create_approved(season, organizations, cast, before, spec, WHOLE, tier=tier)
        with days.pretend(season.starts_on):
            actions.change_state(project=project, to="running", by=before)
            publish(project, Actor.person(cast.accounts["officer"], "sample"))
        _close(project, verdict, cast)
        made.append(project)
    _mark_checked(season.starts_on - PREPARED, season.ends_on)
    return season, made


def vote(season: Season, cast: Cast) -> Campaign:
    """The vote on that season's projects, on the working days after its end; final, with its awards."""
    _load_calendar(season.ends_on + DAY)
    ready = voting.working_day(season.ends_on + timedelta(days=3))
    opens, over = voting.working_day(ready + DAY), voting.working_day(ready + timedelta(days=6))
    closes_at = voting.at(over - DAY, 18)
    with days.pretend(ready):
        campaign = voting.set_up(season, cast, opens_on=opens, closes_at=closes_at, approved_on=season.ends_on)
        voting.add_voters(campaign, cast, EACH, homes=HOMES)
        campaign, secrets = voting.lock(campaign, cast)
        voting.announce(campaign, cast)
    _everybody_votes(campaign, opens)
    admin = voting.by(cast, "evaladmin")
    with days.pretend(over):
        lifecycle.close_vote(campaign=campaign, by=Actor.system("sample"))
        campaign = mixing.mix_all(campaign=campaign, by=admin)
        # The secrets are random and kept nowhere: nobody opens this box again.
        tally = counting.count(campaign=campaign, secrets={1: secrets[0], 3: secrets[2]}, by=admin)
        signatures.sign(
            campaign=campaign,
            password=people.password(),
            result_sha256=tally.result_sha256,
            by=voting.by(cast, "scrutineer"),
        )
    notice = _notice(campaign, cast, voting.working_day(over + DAY))
    _object(notice, cast)
    assert notice.ends_on is not None
    _award(notice, cast, notice.ends_on + DAY)
    return Campaign.objects.get(pk=campaign.pk)


def _close(project: Project, verdict: str, cast: Cast) -> None:
    level = verdict if verdict in closings.VERDICTS else "qualified"
    with days.pretend(project.ends_on - timedelta(days=6)):
        closings.ask(project, cast.secretary_by_person(project.lead_secretary_id))
    with days.pretend(project.ends_on - timedelta(days=2)):
        closings.accept(project, level, cast.accounts["officer"], bar_reason="" if verdict == level else verdict)


def _mark_checked(first: date, last: date) -> None:
    """The portal came with the running season: nobody looks back at lights of a year that had no monthly reports."""
    length = (last - first).days + 1
    CheckDay.objects.bulk_create(CheckDay(day=first + DAY * turn) for turn in range(length))


def _load_calendar(day: date) -> None:
    """A public notice is counted in working days; a past year that no table is known of gets the sample's own."""
    if day.year not in known_years():
        source = PAST_SOURCE.format(year=day.year)
        rows = [calendar.DayInput(date(day.year, 1, 1), calendar.Kind.HOLIDAY, "元旦")]
        calendar.load_year(year=day.year, rows=rows, source=source, by=Actor.system("load_sample"))


def _everybody_votes(campaign: Campaign, day: date) -> None:
    """All but one of each category but the first."""
    with days.pretend(day):
        lifecycle.open_vote(campaign=campaign, by=Actor.system("sample"))
        sections = voting.sections_of(campaign)
        for turn, category in enumerate(campaign.categories.all()):
            rows = campaign.voters.filter(category=category).select_related("campaign", "category").order_by("-pk")
            voters = list(rows[: EACH - (turn > 0)])
            for voter, choices in zip(voters, voting.ballots(campaign, turn, len(voters)), strict=True):
                voting.cast_ballot(voter, choices, sections)
            mixing.mix_lot(campaign)


def _notice(campaign: Campaign, cast: Cast, day: date) -> PublicNotice:
    with days.pretend(day):
        notice = public_notice.draft_notice(campaign=campaign, by=voting.by(cast, "evaladmin"))
        wording = {"title": notice.title, "body": f"{notice.body}\n（示例）", "contact": voting.CONTACT}
        publication.propose(obj=notice, content=wording, by=voting.by(cast, "evaladmin"))
        voting.pass_on(notice, cast)
    return PublicNotice.objects.select_related("campaign").get(pk=notice.pk)


def _object(notice: PublicNotice, cast: Cast) -> None:
    """Somebody objects to one item; it is looked into and dismissed within the days of the notice."""
    assert notice.starts_on is not None
    with days.pretend(notice.starts_on + DAY):
        objection = objections.file_objection(
            notice=notice,
            given={
                "kind": Objection.By.PERSON,
                "name": "示例居民（示例）",
                "contact": "025-00000000（示例）",
                "content": "反映服务人次统计口径不一致。（示例）",
                "item": notice.items.first(),
            },
            by=Actor(None, "sample"),
        )
    with days.pretend(notice.starts_on + 2 * DAY):
        objections.close_objection(
            objection=objection,
            state=Objection.State.DISMISSED,
            reply="经核对签到表和服务台账，统计口径一致。（示例）",
            by=voting.by(cast, "officer"),
        )


def _award(notice: PublicNotice, cast: Cast, day: date) -> None:
    """The awards by the clock, the certificate's wording, and two of the three tier proposals decided."""
    with days.pretend(day):
        certificates.save_template(
            campaign=notice.campaign,
            given={**_template(notice.campaign), "issuer": "区委组织部（示例）"},
            by=voting.by(cast, "evaladmin"),
        )
        awards.finalize_notice(notice=notice, by=Actor.system("sample"))
    proposals = TierProposal.objects.filter(award__season=notice.campaign.season).order_by("pk")
    words = ((True, "做法成熟，已在全区推广，同意晋级。（示例）"), (False, "再巩固一年。（示例）"))
    with days.pretend(day + timedelta(days=7)):
        for proposal, (accept, reason) in zip(proposals, words, strict=False):
            tiers.decide_tier(proposal=proposal, accept=accept, reason=reason, by=voting.by(cast, "officer"))


def _template(campaign: Campaign) -> dict[str, object]:
    found = certificates.template_of(campaign)
    return {name: getattr(found, name) for name in ("heading", "body", "landscape", "accent", "number_format")}
