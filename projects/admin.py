"""The season's rules (report day, thresholds, intervals), changed by a system administrator and audited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from common import audit
from common.actors import Actor
from projects.models import Season, Track


class TrackInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Track
    extra = 0
    can_delete = False


@admin.register(Season)
class SeasonAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A running season's rules decide its lights: every change is in the audit trail, before and after."""

    list_display = ("name", "starts_on", "ends_on", "report_due_day", "yellow_from", "red_above")
    inlines = (TrackInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Season, form: Any, change: bool) -> None:
        before = {name: str(form.initial.get(name)) for name in form.changed_data} if change else {}
        super().save_model(request, obj, form, change)
        audit.record(
            by=Actor.from_request(request, "admin"),
            action="projects.season.edited" if change else "projects.season.added",
            obj=obj,
            before=before,
            after={name: str(form.cleaned_data[name]) for name in form.changed_data},
        )
