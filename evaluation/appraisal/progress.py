"""Where a vote stands and what waits for whom (下一步): on the list, the overview and the desk's to-dos."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet

from common import days, publication
from common.models import Publication
from common.templatetags.ui import moment_label
from evaluation.appraisal import rules, runoffs, scrutineers, shortfall
from evaluation.appraisal.layout import section_title
from evaluation.appraisal.models import (
    Campaign,
    CampaignAnnouncement,
    CampaignScrutineer,
    Credential,
    Objection,
    PublicNotice,
    ShortfallDecision,
    Tally,
    TallySignature,
    Voter,
)
from organizations.access import Role, access_of

State = Campaign.State
ADMINISTRATOR, SCRUTINEER, HOLDERS, DEPARTMENT, CLOCK = "管理员", "监票人", "密钥保管人", "组织部", "系统"
RUNOFF = "再次票决"
# The life of a campaign; the states in which each step is done are those after it.
RAIL = (
    (State.DRAFT, "筹备"),
    (State.LOCKED, "锁定"),
    (State.OPEN, "投票"),
    (State.CLOSED, "截止"),
    (State.MIXED, "混票"),
    (State.COUNTED, "计票"),
    (State.CONFIRMED, "签字"),
    (State.NOTICED, "公示"),
    (State.FINAL, "生效"),
    (State.ARCHIVED, "归档"),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: for whom, what, on which part's page, by which day."""

    who: str
    what: str
    part: str
    due: date | None = None


def rail(campaign: Campaign) -> list[dict[str, Any]]:
    """The steps of the life, each `done`, `now` or `todo`; a voided campaign stands where it was voided."""
    states = [state for state, _ in RAIL]
    state = State(campaign.state)
    if state == State.VOIDED:
        last = campaign.state_changes.filter(to_state=State.VOIDED).values_list("from_state", flat=True).first()
        state = State(last or State.DRAFT)
    at = states.index(state)
    return [
        {"label": label, "state": "done" if turn < at else "now" if turn == at else "todo"}
        for turn, (_, label) in enumerate(RAIL)
    ]


def next_step(campaign: Campaign) -> Waiting | None:
    """The one next thing; None at the end of the life, or once a run-off's result is its first vote's to put out."""
    return next_steps([campaign])[0]


def next_steps(campaigns: Iterable[Campaign]) -> list[Waiting | None]:
    """The next thing of each, by state, clock and how far its announcement or notice is; a fixed number of queries."""
    rows = list(campaigns)
    known = _turnouts(rows) | _announcements(rows) | _signed(rows) | _notices(rows) | _absences(rows)
    return [known[row.pk] if row.pk in known else _by_clock(row) for row in rows]


def warnings(campaign: Campaign) -> list[str]:
    """What should not be so once the vote is locked or open, in words."""
    if campaign.state not in (State.LOCKED, State.OPEN):
        return []
    found = [] if CampaignAnnouncement.objects.filter(campaign=campaign, is_public=True).exists() else ["公告未发布。"]
    codes = Credential.objects.filter(voter=OuterRef("pk"), revoked=False)
    without = campaign.voters.filter(~Exists(codes), channel=Voter.Channel.CODE, voted=False).count()
    return found + ([f"还有 {without} 人没有发投票码。"] if without else [])


def _announcements(rows: Iterable[Campaign]) -> dict[int, Waiting]:
    """What the announcement of a locked vote waits for, by the vote's key; nothing once it is public.

    An open vote goes on while the department reviews it.
    """
    locked = {row.pk: row for row in rows if row.state in (State.LOCKED, State.OPEN)}
    if not locked:
        return {}
    public = CampaignAnnouncement.objects.filter(campaign__in=locked, is_public=True)
    done, states = set(public.values_list("campaign", flat=True)), _reviews(Campaign, locked)
    found = {}
    for key, row in locked.items():
        due = days.day_of(row.opens_at) if row.opens_at else None
        if key in done:
            continue
        if states.get(key) not in publication.NEXT:
            words = f"提出评选公告{_returned(states.get(key))}"
            found[key] = Waiting(ADMINISTRATOR, words, "announcement", due)
        elif row.state == State.LOCKED:
            found[key] = Waiting(DEPARTMENT, "评选公告：保密审查、审批、发布公告", "announcement", due)
    return found


def _turnouts(rows: Iterable[Campaign]) -> dict[int, Waiting]:
    """How far an open vote is, in total only, by the vote's key; nothing once its time is over."""
    steps = {row.pk: step for row in rows if row.state == State.OPEN and (step := _by_clock(row)) and step.who == CLOCK}
    if not steps:
        return {}
    out = Q(channel=Voter.Channel.PAPER) & ~Q(paper=Voter.Paper.RETURNED)
    figures = Voter.objects.filter(campaign__in=steps).order_by().values_list("campaign")
    found = {}
    for key, roll, voted, paper in figures.annotate(
        n=Count("pk"), voted=Count("pk", filter=Q(voted=True)), out=Count("pk", filter=out)
    ):
        words = f"正在投票，已投 {voted}/{roll} 人" + (f"，纸质票还有 {paper} 张没有收回" if paper else "")
        found[key] = Waiting(CLOCK, f"{words}；{steps[key].what}", "turnout", steps[key].due)
    return found


