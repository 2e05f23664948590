"""Rare corrections by a system administrator, each with its audit entry."""

from django.contrib import admin

from brands.models import Brand, Feature, Figure, Honour, Source
from common.admin import AuditedAdmin


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
class BrandAdmin(AuditedAdmin):
    list_display = ("name", "code", "field", "parent", "owner", "tier", "position")
    list_filter = ("field", "tier")
    search_fields = ("name", "code")
    inlines = (FigureInline, HonourInline, FeatureInline)


admin.site.register(Source, AuditedAdmin)
