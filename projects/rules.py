"""Who may do what with projects and reports; pages, API, templates and actions all ask here."""

from __future__ import annotations

from common.models import Picture, StoredFile
from organizations.access import access_of
from organizations.models import User
from projects.models import Application, ProgressReport, Project, Review
from projects.states import WRITABLE

# The steps of a project that are its secretary's.
SECRETARYS = (Project.State.SUBMITTED, Project.State.CLOSING)
State = ProgressReport.State


def is_lead_secretary(user: User, project: Project) -> bool:
    """The project's own secretary (领题书记), while in any post as secretary today."""
    access = access_of(user)
    return access.person_id == project.lead_secretary_id and bool(access.secretary_of)


def is_clerk(user: User, project: Project) -> bool:
    """A clerk (党务干事) of exactly the lead organization."""
    return access_of(user).is_clerk_of(project.lead_organization_id)


def can_draft_report(user: User, project: Project) -> bool:
    return is_lead_secretary(user, project) or is_clerk(user, project)


def can_edit_report(user: User, report: ProgressReport) -> bool:
    """The clerk until the hand-over, the secretary until the sending; both again after a return."""
    if report.state in (State.DRAFT, State.RETURNED):
        return can_draft_report(user, report.project)
    return report.state == State.HANDED_OVER and is_lead_secretary(user, report.project)


def can_hand_over_report(user: User, report: ProgressReport) -> bool:
    return is_clerk(user, report.project)


def can_give_back_report(user: User, report: ProgressReport) -> bool:
    return is_lead_secretary(user, report.project)


def can_submit_report(user: User, report: ProgressReport) -> bool:
    """Only the lead secretary sends (一把手亲自抓)."""
    return is_lead_secretary(user, report.project)


def can_manage_project(user: User, project: Project) -> bool:
    """What the department does with a project; nobody decides on one of his own, in office or not."""
    access = access_of(user)
    return access.is_officer and access.person_id != project.lead_secretary_id


def can_decide_report(user: User, report: ProgressReport) -> bool:
    """Only the department confirms or returns."""
    return can_manage_project(user, report.project)


def can_apply_for(user: User, organization_id: int) -> bool:
    """The organization's own secretary or clerk writes its application."""
    access = access_of(user)
    return access.is_secretary_of(organization_id) or access.is_clerk_of(organization_id)


def can_edit_application(user: User, application: Application) -> bool:
    """Both while the clerk has it; the secretary alone once it was handed over; nobody after the sending."""
    project = application.project
    if project.state not in WRITABLE:
        return False
    if is_lead_secretary(user, project):
        return True
    return is_clerk(user, project) and not application.with_secretary


def can_take_step(user: User, project: Project, to: str) -> bool:
    """Whose step it is: the secretary sends, withdraws an application, asks to close; the rest is the department's."""
    if to in SECRETARYS or (to == Project.State.WITHDRAWN and project.archive_number is None):
        return is_lead_secretary(user, project)
    return can_manage_project(user, project)


def can_manage_seasons(user: User) -> bool:
    """The department opens the year and sets its rules."""
    return access_of(user).is_officer


def can_import_projects(user: User) -> bool:
    """A season's projects come in from a workbook by the department only."""
    return access_of(user).is_officer


def can_request_plan_change(user: User, project: Project) -> bool:
    return is_lead_secretary(user, project)


def can_edit_closing(user: User, project: Project) -> bool:
    """The secretary and the clerk write the closing report while the project runs."""
    return project.state == Project.State.RUNNING and can_draft_report(user, project)


def can_read_package(user: User, project: Project) -> bool:
    """The department, and the project's own secretary and clerk, who get it without the reviewers' papers."""
    return can_manage_project(user, project) or can_draft_report(user, project)


def can_read_file(user: User, stored: StoredFile) -> bool | None:
    """A project's document is read by whoever has the project in scope, and by the reviewers of its application."""
    project = Project.objects.filter(attachments__file=stored)
    if project.visible_to(user).exists():
        return True
    return Review.objects.of_reviewer(user).filter(screening__project__in=project).exists() or None


def sees_picture(user: User, picture: Picture) -> bool | None:
    """A report's photo is seen by whoever sees the report."""
    return ProgressReport.objects.visible_to(user).filter(photos__picture=picture).exists() or None
