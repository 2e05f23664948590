"""The public project library (书记项目库): published projects, never a light."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from brands.models import Brand, Field
from common.pages import page_of
from portal.public.views import grouped
from projects.filters import PublicProjectFilter
from projects.models import Project, Season, Track

PER_PAGE = 24


class LibraryForm(forms.Form):
    """The library's filter bar; its choices are what exists."""

    search = forms.CharField(label="搜索", required=False, max_length=60)
    field = forms.ChoiceField(label="领域", required=False)
    track = forms.ChoiceField(label="赛道", required=False)
    brand = forms.ChoiceField(label="品牌", required=False)
    season = forms.ChoiceField(label="年度", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["search"].widget = forms.TextInput(
            attrs={"type": "search", "placeholder": "项目、党组织、关键词", "maxlength": 60}
        )
        tracks = dict(Track.objects.order_by("position").values_list("code", "name"))
        self._offer("field", Field.choices)
        self._offer("track", tracks.items())
        self._offer("brand", Brand.objects.top_level().values_list("code", "name"))
        self._offer("season", Season.objects.values_list("code", "name"))

    def _offer(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "全部"), *choices]


@login_not_required
@require_safe
def projects(request: HttpRequest) -> HttpResponse:
    rows = Project.objects.published().select_related("season", "track", "lead_organization")
    found = PublicProjectFilter(request.GET, queryset=rows.prefetch_related("brands"))
    page = page_of(request, found.qs.order_by("-season__starts_on", "title", "id"), PER_PAGE)
    return render(request, "catalogue/projects.html", {"form": LibraryForm(request.GET), "page": page})


@login_not_required
@require_safe
def project(request: HttpRequest, code: str) -> HttpResponse:
    """A project's public file: the published fields and nothing else, whoever looks."""
    rows = Project.objects.published().select_related("season", "track", "lead_organization")
    found = get_object_or_404(rows.prefetch_related("brands", "figures__source", "features__source"), code=code)
    is_in_scope = Project.objects.visible_to(request.user).filter(pk=found.pk).exists()
    context = {
        "project": found,
        "feature_groups": grouped(found.features.all()),
        "desk_page": reverse("workspace:project", args=[found.code]) if is_in_scope else "",
        "crumbs": [
            ("首页", reverse("public:home")),
            ("书记项目", reverse("catalogue:projects")),
            (found.title, ""),
        ],
    }
    return render(request, "catalogue/project.html", context)
