"""What happens to organizations, posts, roles and accounts; every step leaves an audit entry.

An actor without a user is the system itself (a command): no rule binds it. The accounts' part is
`organizations.accounts`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Greatest

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Forbidden
from common.text import clean_text
from organizations import rules
from organizations.accounts import (
    activate_account,
    change_password,
    create_account,
    deactivate_account,
    edit_account,
    refuse_last_administrator,
    require,
    reset_password,
)
from organizations.models import Appointment, Organization, Person, RoleGrant

__all__ = [
    "activate_account",
    "add_organization",
    "appoint",
    "change_password",
    "create_account",
    "deactivate_account",
    "dissolve_organization",
    "edit_account",
    "edit_organization",
    "end_appointment",
    "grant_role",
    "move_organization",
    "rename_organization",
    "reset_password",
    "revoke_role",
]

EDITABLE = ("name", "short_name", "kind", "sector", "code", "founded_on")


@transaction.atomic
def add_organization(*, parent: Organization | None, name: str, kind: str, by: Actor, **fields: Any) -> Organization:
    """Add an organization below `parent` (a root where that is None). Raises ActionError by field."""
    require(by, rules.can_manage_organizations)
    organization = Organization(name=clean_text(name), kind=kind, **fields)
    organization.code = organization.code or None
    _refuse_dissolved(parent)
    _validate(organization, exclude=("path", "depth", "numchild"))
    nodes = Organization.objects
    if parent is None:
        nodes.add_root(instance=organization)
    else:
        nodes.add_child(parent, instance=organization)
    after = {**_values(organization), "parent": parent.name if parent else None}
    audit.record(by=by, action="organizations.organization.added", obj=organization, after=after)
    return organization


@transaction.atomic
def edit_organization(*, organization: Organization, by: Actor, **values: Any) -> Organization:
    """Correct name, kind, sector, code or founding day. Raises ActionError by field."""
    require(by, rules.can_manage_organizations)
    organization = _locked(organization)
    before = _values(organization)
    for name, value in values.items():
        assert name in EDITABLE, name
        setattr(organization, name, clean_text(value) if isinstance(value, str) else value)
    organization.code = organization.code or None
    _validate(organization)
    after = _values(organization)
    changed = [name for name in EDITABLE if before[name] != after[name]]
    if changed:
        organization.save(update_fields=changed)
        audit.record(
            by=by,
            action="organizations.organization.edited",
            obj=organization,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return organization


def rename_organization(*, organization: Organization, name: str, short_name: str = "", by: Actor) -> Organization:
    """Give an organization another name; the audit trail keeps the former one."""
    return edit_organization(organization=organization, name=name, short_name=short_name, by=by)


@transaction.atomic
def move_organization(*, organization: Organization, parent: Organization, by: Actor) -> Organization:
    """Put an organization and its subtree below `parent`. Raises ActionError on a cycle."""
    require(by, rules.can_manage_organizations)
    # One move at a time: each rewrites the paths of a whole subtree.
    list(Organization.objects.select_for_update().filter(depth=1))
    organization.refresh_from_db()
    parent.refresh_from_db()
    if parent.path.startswith(organization.path):
        raise _refused("parent", "不能把党组织移到它自己或它的下级之下。", code="cycle")
    _refuse_dissolved(parent)
    if organization.parent_path == parent.path:
        return organization
    above = Organization.objects.filter(path=organization.parent_path).first()
    Organization.objects.move(organization, parent, "last-child")
    organization.refresh_from_db()
    audit.record(
        by=by,
        action="organizations.organization.moved",
        obj=organization,
        before={"parent": above.name if above else None},
        after={"parent": parent.name},
    )
    return organization


@transaction.atomic
def dissolve_organization(*, organization: Organization, on: date, by: Actor) -> Organization:
    """Mark an organization as dissolved; it is kept, and its posts and grants end that day.

    Its projects stay with it, and the department reads them. Raises ActionError for a day to come, one before
    the founding, or while an organization stands below it.
    """
    require(by, rules.can_manage_organizations)
    organization = _locked(organization)
    if organization.dissolved_on is not None:
        return organization
    if on > days.today():
        raise _refused("dissolved_on", "撤销日期不能晚于今天。")
    if organization.founded_on and on < organization.founded_on:
        raise _refused("dissolved_on", "撤销日期不能早于成立日期。")
    below = Organization.objects.filter(path__startswith=organization.path).exclude(pk=organization.pk)
    if below.standing().exists():
        raise _refused("dissolved_on", "它还有未撤销的下级党组织，请先处理下级。", code="has_children")
    organization.dissolved_on = on
    organization.save(update_fields=["dissolved_on"])
    for dated in (Appointment, RoleGrant):
        running = dated._default_manager.filter(Q(until=None) | Q(until__gt=on), organization=organization)
        running.update(until=Greatest("since", on))
    audit.record(by=by, action="organizations.organization.dissolved", obj=organization, after={"on": on.isoformat()})
    return organization


@transaction.atomic
def appoint(
    *,
    person: Person,
    organization: Organization,
    post: str,
    since: date,
    by: Actor,
    until: date | None = None,
) -> Appointment:
    """Give a person a post from `since`. Raises ActionError if the post is taken, Forbidden for oneself."""
    require(by, lambda user: rules.can_appoint(user, person), "不能给自己任职，请由他人办理。")
    organization = _locked(organization)
    _refuse_dissolved(organization, "organization")
    if post == Appointment.Post.SECRETARY:
        _refuse_second_secretary(organization, since, until)
    appointment = Appointment(person=person, organization=organization, post=post, since=since, until=until)
    _validate(appointment)
    appointment.save()
    audit.record(by=by, action="organizations.appointment.added", obj=appointment, after=_dated(appointment, post))
    return appointment


@transaction.atomic
def end_appointment(*, appointment: Appointment, until: date, by: Actor) -> Appointment:
    """End a post with that day; access through it ends too."""
    require(by, rules.can_manage_organizations)
    appointment = Appointment.objects.select_for_update().get(pk=appointment.pk)
    if until < appointment.since:
        raise _refused("until", "免职日期不能早于任职日期。")
    if appointment.until is not None and appointment.until <= until:
        return appointment
    before, appointment.until = appointment.until, until
    appointment.save(update_fields=["until"])
    audit.record(
        by=by,
        action="organizations.appointment.ended",
        obj=appointment,
        before={"until": before.isoformat() if before else None},
        after={"until": until.isoformat()},
    )
    return appointment


@transaction.atomic
def grant_role(
    *,
    person: Person,
    role: str,
    since: date,
    by: Actor,
    organization: Organization | None = None,
    until: date | None = None,
) -> RoleGrant:
    """Grant a role over an organization's subtree, or the district.

    Raises Forbidden to oneself, ActionError if the role is held already or excluded by another.
    """
    if by.user is not None and by.user.person_id == person.pk:
        raise Forbidden("不能给自己授权，请由另一位管理员办理。", code="own_grant")
    require(by, lambda user: rules.can_grant(user, person))
    Person.objects.select_for_update().get(pk=person.pk)
    _refuse_dissolved(organization, "organization")
    grant = RoleGrant(person=person, role=role, organization=organization, since=since, until=until)
    _refuse_held_or_apart(grant)
    _validate(grant)
    grant.save()
    audit.record(by=by, action="organizations.role.granted", obj=grant, after=_dated(grant, role))
    return grant


@transaction.atomic
def revoke_role(*, grant: RoleGrant, by: Actor) -> None:
    """Take a role away at once: it ended yesterday, or never was if it began today or later.

    Raises ActionError for the last system administrator.
    """
    require(by, rules.can_manage_accounts)
    grant = RoleGrant.objects.select_for_update(of=("self",)).select_related("person").get(pk=grant.pk)
    yesterday = days.today() - timedelta(days=1)
    if grant.until is not None and grant.until <= yesterday:
        return
    if grant.role == RoleGrant.Role.SYSTEM_ADMINISTRATOR:
        refuse_last_administrator(grant.person)
    before = _dated(grant, grant.role)
    if grant.since > yesterday:
        audit.record(by=by, action="organizations.role.revoked", obj=grant, before=before)
        grant.delete()
        return
    grant.until = yesterday
    grant.save(update_fields=["until"])
    after = _dated(grant, grant.role)
    audit.record(by=by, action="organizations.role.revoked", obj=grant, before=before, after=after)


def _refused(field: str, message: str, code: str = "invalid") -> ActionError:
    return ActionError(message, code=code, fields={field: [message]})


def _refuse_dissolved(organization: Organization | None, field: str = "parent") -> None:
    if organization is not None and organization.dissolved_on is not None:
        raise _refused(field, f"“{organization}”已于 {organization.dissolved_on} 撤销。", code="dissolved")


def _refuse_second_secretary(organization: Organization, since: date, until: date | None) -> None:
    others = Appointment.objects.filter(organization=organization, post=Appointment.Post.SECRETARY)
    others = others.filter(Q(until=None) | Q(until__gte=since))
    if until is not None:
        others = others.filter(since__lte=until)
    if other := others.select_related("person").first():
        message = f"这段时间“{other.person}”任书记，请先办理免职。"
        raise _refused("post", message, code="post_taken")


def _refuse_held_or_apart(grant: RoleGrant) -> None:
    theirs = RoleGrant.objects.filter(person=grant.person).filter(Q(until=None) | Q(until__gte=grant.since))
    if grant.until is not None:
        theirs = theirs.filter(since__lte=grant.until)
    if theirs.filter(role=grant.role, organization=grant.organization).exists():
        raise _refused("role", "此人已有这一角色。", code="role_held")
    if other := theirs.filter(role__in=rules.excluded_roles(grant.role)).first():
        message = f"“{grant.get_role_display()}”与“{other.get_role_display()}”不能由同一人担任。"
        raise _refused("role", message, code="roles_apart")


def _validate(row: Any, exclude: tuple[str, ...] = ()) -> None:
    """Ask the model's fields and constraints for their Chinese messages before the database refuses."""
    try:
        row.full_clean(exclude=set(exclude))
    except ValidationError as error:
        fields = {name or "__all__": list(map(str, texts)) for name, texts in error.message_dict.items()}
        message = next(iter(fields.values()))[0]
        raise ActionError(message, fields=fields) from None


def _locked(organization: Organization) -> Organization:
    return Organization.objects.select_for_update().get(pk=organization.pk)


def _values(organization: Organization) -> dict[str, Any]:
    values = {name: getattr(organization, name) for name in EDITABLE}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _dated(row: Appointment | RoleGrant, what: str) -> dict[str, Any]:
    return {
        "person": row.person.name,
        "organization": row.organization.name if row.organization else None,
        "what": what,
        "since": row.since.isoformat(),
        "until": row.until.isoformat() if row.until else None,
    }
