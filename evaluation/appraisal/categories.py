"""The categories of electors (票决人员类别) of a draft and their weights, integers of 0.01 point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import CharField, Count, Value
from django.db.models.functions import Cast, Concat

from common import audit
from common.actors import Actor
from common.errors import ActionError, Conflict
from common.templatetags.ui import points
from common.text import clean_text
from evaluation.appraisal.campaigns import draft_under_lock, equal_weights
from evaluation.appraisal.models import Campaign, VoterCategory
from projects.models.seasons import FULL

NAME_LIMIT = 30


@dataclass(frozen=True, slots=True)
class CategoryInput:
    """A category; `code` is empty for a new one, `merge_into` the code of another or empty.

    `weight` is in 0.01 point, None where what was typed is none.
    """

    code: str
    name: str
    weight: int | None
    unconfirmed: bool = False
    tie_order: int | None = None
    merge_into: str = ""


@transaction.atomic
def set_categories(*, campaign: Campaign, rows: Sequence[CategoryInput], by: Actor) -> Campaign:
    """The categories of a draft, whole, in this order; the weights need not sum to 100 before the lock.

    One with people on the roll stays. Raises Forbidden, Conflict, ActionError under `categories.<row>.<column>`.
    """
    campaign = draft_under_lock(campaign, by)
    known = {row.code: row for row in campaign.categories.annotate(roll=Count("voters"))}
    if errors := errors_in(rows, set(known)):
        raise ActionError("人员类别有误，请按提示修改。", fields=errors)
    before = words_of(campaign)
    gone = [row for code, row in known.items() if code not in {row.code for row in rows}]
    if used := next((row for row in gone if row.roll), None):
        message = f"“{used.name}”在名册中有 {used.roll} 人，不能去掉；可以并入另一类别（权重相加）。"
        raise Conflict(message, code="has_voters")
    _step_aside(campaign)
    campaign.categories.filter(pk__in=[row.pk for row in gone]).delete()
    _write(campaign, rows)
    _record(campaign, "set", before, by)
    return campaign


def errors_in(rows: Sequence[CategoryInput], known: set[str]) -> dict[str, list[str]]:
    """What is wrong with the rows, by `categories.<row>.<column>`; `known` are the codes that stand."""
    return {
        f"categories.{turn}.{column}": texts
        for turn, row in enumerate(rows)
        for column, texts in _wrong(row, rows, turn, known).items()
    }


@transaction.atomic
def merge_categories(*, source: VoterCategory, target: VoterCategory, by: Actor) -> VoterCategory:
    """Merge a category of a draft into another (并入另一类别): its people move, the weights are added.

    Raises Forbidden, Conflict, ActionError under `target`.
    """
    campaign = draft_under_lock(source.campaign, by)
    rows = {row.pk: row for row in campaign.categories.select_for_update()}
    source, target_row = rows[source.pk], rows.get(target.pk)
    if target_row is None or target_row == source:
        message = "请选择本次票决的另一个类别。"
        raise ActionError(message, fields={"target": [message]})
    if source.weight + target_row.weight > FULL:
        message = f"两类权重相加为 {points(source.weight + target_row.weight)}，超过了 100，请先调整权重。"
        raise ActionError(message, fields={"target": [message]})
    before = words_of(campaign)
    source.voters.update(category=target_row)
    campaign.categories.filter(merge_into=source).exclude(pk=target_row.pk).update(merge_into=target_row)
    if target_row.merge_into_id == source.pk:
        target_row.merge_into = None
    target_row.weight += source.weight
    target_row.save(update_fields=["weight", "merge_into"])
    source.delete()
    _record(campaign, "merged", before, by)
    return target_row


def total_words(weights: Sequence[int]) -> str:
    """The sum of the weights and what is missing to 100, as the page always shows it."""
    total = sum(weights)
    if total == FULL:
        return "权重合计 100.00，正好。"
    gap = FULL - total
    words = f"权重合计 {points(total)}，{'还差' if gap > 0 else '多出'} {points(abs(gap))}，锁定前须正好为 100。"
    if abs(gap) <= len(weights):  # 33.33 three times
        words += f"除不尽时，请在其中一类上{'加' if gap > 0 else '减'} {points(abs(gap))}。"
    return words


def is_proposal(weights: Sequence[int]) -> bool:
    """Whether the weights are still the equal split that a first campaign starts with."""
    return bool(weights) and list(weights) == equal_weights(len(weights))


def words_of(campaign: Campaign) -> list[str]:
    """The categories in words, for the audit trail."""
    return [
        f"{row.name}{'（待确认）' if row.unconfirmed else ''} {points(row.weight)}" for row in campaign.categories.all()
    ]


def _wrong(row: CategoryInput, rows: Sequence[CategoryInput], turn: int, known: set[str]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    name = clean_text(row.name)
    if not name or len(name) > NAME_LIMIT:
        errors["name"] = [f"最多 {NAME_LIMIT} 字。" if name else "请填写类别名称。"]
    elif any(clean_text(other.name) == name for other in rows[:turn]):
        errors["name"] = ["类别名称不能重复。"]
    if row.code and (row.code not in known or any(other.code == row.code for other in rows[:turn])):
        errors["code"] = ["这一行对应的类别已经变动，请刷新后再改。"]
    if row.weight is None or not 0 < row.weight <= FULL:
        errors["weight"] = ["权重应大于 0，不超过 100，最多两位小数，例如 33.33。"]
    if row.tie_order is not None and not 1 <= row.tie_order <= len(rows):
        errors["tie_order"] = [f"请写 1 至 {len(rows)} 的顺序，或留空。"]
    elif row.tie_order is not None and any(other.tie_order == row.tie_order for other in rows[:turn]):
        errors["tie_order"] = ["比较顺序不能重复。"]
    if row.merge_into and _goes_round(row, {other.code: other.merge_into for other in rows if other.code}):
        errors["merge_into"] = ["请选择另一个保留的类别，不能并入自己或互相并入。"]
    return errors


def _goes_round(row: CategoryInput, into: dict[str, str]) -> bool:
    """Whether the row's target is gone, or leads back to the row."""
    seen, at = {row.code}, row.merge_into
    while at:
        if at in seen or at not in into:
            return True
        seen.add(at)
        at = into[at]
    return False


