"""Rare corrections by a system administrator.

Each form runs the same action as everything else, so that its rule holds and its audit entry is written.
Nothing is deleted here: posts and grants end, organizations are dissolved, accounts are closed.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from common import audit, days
from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from organizations import actions
from organizations.models import Appointment, Organization, Person, RoleGrant, User


class ActingForm(forms.ModelForm):
    """A form that is saved by an action (`act`); what the action refuses stands beside its fields."""

    request: HttpRequest

    def act(self) -> Any:
        raise NotImplementedError

    def _post_clean(self) -> None:
        """Shape only: the instance stays as it is, the action changes and validates the row."""

    def clean(self) -> dict[str, Any]:
        if refusal := getattr(self.request, "refusal", None):
            add_action_error(self, refusal)
        return self.cleaned_data

    def save(self, commit: bool = True) -> Any:
        self.save_m2m = lambda: None  # type: ignore[method-assign]
        return self.instance


class ActingAdmin(admin.ModelAdmin):
    form = ActingForm
    actions: Any = None

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, change=change, **kwargs)
        return type(made.__name__, (made,), {"request": request})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ActionError as error:
            # All is rolled back; once more, this time to show the filled form with what was refused.
            request.refusal = error  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.pk = form.act().pk
        obj.refresh_from_db()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PersonForm(ActingForm):
    def act(self) -> Person:
        person = self.instance
        before = Person.objects.filter(pk=person.pk).values_list("name", flat=True).first()
        person.name = self.cleaned_data["name"]
        person.save()
        audit.record(
            by=Actor.from_request(self.request),
            action="organizations.person.saved",
            obj=person,
            before={"name": before} if before else {},
            after={"name": person.name},
        )
        return person


@admin.register(Person)
class PersonAdmin(ActingAdmin):
    form = PersonForm
    search_fields = ("name",)


class UserForm(ActingForm):
    initial_password = forms.CharField(
        label="初始密码",
        required=False,
        strip=False,
        help_text="新建账号必填；已有账号填写后即重设，对方下次登录须修改。",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def act(self) -> User:
        by, values = Actor.from_request(self.request), self.cleaned_data
        password, user = values["initial_password"], self.instance
        if user.pk is None:
            if not password:
                raise ActionError("请填写初始密码。", fields={"initial_password": ["请填写初始密码。"]})
            account = {name: values[name] for name in ("person", "username", "email")}
            return actions.create_account(password=password, by=by, **account)
        actions.edit_account(user=user, email=values["email"], by=by)
        if password:
            actions.reset_password(user=user, password=password, by=by)
        switch = actions.activate_account if values["is_active"] else actions.deactivate_account
        return switch(user=user, by=by)


@admin.register(User)
class UserAdmin(ActingAdmin):
    form = UserForm
    list_display = ("username", "person", "is_active", "is_sample", "must_change_password")
    search_fields = ("username", "person__name")
    autocomplete_fields = ("person",)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fields = ("username", "person", "email", "initial_password")
        return (*fields, "is_active") if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return ("username", "person") if obj else ()


class OrganizationForm(ActingForm):
    parent = forms.ModelChoiceField(Organization.objects.standing(), label="上级党组织", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.parent_path:
            above = Organization.objects.filter(path=self.instance.parent_path)
            self.fields["parent"].queryset = Organization.objects.standing() | above  # type: ignore[attr-defined]
            self.initial["parent"] = above.first()

    def act(self) -> Organization:
        by, values = Actor.from_request(self.request), dict(self.cleaned_data)
        parent, dissolved_on = values.pop("parent"), values.pop("dissolved_on", None)
        if self.instance.pk is None:
            return actions.add_organization(parent=parent, by=by, **values)
        organization = actions.edit_organization(organization=self.instance, by=by, **values)
        if parent is not None:
            organization = actions.move_organization(organization=organization, parent=parent, by=by)
        if dissolved_on:
            organization = actions.dissolve_organization(organization=organization, on=dissolved_on, by=by)
        return organization


@admin.register(Organization)
class OrganizationAdmin(ActingAdmin):
    form = OrganizationForm
    list_display = ("name", "kind", "sector", "code", "dissolved_on")
    list_filter = ("kind", "sector")
    search_fields = ("name", "short_name", "code")

    def get_fields(self, request: HttpRequest, obj: Organization | None = None) -> tuple[str, ...]:
        fields = ("parent", "name", "short_name", "kind", "sector", "code", "founded_on")
        return (*fields, "dissolved_on") if obj else fields


class DatedForm(ActingForm):
    """A new row by `begin`; of an old one only its end may be set."""

    def act(self) -> Any:
        values, by = self.cleaned_data, Actor.from_request(self.request)
        if self.instance.pk is None:
            return self.begin(by=by, **values)
        return self.end(by=by, until=values.get("until"))

    def begin(self, **values: Any) -> Any:
        raise NotImplementedError

    def end(self, *, by: Any, until: Any) -> Any:
        raise NotImplementedError


class DatedAdmin(ActingAdmin):
    search_fields = ("person__name", "organization__name")
    autocomplete_fields = ("person", "organization")
    list_select_related = ("person", "organization")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(str(name) for name in self.fields or () if name != "until") if obj else ()


class AppointmentForm(DatedForm):
    def begin(self, **values: Any) -> Appointment:
        return actions.appoint(**values)

    def end(self, *, by: Any, until: Any) -> Appointment:
        if until is None:
            return self.instance
        return actions.end_appointment(appointment=self.instance, until=until, by=by)


@admin.register(Appointment)
class AppointmentAdmin(DatedAdmin):
    form = AppointmentForm
    fields = ("person", "organization", "post", "since", "until")
    list_display = fields


class RoleGrantForm(DatedForm):
    def begin(self, **values: Any) -> RoleGrant:
        return actions.grant_role(**values)


@admin.register(RoleGrant)
class RoleGrantAdmin(DatedAdmin):
    form = RoleGrantForm
    fields = ("person", "role", "organization", "since", "until")
    list_display = fields
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: RoleGrant | None = None) -> bool:
        return obj is None and super().has_change_permission(request)

    @admin.action(description="立即撤销所选角色", permissions=["change"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[RoleGrant]) -> None:
        for grant in chosen.in_force(days.today()):  # type: ignore[attr-defined]
            try:
                actions.revoke_role(grant=grant, by=Actor.from_request(request))
            except ActionError as error:
                self.message_user(request, error.message, messages.ERROR)
