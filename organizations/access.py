"""What a person may reach today: computed from posts and role grants in force, once a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q

from common import days
from organizations.models import Appointment, RoleGrant

Role = RoleGrant.Role
Post = Appointment.Post


@dataclass(frozen=True, slots=True)
class OrgRef:
    """An organization as access needs it: key, path (a subtree is its prefix), kind."""

    id: int
    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Access:
    person_id: int | None = None
    day: date = field(default_factory=days.today)
    district_roles: frozenset[str] = frozenset()
    granted: tuple[tuple[str, OrgRef], ...] = ()
    secretary_of: tuple[OrgRef, ...] = ()
    clerk_of: tuple[OrgRef, ...] = ()

    def has(self, role: str) -> bool:
        """Whether the role is held over the whole district."""
        return role in self.district_roles

    @property
    def is_officer(self) -> bool:
        return self.has(Role.DEPARTMENT_OFFICER)

    @property
    def is_leader(self) -> bool:
        return self.has(Role.DISTRICT_LEADER)

    @property
    def is_system_administrator(self) -> bool:
        return self.has(Role.SYSTEM_ADMINISTRATOR)

    @property
    def is_auditor(self) -> bool:
        return self.has(Role.AUDITOR)

    @property
    def reads_everything(self) -> bool:
        return self.is_officer or self.is_leader

    @property
    def reads_projects(self) -> bool:
        """Whether any project can be in the person's scope."""
        return self.reads_everything or bool(self.roots)

    def is_secretary_of(self, organization_id: int) -> bool:
        return any(ref.id == organization_id for ref in self.secretary_of)

    def is_clerk_of(self, organization_id: int) -> bool:
        return any(ref.id == organization_id for ref in self.clerk_of)

    @property
    def roots(self) -> tuple[OrgRef, ...]:
        """The organizations whose subtrees the person sees."""
        readers = {Role.DEPARTMENT_OFFICER, Role.DISTRICT_LEADER}
        return (
            *self.secretary_of,
            *self.clerk_of,
            *(ref for role, ref in self.granted if role in readers),
        )

    def scope(self, prefix: str) -> Q:
        """Rows whose organization (reached by `prefix`, "" for itself) lies in the person's scope."""
        if self.reads_everything:
            return Q()
        path = f"{prefix}__path__startswith" if prefix else "path__startswith"
        q = Q(pk__in=[])
        for ref in self.roots:
            q |= Q(**{path: ref.path})
        return q


NOBODY = Access()


def access_of(user: Any) -> Access:
    """The access of a user today (two queries, then kept on the user object for the day)."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return NOBODY
    kept: Access | None = getattr(user, "_access", None)
    if kept is None or kept.day != days.today():
        kept = user._access = _read(user.person_id)
    return kept


def _read(person_id: int) -> Access:
    day = days.today()
    appointments = Appointment.objects.filter(person_id=person_id).in_force(day).select_related("organization")
    grants = RoleGrant.objects.filter(person_id=person_id).in_force(day).select_related("organization")
    posts = [(a.post, _ref(a.organization)) for a in appointments if a.organization.dissolved_on is None]
    return Access(
        person_id=person_id,
        day=day,
        district_roles=frozenset(g.role for g in grants if g.organization_id is None),
        granted=tuple(
            (g.role, _ref(g.organization))
            for g in grants
            if g.organization_id is not None and g.organization.dissolved_on is None
        ),
        secretary_of=tuple(ref for post, ref in posts if post == Post.SECRETARY),
        clerk_of=tuple(ref for post, ref in posts if post == Post.CLERK),
    )


def _ref(organization: Any) -> OrgRef:
    return OrgRef(id=organization.pk, path=organization.path, kind=organization.kind)