def _step_aside(campaign: Campaign) -> None:
    """Names and orders out of the way: two rows may exchange theirs."""
    aside = Concat(Value("·"), Cast("pk", CharField()))
    campaign.categories.update(name=aside, tie_order=None, merge_into=None)


def _write(campaign: Campaign, rows: Sequence[CategoryInput]) -> None:
    made: dict[str, VoterCategory] = {}
    merged: list[tuple[VoterCategory, str]] = []
    for position, row in enumerate(rows, start=1):
        code = row.code or _free_code(campaign)
        values = {
            "name": clean_text(row.name),
            "weight": row.weight,
            "unconfirmed": row.unconfirmed,
            "tie_order": row.tie_order,
            "position": position,
        }
        made[code], _ = VoterCategory.objects.update_or_create(campaign=campaign, code=code, defaults=values)
        merged += [(made[code], row.merge_into)] if row.merge_into else []
    for category, target in merged:
        category.merge_into = made[target]
        category.save(update_fields=["merge_into"])


def _free_code(campaign: Campaign) -> str:
    used = set(campaign.categories.values_list("code", flat=True))
    return next(code for number in range(1, len(used) + 2) if (code := f"c{number}") not in used)


def _record(campaign: Campaign, what: str, before: list[str], by: Actor) -> None:
    after = words_of(campaign)
    if before != after:
        audit.record(
            by=by,
            action=f"appraisal.categories.{what}",
            obj=campaign,
            before={"categories": before},
            after={"categories": after},
        )
