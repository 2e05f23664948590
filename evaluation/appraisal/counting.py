"""Counting (计票): two holders open the box, ballots are opened in memory in random order, only counters leave.

The order is that of the box's random keys. The key and the holders' secrets never leave this process: a long count
runs in a thread beside the request and tells its progress in a job's row.
"""

from __future__ import annotations

import secrets as randomness
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from common import audit, days
from common.actors import Actor
from common.errors import Conflict, Forbidden
from common.text import nested_quotes
from evaluation.appraisal import keys, manifest, rules, scoring, shortfall
from evaluation.appraisal.layout import CHOSEN, RECUSED, Layout
from evaluation.appraisal.mixing import refuse_mismatch, scrub
from evaluation.appraisal.models import BoxBallot, Campaign, EmptyCategory, Tally
from evaluation.appraisal.sealing import BallotBox, Unopenable, tracking_code
from evaluation.appraisal.states import move_campaign

State = Campaign.State
CHUNK = 2000
LANE = 255  # additions of 0 and 1 that a byte holds
SAFE_BALLOTS = 10
_CHOSEN = bytes(int(value == CHOSEN) for value in range(256))
_RECUSED = bytes(int(value == RECUSED) for value in range(256))
OTHER_BALLOTS = (
    "票箱里的选票与已公布的追踪号不符（有选票被换过、加过或取走），停止计票。请会同监票人查明原因，作废后重新组织。"
)
Advance = Callable[[int, int], None]


class Sums:
    """Approvals and recusals by candidate of one category: whole ballots are added as numbers of one byte a lane."""

    def __init__(self, places: int) -> None:
        self.ballots = self.invalid = 0
        self._places = places
        self._approved, self._recused = [0] * places, [0] * places
        self._lanes = [0, 0]
        self._added = 0

    @property
    def valid(self) -> int:
        return self.ballots - self.invalid

    def add(self, body: bytes) -> None:
        self._lanes[0] += int.from_bytes(body.translate(_CHOSEN))
        self._lanes[1] += int.from_bytes(body.translate(_RECUSED))
        self._added += 1
        if self._added == LANE:
            self._flush()

    def cells(self) -> list[tuple[int, int]]:
        """By candidate: approvals, and valid ballots whose voter was not recused."""
        self._flush()
        return [(a, self.valid - r) for a, r in zip(self._approved, self._recused, strict=True)]

    def _flush(self) -> None:
        for lane, sums in zip(self._lanes, (self._approved, self._recused), strict=True):
            for at, value in enumerate(lane.to_bytes(self._places)):
                sums[at] += value
        self._lanes, self._added = [0, 0], 0


def add_up(
    box: BallotBox,
    layout: Layout,
    ballots: Iterable[tuple[str, bytes]],
    categories: Iterable[str],
    tell: Advance | None = None,
) -> dict[str, Sums]:
    """Open every ballot (category, sealed bytes) and add it up; what does not open or fit is invalid (无效票)."""
    sums = {code: Sums(len(layout.codes)) for code in categories}
    for done, (category, sealed) in enumerate(ballots, start=1):
        found = sums[category]
        found.ballots += 1
        try:
            payload = box.open(sealed, category)
        except Unopenable:
            payload = b""
        if layout.is_valid(payload):
            found.add(payload[1:])
        else:
            found.invalid += 1
        if tell is not None and done % CHUNK == 0:
            tell(done, 0)
    return sums


def count(*, campaign: Campaign, secrets: Mapping[int, str], by: Actor, tell: Advance | None = None) -> Tally:
    """Open the mixed box with the secrets of two holders and write the count; mixed → counted.

    Asked again, the count that exists is returned. Raises Forbidden, Conflict, ActionError under `secret_n`.
    """
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    if existing := Tally.objects.filter(campaign=campaign).first():
        return existing
    campaign = Campaign.objects.get(pk=campaign.pk)
    box = opened(campaign, secrets)
    refuse_mismatch(campaign)
    fixed = manifest.of(campaign)
    _refuse_other_roll(campaign, fixed)
    sums = add_up(box, Layout.of(fixed), _listed(campaign), [row["code"] for row in fixed["categories"]], tell)
    _refuse_empty(campaign, fixed, sums)
    return _write(campaign, fixed, sums, holders_of(campaign, secrets), by)


