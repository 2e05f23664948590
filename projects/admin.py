"""The season's rules (report day, thresholds, intervals), changed by a system administrator and audited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from common.admin import AuditedAdmin
from projects.models import Season, Track


class TrackInline(admin.TabularInline):  # type: ignore[type-arg]
    """The words of a track. What its archive numbers hang on is set on the pages of 年度设置, where it is checked."""

    model = Track
    extra = 0
    can_delete = False
    readonly_fields = ("code", "archive_code", "last_number")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Season)
class SeasonAdmin(AuditedAdmin):
    """A running season's rules decide its lights. The application's own rules are the department's (年度设置)."""

    list_display = ("name", "starts_on", "ends_on", "report_due_day", "yellow_from", "red_above")
    readonly_fields = (
        *("apply_from", "apply_until", "one_project_per_organization", "criteria_total"),
        *("reviewers_needed", "outlier_from", "archive_number_format", "extension_months"),
    )
    inlines = (TrackInline,)
