"""Casting a ballot (投票): checked, sealed and shown for review; stored only when it is cast, never in clear.

The one transaction of `cast` sets the flag on the roll and puts the sealed ballot into the urn. Nothing else says who
voted or when: no audit entry, no task, no notice, no time. Sending the same sealed ballot again changes nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from common import days
from common.errors import ActionError, Conflict
from common.templatetags.ui import moment_label
from evaluation.appraisal import manifest, sealing
from evaluation.appraisal.layout import Layout, Section
from evaluation.appraisal.models import BoxBallot, Campaign, Recusal, UrnBallot, Voter

SALT = "appraisal.sealed"
State = Campaign.State


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sealed ballot on its way back through the voter's hands: `token` is cast, `code` is its tracking number."""

    token: str
    code: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """`code` is in the box; `again`: it was there before (a double tap, a resent form)."""

    code: str
    again: bool


class AlreadyVoted(Conflict):
    """The roll says that this voter has voted, with another ballot."""

    def __init__(self) -> None:
        super().__init__("您已经投过票，先投的那一张有效，已在票箱中。", code="already_voted")


def refuse_closed(campaign: Campaign) -> None:
    """Raise Conflict unless the vote is open at this moment; one second after the close is too late."""
    moment = days.now()
    if campaign.state == State.VOIDED:
        raise Conflict("这次投票已经作废，投过的票也不算数；要重新投票的，另行通知。", code="voided")
    if campaign.state == State.LOCKED or (campaign.opens_at and moment < campaign.opens_at):
        due = campaign.opens_at and moment >= campaign.opens_at
        when = "正在开始，请过一两分钟再试" if due else f"还没有开始，{moment_label(campaign.opens_at)} 开始"
        raise Conflict(f"投票{when}。", code="not_open")
    if campaign.state != State.OPEN or (campaign.closes_at and moment >= campaign.closes_at):
        raise Conflict("投票已经截止，不能再投。", code="closed")


def recused_for(voter: Voter) -> dict[str, str]:
    """Why the voter does not vote on a candidate, by the candidate's code."""
    return dict(Recusal.objects.filter(voter=voter).values_list("candidate__code", "reason"))


def prepare(*, voter: Voter, choices: Mapping[str, Sequence[str]], abstained: Collection[str]) -> Prepared:
    """Check the choices (candidate codes by section, such as `street-1`) and seal them; nothing is stored.

    A section without a choice must stand in `abstained`. Raises Conflict, or ActionError by section.
    """
    campaign = voter.campaign
    refuse_closed(campaign)
    if voter.voted:
        raise AlreadyVoted
    rules = manifest.of(campaign)
    payload = check(Layout.of(rules), choices, abstained, recused_for(voter))
    sealed = sealing.seal(
        payload,
        public_key=bytes.fromhex(campaign.public_key),
        manifest_sha256=campaign.manifest_sha256,
        category=voter.category.code,
    )
    return Prepared(token=_signed(voter, sealed), code=_code(voter, sealed))


def check(
    layout: Layout, choices: Mapping[str, Sequence[str]], abstained: Collection[str], recused: Collection[str]
) -> bytes:
    """The payload of these choices. Raises ActionError by section; nothing that was chosen is lost by it."""
    errors: dict[str, list[str]] = {}
    known = {section.key for section in layout.sections}
    for key in choices.keys() - known:
        errors[key] = ["没有这个评选项目。"]
    body = layout.encode((), recused)[1:]
    for section in layout.sections:
        wrong = _wrong(layout, section, choices.get(section.key, ()), section.key in abstained, recused, body)
        if wrong:
            errors[section.key] = [wrong]
    if errors:
        raise ActionError("选票还不能提交，请按提示修改；已选的内容都还在。", code="wrong_choices", fields=errors)
    return layout.encode([code for codes in choices.values() for code in codes], recused)


