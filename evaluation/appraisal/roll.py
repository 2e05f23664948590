"""The roll (选民名册) of a draft: who votes, in which category, by which channel; only the channel changes later.

One person stands in one category. Telephone and identity numbers are neither asked for nor kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from common import audit
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.import_reading import PERSONAL
from common.names import person_words, plain_key
from common.text import clean_text
from evaluation.appraisal import rules
from evaluation.appraisal.models import Campaign, Credential, Voter, VoterCategory
from organizations.models import Appointment, Organization, Person

State = Campaign.State
Channel = Voter.Channel
NAME_LIMIT, WORKPLACE_LIMIT = 50, 120
FIELDS = ("category", "name", "person", "organization", "workplace", "channel")


@transaction.atomic
def add_voter(
    *,
    campaign: Campaign,
    category: VoterCategory,
    name: str,
    by: Actor,
    person: Person | None = None,
    organization: Organization | None = None,
    workplace: str = "",
    channel: str = Channel.CODE,
) -> Voter:
    """Put somebody on the roll of a draft.

    Raises Forbidden, Conflict after the lock, ActionError by field: a person who is on the roll already is told with
    the category.
    """
    campaign = _draft(campaign, by)
    made = Voter(
        campaign=campaign,
        category=category,
        name=person_words(name),
        person=person,
        organization=organization,
        workplace=clean_text(workplace),
        channel=channel,
    )
    _refuse_wrong(made)
    made.save()
    audit.record(by=by, action="appraisal.voter.added", obj=made, after=_shown(made))
    return made


@transaction.atomic
def edit_voter(*, voter: Voter, by: Actor, **values: Any) -> Voter:
    """Change what `FIELDS` name of a voter of a draft. Raises as `add_voter`."""
    campaign = _draft(voter.campaign, by)
    row = Voter.objects.select_for_update().get(pk=voter.pk)
    row.campaign = campaign
    before = _shown(row)
    for field, value in values.items():
        assert field in FIELDS, field
        read = person_words if field == "name" else clean_text
        setattr(row, field, read(value) if isinstance(value, str) else value)
    _refuse_wrong(row)
    if (after := _shown(row)) != before:
        row.save(update_fields=list(FIELDS))
        audit.record(by=by, action="appraisal.voter.edited", obj=row, before=before, after=after)
    return row


@transaction.atomic
def remove_voter(*, voter: Voter, by: Actor) -> None:
    """Take somebody off the roll of a draft; gone already is as good. Raises Forbidden, Conflict."""
    _draft(voter.campaign, by)
    row = Voter.objects.select_for_update().filter(pk=voter.pk).first()
    if row is not None:
        audit.record(by=by, action="appraisal.voter.removed", obj=row, before=_shown(row))
        row.delete()


@transaction.atomic
def add_accounts(*, category: VoterCategory, persons: Iterable[Person], by: Actor) -> list[Voter]:
    """Put people who have accounts on the roll, to vote by them; who is in this category already stays as it is.

    Raises Forbidden, Conflict, ActionError under `persons` for somebody of another category: then nobody is added.
    """
    campaign = _draft(category.campaign, by)
    chosen = list(persons)
    there = {v.person_id: v for v in campaign.voters.filter(person__in=chosen).select_related("category")}
    wrong = [elsewhere(row) for row in there.values() if row.category_id != category.pk]
    if wrong or not chosen:
        raise ActionError("还没有加入。", fields={"persons": wrong or ["请勾选要加入的人员。"]})
    homes = homes_of(chosen)
    return [
        add_voter(
            campaign=campaign,
            category=category,
            name=person.name,
            person=person,
            organization=homes[person.pk].organization if person.pk in homes else None,
            workplace=_post_words(homes.get(person.pk)),
            channel=Channel.ACCOUNT,
            by=by,
        )
        for person in chosen
        if person.pk not in there
    ]


@transaction.atomic
def switch_to_paper(*, voter: Voter, by: Actor) -> Voter:
    """Let somebody who has not voted vote on paper instead, between the lock and the close; a code is revoked.

    The audit entry says of the voter no more than that. Raises Forbidden, Conflict.
    """
    campaign = _managed(voter.campaign, by)
    row = Voter.objects.select_for_update().get(pk=voter.pk)
    if row.channel == Channel.PAPER:
        return row
    if campaign.state not in (State.LOCKED, State.OPEN):
        cure = "请直接修改投票方式。" if campaign.is_draft else "投票已经截止。"
        raise Conflict(f"锁定之后、截止之前才能改用纸质票。{cure}", code="illegal_step")
    if row.voted:
        raise Conflict(f"{row}已经投过票，不能改用纸质票。", code="already_voted")
    Credential.objects.filter(voter=row, revoked=False).update(revoked=True)
    row.channel = Channel.PAPER
    row.save(update_fields=["channel"])
    audit.record(by=by, action="appraisal.voter.to_paper", obj=row)
    return row


@transaction.atomic
def switch_to_code(*, voter: Voter, by: Actor) -> Voter:
    """Let somebody on paper who holds no ballot vote by a code instead, between the lock and the close.

    Such as the only one of a category with some form of the ballot. Raises Forbidden, Conflict.
    """
    campaign = _managed(voter.campaign, by)
    row = Voter.objects.select_for_update().get(pk=voter.pk)
    if row.channel == Channel.CODE:
        return row
    if row.channel != Channel.PAPER or campaign.state not in (State.LOCKED, State.OPEN):
        raise Conflict("锁定之后、截止之前，用纸质票的才能改用投票码。", code="illegal_step")
    if row.paper != Voter.Paper.NONE:
        raise Conflict(f"{row}已经领票，不能改用投票码。登记有误的，先在“纸质票”更正。", code="ballot_out")
    row.channel = Channel.CODE
    row.save(update_fields=["channel"])
    audit.record(by=by, action="appraisal.voter.to_code", obj=row)
    return row


def homes_of(persons: Iterable[Person]) -> dict[int, Appointment]:
    """The first post in force of each person; two people may hold one, one person several."""
    rows = Appointment.objects.filter(person__in=list(persons)).in_force().select_related("organization")
    found: dict[int, Appointment] = {}
    for row in rows.order_by("pk"):
        found.setdefault(row.person_id, row)
    return found


def without_organization(campaign: Campaign) -> QuerySet[Voter]:
    """Voters for whom recusal knows no organization: none on the roll, and no post of a linked person."""
    posts = Appointment.objects.in_force().values("person")
    return campaign.voters.filter(organization=None).exclude(Q(person__isnull=False) & Q(person__in=posts))


def namesakes(campaign: Campaign) -> list[str]:
    """Names that stand on the roll more than once: perhaps one person in two categories."""
    rows = campaign.voters.order_by("name").values("name").annotate(n=Count("pk")).filter(n__gt=1)
    return [row["name"] for row in rows]


def _refuse_wrong(row: Voter) -> None:
    """Raise ActionError by field for a row that may not stand on the roll."""
    errors: dict[str, list[str]] = {}
    if not row.name or len(row.name) > NAME_LIMIT or any(sign.isdigit() for sign in row.name):
        errors["name"] = [f"请填写姓名，最多 {NAME_LIMIT} 字，不含数字。"]
    if len(row.workplace) > WORKPLACE_LIMIT:
        errors["workplace"] = [f"最多 {WORKPLACE_LIMIT} 字。"]
    if PERSONAL.search(row.workplace):
        errors["workplace"] = ["名册不收证件号和电话，请删去。"]
    if row.category.campaign_id != row.campaign_id:
        errors["category"] = ["请选择本次票决的人员类别。"]
    if row.channel not in Channel.values:
        errors["channel"] = ["请选择投票方式。"]
    if row.channel == Channel.ACCOUNT and (row.person is None or not _has_account(row.person)):
        errors["channel"] = ["用账号投票的，须先选定有账号的人员。"]
    if row.organization is None and row.person_id is None and not row.workplace:
        errors["organization"] = ["请选择所在党组织（用于计算回避）；不在任何党组织的，请写明单位及职务。"]
    if twin := _twin(row):
        cure = "" if row.person_id and twin.person_id == row.person_id else "确为两人的，请写明各自的单位及职务。"
        errors.setdefault("name", []).append(elsewhere(twin) + cure)
    if errors:
        raise ActionError("名册还不能这样保存，请按提示修改。", fields=errors)


def _twin(row: Voter) -> Voter | None:
    """Somebody on the roll who is this person: the same person, or the same name at the same workplace."""
    same = Q(name=row.name)
    if row.person_id is not None:
        same |= Q(person=row.person_id)
    key = place_key(row.name, row.workplace)
    for other in row.campaign.voters.filter(same).exclude(pk=row.pk).select_related("category").order_by("pk"):
        is_person = row.person_id is not None and other.person_id == row.person_id
        if is_person or place_key(other.name, other.workplace) == key:
            return other
    return None


def place_key(name: str, workplace: str) -> tuple[str, str]:
    """By what two rows are one person: the name and the workplace, however it is spaced and punctuated."""
    return name, plain_key(workplace)


def elsewhere(row: Voter) -> str:
    """That somebody is on the roll already, with the category."""
    return f"{row}已在“{row.category}”名册中，一人只能归入一个类别。"


def _has_account(person: Person) -> bool:
    user: Any = getattr(person, "user", None)
    return user is not None and user.is_active


def _post_words(post: Appointment | None) -> str:
    return f"{post.organization.label}{post.get_post_display()}"[:WORKPLACE_LIMIT] if post else ""


def _shown(row: Voter) -> dict[str, Any]:
    """A voter for the audit trail."""
    return {
        "name": row.name,
        "category": str(row.category),
        "organization": row.organization.name if row.organization else "",
        "workplace": row.workplace,
        "channel": row.channel,
        "person": row.person_id,
    }


def _managed(campaign: Campaign, by: Actor) -> Campaign:
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    return Campaign.objects.select_for_update().get(pk=campaign.pk)


def _draft(campaign: Campaign, by: Actor) -> Campaign:
    campaign = _managed(campaign, by)
    if not campaign.is_draft:
        raise Conflict("票决已经锁定，名册不能再改；没有投票的人可以改用纸质票。", code="locked")
    return campaign
