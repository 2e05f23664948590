"""What of a vote is public, and when: its announcement (公告), its files, its result, and the recount's package.

Nothing is public before the announcement went through its four steps (`common.publication`). Rules and tracking
numbers follow from the opening on; the result once the public notice (公示) stands. Where the manifest withholds the
counts by category, the public result has ranks and whole-number points, and `commitment` binds the scrutineers' files.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.publication import Publisher
from common.text import clean_text
from evaluation.appraisal import manifest, rules, scoring
from evaluation.appraisal.locking import VERIFIER
from evaluation.appraisal.models import Campaign, CampaignAnnouncement, Tally
from evaluation.appraisal.states import COUNTED
from organizations.models import User

State = Campaign.State
BODY_LIMIT = 2000
# The dossiers' hashes stand in the manifest: the review speaks of exactly these rules and these materials.
MATERIALS = "同时公开：规则、候选名单和全部候选材料（规则清单 SHA-256：{}）。"
FROM_THE_OPENING = (State.OPEN, State.CLOSED, State.MIXED, *COUNTED)
OUT = (State.NOTICED, State.FINAL, State.ARCHIVED)
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same content makes the same file
WORDS = {
    "manifest.json": "规则清单：锁定时定下的全部规则",
    "codes.txt": "追踪号清单：按批次，各批摘要前后相连",
    "counts.json": "分类别票数",
    "result.json": "计票结果",
    "verify_tally.py": "复核程序：只用 Python 自带的库",
}


SIGNED_DIGEST = "完整结果摘要（监票人签字）"
PUBLISHED_DIGEST = "公布结果摘要（不含分类别票数，取整）"
WHY_TWO_DIGESTS = (
    "监票人签字的是含分类别票数和精确得分的完整结果，公布的结果按锁定的规则不含分类别票数、得分取整，"
    "内容不同，两个摘要也就不同，不是结果被改动；完整结果摘要只写在计票记录里，不对外公布，以免有人据此试算票数。"
)


@dataclass(frozen=True, slots=True)
class PublicFile:
    """A file that anybody may fetch; `words` say what it is."""

    name: str
    words: str
    content: bytes

    @property
    def sha256(self) -> str:
        return manifest.sha256(self.content.decode())

    @property
    def size(self) -> int:
        return len(self.content)


# --- what is public ---


def announced() -> QuerySet[Campaign]:
    """The campaigns that the public knows of."""
    rows = Campaign.objects.filter(announcement__is_public=True)
    return rows.select_related("season", "announcement", "runoff_of").order_by("-opens_at", "-id")


def is_public(campaign: Campaign) -> bool:
    """Whether the campaign's announcement is published and not taken down since."""
    return CampaignAnnouncement.objects.filter(campaign=campaign, is_public=True).exists()


def result_is_public(campaign: Campaign) -> bool:
    """Whether anybody may see the result: the campaign is announced and its notice is, or was, shown.

    A run-off follows the vote that it belongs to. Where nobody was elected there is no notice: the end publishes it.
    """
    if campaign.state not in COUNTED or not is_public(campaign):
        return False
    if campaign.runoff_of is not None:
        return campaign.state != State.COUNTED and result_is_public(campaign.runoff_of)
    notices = campaign.notices.all()
    shown = notices.filter(is_public=True).exists()
    return campaign.state in OUT and (shown or (campaign.state != State.NOTICED and not notices.exists()))


# --- its announcement ---


def clean_body(campaign: Campaign, content: Mapping[str, Any]) -> dict[str, str]:
    """The wording of an announcement, and what becomes public with it, bound by the manifest's hash.

    Raises ActionError under `body`, Conflict before the lock.
    """
    _refuse_draft(campaign)
    body = clean_text(str(content.get("body") or ""))
    message = "" if body else "请填写公告正文。"
    if len(body) > BODY_LIMIT:
        message = f"公告正文最多 {BODY_LIMIT} 字，现在是 {len(body)} 字。"
    if message:
        raise ActionError(message, fields={"body": [message]})
    return {"body": body, "materials": MATERIALS.format(campaign.manifest_sha256)}


def announce(campaign: Campaign, content: dict[str, Any], by: Actor) -> None:
    """What `common.publication` calls once all four steps are done. Raises Conflict."""
    _refuse_draft(campaign)
    CampaignAnnouncement.objects.update_or_create(
        campaign=campaign, defaults={"body": content["body"], "published_on": days.today(), "is_public": True}
    )


def take_down(campaign: Campaign, by: Actor) -> None:
    """Hide the vote and all that belongs to it from the public."""
    CampaignAnnouncement.objects.filter(campaign=campaign).update(is_public=False)


