"""Who may do what with projects and reports; pages, API, templates and actions all ask here."""

from __future__ import annotations

from common.models import Picture
from organizations.access import access_of
from organizations.models import User
from projects.models import ProgressReport, Project

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


def sees_picture(user: User, picture: Picture) -> bool | None:
    """A report's photo is seen by whoever sees the report."""
    return ProgressReport.objects.visible_to(user).filter(photos__picture=picture).exists() or None
