"""Candidates (候选项目): which closed-out projects may stand, and how they come onto the list and leave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from evaluation.appraisal import rules
from evaluation.appraisal.campaigns import draft_under_lock
from evaluation.appraisal.layout import section_title
from evaluation.appraisal.models import Campaign, Candidate, Contest, ContestClass
from evaluation.appraisal.states import LOCKED
from projects.models import Project

State = Campaign.State
CLOSED_OUT = (Project.State.COMPLETED, Project.State.ARCHIVED)
REASON_LIMIT = 200


def why_not_eligible(project: Project, contest: Contest) -> str:
    """Why a project cannot stand in a contest, in words; empty if it can."""
    closing: Any = getattr(project, "closing", None)
    if project.season_id != contest.campaign.season_id:
        return "不是本年度的项目。"
    if project.track_id != contest.track_id:
        return f"不属于“{contest.track.name}”。"
    if project.state not in CLOSED_OUT or closing is None:
        return f"还没有结项（当前“{project.get_state_display()}”）。"
    if not closing.eligible:
        return f"不具备评选资格：{closing.bar_reason or '结项' + closing.get_level_display()}。"
    if project.lead_organization.dissolved_on is not None:
        return "牵头党组织已撤销。"
    return ""


@transaction.atomic
def add_candidate(*, contest_class: ContestClass, project: Project, by: Actor) -> Candidate:
    """Put a project on the list of a draft. Raises Forbidden, Conflict, ActionError under `project`."""
    campaign = draft_under_lock(contest_class.contest.campaign, by)
    if existing := campaign.candidates.filter(project=project).first():
        if existing.contest_class_id == contest_class.pk:
            return existing
        place = section_title(existing.contest_class.contest.award_title, existing.contest_class.name)
        message = f"“{project}”已在“{place}”的候选名单中。"
        raise ActionError(message, fields={"project": [message]})
    if reason := why_not_eligible(project, contest_class.contest):
        raise ActionError(f"“{project}”{reason}", code="not_eligible", fields={"project": [f"“{project}”{reason}"]})
    made = Candidate.objects.create(campaign=campaign, contest_class=contest_class, project=project)
    audit.record(by=by, action="appraisal.candidate.added", obj=made)
    return made


@transaction.atomic
def set_candidates(*, campaign: Campaign, chosen: Mapping[Project, ContestClass], by: Actor) -> Campaign:
    """The candidates of a draft, whole: who is new comes, who is not chosen goes, a class may change.

    Raises Forbidden, Conflict, ActionError with what is wrong with each project under its code; nothing changes then.
    """
    campaign = draft_under_lock(campaign, by)
    standing = {
        row.project_id: row for row in campaign.candidates.select_related("project", "contest_class").order_by("pk")
    }
    errors = {}
    for project, place in chosen.items():
        row = standing.get(project.pk)
        if row is not None and row.contest_class.contest_id == place.contest_id:
            continue  # one that lost its eligibility since may stay here: the lock refuses it
        if reason := why_not_eligible(project, place.contest):
            errors[project.code] = [f"“{project}”{reason}"]
    if errors:
        raise ActionError("候选项目有误，请按各行的提示修改。", code="not_eligible", fields=errors)
    wanted = {project.pk: place for project, place in chosen.items()}
    for key, row in standing.items():
        new = wanted.get(key)
        if new is None:
            withdraw_candidate(candidate=row, reason="", by=by)
        elif new.pk != row.contest_class_id:
            _move(row, new, by)
    for project, place in chosen.items():
        if project.pk not in standing:
            add_candidate(contest_class=place, project=project, by=by)
    return campaign


@transaction.atomic
def withdraw_candidate(*, candidate: Candidate, reason: str, by: Actor) -> Candidate | None:
    """Before the lock the row goes (None is returned); after it, until the count, the withdrawal is an addendum.

    Raises Forbidden, Conflict, ActionError under `reason`.
    """
    campaign = Campaign.objects.select_for_update().get(pk=candidate.campaign_id)
    if by.user is None or not rules.can_manage_campaign(by.user):
        raise Forbidden(rules.ADMINISTRATORS)
    reason = clean_text(reason)
    if campaign.is_draft:
        audit.record(by=by, action="appraisal.candidate.removed", obj=candidate, after={"reason": reason})
        candidate.delete()
        return None
    if campaign.state not in (State.LOCKED, State.OPEN, State.CLOSED, State.MIXED):
        raise Conflict("已经计票，候选项目不能再退出；如有问题请在公示期按异议处理。", code="illegal_step")
    if not reason or len(reason) > REASON_LIMIT:
        message = f"最多 {REASON_LIMIT} 字。" if reason else "请写明退出原因，将随补充说明公布。"
        raise ActionError(message, fields={"reason": [message]})
    candidate = Candidate.objects.select_for_update().get(pk=candidate.pk)
    if candidate.withdrawn_on is None:
        candidate.withdrawn_on, candidate.withdrawn_reason = days.today(), reason
        candidate.save(update_fields=["withdrawn_on", "withdrawn_reason"])
        audit.record(by=by, action="appraisal.candidate.withdrawn", obj=candidate, after={"reason": reason})
    return candidate


def _move(candidate: Candidate, place: ContestClass, by: Actor) -> None:
    candidate.contest_class = place
    candidate.save(update_fields=["contest_class"])
    after = {"class": section_title(place.contest.award_title, place.name)}
    audit.record(by=by, action="appraisal.candidate.moved", obj=candidate, after=after)


def standing() -> QuerySet[Candidate]:
    """The candidates of votes that are locked and not at their end, whose projects cannot be archived yet."""
    rows = Candidate.objects.filter(withdrawn_on=None, campaign__state__in=LOCKED)
    return rows.exclude(campaign__state__in=[State.FINAL, State.ARCHIVED])


def holds_project(project: Project) -> str:
    """Why a project cannot be archived yet: it stands in a vote that is not at its end. Empty if nothing holds it."""
    found = standing().filter(project=project).select_related("campaign").first()
    return f"项目正在参加“{found.campaign}”，结果生效后才能归档。" if found else ""