def _signed(rows: Iterable[Campaign]) -> dict[int, Waiting | None]:
    """What a signed vote waits for, by its key: a run-off of what tied, its result, or the notice."""
    signed = [row for row in rows if row.state == State.CONFIRMED]
    again: dict[int, Campaign] = {}
    level: list[Campaign] = signed
    while level:  # a run-off may tie again
        level = list(Campaign.objects.filter(runoff_of__in=level).exclude(state=State.VOIDED).order_by("pk"))
        again |= {row.runoff_of_id: row for row in level if row.runoff_of_id}
    tallies = Tally.objects.filter(campaign__in=[*signed, *again.values()]) if signed else ()
    tied = {tally.campaign_id: _tied(tally) for tally in tallies}
    return {row.pk: _after_signing(row, tied, again) for row in signed}


def _after_signing(row: Campaign, tied: dict[int, list[str]], again: dict[int, Campaign]) -> Waiting | None:
    at = row
    while tied.get(at.pk) and at.pk in again and again[at.pk].state in runoffs.SIGNED:
        at = again[at.pk]
    if not tied.get(at.pk):
        return Waiting(ADMINISTRATOR, "提出公示", "notice") if row.runoff_of_id is None else None
    if runoff := again.get(at.pk):
        opens = (
            f"，{moment_label(runoff.opens_at)} 开始投票" if runoff.state == State.LOCKED and runoff.opens_at else ""
        )
        return Waiting(RUNOFF, f"{runoff.get_state_display()}{opens}；监票人签字后提出公示", "result")
    if at != row:
        return Waiting(RUNOFF, "又末位并列，在它的“结果”再组织一次", "result")
    return Waiting(ADMINISTRATOR, f"“{'”“'.join(tied[at.pk])}”末位并列，组织再次票决", "result")


def _tied(tally: Tally) -> list[str]:
    """The classes of a count that tied at the last seat."""
    return [
        section_title(contest["award"], each["name"])
        for contest in json.loads(tally.result)["contests"]
        for each in contest["classes"]
        if each["tie"]
    ]


def _notices(rows: Iterable[Campaign]) -> dict[int, Waiting]:
    """What a drafted notice waits for, by the key of its vote: the first round, or one after a changed result."""
    states = {row.pk: row.state for row in rows if row.state in (State.CONFIRMED, State.NOTICED)}
    if not states:
        return {}
    drafts = {row.pk: row for row in PublicNotice.objects.filter(campaign__in=states, state=PublicNotice.State.DRAFT)}
    reviews, found = _reviews(PublicNotice, drafts), {}
    for key, row in drafts.items():
        if reviews.get(key) in publication.NEXT:
            found[row.campaign_id] = Waiting(DEPARTMENT, "公示：保密审查、审批、发布", "notice")
        elif row.round > 1 or key in reviews:
            words = f"提出公示（第 {row.round} 轮）" if row.round > 1 else "提出公示"
            found[row.campaign_id] = Waiting(ADMINISTRATOR, f"{words}{_returned(reviews.get(key))}", "notice")
    return found


def _absences(rows: Iterable[Campaign]) -> dict[int, Waiting]:
    """The administrator's word that is missing where no scrutineer is left who could sign, by the key of the count."""
    counted = [row.pk for row in rows if row.state == State.COUNTED]
    if not counted:
        return {}
    able = _unsigned(counted).filter(person__in=scrutineers.holders_of_the_role())
    waiting_for = set(able.values_list("campaign", flat=True))
    step = Waiting(ADMINISTRATOR, "有监票人已不能签字，在“结果”办理", "result")
    return {key: step for key in counted if key not in waiting_for}


def _unsigned(campaigns: Iterable[int]) -> QuerySet[CampaignScrutineer]:
    """The scrutineers of these campaigns who have not signed their counts."""
    own = TallySignature.objects.filter(tally__campaign=OuterRef("campaign"), user__person=OuterRef("person"))
    return CampaignScrutineer.objects.filter(~Exists(own), campaign__in=campaigns).select_related("person")


def _reviews(model: type[Model], keys: Iterable[int]) -> dict[int, str]:
    """How far the proposed wording of each object is on its way through the department."""
    rows = Publication.objects.filter(object_type=model._meta.label_lower, object_id__in=[str(key) for key in keys])
    return {int(key): state for key, state in rows.values_list("object_id", "state")}


def _returned(state: str | None) -> str:
    return "，前一份已被退回" if state == publication.State.RETURNED else ""


