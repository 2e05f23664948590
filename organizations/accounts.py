"""Accounts: opening, password, closing. Every step leaves an audit entry that never holds a password."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction
from rest_framework.authtoken.models import Token

from common import audit, days
from common.actors import Actor
from common.errors import ActionError, Forbidden
from organizations import rules
from organizations.models import Person, RoleGrant, User


@transaction.atomic
def create_account(
    *, person: Person, username: str, password: str | None, by: Actor, is_sample: bool = False, email: str = ""
) -> User:
    """An account for a person; its first login asks for a new password, except for sample accounts.

    A sample account without a password (None) can't be logged in to.

    Raises ActionError for a taken name, a person who has an account, or (not for samples) a weak password.
    """
    require(by, rules.can_manage_accounts)
    user = User(
        username=User.normalize_username(username.strip()),
        person=person,
        email=email,
        is_sample=is_sample,
        must_change_password=not is_sample,
    )
    try:
        user.full_clean(exclude={"password"})
    except ValidationError as error:
        fields = {name: list(map(str, texts)) for name, texts in error.message_dict.items()}
        raise ActionError(next(iter(fields.values()))[0], fields=fields) from None
    if not is_sample:
        _refuse_weak(password or "", user)
    user.set_password(password)
    user.save()
    audit.record(
        by=by,
        action="organizations.account.created",
        obj=user,
        after={"username": user.username, "person": person.name, "is_sample": is_sample},
    )
    return user


@transaction.atomic
def change_password(*, user: User, password: str, by: Actor) -> User:
    """Set one's own new password; tokens got by the old one end. Raises ActionError if it is weak."""
    if by.user is not None and by.user.pk != user.pk:
        raise Forbidden("只能修改自己的密码。")
    _refuse_weak(password, user)
    return _set_password(user, password, must_change=False, action="organizations.account.password_changed", by=by)


@transaction.atomic
def reset_password(*, user: User, password: str, by: Actor) -> User:
    """Give somebody a new initial password, to be changed at the next login (not by sample accounts)."""
    require(by, rules.can_manage_accounts)
    _refuse_weak(password, user)
    return _set_password(
        user, password, must_change=not user.is_sample, action="organizations.account.password_reset", by=by
    )


@transaction.atomic
def deactivate_account(*, user: User, by: Actor) -> User:
    """Close an account; its sessions and tokens end. Raises ActionError for the last administrator."""
    require(by, rules.can_manage_accounts)
    user = User.objects.select_for_update(of=("self",)).select_related("person").get(pk=user.pk)
    if not user.is_active:
        return user
    if rules.can_manage_accounts(user):
        refuse_last_administrator(user.person)
    return _set_active(user, False, "organizations.account.deactivated", by)


@transaction.atomic
def edit_account(*, user: User, email: str, by: Actor) -> User:
    """Change where an account's notices are mailed."""
    require(by, rules.can_manage_accounts)
    before, user.email = User.objects.get(pk=user.pk).email, email
    if before != email:
        user.save(update_fields=["email"])
        after = {"email": email}
        audit.record(by=by, action="organizations.account.edited", obj=user, before={"email": before}, after=after)
    return user


@transaction.atomic
def activate_account(*, user: User, by: Actor) -> User:
    """Open a closed account again; what it may do follows from the posts of that day."""
    require(by, rules.can_manage_accounts)
    return user if user.is_active else _set_active(user, True, "organizations.account.activated", by)


def refuse_last_administrator(person: Person) -> None:
    """Raise ActionError if nobody but `person` could administer the system any more; under a lock."""
    # Whoever asks this waits here, so that the last two cannot remove each other at the same moment.
    list(RoleGrant.objects.select_for_update().filter(role=RoleGrant.Role.SYSTEM_ADMINISTRATOR))
    grants = RoleGrant.objects.filter(role=RoleGrant.Role.SYSTEM_ADMINISTRATOR, organization=None).in_force()
    if not grants.exclude(person=person).filter(person__user__is_active=True).exists():
        raise ActionError("这是最后一位系统管理员，请先授权另一位。", code="last_administrator")


def require(by: Actor, rule: Callable[[User], bool], message: str = "您没有办理这一事项的权限。") -> None:
    """Raise Forbidden unless the rule lets the actor's user, or the actor is the system."""
    if by.user is not None and not rule(by.user):
        raise Forbidden(message)


def _set_active(user: User, active: bool, action: str, by: Actor) -> User:
    user.is_active = active
    user.save(update_fields=["is_active"])
    Token.objects.filter(user=user).delete()
    audit.record(by=by, action=action, obj=user, before={"active": not active}, after={"active": active})
    return user


def _set_password(user: User, password: str, *, must_change: bool, action: str, by: Actor) -> User:
    user.set_password(password)
    user.must_change_password = must_change
    user.password_changed_at = days.now()
    user.save(update_fields=["password", "must_change_password", "password_changed_at"])
    Token.objects.filter(user=user).delete()
    audit.record(by=by, action=action, obj=user)
    return user


def _refuse_weak(password: str, user: User) -> None:
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise ActionError(error.messages[0], code="weak_password", fields={"password": error.messages}) from None
