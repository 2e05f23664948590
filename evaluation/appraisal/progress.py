"""Where a vote stands and what waits for whom (下一步): on the list, the overview and the desk's to-dos."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, Model, OuterRef, QuerySet

from common import days, publication
from common.models import Publication
from common.templatetags.ui import moment_label
from evaluation.appraisal import rules, runoffs, scrutineers, shortfall
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
    """The one next thing; None at the end of the life."""
    return next_steps([campaign])[0]


def next_steps(campaigns: Iterable[Campaign]) -> list[Waiting | None]:
    """The next thing of each, by state, clock and how far its announcement or notice is; a fixed number of queries."""
    rows = list(campaigns)
    known = _announcements(rows) | _notices(rows) | _absences(rows)
    return [known.get(row.pk) or _by_clock(row) for row in rows]


def warnings(campaign: Campaign) -> list[str]:
    """What should not be so once the vote is locked or open, in words."""
    if campaign.state not in (State.LOCKED, State.OPEN):
        return []
    found = [] if CampaignAnnouncement.objects.filter(campaign=campaign, is_public=True).exists() else ["公告未发布。"]
    codes = Credential.objects.filter(voter=OuterRef("pk"), revoked=False)
    without = campaign.voters.filter(~Exists(codes), channel=Voter.Channel.CODE, voted=False).count()
    return found + ([f"还有 {without} 人没有发投票码。"] if without else [])


def _announcements(rows: Iterable[Campaign]) -> dict[int, Waiting]:
    """What the announcement of a locked vote waits for, by the vote's key; nothing once it is public."""
    locked = {row.pk: row for row in rows if row.state == State.LOCKED}
    if not locked:
        return {}
    public = CampaignAnnouncement.objects.filter(campaign__in=locked, is_public=True)
    done, reviewed = set(public.values_list("campaign", flat=True)), _in_review(Campaign, locked)
    return {
        key: Waiting(
            DEPARTMENT if key in reviewed else ADMINISTRATOR,
            "评选公告：保密审查、审批、发布公告" if key in reviewed else "提出评选公告",
            "announcement",
            days.day_of(row.opens_at) if row.opens_at else None,
        )
        for key, row in locked.items()
        if key not in done
    }


def _notices(rows: Iterable[Campaign]) -> dict[int, Waiting]:
    """What a proposed notice waits for, by the key of its signed vote."""
    signed = [row.pk for row in rows if row.state == State.CONFIRMED]
    if not signed:
        return {}
    drafts = dict(
        PublicNotice.objects.filter(campaign__in=signed, state=PublicNotice.State.DRAFT).values_list("pk", "campaign")
    )
    words = "公示：保密审查、审批、发布"
    return {drafts[key]: Waiting(DEPARTMENT, words, "notice") for key in _in_review(PublicNotice, drafts)}


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


def _in_review(model: type[Model], keys: Iterable[int]) -> set[int]:
    """Those of the objects whose wording was proposed and is on its way through the department."""
    rows = Publication.objects.filter(
        object_type=model._meta.label_lower, object_id__in=[str(key) for key in keys], state__in=list(publication.NEXT)
    )
    return {int(key) for key in rows.values_list("object_id", flat=True)}


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
        State.CONFIRMED: Waiting(ADMINISTRATOR, "提出公示；末位并列的先再次票决", "notice"),
        State.NOTICED: Waiting(DEPARTMENT, "受理异议，期满后生效", "notice"),
        State.FINAL: Waiting(ADMINISTRATOR, "制作证书，归档", "awards"),
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
    elif campaign.state == State.LOCKED and first != (by_clock := _by_clock(campaign)):
        found += [by_clock] if by_clock else []
    elif campaign.state == State.CONFIRMED and first and first.who == ADMINISTRATOR:
        found = [_after_signing(campaign)]
    elif campaign.state == State.COUNTED and first and first.who == SCRUTINEER:
        able = _unsigned([campaign.pk]).filter(person__in=scrutineers.holders_of_the_role())
        found = [Waiting(f"{SCRUTINEER} {row.person}", "核对计票结果并签字", "result") for row in able]
    elif campaign.state == State.NOTICED:
        number = Objection.objects.filter(notice__campaign=campaign, state=Objection.State.RECEIVED).count()
        found += [Waiting(DEPARTMENT, f"办理 {number} 件异议", "notice")] if number else []
    return found


def _after_signing(campaign: Campaign) -> Waiting:
    """The tie that is left, or the notice; a run-off's result goes into the notice of its first vote."""
    if ties := runoffs.open_ties(campaign):
        return Waiting(ADMINISTRATOR, f"“{'”“'.join(tie.name for tie in ties)}”末位并列，组织再次票决", "result")
    if campaign.runoff_of is not None:
        return Waiting(ADMINISTRATOR, f"结果已签字，到“{campaign.runoff_of}”提出公示", "result")
    return Waiting(ADMINISTRATOR, "提出公示", "notice")


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
    """The next steps that the administrator takes, or calls the holders to."""
    found = list(rows)
    return [
        (row, step)
        for row, step in zip(found, next_steps(found), strict=True)
        if step is not None and step.who in (ADMINISTRATOR, HOLDERS)
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