def opened(campaign: Campaign, secrets: Mapping[int, str]) -> BallotBox:
    """The box of a mixed campaign. Raises Conflict, ActionError."""
    if campaign.state != State.MIXED:
        raise Conflict(f"当前为“{campaign.get_state_display()}”，混票之后才能计票。", code="illegal_step")
    box = BallotBox(keys.open_key(campaign, secrets), campaign.manifest_sha256)
    if box.public_key.hex() != campaign.public_key:
        raise Conflict("密钥与规则清单里的票箱公钥不符，停止计票。", code="wrong_key")
    return box


def _listed(campaign: Campaign) -> Iterator[tuple[str, bytes]]:
    """The ballots of the box, category and sealed bytes: those whose tracking numbers the lots list, no other.

    Raises Conflict for one that was changed, exchanged or added since its lot was published, or that is gone.
    """
    listed = {code for lot in campaign.lots.all() for code in lot.codes.splitlines()}
    rows = BoxBallot.objects.filter(campaign=campaign).order_by("pk").values_list("category__code", "sealed", "code")
    for category, stored, code in rows.iterator(chunk_size=CHUNK):
        sealed = bytes(stored)
        made = tracking_code(manifest_sha256=campaign.manifest_sha256, category=category, sealed=sealed)
        if made != code or code not in listed:
            raise Conflict(OTHER_BALLOTS, code="other_ballots")
        listed.remove(code)
        yield category, sealed
    if listed:
        raise Conflict(OTHER_BALLOTS, code="other_ballots")


def holders_of(campaign: Campaign, secrets: Mapping[int, str]) -> str:
    """Whose two secrets open the box (`keys.open_key`), in words for the minutes."""
    given = sorted(at for at, typed in secrets.items() if typed.strip())
    return "、".join(str(row) for row in campaign.key_holders.filter(position__in=given[:2]))


def counts_of(campaign: Campaign, fixed: Mapping[str, Any], sums: Mapping[str, Sums]) -> dict[str, Any]:
    """`counts.json`: by category the roll, ballots, invalid ones, and each standing candidate's cell."""
    withdrawn = list(campaign.candidates.exclude(withdrawn_on=None).order_by("code").values_list("code", flat=True))
    voted = dict(campaign.voters.values_list("category__code").annotate(n=Count("pk", filter=Q(voted=True))))
    codes, categories = Layout.of(fixed).codes, []
    for row in fixed["categories"]:
        found = sums[row["code"]]
        cells = dict(zip(codes, found.cells(), strict=True))
        categories.append(
            {
                "code": row["code"],
                "roll": row["roll"],
                "voted": voted.get(row["code"], 0),
                "ballots": found.ballots,
                "invalid": found.invalid,
                "candidates": {code: list(cell) for code, cell in cells.items() if code not in withdrawn},
            }
        )
    return {
        "campaign": campaign.code,
        "manifest_sha256": campaign.manifest_sha256,
        "categories": categories,
        "decisions": shortfall.decisions(campaign),
        "withdrawn": withdrawn,
    }


def publishes_detail(fixed: Mapping[str, Any], counts: Mapping[str, Any]) -> bool:
    """Whether the counts by category may be published, by the rule that the voters saw: all of them or none."""
    rows = counts["categories"]
    if fixed["detail"] == Campaign.Detail.ALWAYS:
        return all(row["roll"] >= SAFE_BALLOTS for row in rows)
    if fixed["detail"] != Campaign.Detail.SAFE:
        return False
    enough = all(row["ballots"] - row["invalid"] >= SAFE_BALLOTS for row in rows)
    cells = [cell for row in rows for cell in row["candidates"].values()]
    return enough and all(0 < approvals < ballots for approvals, ballots in cells)


def _bound(campaign: Campaign, counts: Mapping[str, Any]) -> dict[str, Any]:
    """What the result says besides the scores, so that its hash speaks for rules, tracking numbers and box as well."""
    last = campaign.lots.order_by("-number").first()
    return {
        "manifest_sha256": counts["manifest_sha256"],
        "codes_sha256": last.sha256 if last else "",
        "ballots": sum(row["ballots"] for row in counts["categories"]),
        "invalid": sum(row["invalid"] for row in counts["categories"]),
        "decisions": counts["decisions"],
        "withdrawn": counts["withdrawn"],
    }


