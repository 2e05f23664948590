"""Who stands at the voting page: by a one-time code, or by account and password again. No login, no session, no log.

What a voter carries from page to page is a signed pass in a cookie of the voting pages; the server keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import hashers
from django.core import signing
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.crypto import salted_hmac

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from evaluation.appraisal import crockford, rules
from evaluation.appraisal.models import Campaign, Credential, Voter
from organizations.models import User

CODE_LENGTH = 12  # characters before the check: 60 bits
SALT = "appraisal.elector"
PASS_SECONDS = 2 * 60 * 60
SENT_TWICE = (
    "没有再发放：这一页被刷新或提交了两次，或者刚刚另有人发放过。已经打印的投票码仍然有效；没有打印成的，请重新发放。"
)
BY_ACCOUNT = "account"
WRONG = "wrong_code"  # no such code, or not this account's password
State = Campaign.State


class NotAnElector(ActionError):
    """The code or account opens no ballot; the message says why."""


def issue_codes(
    *, campaign: Campaign, voters: list[Voter], by: Actor, standing: str | None = None
) -> list[tuple[Voter, str]]:
    """New codes for these voters of the code channel, in print form (XXXX-…); each former one is revoked.

    The codes are returned once and kept nowhere. `standing` is what `latest_of` said of the codes that the person meant
    to replace, so that a page sent twice revokes nothing. Raises Forbidden, Conflict, ActionError.
    """
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if campaign.state not in (State.LOCKED, State.OPEN):
            raise Conflict("锁定之后、截止之前才能发放投票码。", code="illegal_step")
        if standing is not None and standing != latest_of(voters):
            raise Conflict(SENT_TWICE, code="sent_twice")
        rows = campaign.voters.filter(pk__in=[voter.pk for voter in voters], channel=Voter.Channel.CODE, voted=False)
        chosen = list(rows.select_related("category"))
        if not chosen:
            raise ActionError("没有可以发放投票码的人员：已投票的、用账号或纸质票的不发。", code="nobody")
        Credential.objects.filter(voter__in=chosen, revoked=False).update(revoked=True)
        made = [(voter, crockford.draw(CODE_LENGTH)) for voter in chosen]
        Credential.objects.bulk_create(Credential(voter=voter, digest=digest(code)) for voter, code in made)
        audit.record(by=by, action="appraisal.codes.issued", obj=campaign, after={"number": len(made)})
    return [(voter, crockford.grouped(code)) for voter, code in made]


def latest_of(voters: Iterable[Voter]) -> str:
    """The last code that any of these voters was issued, revoked or not, by its number; empty before the first."""
    return str(Credential.objects.filter(voter__in=voters).aggregate(last=Max("pk"))["last"] or "")


def digest(code: str) -> str:
    """The keyed hash under which a code is stored."""
    return salted_hmac(SALT, code, algorithm="sha256").hexdigest()


def by_code(typed: str) -> tuple[Voter, str]:
    """The voter of a code and the pass (凭证). Raises NotAnElector under `code`."""
    code = crockford.read(typed, CODE_LENGTH)
    if code is None:
        raise _refused(_mistyped(typed))
    found = Credential.objects.filter(digest=digest(code)).select_related("voter__campaign", "voter__category").first()
    if found is None:
        raise _refused("没有这个投票码，请对照选票单核对。")
    if found.revoked:
        raise _refused("这个投票码已经作废，请使用补发的新码。", "revoked")
    if found.voter.channel != Voter.Channel.CODE:
        raise _refused(f"您的投票方式是“{found.voter.get_channel_display()}”，这个投票码不再使用。", "other_channel")
    campaign = found.voter.campaign
    if campaign.state not in (State.LOCKED, State.OPEN):
        # A voter whose answer was lost just before the close still learns whether the ballot counted.
        counted = "您的票已在该次投票的票箱中。" if found.voter.voted else ""
        raise _refused(f"这是“{campaign.title}”的投票码，该次投票{_ended(campaign)}。{counted}", "other_campaign")
    return found.voter, _pass(found.voter, found.digest)


def by_account(*, user: User | None, password: str, campaign: Campaign) -> tuple[Voter, str]:
    """The voter whose account this is, after the password again; nothing is logged in. Raises NotAnElector.

    No account (None) takes as long as a wrong password.
    """
    # Not `user.check_password`: it may renew the stored hash, and that row would tell when.
    stored = user.password if user is not None and user.is_active else None
    if stored is None:
        hashers.make_password(password)
    if user is None or stored is None or not hashers.check_password(password, stored):
        raise _refused("账号或密码不正确。", field="password")
    rows = campaign.voters.filter(person=user.person_id, channel=Voter.Channel.ACCOUNT)
    voter = rows.select_related("campaign", "category").first()
    if voter is None:
        raise _refused("您不在本次票决的名册中，或不是用账号投票。", "not_on_roll", field="password")
    return voter, _pass(voter, BY_ACCOUNT)


def ballots_waiting(user: User) -> QuerySet[Campaign]:
    """The open votes in which this person is to vote by account and has not; it says nothing of when others did."""
    rows = Campaign.objects.filter(state=State.OPEN, closes_at__gt=days.now())
    channel = Voter.Channel.ACCOUNT
    return rows.filter(voters__person=user.person_id, voters__channel=channel, voters__voted=False).order_by(
        "closes_at"
    )


def of_pass(token: str) -> Voter | None:
    """The voter of a pass that is still good: not too old, its code not revoked meanwhile."""
    try:
        public_id, how = signing.loads(token, salt=SALT, max_age=PASS_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    rows = Voter.objects.filter(public_id=public_id)
    if how == BY_ACCOUNT:
        rows = rows.filter(channel=Voter.Channel.ACCOUNT)
    else:
        rows = rows.filter(channel=Voter.Channel.CODE, credentials__digest=how, credentials__revoked=False)
    return rows.select_related("campaign", "category").first()


def _pass(voter: Voter, how: str) -> str:
    return signing.dumps([voter.public_id, how], salt=SALT)


def _ended(campaign: Campaign) -> str:
    return {State.DRAFT: "还没有开始", State.VOIDED: "已经作废"}.get(State(campaign.state), "已经截止")


def _mistyped(typed: str) -> str:
    """What is wrong with what cannot be a code: its length, else one of its characters."""
    number, length = len(crockford.bare(typed)), CODE_LENGTH + 1
    if number != length:
        return f"投票码有误：应为 {length} 位，您输入了 {number} 位，请对照选票单核对。"
    return "投票码有误：有一位不对，请逐位核对。字母 O 和数字 0、字母 I、L 和数字 1 不区分。"


def _refused(message: str, code: str = WRONG, field: str = "code") -> NotAnElector:
    return NotAnElector(message, code=code, fields={field: [message]})
