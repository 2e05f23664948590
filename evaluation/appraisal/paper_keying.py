"""Keying paper ballots (录入) twice, by two people; both agree, or nothing of the batch comes into the box.

The first keying waits encrypted (AES-256-GCM under a key of this server and this batch) and is emptied with the entry;
the second is compared and never stored. The ballots enter by the door of all others (`casting.seal_for`).
"""

from __future__ import annotations

import base64
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

from common import audit
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from evaluation.appraisal import casting, manifest, paper, rules
from evaluation.appraisal.layout import RECUSED, Layout
from evaluation.appraisal.models import Campaign, PaperBatch, UrnBallot, Voter, VoterCategory

State = Campaign.State
NONCE = 12
PURPOSE = b"red-matrix paper batch 1"
PROFILE, SPOILED = "profile", "spoiled"
_RECUSED_ONLY = bytes(mark == RECUSED for mark in range(256))
_order = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class KeyedBallot:
    """A paper ballot as it was typed: marked numbers by section, which form it is (`paper.profiles`), unreadable."""

    marks: Mapping[str, Sequence[int]]
    profile: int = 0
    spoiled: bool = False


def field_name(number: int, part: str) -> str:
    """How errors and forms name a place of ballot `number` (from 1): a section's key, `profile` or `spoiled`."""
    return f"b{number}-{part}"


@transaction.atomic
def key_first(*, campaign: Campaign, category: VoterCategory, ballots: Sequence[KeyedBallot], by: Actor) -> PaperBatch:
    """Keep the first keying of all ballots of a category that were returned and are not in the box.

    Raises Forbidden, Conflict (more ballots than were returned: the paper vote is redone), ActionError by field.
    """
    campaign = _locked(campaign, by)
    assert by.user is not None
    refuse_first(campaign, category, len(ballots))
    payloads = _payloads(campaign, category, ballots)
    batch = PaperBatch(campaign=campaign, category=category, ballots=len(ballots), first_by=by.user)
    batch.keyed = _encrypted(batch, payloads)
    batch.save(force_insert=True)
    after = {"category": category.name, "ballots": batch.ballots}
    audit.record(by=by, action="appraisal.paper.keyed", obj=campaign, after=after)
    return batch


@transaction.atomic
def key_second(*, batch: PaperBatch, ballots: Sequence[KeyedBallot], by: Actor) -> PaperBatch:
    """Compare the second keying with the first; if they agree, all ballots enter and as many voters are marked.

    Raises Forbidden, Conflict, or ActionError naming ballot and contest where the two differ: then nothing changed.
    """
    campaign = _locked(batch.campaign, by)
    batch = PaperBatch.objects.select_for_update(of=("self",)).select_related("category", "first_by").get(pk=batch.pk)
    assert by.user is not None
    refuse_second(batch, by)
    _refuse_number(campaign, batch.category, len(ballots))
    payloads = _payloads(campaign, batch.category, ballots)
    _refuse_different(campaign, _decrypted(batch), payloads)
    _enter(campaign, batch, payloads)
    batch.state, batch.second_by, batch.keyed = PaperBatch.State.ENTERED, by.user, ""
    batch.save(update_fields=["state", "second_by", "keyed"])
    after = {"category": batch.category.name, "ballots": batch.ballots}
    audit.record(by=by, action="appraisal.paper.entered", obj=campaign, after=after)
    return batch


@transaction.atomic
def drop_batch(*, batch: PaperBatch, by: Actor) -> PaperBatch:
    """Give up the first keying, to key the ballots anew. Raises Forbidden, Conflict once they are in the box."""
    campaign = _locked(batch.campaign, by)
    batch = PaperBatch.objects.select_for_update(of=("self",)).select_related("category").get(pk=batch.pk)
    if batch.state == PaperBatch.State.ENTERED:
        raise Conflict("这一批已经入箱，不能撤销。", code="illegal_step")
    if batch.state == PaperBatch.State.KEYED:
        batch.state, batch.keyed = PaperBatch.State.DROPPED, ""
        batch.save(update_fields=["state", "keyed"])
        audit.record(by=by, action="appraisal.paper.dropped", obj=campaign, after={"category": batch.category.name})
    return batch


def refuse_first(campaign: Campaign, category: VoterCategory, number: int) -> None:
    """Raise Conflict or ActionError unless so many ballots may be keyed a first time now."""
    if campaign.paper_batches.filter(category=category, state=PaperBatch.State.KEYED).exists():
        raise Conflict("这一类已有一批录过一遍，请由另一人录第二遍，或撤销后重录。", code="half_keyed")
    _refuse_number(campaign, category, number)


