"""The season's rules (report day, thresholds, intervals), changed by a system administrator and audited."""

from __future__ import annotations

from django.contrib import admin

from common.admin import AuditedAdmin
from projects.models import Season, Track


class TrackInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Track
    extra = 0
    can_delete = False


@admin.register(Season)
class SeasonAdmin(AuditedAdmin):
    """A running season's rules decide its lights."""

    list_display = ("name", "starts_on", "ends_on", "report_due_day", "yellow_from", "red_above")
    inlines = (TrackInline,)
