"""The contests (评选项目) of a draft: what each track decides, with seats by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F

from common import audit
from common.actors import Actor
from common.errors import ActionError, Conflict
from common.text import clean_text
from evaluation.appraisal.campaigns import draft_under_lock
from evaluation.appraisal.models import Campaign, Contest, ContestClass
from projects.models import Track

AWARD_LIMIT, NAME_LIMIT, SEATS_LIMIT = 60, 40, 200
ASIDE = 1000  # where class numbers stand while they are exchanged


@dataclass(frozen=True, slots=True)
class ClassInput:
    """A class with its seats; a contest without classes has one without a name."""

    name: str
    seats: int


@dataclass(frozen=True, slots=True)
class ContestInput:
    track: Track
    award_title: str
    method: str
    classes: Sequence[ClassInput]
    over_half: bool = False
    must_fill: bool = False
    tie_rule: str = Contest.TieRule.RUNOFF.value


@transaction.atomic
def set_contests(*, campaign: Campaign, rows: Sequence[ContestInput], by: Actor) -> Campaign:
    """The contests of a draft, whole, in this order; known by their track, their classes by name.

    What has candidates stays. Raises Forbidden, Conflict, ActionError under `contests.<row>.<column>`.
    """
    campaign = draft_under_lock(campaign, by)
    if errors := errors_in(campaign, rows):
        raise ActionError("评选项目有误，请按提示修改。", fields=errors)
    before = words_of(campaign)
    for contest in campaign.contests.exclude(track__in=[row.track for row in rows]):
        _refuse_used(contest.classes.all(), f"“{contest}”已有候选项目，请先把它们移出。")
        contest.delete()
    for turn, row in enumerate(rows):
        _write(campaign, row, turn)
    after = words_of(campaign)
    if before != after:
        audit.record(
            by=by,
            action="appraisal.contests.set",
            obj=campaign,
            before={"contests": before},
            after={"contests": after},
        )
    return campaign


def errors_in(campaign: Campaign, rows: Sequence[ContestInput]) -> dict[str, list[str]]:
    """What is wrong with the rows, by `contests.<row>.<column>`."""
    return {
        f"contests.{turn}.{column}": texts
        for turn, row in enumerate(rows)
        for column, texts in _wrong(campaign, row, rows[:turn]).items()
    }


def words_of(campaign: Campaign) -> list[str]:
    """The contests in words, for the audit trail."""
    rows = campaign.contests.prefetch_related("classes")
    return [
        f"{row.award_title}（{row.get_method_display()}）："
        + "、".join(f"{each.name}{each.seats}" for each in row.classes.all())
        + f"；{row.get_tie_rule_display()}{'；须过半' if row.over_half else ''}{'；须选满' if row.must_fill else ''}"
        for row in rows
    ]


def _wrong(campaign: Campaign, row: ContestInput, before: Sequence[ContestInput]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    title = clean_text(row.award_title)
    if row.track.season_id != campaign.season_id:
        errors["track"] = ["不是本年度的赛道。"]
    elif any(other.track == row.track for other in before):
        errors["track"] = ["一个赛道只能有一个评选项目。"]
    if not title or len(title) > AWARD_LIMIT:
        errors["award_title"] = [f"最多 {AWARD_LIMIT} 字。" if title else "请填写奖项名称。"]
    elif any(clean_text(other.award_title) == title for other in before):
        errors["award_title"] = ["两个评选项目不能用同一个奖项名称。"]
    if row.method not in Contest.Method.values:
        errors["method"] = ["请选择评选方式。"]
    if row.tie_rule not in Contest.TieRule.values:
        errors["tie_rule"] = ["请选择末位并列时的办法。"]
    if message := _wrong_classes(row):
        errors["classes"] = [message]
    return errors


def _wrong_classes(row: ContestInput) -> str:
    names = [clean_text(each.name) for each in row.classes]
    if not names:
        return "请填写名额。"
    if len(names) > 1 and not all(names):
        return "分几类评选时，每类都要写名称，例如“园区企业：3”。"
    if len(set(names)) < len(names):
        return "类别名称不能重复。"
    if len(names) > 1 and row.method in (Contest.Method.STAGE, Contest.Method.COMPILATION):
        return "只有“分类选评”按类别设名额，请改方式或只写一个总数。"
    if any(len(name) > NAME_LIMIT for name in names):
        return f"类别名称最多 {NAME_LIMIT} 字。"
    if any(not 1 <= each.seats <= SEATS_LIMIT for each in row.classes):
        return f"名额应在 1 至 {SEATS_LIMIT} 之间。"
    return ""


def _write(campaign: Campaign, row: ContestInput, turn: int) -> None:
    contest, _ = Contest.objects.update_or_create(
        campaign=campaign,
        track=row.track,
        defaults={
            "code": row.track.code,
            "award_title": clean_text(row.award_title),
            "method": row.method,
            "over_half": row.over_half,
            "must_fill": row.must_fill,
            "tie_rule": row.tie_rule,
            "position": turn + 1,
        },
    )
    names = [clean_text(each.name) for each in row.classes]
    gone = contest.classes.exclude(name__in=names)
    message = f"“{contest}”要去掉或改名的类别里已有候选项目，请先把它们移出。"
    _refuse_used(gone, message, f"contests.{turn}.classes")
    gone.delete()
    contest.classes.update(number=F("number") + ASIDE)
    for number, (name, each) in enumerate(zip(names, row.classes, strict=True), start=1):
        values = {"number": number, "seats": each.seats}
        ContestClass.objects.update_or_create(contest=contest, name=name, defaults=values)


def _refuse_used(classes: Any, message: str, field: str = "") -> None:
    if classes.exclude(candidates=None).exists():
        raise Conflict(message, code="has_candidates", fields={field: [message]} if field else None)
