"""Plan changes (计划变更) and the extension (延期): asked for by the secretary, decided by the department.

The new version is drafted with the request and frozen by the approval, in force from the next day at the earliest:
what held on a past day, and every snapshot of it, stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from organizations import people
from projects import actions, plans, rules
from projects.earned_value import due_day
from projects.facts import rules_of
from projects.models import Plan, PlanChange, PlanItem, Project
from projects.plans import ItemInput

State = PlanChange.State
REASON_LIMIT = 1000
CHANGEABLE = (Project.State.APPROVED, Project.State.RUNNING, Project.State.SUSPENDED)


@transaction.atomic
def request_change(
    *, project: Project, items: Sequence[ItemInput], reason: str, by: Actor, new_end: date | None = None
) -> PlanChange:
    """Ask for other milestones, weights or dates; with `new_end` also for a later end (延期, once).

    The same request again (a second click) is nothing. Raises Forbidden, Conflict, or ActionError by field:
    `reason`, `new_end`, `items`, `items.<row>`, `weight`.
    """
    project, reason = _locked(project), clean_text(reason)
    if by.user is None or not rules.can_request_plan_change(by.user, project):
        raise Forbidden("由本项目的领题书记提出计划变更。")
    _refuse_state(project)
    if open_change := project.plan_changes.filter(state=State.REQUESTED).select_related("plan").first():
        if (open_change.reason, open_change.new_end) == (reason, new_end) and _same_items(open_change.plan, items):
            return open_change
        raise Conflict("这个项目已有一份待审批的变更申请。", code="change_open")
    errors = _extension_errors(project, new_end)
    if not reason or len(reason) > REASON_LIMIT:
        errors["reason"] = [f"最多 {REASON_LIMIT} 字。" if reason else "请写明变更的原因。"]
    base = base_plan(project)
    if new_end is None and base is not None and _same_items(base, items):
        errors["items"] = ["与现在的计划相同，没有要变更的内容。"]
    if errors:
        raise ActionError("变更申请有误，请按提示修改。", fields=errors)
    plans.refuse_wrong_total(items)
    # The milestones are judged by the end that is asked for; the project itself keeps its own until the approval.
    plan = plans.draft_plan(
        project=project, items=items, effective_from=days.today(), by=by, ends_on=new_end or project.ends_on
    )
    change = PlanChange.objects.create(
        project=project,
        plan=plan,
        reason=reason,
        old_end=project.ends_on,
        new_end=new_end,
        requested_at=days.now(),
        requested_by=by.user,
    )
    audit.record(
        by=by,
        action="projects.plan_change.requested",
        obj=change,
        after={"version": plan.version, "reason": reason, "new_end": str(new_end or "")},
    )
    notices.send(
        kind="plan_change_requested",
        obj=change,
        period="",
        recipients=people.officers(),
        title=f"{kind_words(change)}申请：{project}",
        body=reason,
        url=address(change),
    )
    return change


@transaction.atomic
def decide_change(*, change: PlanChange, approve: bool, answer: str, by: Actor) -> PlanChange:
    """Approve (the new version is frozen, in force from tomorrow) or refuse; a refusal needs an answer.

    Raises Forbidden, Conflict, or ActionError under `answer`.
    """
    project = _locked(change.project)
    change = PlanChange.objects.select_related("plan").get(pk=change.pk)
    if by.user is None or not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    to = State.APPROVED if approve else State.REFUSED
    if change.state == to:
        return change
    if change.state != State.REQUESTED:
        raise Conflict(f"这份申请“{change.get_state_display()}”，不能再审批。", code="illegal_step")
    answer = clean_text(answer)
    if len(answer) > REASON_LIMIT or not (approve or answer):
        message = f"最多 {REASON_LIMIT} 字。" if answer else "请写明不同意的原因。"
        raise ActionError(message, fields={"answer": [message]})
    if approve:
        _put_in_force(project, change, by)
    change.state, change.answer = to, answer
    change.decided_at, change.decided_by = days.now(), by.user
    change.save(update_fields=["state", "answer", "decided_at", "decided_by"])
    audit.record(by=by, action=f"projects.plan_change.{to}", obj=change, after={"answer": answer})
    _tell_authors(change, f"{kind_words(change)}{change.get_state_display()}：{project}", answer)
    return change


@transaction.atomic
def take_back(*, change: PlanChange, by: Actor) -> PlanChange:
    """The secretary takes an undecided request back."""
    project = _locked(change.project)
    change = PlanChange.objects.get(pk=change.pk)
    if by.user is None or not rules.can_request_plan_change(by.user, project):
        raise Forbidden("由本项目的领题书记撤回。")
    if change.state == State.TAKEN_BACK:
        return change
    if change.state != State.REQUESTED:
        raise Conflict(f"这份申请“{change.get_state_display()}”，不能撤回。", code="illegal_step")
    change.state = State.TAKEN_BACK
    change.save(update_fields=["state"])
    audit.record(by=by, action="projects.plan_change.taken_back", obj=change)
    return change


def drop_open_change(*, project: Project, answer: str, by: Actor) -> None:
    """Refuse what is still asked for, once the project is over; part of the caller's transaction."""
    for change in project.plan_changes.filter(state=State.REQUESTED):
        change.state, change.answer = State.REFUSED, answer
        change.decided_at, change.decided_by = days.now(), by.user
        change.save(update_fields=["state", "answer", "decided_at", "decided_by"])
        audit.record(by=by, action="projects.plan_change.refused", obj=change, after={"answer": answer})