def refuse_second(batch: PaperBatch, by: Actor) -> None:
    """Raise Conflict unless this person may key the batch a second time now."""
    if batch.state != PaperBatch.State.KEYED:
        raise Conflict(f"这一批{batch.get_state_display()}。", code="illegal_step")
    if by.user is None or batch.first_by.person_id == by.user.person_id:
        raise Conflict("第一遍是您录的，第二遍须由另一人录入。", code="same_person")
    returned = paper.waiting(batch.campaign, batch.category).count()
    if returned != batch.ballots:
        message = f"第一遍录了 {batch.ballots} 张，现在待录入的是 {returned} 张：请撤销本批，把收回的票一起重新录入。"
        raise Conflict(message, code="number_differs")


def _refuse_number(campaign: Campaign, category: VoterCategory, number: int) -> None:
    """The ballots in the paper box are exactly those that the desk noted as returned."""
    rows = campaign.voters.filter(category=category, channel=Voter.Channel.PAPER)
    returned = paper.waiting(campaign, category).count()
    if number > returned:
        _refuse_more(campaign, category, number, returned, rows.filter(paper=Voter.Paper.ISSUED).count())
    if number < returned:
        message = f"“{category}”登记收回 {returned} 张，现在只有 {number} 张。请清点，或更正多登记的交票。"
        raise ActionError(message, code="fewer_than_returned", fields={"ballots": [message]})
    if not number:
        raise ActionError("没有待录入的纸质票。", code="nothing_to_key", fields={"ballots": ["没有待录入的纸质票。"]})
    if campaign.state == State.OPEN and number < campaign.category_minimum and rows.exclude(paper="returned").exists():
        # So few ballots would show those who key them who voted how.
        message = f"投票期间一批不少于 {campaign.category_minimum} 张，以免看出是谁投的；请等收齐或截止后再录入。"
        raise Conflict(message, code="batch_too_small")


def _refuse_more(campaign: Campaign, category: VoterCategory, number: int, returned: int, out: int) -> None:
    """More in the box than noted: somebody of the `out` voters was not noted, or it is more than were given out."""
    found = f"“{category}”登记收回、待录入的是 {returned} 张，填的是 {number} 张。"
    found += f"请先重新清点，数错的改正即可；确有 {number} 张"
    if number > returned + out:
        message = f"{found}的，收回的票多于发出的票，这一类的纸质票须由监票人作废，重新投票。"
    elif campaign.state != State.OPEN:
        message = f"{found}的，多出的没有登记交票，截止后不能补登，这一类未入箱的纸质票须由监票人作废。"
    else:
        message = f"{found}的，有人交了票没有登记，请查清是谁，在“领票、交票”里补登后再录；查不清的，由监票人作废重投。"
        raise ActionError(message, code="not_noted", fields={"ballots": [message]})
    raise Conflict(message, code="more_than_returned")


def _payloads(campaign: Campaign, category: VoterCategory, ballots: Sequence[KeyedBallot]) -> list[bytes]:
    """The ballots' payloads. Raises ActionError by field, or as a whole where the recusals are not the roll's."""
    fixed, forms = manifest.of(campaign), paper.profiles(campaign, category)
    layout, sections = Layout.of(fixed), paper.sections_of(fixed)
    errors: dict[str, list[str]] = {}
    payloads = []
    for number, ballot in enumerate(ballots, start=1):
        if not 0 <= ballot.profile < len(forms):
            errors[field_name(number, PROFILE)] = [f"第 {number} 张：请选择票面上印的回避情况。"]
            continue
        recused, chosen = forms[ballot.profile].recused, []
        for section, title, codes in sections:
            marks = list(ballot.marks.get(section.key, ()))
            if wrong := _wrong(marks, codes, recused):
                errors[field_name(number, section.key)] = [f"第 {number} 张“{title}”：{wrong}"]
            else:
                chosen += [codes[mark] for mark in marks]
        if not errors:
            payloads.append(layout.spoiled() if ballot.spoiled else layout.encode(chosen, recused))
    if errors:
        raise ActionError("有的序号有误，请对照票面修改。", code="wrong_marks", fields=errors)
    _refuse_other_recusals(forms, Counter(ballot.profile for ballot in ballots))
    return payloads


