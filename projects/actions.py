"""What happens to a project outside its monthly reports: creation, start, leads, contact, publication."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Forbidden
from common.transitions import move
from organizations import people
from organizations.models import Organization, Person
from projects import rules
from projects.models import LeadTerm, Project, ProjectStateChange, Track
from projects.states import PROJECT_STEPS

STEP_OF_SECRETARY = "这一步由本项目的领题书记办理。"
STEP_OF_DEPARTMENT = "这一步由区委组织部办理，且不能办理本人领题的项目。"


@transaction.atomic
def create_project(
    *, track: Track, lead_organization: Organization, lead_secretary: Person, by: Actor, **values: Any
) -> Project:
    """A draft project. Raises ActionError if the track does not admit this kind of organization."""
    if not track.admits(lead_organization):
        message = f"“{track.name}”赛道不接受这类党组织（{lead_organization.get_kind_display()}）申报。"
        raise ActionError(message, code="not_admitted", fields={"track": [message]})
    project = Project.objects.create(
        season=track.season,
        track=track,
        lead_organization=lead_organization,
        lead_secretary=lead_secretary,
        **values,
    )
    LeadTerm.objects.create(project=project, person=lead_secretary, since=days.today())
    audit.record(by=by, action="projects.project.created", obj=project, after={"title": project.title})
    return project


@transaction.atomic
def change_state(*, project: Project, to: str, by: Actor, reason: str = "") -> Project:
    """Move a project one step of its table. Raises Conflict for any other step, Forbidden for another's step."""
    before = project.state
    if to != before and to in PROJECT_STEPS[before] and by.user and not rules.can_take_step(by.user, project, to):
        raise Forbidden(STEP_OF_SECRETARY if to in rules.SECRETARYS else STEP_OF_DEPARTMENT)
    moved = move(project, to, table=PROJECT_STEPS, history=ProjectStateChange, parent="project", by=by, reason=reason)
    if moved:
        audit.record(
            by=by,
            action="projects.project.moved",
            obj=project,
            before={"state": before},
            after={"state": to, "reason": reason},
        )
    return project


@transaction.atomic
def name_contact(*, project: Project, person: Person, by: Actor) -> Project:
    """Name who keeps contact with the project should it fall behind. Raises ActionError for its own secretary."""
    project = Project.objects.select_for_update().get(pk=project.pk)
    if by.user is None or not rules.can_manage_project(by.user, project):
        raise Forbidden("由组织部指定联系人。")
    if person.pk == project.lead_secretary_id:
        message = "联系人不能是领题书记本人。"
        raise ActionError(message, fields={"contact": [message]})
    if person.pk == project.contact_id:
        return project
    before, project.contact = str(project.contact or ""), person
    project.save(update_fields=["contact"])
    entry = audit.record(
        by=by,
        action="projects.project.contact_named",
        obj=project,
        before={"contact": before},
        after={"contact": person.name},
    )
    notices.send(
        kind="project_contact",
        obj=project,
        period=str(entry.pk),  # whoever is named again later is told again
        recipients=people.accounts_of([person.pk]),
        title=f"您是联系人：{project.title}",
        body="项目滞后时由您联系，系统会提前提醒。",
        url=reverse("common:notices"),
    )
    return project


@transaction.atomic
def publish_project(*, project: Project, by: Actor) -> Project:
    """Show the project's public fields to everybody, from today."""
    if project.published_on is None:
        project.published_on = days.today()
        project.save(update_fields=["published_on"])
        audit.record(by=by, action="projects.project.published", obj=project)
    return project
