"""Whose accounts are meant by a post or a role: the recipients of notices."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from organizations.models import Appointment, Person, RoleGrant, User


def officers() -> QuerySet[User]:
    """The department's staff (组织部工作人员) of the whole district, today."""
    grants = RoleGrant.objects.filter(role=RoleGrant.Role.DEPARTMENT_OFFICER, organization=None).in_force()
    return User.objects.filter(is_active=True, person__in=grants.values("person"))


def clerks_of(organization_id: int) -> QuerySet[User]:
    """The clerks (党务干事) of exactly this organization, today."""
    posts = Appointment.objects.filter(organization=organization_id, post=Appointment.Post.CLERK).in_force()
    return User.objects.filter(is_active=True, person__in=posts.values("person"))


def accounts_of(person_ids: Iterable[int]) -> QuerySet[User]:
    """The active accounts of these persons."""
    return User.objects.filter(is_active=True, person__in=list(person_ids))


def secretary_of(organization_id: int) -> Person | None:
    """The secretary (书记) in office today of exactly this organization."""
    posts = Appointment.objects.filter(organization=organization_id, post=Appointment.Post.SECRETARY).in_force()
    return Person.objects.filter(appointments__in=posts).order_by("-appointments__since").first()


def authors_of(organization_id: int, secretary_id: int) -> list[User]:
    """Who writes for an organization: its clerks and the secretary named."""
    return [*accounts_of([secretary_id]), *clerks_of(organization_id)]


def holders_of(role: str) -> QuerySet[User]:
    """The active accounts that hold this role today."""
    grants = RoleGrant.objects.filter(role=role).in_force()
    return User.objects.filter(is_active=True, person__in=grants.values("person"))