def _wrong(marks: Sequence[int], codes: Mapping[int, str], recused: Sequence[str]) -> str:
    if unknown := [str(mark) for mark in marks if mark not in codes]:
        return f"票面上没有 {'、'.join(unknown)} 号。"
    if len(set(marks)) != len(marks):
        return "同一个序号录了两次。"
    if out := [str(mark) for mark in marks if codes[mark] in recused]:
        return f"{'、'.join(out)} 号在这张票上是回避项目，画了也不录。"
    return ""


def _refuse_other_recusals(forms: Sequence[paper.Profile], keyed: Counter[int]) -> None:
    """The recusals of the ballots are those of the voters who returned them: the roll says so, not the paper."""
    parts = [
        f"“{form.words}”应有 {form.waiting} 张，录入 {keyed[at]} 张"
        for at, form in enumerate(forms)
        if form.waiting != keyed[at]
    ]
    if parts:
        message = f"票面回避情况与名册不符：{'；'.join(parts)}。请对照票面核对；确实对不上的，由监票人作废重投。"
        raise ActionError(message, code="recusals_differ")


def _refuse_different(campaign: Campaign, first: Sequence[bytes], second: Sequence[bytes]) -> None:
    """Raise ActionError with ballot and contest where two keyings differ; neither is shown."""
    sections = paper.sections_of(manifest.of(campaign))
    errors: dict[str, list[str]] = {}
    for number, (one, other) in enumerate(zip(first, second, strict=True), start=1):
        if one[0] != other[0]:
            errors[field_name(number, SPOILED)] = [f"第 {number} 张：是不是废票，两遍录入不一致。"]
            continue
        if one.translate(_RECUSED_ONLY) != other.translate(_RECUSED_ONLY):
            errors[field_name(number, PROFILE)] = [f"第 {number} 张：票面回避，两遍选得不一致。"]
            continue
        for section, title, _ in sections:
            place = slice(1 + section.first, 1 + section.last)
            if one[place] != other[place]:
                errors[field_name(number, section.key)] = [f"第 {number} 张“{title}”：两遍录入不一致。"]
    if errors:
        message = f"两遍录入有 {len(errors)} 处不一致，整批没有入箱。请对照选票；第一遍录错的，撤销本批后重录。"
        raise ActionError(message, code="keyed_differently", fields=errors)


def _enter(campaign: Campaign, batch: PaperBatch, payloads: Sequence[bytes]) -> None:
    """Ballots into the urn in random order, and the mark on exactly as many voters."""
    voters = list(paper.waiting(campaign, batch.category).select_for_update(no_key=True).values_list("pk", flat=True))
    if len(voters) != len(payloads):
        raise Conflict("收回的票数刚刚有变化，请重新录入。", code="number_differs")
    rows = [casting.seal_for(campaign, batch.category, payload) for payload in payloads]
    _order.shuffle(rows)
    UrnBallot.objects.bulk_create(rows)
    Voter.objects.filter(pk__in=voters).update(voted=True)


def _locked(campaign: Campaign, by: Actor) -> Campaign:
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if by.user is None or not rules.can_key_paper(by.user, campaign):
        raise Forbidden(paper.KEYERS)
    if campaign.state not in (State.OPEN, State.CLOSED):
        raise Conflict("投票开始之后、混票之前才能录入纸质票。", code="illegal_step")
    return campaign


def _encrypted(batch: PaperBatch, payloads: Sequence[bytes]) -> str:
    nonce = secrets.token_bytes(NONCE)
    sealed = AESGCM(_key(batch)).encrypt(nonce, b"".join(payloads), _bound(batch))
    return base64.b64encode(nonce + sealed).decode()


def _decrypted(batch: PaperBatch) -> list[bytes]:
    """The payloads of the first keying. Raises Conflict if this server's key cannot read them any more."""
    kept = base64.b64decode(batch.keyed)
    try:
        joined = AESGCM(_key(batch)).decrypt(kept[:NONCE], kept[NONCE:], _bound(batch))
    except InvalidTag:
        raise Conflict("第一遍录入已读不出来（服务器密钥已更换），请撤销本批后重录。", code="unreadable") from None
    size = len(joined) // batch.ballots
    return [joined[at : at + size] for at in range(0, len(joined), size)]


def _key(batch: PaperBatch) -> bytes:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=_bound(batch), info=PURPOSE)
    return derived.derive(settings.SECRET_KEY.encode())


def _bound(batch: PaperBatch | Any) -> bytes:
    return f"{batch.campaign_id}\n{batch.category_id}\n{batch.pk}".encode()