def cast(*, voter: Voter, token: str) -> Receipt:
    """Put the reviewed ballot into the urn and set the voter's flag, in one transaction.

    Raises ActionError for a token that is not this voter's, Conflict when closed, AlreadyVoted.
    """
    sealed = _read(voter, token)
    code = _code(voter, sealed)
    with transaction.atomic():
        # The campaign's row first, then the voter's: closing and mixing wait at the same door.
        campaign = Campaign.objects.select_for_update(no_key=True).get(pk=voter.campaign_id)
        row = Voter.objects.select_for_update(no_key=True).get(pk=voter.pk)
        if row.voted:
            if is_in(campaign, code):
                return Receipt(code, again=True)
            raise AlreadyVoted
        refuse_closed(campaign)
        if row.channel == Voter.Channel.PAPER:
            raise Conflict("您已改用纸质票，请使用纸质票投票。", code="other_channel")
        Voter.objects.filter(pk=row.pk).update(voted=True)
        UrnBallot.objects.create(campaign=campaign, category_id=row.category_id, sealed=sealed, code=code)
    return Receipt(code, again=False)


def is_in(campaign: Campaign, code: str) -> bool:
    """Whether a tracking number is in the urn or the box."""
    return any(table.objects.filter(campaign=campaign, code=code).exists() for table in (UrnBallot, BoxBallot))


def _wrong(
    layout: Layout,
    section: Section,
    chosen: Sequence[str],
    abstains: bool,
    recused: Collection[str],
    body: bytes,
) -> str:
    own = set(layout.codes_of(section))
    open_places = layout.open_places(section, body)
    if len(set(chosen)) != len(chosen) or not own.issuperset(chosen):
        return "所选项目不在这个评选项目的候选名单中。"
    if chosen and abstains:
        return f"您选了 {len(chosen)} 个项目，又勾了“本项弃权”，请取消其中一样。"
    if any(code in recused for code in chosen):
        return "所选项目中有您应当回避的，请取消。"
    if len(chosen) > section.seats:
        return f"最多选 {section.seats} 个，您选了 {len(chosen)} 个，请取消 {len(chosen) - section.seats} 个。"
    if not chosen and open_places and not abstains:
        return "您一个都没有选。确定弃权的，请勾选“本项弃权”。"
    needed = min(section.seats, open_places)
    if section.must_fill and chosen and len(chosen) < needed:
        return f"须选满 {needed} 个，您选了 {len(chosen)} 个。"
    return ""


def _signed(voter: Voter, sealed: bytes) -> str:
    return f"{base64.urlsafe_b64encode(sealed).decode()}.{_mark(voter, sealed)}"


def _read(voter: Voter, token: str) -> bytes:
    text, _, mark = token.strip().partition(".")
    try:
        sealed = base64.urlsafe_b64decode(text.encode())
    except (binascii.Error, ValueError):
        sealed = b""
    if not sealed or not mark.isascii() or not constant_time_compare(mark, _mark(voter, sealed)):
        raise ActionError("这不是您刚才确认的选票，请重新选择并确认。", code="wrong_token")
    return sealed


def _mark(voter: Voter, sealed: bytes) -> str:
    """The server's signature: this sealed ballot was checked for this voter under this manifest."""
    bound = f"{voter.public_id}\n{voter.campaign.manifest_sha256}\n{sealed.hex()}"
    return salted_hmac(SALT, bound, algorithm="sha256").hexdigest()


def _code(voter: Voter, sealed: bytes) -> str:
    return sealing.tracking_code(
        manifest_sha256=voter.campaign.manifest_sha256, category=voter.category.code, sealed=sealed
    )


def seal_for(campaign: Campaign, category: Any, payload: bytes) -> UrnBallot:
    """An unsaved ballot of the urn, for paper ballots: the same seal, the same door."""
    sealed = sealing.seal(
        payload,
        public_key=bytes.fromhex(campaign.public_key),
        manifest_sha256=campaign.manifest_sha256,
        category=category.code,
    )
    code = sealing.tracking_code(manifest_sha256=campaign.manifest_sha256, category=category.code, sealed=sealed)
    return UrnBallot(campaign=campaign, category=category, sealed=sealed, code=code)
