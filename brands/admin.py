"""Rare corrections by a system administrator, each with its audit entry."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from brands.models import Brand, Feature, Figure, Honour, Source
from common import audit
from common.actors import Actor


class FigureInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Figure
    extra = 0


class HonourInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Honour
    extra = 0


class FeatureInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Feature
    extra = 0


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "code", "field", "parent", "owner", "tier", "position")
    list_filter = ("field", "tier")
    search_fields = ("name", "code")
    inlines = (FigureInline, HonourInline, FeatureInline)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changed = [*form.changed_data, *(f.prefix for f in formsets if f.has_changed())]
        action = "brands.brand.edited" if change else "brands.brand.added"
        audit.record(
            by=Actor.from_request(request, "admin"),
            action=action,
            obj=form.instance,
            after={"changed": changed},
        )


admin.site.register(Source)
