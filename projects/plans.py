"""Plans: drafting, freezing, and which version is in force on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Max, Sum

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Conflict
from projects.models import Milestone, Plan, PlanItem, Project
from projects.models.plans import FULL


@dataclass(frozen=True, slots=True)
class ItemInput:
    """One weighted milestone; `weight` in 0.01 percentage point. `milestone` keeps its identity if given."""

    title: str
    weight: int
    start: date
    due: date
    milestone: Milestone | None = None


def plan_in_force(project: Project, day: date) -> Plan | None:
    """The latest frozen version that is effective on `day`."""
    frozen = project.plans.exclude(frozen_on=None).filter(effective_from__lte=day)
    return frozen.order_by("-effective_from", "-version").first()


@transaction.atomic
def draft_plan(
    *, project: Project, items: Sequence[ItemInput], effective_from: date, by: Actor, ends_on: date | None = None
) -> Plan:
    """A new version with these items, not yet in force. Raises ActionError naming each wrong row.

    `ends_on` is the project's end under this plan where that is not its present one (an extension).
    """
    Project.objects.select_for_update().get(pk=project.pk)
    _refuse_bad_items(project, items, ends_on or project.ends_on)
    latest = project.plans.aggregate(latest=Max("version"))["latest"] or 0
    plan = Plan.objects.create(project=project, version=latest + 1, effective_from=effective_from)
    for position, item in enumerate(items, start=1):
        milestone = item.milestone or Milestone.objects.create(project=project, title=item.title, position=position)
        PlanItem.objects.create(plan=plan, milestone=milestone, weight=item.weight, start=item.start, due=item.due)
    audit.record(by=by, action="projects.plan.drafted", obj=plan, after={"version": plan.version})
    return plan


@transaction.atomic
def replace_draft(*, project: Project, items: Sequence[ItemInput], by: Actor) -> Plan:
    """The first version anew, as long as no version is frozen: what an application's latest draft says."""
    Project.objects.select_for_update().get(pk=project.pk)
    if project.plans.exclude(frozen_on=None).exists():
        raise Conflict("计划已经冻结，请走计划变更。", code="plan_frozen")
    project.plans.all().delete()
    project.milestones.all().delete()
    return draft_plan(project=project, items=items, effective_from=project.starts_on, by=by)


@transaction.atomic
def freeze_plan(*, plan: Plan, by: Actor) -> Plan:
    """Put a plan in force for good. Raises ActionError unless the weights sum to exactly 100."""
    plan = Plan.objects.select_for_update().get(pk=plan.pk)
    if plan.frozen_on is not None:
        return plan
    total = plan.items.aggregate(total=Sum("weight"))["total"] or 0
    if total != FULL:
        message = f"里程碑权重合计为 {percent_words(total)}，应当正好是 100。"
        raise ActionError(message, code="weights", fields={"weight": [message]})
    same_day = plan.project.plans.exclude(frozen_on=None).filter(effective_from=plan.effective_from)
    if same_day.exists():
        raise Conflict("这一天已有另一版计划生效，请改用其他生效日期。", code="plan_same_day")
    plan.weight_total, plan.frozen_on = total, days.today()
    plan.save(update_fields=["weight_total", "frozen_on"])
    audit.record(by=by, action="projects.plan.frozen", obj=plan, after={"version": plan.version})
    return plan


def refuse_wrong_total(items: Sequence[ItemInput]) -> None:
    """Raises ActionError unless the weights sum to exactly 100."""
    total = sum(item.weight for item in items)
    if total != FULL:
        message = f"里程碑权重合计为 {percent_words(total)}，应当正好是 100。"
        raise ActionError(message, code="weights", fields={"weight": [message]})


def _refuse_bad_items(project: Project, items: Sequence[ItemInput], ends_on: date) -> None:
    errors: dict[str, list[str]] = {}
    if not items:
        errors["items"] = ["请至少填写一个里程碑。"]
    kept = [item.milestone for item in items if item.milestone]
    if len({milestone.pk for milestone in kept}) < len(kept) or any(m.project_id != project.pk for m in kept):
        errors["items"] = ["里程碑重复，或不属于这个项目。"]
    for number, item in enumerate(items, start=1):
        messages = []
        if item.due < item.start:
            messages.append(f"第 {number} 个里程碑的完成时限早于开始日期。")
        elif item.start < project.starts_on or item.due > ends_on:
            messages.append(f"第 {number} 个里程碑不在项目起止日期之内。")
        if not 0 < item.weight <= FULL:
            messages.append(f"第 {number} 个里程碑的权重应大于 0，不超过 100。")
        if messages:
            errors[f"items.{number - 1}"] = messages
    if errors:
        raise ActionError("计划有误，请按提示修改。", code="plan", fields=errors)


def percent_words(hundredths: int) -> str:
    """A weight total in percentage points: 9950 → “99.5”."""
    return f"{hundredths / 100:g}"