def _by_clock(campaign: Campaign) -> Waiting | None:
    """The next thing by state and clock alone; asks the database nothing."""
    moment = days.now()
    opens, closes = campaign.opens_at, campaign.closes_at
    if campaign.state == State.LOCKED and opens and moment < opens:
        return Waiting(CLOCK, f"{moment_label(opens)} 自动开始投票；此前发放选票单", "roll", days.day_of(opens))
    if campaign.state == State.OPEN and closes and moment < closes:
        return Waiting(CLOCK, f"{moment_label(closes)} 自动截止；此前可以催票", "turnout", days.day_of(closes))
    return {
        State.DRAFT: Waiting(ADMINISTRATOR, "完成准备，锁定规则", "lock", days.day_of(opens) if opens else None),
        State.LOCKED: Waiting(ADMINISTRATOR, "开始投票", "campaign", days.day_of(opens) if opens else None),
        State.OPEN: Waiting(ADMINISTRATOR, "截止投票", "campaign", days.day_of(closes) if closes else None),
        State.CLOSED: Waiting(ADMINISTRATOR, "混票；人数不足的先作决定", "turnout"),
        State.MIXED: Waiting(HOLDERS, "两位保管人到场，开箱计票", "count"),
        State.COUNTED: Waiting(SCRUTINEER, "核对计票结果并签字", "result"),
        State.NOTICED: Waiting(DEPARTMENT, "受理异议，期满后生效", "notice"),
        State.FINAL: Waiting(ADMINISTRATOR, "归档" if campaign.runoff_of_id else "制作证书，归档", "awards"),
    }.get(State(campaign.state))


def waiting(campaign: Campaign) -> list[Waiting]:
    """All that waits on a campaign now, with the names of who has not signed or agreed."""
    first = next_step(campaign)
    found = [first] if first else []
    if shortfall.may_decide(campaign):
        proposed = shortfall.proposed(campaign)
        found = [
            Waiting(ADMINISTRATOR, f"{each.words}，请提出办法", "turnout")
            for each in shortfall.undecided(campaign)
            if not any(shortfall.answers(row, each) for row in proposed)
        ]
        found += [
            Waiting(SCRUTINEER, f"同意或不同意：{shortfall.subject(row)}（{row.reason}）", "turnout")
            for row in proposed
        ]
        found = found or [Waiting(CLOCK, "即将自动混票", "turnout")]
    elif first and first.part == "announcement" and (by_clock := _by_clock(campaign)):
        found.append(by_clock)
    elif campaign.state == State.CONFIRMED and first is None:
        found = [Waiting("原票决", f"结果已签字，并入“{runoffs.first_vote(campaign)}”公示", "notice")]
    elif campaign.state == State.COUNTED and first and first.who == SCRUTINEER:
        able = _unsigned([campaign.pk]).filter(person__in=scrutineers.holders_of_the_role())
        found = [Waiting(f"{SCRUTINEER} {row.person}", "核对计票结果并签字", "result") for row in able]
        tally = getattr(campaign, "tally", None)
        if names := _tied(tally) if tally else []:
            found.append(Waiting(ADMINISTRATOR, f"“{'”“'.join(names)}”末位并列，签字后组织再次票决", "result"))
    elif campaign.state == State.NOTICED:
        number = Objection.objects.filter(notice__campaign=campaign, state=Objection.State.RECEIVED).count()
        found += [Waiting(DEPARTMENT, f"办理 {number} 件异议", "notice")] if number else []
    return found


def todos(user: Any) -> list[tuple[Campaign, Waiting]]:
    """What waits for this person on any campaign: the administrator's next steps, a scrutineer's to agree and sign."""
    found: list[tuple[Campaign, Waiting]] = []
    if rules.can_manage_campaign(user):
        rows = Campaign.objects.exclude(state__in=[State.ARCHIVED, State.VOIDED]).order_by("pk")
        found += _own(rows)
    if access_of(user).has(Role.SCRUTINEER):
        found += _watched(user)
    return found


def _own(rows: Iterable[Campaign]) -> list[tuple[Campaign, Waiting]]:
    """The next steps that the administrator takes, calls the holders to, or has until the clock takes them."""
    found = list(rows)
    return [
        (row, step)
        for row, step in zip(found, next_steps(found), strict=True)
        if step is not None and step.who in (ADMINISTRATOR, HOLDERS, CLOCK)
    ]


def _watched(user: Any) -> list[tuple[Campaign, Waiting]]:
    person = access_of(user).person_id
    decisions = ShortfallDecision.objects.filter(
        agreed_at=None, campaign__state__in=[State.CLOSED, State.MIXED], campaign__scrutineers__person=person
    )
    found = [
        (row.campaign, Waiting(SCRUTINEER, f"同意或不同意：{row.get_kind_display()}", "turnout"))
        for row in decisions.select_related("campaign").order_by("pk")
    ]
    tallies = Tally.objects.filter(campaign__state=State.COUNTED, campaign__scrutineers__person=person)
    tallies = tallies.exclude(signatures__user=user).select_related("campaign").order_by("pk")
    return found + [(row.campaign, Waiting(SCRUTINEER, "核对计票结果并签字", "result")) for row in tallies]