def _refuse_draft(campaign: Campaign) -> None:
    if campaign.state in (State.DRAFT, State.VOIDED):
        raise Conflict("锁定以后、没有作废的票决才能公告。", code="illegal_step")


def _may_propose(user: User, campaign: Campaign) -> bool:
    return rules.can_manage_campaign(user) and campaign.state not in (State.DRAFT, State.VOIDED)


def _may_review(user: User, campaign: Campaign) -> bool:
    return rules.can_publish(user)


PUBLISHER = Publisher(
    model_label="appraisal.campaign",
    may_propose=_may_propose,
    may_review=_may_review,
    publish=announce,
    take_down=take_down,
    clean=clean_body,
)


# --- its files ---


def code_list(campaign: Campaign) -> str:
    """The published lots, first to last: a line `# number sha256`, then the lot's tracking numbers, one a line."""
    return "".join(f"# {lot.number} {lot.sha256}\n{lot.codes}\n" for lot in campaign.lots.order_by("number"))


def result_text(tally: Tally) -> str:
    """`result.json` as the public gets it: in full, or without anything that counts could be worked out from."""
    if tally.detail_published:
        return tally.result
    full = json.loads(tally.result)
    del full["counts_sha256"]
    full |= {"contests": shortened(full["contests"]), "commitment": tally.commitment}
    return manifest.canonical(full)


def shortened(contests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The contests of a result with ranks and whole-number points, without exact scores."""
    return [
        {**contest, "classes": [{**each, "ranking": _whole(each["ranking"])} for each in contest["classes"]]}
        for contest in contests
    ]


def result_sha256(tally: Tally) -> str:
    """The hash that is published with the result; where details are withheld, it is that of the shorter text.

    The full text has no salt: with its hash anybody could try out which counts fit.
    """
    return tally.result_sha256 if tally.detail_published else manifest.sha256(result_text(tally))


def digests(tally: Tally) -> list[tuple[str, str]]:
    """The hashes of a result by name, for who may read the count: one, or two where details are withheld."""
    if tally.detail_published:
        return [("结果摘要", tally.result_sha256)]
    return [(SIGNED_DIGEST, tally.result_sha256), (PUBLISHED_DIGEST, result_sha256(tally))]


def result_of(campaign: Campaign) -> dict[str, Any] | None:
    """The result as the public gets it, or None while there is none for it."""
    if not result_is_public(campaign):
        return None
    found: dict[str, Any] = json.loads(result_text(campaign.tally))
    return found


def files(campaign: Campaign) -> list[PublicFile]:
    """What anybody may fetch now; empty before the opening, and for what is not public."""
    if campaign.state not in FROM_THE_OPENING or not is_public(campaign):
        return []
    texts = {"manifest.json": campaign.manifest, "codes.txt": code_list(campaign)}
    if result_is_public(campaign):
        if campaign.tally.detail_published:
            texts["counts.json"] = campaign.tally.counts
        texts["result.json"] = result_text(campaign.tally)
    texts["verify_tally.py"] = VERIFIER.read_text(encoding="utf-8")
    return [PublicFile(name, WORDS[name], text.encode()) for name, text in texts.items()]


def package_name(campaign: Campaign) -> str:
    return f"recount-{campaign.code}.zip"


def package(found: list[PublicFile]) -> bytes:
    """The files in one zip, byte for byte the same whenever it is made."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for each in found:
            packed.writestr(zipfile.ZipInfo(each.name, ZIP_DATE), each.content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


@transaction.atomic
def scrutineer_file(*, campaign: Campaign, name: str, by: Actor) -> str:
    """`counts.json` or `salt.txt` for the recount by a scrutineer; recorded. Raises Forbidden, Conflict."""
    if by.user is None or not rules.can_scrutinize(by.user, campaign):
        raise Forbidden(rules.SCRUTINEERS)
    tally = Tally.objects.filter(campaign=campaign).first()
    if tally is None:
        raise Conflict("还没有计票。", code="not_counted")
    text = {"counts.json": tally.counts, "salt.txt": tally.salt}[name]
    audit.record(by=by, action="appraisal.tally.fetched", obj=campaign, after={"file": name})
    return text


def _whole(ranking: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ranking with whole-number points and without exact scores."""
    kept = [{name: value for name, value in row.items() if name != "score"} for row in ranking]
    for row, full in zip(kept, ranking, strict=True):
        row["points"] = scoring.rounded(Fraction(full["score"]), 0)
    return kept
