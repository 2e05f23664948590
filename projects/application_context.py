"""What the application's pages show, put together from the models; no rule and no change lives here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from common import days, files
from organizations.models import Organization
from projects import application_window, applications, rules
from projects.application_fields import LABELS, TEXT_LIMIT, TEXTS
from projects.application_forms import ApplicationForm
from projects.application_pages import by_field, sections
from projects.models import Application, ApplicationComment, Attachment, Project, Season

State = Project.State


@dataclass(frozen=True, slots=True)
class Opening:
    """A season in which an organization may apply, or why it may not; with the applications that it has there."""

    season: Season
    organization: Organization
    until: date | None
    why_closed: str
    projects: list[Project]
    continuable: list[Project]

    @property
    def may_start(self) -> bool:
        taken = any(project.state not in applications.GONE for project in self.projects)
        return not self.why_closed and not (taken and self.season.one_project_per_organization)


def applying(organizations: Sequence[Organization]) -> dict[str, Any]:
    """Every season that takes, will take or just took applications, by organization."""
    today = days.today()
    seasons = Season.objects.filter(ends_on__gte=today).exclude(apply_from=None).select_related("announcement")
    openings = [
        Opening(
            season=season,
            organization=organization,
            until=application_window.deadline(season, organization),
            why_closed=application_window.why_closed(season, organization),
            projects=list(
                Project.objects.filter(season=season, lead_organization=organization, application__isnull=False)
            ),
            continuable=list(applications.continuable(season, organization)[:5]),
        )
        for season in seasons
        for organization in organizations
    ]
    return {"openings": openings, "crumbs": [("我的工作台", reverse("workspace:desk")), ("申报", "")]}


def writing(request: HttpRequest, application: Application, form: ApplicationForm) -> dict[str, Any]:
    """The form with comments at their fields, the files, and the buttons of whoever looks."""
    project, user = application.project, request.user
    comments = by_field(released(project))
    groups, is_new = form.groups, project.state == State.DRAFT
    return {
        **_heading(project),
        "application": application,
        "form": form,
        "groups": groups,
        "texts": [{"field": form[name], "comments": comments.get(name, [])} for name in TEXTS],
        "text_limit": TEXT_LIMIT,
        "comments": comments,
        "general_comments": comments.get("", []),
        "files": files_of(project),
        "accept": files.ACCEPT,
        "accepted_text": files.accepted_text(),
        "until": application_window.deadline(project.season, project.lead_organization) if is_new else None,
        "returned": last_return(project),
        "hand_over": rules.is_clerk(user, project) and not application.with_secretary,  # type: ignore[arg-type]
        "give_back": rules.is_lead_secretary(user, project) and application.with_secretary,  # type: ignore[arg-type]
        "submit": rules.is_lead_secretary(user, project),  # type: ignore[arg-type]
        "answers": {},
    }


def reading(request: HttpRequest, application: Application) -> dict[str, Any]:
    """What was sent last, or the draft to somebody who may not write it now."""
    project = application.project
    version = project.versions.order_by("-number").first()
    content = version.content if version else application.content
    user: Any = request.user
    return {
        **_heading(project),
        "application": application,
        "version": version,
        "versions": project.versions.count(),
        "sections": sections(
            content, comments=by_field(released(project)), season=project.season, files=files_of(project)
        ),
        "returned": last_return(project),
        "withdraw": project.state in (State.SUBMITTED, State.DRAFT) and rules.is_lead_secretary(user, project),
        "screening": rules.can_manage_project(user, project) and version is not None,
    }


def released(project: Project) -> list[ApplicationComment]:
    """The comments that have reached the applicant, in the form's order."""
    order = {name: turn for turn, name in enumerate(LABELS)}
    rows = project.application_comments.exclude(released_at=None).select_related("version")
    return sorted(rows, key=lambda comment: (order.get(comment.field, -1), comment.pk))


def files_of(project: Project) -> list[Attachment]:
    rows = project.attachments.filter(purpose=Attachment.Purpose.STUDY_RECORD)
    return list(rows.select_related("file__owner__person"))


def last_return(project: Project) -> Any:
    """The latest step back to the applicant, if the application is there now."""
    if project.state not in (State.RETURNED_REVISE, State.RETURNED_REDRAFT, State.REJECTED):
        return None
    return project.state_changes.filter(to_state=project.state).order_by("-id").first()


def _heading(project: Project) -> dict[str, Any]:
    return {
        "project": project,
        "title": project.title,
        "kicker": f"{project.season.name} · {project.lead_organization.name}",
        "crumbs": [
            ("我的工作台", reverse("workspace:desk")),
            ("申报", reverse("projects:apply")),
            (project.title, ""),
        ],
    }