def _refuse_other_roll(campaign: Campaign, fixed: Mapping[str, Any]) -> None:
    """Nobody came onto the roll or left it since the lock."""
    now = dict(campaign.voters.values_list("category__code").annotate(n=Count("pk")))
    if any(now.get(row["code"], 0) != row["roll"] for row in fixed["categories"]):
        raise Conflict("名册人数与锁定时的规则清单不一致，停止计票。", code="roll_changed")


def _refuse_empty(campaign: Campaign, fixed: Mapping[str, Any], sums: Mapping[str, Sums]) -> None:
    """Stop where a category, with those merged into it, has no valid ballot: its weight is not given away silently.

    Which ones is kept, so that administrator and scrutineer can decide on them (`shortfall`); nothing else is. One
    that the rule of the lock merges is kept in any case: the rule asks for its own ballots, not for its group's.
    """
    groups = scoring.groups(fixed, {"decisions": shortfall.decisions(campaign)})
    codes = {code for group in groups if not sum(sums[code].valid for code in group.codes) for code in group.codes}
    if fixed["shortfall"] == Campaign.Shortfall.MERGE:
        codes |= {row["code"] for row in fixed["categories"] if row["merge_into"] and not sums[row["code"]].valid}
    if not codes:
        return
    rows = list(campaign.categories.filter(code__in=codes))
    EmptyCategory.objects.bulk_create((EmptyCategory(category=row) for row in rows), ignore_conflicts=True)
    if names := [each.category.name for each in shortfall.undecided(campaign) if each.category in rows]:
        words = "、".join(f"“{name}”" for name in names)
        raise Conflict(
            f"{words}没有有效票，停止计票。请管理员提出并入或不计，监票人同意后再计票。", code="empty_category"
        )


def _refuse_unscored(fixed: Mapping[str, Any], counts: Mapping[str, Any]) -> None:
    """Stop where nobody's ballot counts for a candidate: such a one has no score, not a score of 0."""
    if codes := scoring.unscored(fixed, counts):
        titles = {
            c["code"]: c["project"] for row in fixed["contests"] for each in row["classes"] for c in each["candidates"]
        }
        names = nested_quotes("、".join(f"“{titles[code]}”" for code in codes))
        raise Conflict(
            f"{names}没有有效票可计（投了票的人都应回避），停止计票。请在“候选项目”办理退出，或作废后重新组织。",
            code="no_valid_ballots",
        )


@transaction.atomic
def _write(campaign: Campaign, fixed: dict[str, Any], sums: Mapping[str, Sums], holders: str, by: Actor) -> Tally:
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if existing := Tally.objects.filter(campaign=campaign).first():
        return existing
    counts = counts_of(campaign, fixed, sums)
    # Asked again about what was really opened: a ballot may have gone since the count began.
    if any(row["ballots"] != row["voted"] for row in counts["categories"]):
        raise Conflict("开出的票数与名册标记不一致，停止计票。", code="ballots_marks_differ")
    _refuse_unscored(fixed, counts)
    text, salt = manifest.canonical(counts), randomness.token_hex(32)
    outcome = scoring.result(fixed, counts) | _bound(campaign, counts) | {"counts_sha256": manifest.sha256(text)}
    result = manifest.canonical(outcome)
    tally = Tally.objects.create(
        campaign=campaign,
        counts=text,
        counts_sha256=manifest.sha256(text),
        salt=salt,
        commitment=manifest.sha256(f"{salt}\n{text}"),
        result=result,
        result_sha256=manifest.sha256(result),
        detail_published=publishes_detail(fixed, counts),
        holders=holders,
        counted_at=days.now(),
        counted_by=by.user,
    )
    move_campaign(campaign, State.COUNTED, by=by)
    # Once more, in case the process was killed between the mixing's commit and its scrubbing.
    transaction.on_commit(scrub, robust=True)
    # The salted hash: whoever reads the audit trail could try out counts on the result's own.
    audit.record(by=by, action="appraisal.tally.written", obj=campaign, after={"commitment": tally.commitment})
    return tally
