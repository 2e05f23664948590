"""Signatures (监票签字) under a count: each scrutineer of the campaign signs the hash of the result."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from common import audit, days, throttle
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from evaluation.appraisal import rules
from evaluation.appraisal.models import Campaign, Tally, TallySignature
from evaluation.appraisal.states import move_campaign
from organizations.models import Person

State = Campaign.State
# Nobody tries out passwords at a desk that was left open.
TRIES, TRIES_SECONDS = 10, 300


@dataclass(frozen=True, slots=True)
class Place:
    """Where one scrutineer signs; `signature` is None until then."""

    person: Person
    signature: TallySignature | None


def places(campaign: Campaign) -> list[Place]:
    """The campaign's scrutineers and what each has signed, in the order of their naming; two queries."""
    rows = TallySignature.objects.filter(tally__campaign=campaign).select_related("user")
    signed = {row.user.person_id: row for row in rows}
    named = campaign.scrutineers.select_related("person")
    return [Place(row.person, signed.get(row.person_id)) for row in named]


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
    audit.record(by=by, action="appraisal.tally.signed", obj=campaign, after={"result_sha256": tally.result_sha256})
    if all(place.signature for place in places(campaign)):
        move_campaign(campaign, State.CONFIRMED, by=by)
    return made
