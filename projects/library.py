"""Into the library (建库立档): archive number, frozen plan, start; and the public fields through their review."""

from __future__ import annotations

import re
from datetime import date

from django.db import transaction
from django.urls import reverse

from brands.models import Tier
from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.publication import Publisher
from common.text import clean_text
from organizations import people
from organizations.models import User
from projects import actions, plans, rules
from projects.models import Project, Track

State = Project.State
SUMMARY_LIMIT = 300
PLACE = re.compile(r"\{(year|track|number)(?:(?<=number):0?[1-9])?\}")
START = Actor.system("start_projects")


def number_words(pattern: str, *, year: int, track: str, number: int) -> str:
    """The archive number (档号) by the season's format. Raises ActionError if the format cannot be used.

    The format must name the track and the number, or two projects would get the same words.
    """
    named = set(PLACE.findall(pattern))
    plain = not set("{}") & set(PLACE.sub("", pattern))  # nothing else is ever given to `format`
    words = pattern.format(year=year, track=track, number=number) if plain else ""
    if not 0 < len(words) <= 40 or not {"track", "number"} <= named:
        message = "档号格式应含 {track} 和 {number:03} 这样的占位，生成的档号不超过 40 字。"
        raise ActionError(message, code="archive_number_format", fields={"archive_number_format": [message]})
    return words


@transaction.atomic
def approve_project(*, project: Project, by: Actor, reason: str = "") -> Project:
    """Approve an application in review: the next number of its track, the plan frozen, the project started if due.

    The number is taken under the track's lock in the same transaction, so numbers have neither gaps nor doubles.
    Raises Conflict, Forbidden, or ActionError if there is no plan to freeze.
    """
    project = Project.objects.select_for_update().get(pk=project.pk)
    if project.archive_number is not None:
        return project
    plan = project.plans.filter(frozen_on=None).order_by("-version").first()
    if plan is None:
        raise ActionError("这个项目还没有里程碑计划，不能立项。", code="no_plan")
    if project.state != State.IN_REVIEW:
        raise Conflict(f"项目当前为“{project.get_state_display()}”，不能立项。", code="illegal_step")
    _take_number(project)
    actions.change_state(project=project, to=State.APPROVED, by=by, reason=reason)
    plans.freeze_plan(plan=plan, by=by)
    notices.send(
        kind="project_approved",
        obj=project,
        period="",
        recipients=people.authors_of(project.lead_organization_id, project.lead_secretary_id),
        title=f"已立项：{project}（{project.archive_number}）",
        url=reverse("workspace:project", args=[project.code]),
    )
    if project.starts_on <= days.today():
        actions.change_state(project=project, to=State.RUNNING, by=START)
    return project


def _take_number(project: Project) -> None:
    track = Track.objects.select_for_update().get(pk=project.track_id)
    track.last_number += 1
    words = number_words(
        project.season.archive_number_format,
        year=project.season.starts_on.year,
        track=track.archive_code or track.code.upper(),
        number=track.last_number,
    )
    if other := Project.objects.filter(archive_number=words).first():
        message = f"档号“{words}”已由“{other}”使用，请先调整本年度的档号格式或赛道代号。"
        raise Conflict(message, code="archive_number_taken", fields={"archive_number_format": [message]})
    track.save(update_fields=["last_number"])
    project.archive_number, project.archive_sequence = words, track.last_number
    project.approved_on = days.today()
    project.save(update_fields=["archive_number", "archive_sequence", "approved_on"])


def start_due_projects(day: date) -> int:
    """Start every approved project whose first day has come; how many. Safe to run again."""
    due = Project.objects.filter(state=State.APPROVED, starts_on__lte=day).order_by("pk")
    started = 0
    for project in due:
        with transaction.atomic():
            locked = Project.objects.select_for_update().get(pk=project.pk)
            if locked.state == State.APPROVED:
                actions.change_state(project=locked, to=State.RUNNING, by=START)
                started += 1
    return started


def clean_public(project: Project, content: dict[str, str]) -> dict[str, str]:
    """The public wording of a project: one paragraph. Raises ActionError under `summary`."""
    summary = " ".join(clean_text(str(content.get("summary") or "")).split())
    message = ""
    if not summary:
        message = "请填写公开简介。"
    elif len(summary) > SUMMARY_LIMIT:
        message = f"公开简介最多 {SUMMARY_LIMIT} 字，现在是 {len(summary)} 字。"
    elif project.archive_number is None:
        message = "立项以后才能公开。"
    if message:
        raise ActionError(message, fields={"summary": [message]})
    return {"summary": summary}


def show_publicly(project: Project, content: dict[str, str], by: Actor) -> None:
    """What `common.publication` calls once all four steps are done."""
    project = Project.objects.select_for_update().get(pk=project.pk)
    project.summary = content["summary"]
    project.save(update_fields=["summary"])
    actions.publish_project(project=project, by=by)


def take_down(project: Project, by: Actor) -> None:
    """Hide the project from the public again."""
    project = Project.objects.select_for_update().get(pk=project.pk)
    before, project.published_on = str(project.published_on), None
    project.save(update_fields=["published_on"])
    audit.record(by=by, action="projects.project.unpublished", obj=project, before={"published_on": before})


@transaction.atomic
def set_tier(*, project: Project, tier: str, reason: str, by: Actor) -> Project:
    """Place a project on the ladder (梯队). The library keeps the ladder, so an archived project can be placed too:
    its sealed package stays as it is, and the reason stands in the audit trail.

    Raises Forbidden, ActionError under `tier`.
    """
    project = Project.objects.select_for_update().get(pk=project.pk)
    if by.user is None or not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    if tier not in Tier.values:
        raise ActionError("没有这个梯队。", fields={"tier": ["没有这个梯队。"]})
    if project.tier == tier:
        return project
    before, project.tier = project.tier, tier
    project.save(update_fields=["tier"])
    after = {"tier": tier, "reason": reason}
    audit.record(by=by, action="projects.project.tier_set", obj=project, before={"tier": before}, after=after)
    return project


def _may_propose(user: User, project: Project) -> bool:
    return rules.can_draft_report(user, project) or rules.can_manage_project(user, project)


PUBLISHER = Publisher(
    model_label="projects.project",
    may_propose=_may_propose,
    may_review=rules.can_manage_project,
    publish=show_publicly,
    take_down=take_down,
    clean=clean_public,
)
