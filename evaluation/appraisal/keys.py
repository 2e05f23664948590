"""The key of the ballot box and its three holders (密钥保管人): any two open it together, none alone.

The server keeps the private key only wrapped, three times, under each pair of the holders' secrets; the secrets
are handed out once and kept nowhere.
"""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping, Sequence
from itertools import combinations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import transaction

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from evaluation.appraisal import crockford, rules, sealing
from evaluation.appraisal.models import Campaign, KeyHolder, WrappedKey

HOLDERS = (1, 2, 3)
SECRET_LENGTH = 24  # characters of five bits: 120 bits a holder, and never less than that unknown to the other two
SENT_TWICE = (
    "密钥已经生成过，没有再生成：这一页被刷新或提交了两次。已经打印的三份密钥仍然有效；没有打印成的，请重新生成。"
)
PURPOSE = b"red-matrix box key 1"


@transaction.atomic
def make_keys(
    *, campaign: Campaign, holders: Sequence[tuple[str, str]], by: Actor, standing: str | None = None
) -> list[str]:
    """A new key pair for a draft, wrapped for three holders (name, body); the three secrets, to be shown once.

    Made again, the former secrets open nothing; `standing` is the public key that the person meant to replace (empty:
    none), so that a page sent twice replaces nothing. Raises Forbidden, Conflict, or ActionError under `holders`.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    if not campaign.is_draft:
        raise Conflict("票决已经锁定，密钥不能更换。", code="locked")
    if standing is not None and standing != campaign.public_key:
        raise Conflict(SENT_TWICE, code="sent_twice")
    named = [(clean_text(name), clean_text(body)) for name, body in holders]
    _refuse_holders(named)
    private, public = sealing.new_key_pair()
    made = [crockford.draw(SECRET_LENGTH) for _ in HOLDERS]
    campaign.key_holders.all().delete()
    campaign.wrapped_keys.all().delete()
    KeyHolder.objects.bulk_create(
        KeyHolder(campaign=campaign, position=at, name=name, body=body)
        for at, (name, body) in zip(HOLDERS, named, strict=True)
    )
    WrappedKey.objects.bulk_create(
        _wrapped(campaign, pair, private, dict(zip(HOLDERS, made, strict=True))) for pair in combinations(HOLDERS, 2)
    )
    campaign.public_key, campaign.keys_rehearsed_at = public.hex(), None
    campaign.save(update_fields=["public_key", "keys_rehearsed_at"])
    audit.record(
        by=by,
        action="appraisal.keys.made",
        obj=campaign,
        after={"public_key": campaign.public_key, "holders": [f"{name}（{body}）" for name, body in named]},
    )
    return made


@transaction.atomic
def rehearse(*, campaign: Campaign, secrets: Mapping[int, str], by: Actor) -> Campaign:
    """The rehearsal (开箱演练) that the lock asks for: all three holders type theirs, and each pair opens the key.

    Raises Forbidden, Conflict, or ActionError under `secret_1` to `secret_3`.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    if not campaign.is_draft:
        raise Conflict("票决已经锁定，不用再演练。", code="locked")
    if not campaign.public_key:
        raise Conflict("还没有生成票箱密钥。", code="no_keys")
    if missing := {f"secret_{at}": ["请输入这位保管人的密钥。"] for at in HOLDERS if not secrets.get(at, "").strip()}:
        raise ActionError("三位保管人都要参加演练。", fields=missing)
    for pair in combinations(HOLDERS, 2):
        private = open_key(campaign, {at: secrets[at] for at in pair})
        if sealing.public_of(private).hex() != campaign.public_key:
            raise Conflict("密钥与票箱公钥不符，请重新生成密钥。", code="wrong_key")
    campaign.keys_rehearsed_at = days.now()
    campaign.save(update_fields=["keys_rehearsed_at"])
    audit.record(by=by, action="appraisal.keys.rehearsed", obj=campaign)
    return campaign


def open_key(campaign: Campaign, secrets: Mapping[int, str]) -> bytes:
    """The private key from the secrets of two holders or more, by position.

    Raises ActionError naming the holder whose secret cannot be one, or the pair that does not open the box.
    """
    read = {at: crockford.read(typed, SECRET_LENGTH) for at, typed in secrets.items() if typed.strip()}
    wrong = {f"secret_{at}": ["密钥有误：请核对每一组字符。"] for at, secret in read.items() if secret is None}
    if wrong:
        raise ActionError("密钥有误，请核对。", code="wrong_secret", fields=wrong)
    given = sorted(read)
    if len(given) < 2:
        raise ActionError(
            "须有两位保管人同时输入密钥。", code="too_few_secrets", fields={"secrets": ["请至少填写两位。"]}
        )
    first, second = given[:2]
    row = WrappedKey.objects.filter(campaign=campaign, first=first, second=second).first()
    if row is None:
        raise Conflict("还没有生成票箱密钥。", code="no_keys")
    try:
        key = _pair_key(campaign, (first, second), str(read[first]), str(read[second]))
        return AESGCM(key).decrypt(
            bytes.fromhex(row.nonce), bytes.fromhex(row.wrapped), _bound(campaign, (first, second))
        )
    except InvalidTag:
        message = "这两份密钥打不开票箱：请确认是本次票决、且分属这两位保管人的密钥。"
        fields = {f"secret_{at}": [message] for at in (first, second)}
        raise ActionError(message, code="wrong_secret", fields=fields) from None


def _refuse_holders(named: Sequence[tuple[str, str]]) -> None:
    if len(named) != len(HOLDERS) or any(not name or not body for name, body in named):
        message = "请写明三名保管人的姓名和单位。"
    elif len({body for _, body in named}) < len(HOLDERS) or len({name for name, _ in named}) < len(HOLDERS):
        message = "三名保管人应是来自不同单位的三个人。"
    else:
        return
    raise ActionError(message, fields={"holders": [message]})


def _wrapped(campaign: Campaign, pair: tuple[int, int], private: bytes, made: Mapping[int, str]) -> WrappedKey:
    nonce = randomness.token_bytes(12)
    key = _pair_key(campaign, pair, made[pair[0]], made[pair[1]])
    wrapped = AESGCM(key).encrypt(nonce, private, _bound(campaign, pair))
    return WrappedKey(campaign=campaign, first=pair[0], second=pair[1], nonce=nonce.hex(), wrapped=wrapped.hex())


def _pair_key(campaign: Campaign, pair: tuple[int, int], first: str, second: str) -> bytes:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=_bound(campaign, pair), info=PURPOSE)
    return derived.derive(f"{first}\n{second}".encode())


def _bound(campaign: Campaign, pair: tuple[int, int]) -> bytes:
    return f"{campaign.code}\n{pair[0]}+{pair[1]}".encode()