def base_plan(project: Project, before: Plan | None = None) -> Plan | None:
    """The latest frozen version: what a change starts from. `before`: the one that this version was to replace."""
    frozen = project.plans.exclude(frozen_on=None)
    if before is not None:
        frozen = frozen.filter(version__lt=before.version)
    return frozen.order_by("-version").first()


def latest_end(project: Project) -> date:
    """The latest day to which the project may be extended by the season's rule."""
    return days.add_months(project.ends_on, project.season.extension_months)


def last_day_to_extend(project: Project) -> date:
    """Until when an extension changes no finished day: the due day of the first report that it would ask for anew."""
    return due_day(days.add_months(project.ends_on, 1), rules_of(project.season))


def why_no_extension(project: Project) -> str:
    """Why the project cannot be extended today, in words; empty if it can."""
    if project.plan_changes.filter(state=State.APPROVED, new_end__isnull=False).exists():
        return "一个项目只能延期一次。"
    if days.today() > last_day_to_extend(project):
        return f"延期应在 {last_day_to_extend(project)} 以前办理，现在不能再延期。"
    return ""


def kind_words(change: PlanChange) -> str:
    return "延期" if change.new_end else "计划变更"


def address(change: PlanChange) -> str:
    return reverse("projects:plan_change", args=[change.project.code, change.pk])


def _put_in_force(project: Project, change: PlanChange, by: Actor) -> None:
    _refuse_state(project)
    if change.new_end and (message := why_no_extension(project)):
        raise Conflict(message, code="not_extensible")
    plan, base = change.plan, base_plan(project)
    day = days.today() + timedelta(days=1)
    # A plan that is to come (of a project not yet started, or approved today) must not overtake the newer one.
    plan.effective_from = max(day, base.effective_from + timedelta(days=1)) if base else day
    plan.save(update_fields=["effective_from"])
    plans.freeze_plan(plan=plan, by=by)
    if change.new_end:
        before, project.ends_on = project.ends_on, change.new_end
        project.save(update_fields=["ends_on"])
        audit.record(
            by=by,
            action="projects.project.extended",
            obj=project,
            before={"ends_on": before.isoformat()},
            after={"ends_on": change.new_end.isoformat()},
        )


def _refuse_state(project: Project) -> None:
    if project.state not in CHANGEABLE:
        raise Conflict(f"项目当前为“{project.get_state_display()}”，不能变更计划。", code="illegal_step")


def _extension_errors(project: Project, new_end: date | None) -> dict[str, list[str]]:
    if new_end is None:
        return {}
    message = why_no_extension(project)
    if not message and new_end <= project.ends_on:
        message = f"应晚于现在的完成时限 {project.ends_on}；不延期请留空。"
    elif not message and new_end > latest_end(project):
        message = f"最多延期 {project.season.extension_months} 个月，即不晚于 {latest_end(project)}。"
    return {"new_end": [message]} if message else {}


def _same_items(plan: Plan, items: Sequence[ItemInput]) -> bool:
    """Whether these are the plan's items; a new milestone is the same if its name is."""
    now = {_row(item.milestone.title, item) for item in plan.items.select_related("milestone")}
    return now == {_row(item.milestone.title if item.milestone else item.title, item) for item in items}


def _row(title: str, item: PlanItem | ItemInput) -> tuple[str, int, date, date]:
    return title, item.weight, item.start, item.due


def _tell_authors(change: PlanChange, title: str, body: str) -> None:
    project = change.project
    notices.send(
        kind="plan_change_decided",
        obj=change,
        period=change.state,
        recipients=people.authors_of(project.lead_organization_id, project.lead_secretary_id),
        title=title,
        body=body,
        url=address(change),
    )


def _locked(project: Project) -> Project:
    return Project.objects.select_for_update(of=("self",)).select_related("season").get(pk=project.pk)
