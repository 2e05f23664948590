"""Administration pages of what no action owns: every change leaves an audit entry, nothing is deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from common import audit
from common.actors import Actor


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Records the changed fields before and after, and which of the rows below were touched."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        touched = [formset.prefix for formset in formsets if formset.has_changed()]
        if not (form.changed_data or touched):
            return
        obj = form.instance
        audit.record(
            by=Actor.from_request(request, "admin"),
            action=f"{obj._meta.app_label}.{obj._meta.model_name}.{'edited' if change else 'added'}",
            obj=obj,
            before={name: str(form.initial.get(name)) for name in form.changed_data} if change else {},
            after={name: str(form.cleaned_data[name]) for name in form.changed_data}
            | ({"related": touched} if touched else {}),
        )
