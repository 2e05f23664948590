"""Who may do what with liaison cases."""

from __future__ import annotations

from evaluation.tracking.models import LiaisonCase
from organizations.access import access_of
from organizations.models import User
from projects.rules import can_manage_project


def can_manage_case(user: User, case: LiaisonCase) -> bool:
    """Assign the contact, close: the department, but never for a project of one's own."""
    return can_manage_project(user, case.project)


def can_visit(user: User, case: LiaisonCase) -> bool:
    """Record a visit: the contact officer and the department."""
    access = access_of(user)
    is_contact = access.person_id is not None and access.person_id == case.contact_id
    is_lead = access.person_id == case.project.lead_secretary_id
    return can_manage_case(user, case) or (is_contact and not is_lead)
