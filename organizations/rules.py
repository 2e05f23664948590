"""Who may do what with organizations, persons and accounts."""

from __future__ import annotations

from organizations.access import access_of
from organizations.models import Person, RoleGrant, User

Role = RoleGrant.Role

# System administration, audit and business are three people's (三员分立); a scrutineer watches others.
APART: dict[str, frozenset[str]] = {
    Role.SYSTEM_ADMINISTRATOR: frozenset(Role.values) - {Role.SYSTEM_ADMINISTRATOR},
    Role.AUDITOR: frozenset(Role.values) - {Role.AUDITOR},
    Role.EVALUATION_ADMINISTRATOR: frozenset({Role.SCRUTINEER}),
    Role.SCRUTINEER: frozenset({Role.EVALUATION_ADMINISTRATOR}),
}


def can_manage_accounts(user: User) -> bool:
    """Accounts and roles: system administrators only."""
    return access_of(user).is_system_administrator


def can_manage_organizations(user: User) -> bool:
    """Organizations and posts: the department, and system administrators in its admin pages."""
    access = access_of(user)
    return access.is_officer or access.is_system_administrator


def can_appoint(user: User, person: Person) -> bool:
    """Whoever manages organizations, but nobody gives a post to himself."""
    return can_manage_organizations(user) and user.person_id != person.pk


def can_grant(user: User, person: Person) -> bool:
    """System administrators, but nobody grants himself a power."""
    return can_manage_accounts(user) and user.person_id != person.pk


def excluded_roles(role: str) -> frozenset[str]:
    """The roles that nobody may hold beside `role`."""
    others = {other for other, apart in APART.items() if role in apart}
    return APART.get(role, frozenset()) | others


def can_read_audit(user: User) -> bool:
    return access_of(user).is_auditor


def role_label(user: User) -> str:
    """The person's roles and posts today, in the department's words, for the user menu."""
    access = access_of(user)
    held = access.district_roles | {role for role, _ in access.granted}
    labels = [label for role, label in Role.choices if role in held]
    labels += ["党组织书记"] if access.secretary_of else []
    labels += ["党务干事"] if access.clerk_of else []
    return "、".join(labels) or "无在任职务"


def can_load_calendar(user: User) -> bool:
    """Holidays are loaded by the department, or by the system administrator for it."""
    access = access_of(user)
    return access.is_officer or access.is_system_administrator


def can_import(user: User) -> bool:
    """Organizations and people come in from workbooks by the department only."""
    return access_of(user).is_officer
