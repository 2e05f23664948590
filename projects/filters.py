"""Filters of the project lists, for API and pages. A light can be filtered only where lights may be seen."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters

from brands.models import Field
from common.text import clean_text
from projects.models import Project
from projects.models.projects import Light


class PublicProjectFilter(filters.FilterSet):
    season = filters.CharFilter(field_name="season__code")
    field = filters.ChoiceFilter(choices=Field.choices)
    track = filters.CharFilter(field_name="track__code")
    brand = filters.CharFilter(field_name="brands__code", distinct=True)
    organization = filters.CharFilter(field_name="lead_organization__public_id")
    search = filters.CharFilter(method="by_terms")

    class Meta:
        model = Project
        fields: list[str] = []

    def by_terms(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Every term (split at white space) in the title, the public summary or the organization's name."""
        for term in clean_text(value).split():
            queryset = queryset.filter(
                Q(title__icontains=term) | Q(summary__icontains=term) | Q(lead_organization__name__icontains=term)
            )
        return queryset


class ProjectFilter(PublicProjectFilter):
    light = filters.ChoiceFilter(choices=Light.choices)
    status = filters.ChoiceFilter(field_name="state", choices=Project.State.choices)
