"""Signatures (监票签字) under a count: each scrutineer of the campaign signs the hash of the result.

Who lost the role or the account since the lock cannot sign any more. The administrator then writes down on what
document that rests, and the signatures of the others are enough (docs/decisions/0008).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from common import audit, days, throttle
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from evaluation.appraisal import rules, scrutineers
from evaluation.appraisal.models import Campaign, Tally, TallySignature
from evaluation.appraisal.states import move_campaign
from organizations.models import Person

State = Campaign.State
# Nobody tries out passwords at a desk that was left open.
TRIES, TRIES_SECONDS = 10, 300
LIMITS = {"document": 60, "reason": 200}
WANTED = {"document": "请填写依据的文号。", "reason": "请写明不能签字的原因。"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where one scrutineer signs; `signature` is None until then. `able`: has signed, or still can."""

    person: Person
    signature: TallySignature | None
    able: bool


def places(campaign: Campaign) -> list[Place]:
    """The campaign's scrutineers and what each has signed, in the order of their naming; three queries."""
    rows = TallySignature.objects.filter(tally__campaign=campaign).select_related("user")
    signed = {row.user.person_id: row for row in rows}
    named = [row.person for row in campaign.scrutineers.select_related("person")]
    unsigned = [person for person in named if person.pk not in signed]
    gone = {person for person, *_ in scrutineers.unable(unsigned)} if unsigned else set()
    return [Place(person, signed.get(person.pk), person not in gone) for person in named]


def absent(found: Iterable[Place]) -> list[Person]:
    """Who cannot sign a count any more, once all who can have signed; empty while somebody still can."""
    rows = list(found)
    if any(place.able and place.signature is None for place in rows):
        return []
    return [place.person for place in rows if not place.able]


def note(campaign: Campaign) -> str:
    """Why signatures are missing under a confirmed count, as the administrator wrote it down; empty if none are."""
    rows = campaign.state_changes.filter(to_state=State.CONFIRMED)
    return rows.values_list("reason", flat=True).first() or ""


@transaction.atomic
def sign(*, campaign: Campaign, password: str, result_sha256: str, by: Actor) -> TallySignature:
    """Sign the count that was looked at (`result_sha256`), with the account's password again.

    The last of the scrutineers makes it confirmed (counted → confirmed). Signing again changes nothing.
    Raises Forbidden, Conflict, TooOften, ActionError under `password`.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if by.user is None or not rules.can_scrutinize(by.user, campaign):
        raise Forbidden(rules.SCRUTINEERS)
    throttle.spend("appraisal.sign", by.address, times=TRIES, seconds=TRIES_SECONDS)
    if not by.user.check_password(password):
        raise ActionError("密码不正确。", code="wrong_password", fields={"password": ["密码不正确。"]})
    tally = Tally.objects.filter(campaign=campaign).first()
    if tally is None:
        raise Conflict("还没有计票，不能签字。", code="not_counted")
    if existing := tally.signatures.filter(user=by.user).first():
        return existing
    if campaign.state != State.COUNTED:
        raise Conflict(f"当前为“{campaign.get_state_display()}”，不能签字。", code="illegal_step")
    if result_sha256 != tally.result_sha256:
        raise Conflict("页面上的结果摘要与计票不符，请刷新后核对再签。", code="other_result")
    made = TallySignature.objects.create(
        tally=tally, user=by.user, result_sha256=tally.result_sha256, signed_at=days.now()
    )
    audit.record(by=by, action="appraisal.tally.signed", obj=campaign, after={"commitment": tally.commitment})
    if all(place.signature for place in places(campaign)):
        move_campaign(campaign, State.CONFIRMED, by=by)
    return made


@transaction.atomic
def confirm_without(*, campaign: Campaign, document: str, reason: str, by: Actor) -> Campaign:
    """Confirm a count under which signatures are missing because those scrutineers cannot sign any more.

    At least one has signed, and nobody is left who could. Raises Forbidden, Conflict, ActionError under `document`
    and `reason`.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    if campaign.state != State.COUNTED:
        raise Conflict(f"当前为“{campaign.get_state_display()}”，不用再确认。", code="illegal_step")
    gone = absent(places(campaign))
    if not gone:
        raise Conflict("还有能签字的监票人没有签字，须由本人签。", code="can_sign")
    if not TallySignature.objects.filter(tally__campaign=campaign).exists():
        message = "没有一名监票人签字，不能确认。请由系统管理员恢复其中一人的监票人角色，由本人签字，或作废后重新组织。"
        raise Conflict(message, code="nobody_signed")
    given = {"document": clean_text(document), "reason": clean_text(reason)}
    errors = {name: [WANTED[name]] for name, text in given.items() if not text}
    errors |= {name: [f"最多 {LIMITS[name]} 字。"] for name, text in given.items() if len(text) > LIMITS[name]}
    if errors:
        raise ActionError("还不能确认，请按提示修改。", fields=errors)
    names = "、".join(map(str, gone))
    words = f"监票人{names}已不能签字：{given['reason'].rstrip('。')}（{given['document']}）。"
    move_campaign(campaign, State.CONFIRMED, by=by, reason=words)
    return campaign
