"""The public site: the matrix, the brands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from brands.models import Brand, FeatureFact
from brands.programme import programme, published_source
from common import days
from evaluation.appraisal.models import PublicNotice
from portal.public.matrix import nodes
from projects.models import Project, Season

NEWEST = 6


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The matrix as a picture and as a list, the five steps, the newest published projects, running notices."""
    season = Season.objects.latest_started(days.today())
    newest = _published().order_by("-published_on", "id")[:NEWEST]
    context = {
        "nodes": nodes(Brand.objects.top_level(), _address),
        "axis_url": reverse("catalogue:projects"),
        "programme": programme(),
        "season": season,
        "season_day": _season_day(season),
        "projects": newest,
        "running": PublicNotice.objects.running(),
        "source": published_source(),
    }
    return render(request, "public/home.html", context)


@login_not_required
@require_safe
def brands(request: HttpRequest) -> HttpResponse:
    """All brands by field, with a few of their facts."""
    rows = Brand.objects.top_level().with_facts().select_related("owner")
    return render(request, "public/brands.html", {"brands": rows, "programme": programme()})


@login_not_required
@require_safe
def brand(request: HttpRequest, code: str) -> HttpResponse:
    """One brand: sub-brands, what it is made of, figures with qualifier and source, honours, published projects."""
    rows = Brand.objects.top_level().with_facts().select_related("owner")
    found = get_object_or_404(rows, code=code)
    context = {
        "brand": found,
        "feature_groups": grouped(found.features.all()),
        "is_empty": not (found.all_figures or found.all_honours or found.features.all() or found.sub_brands.all()),
        "source": published_source(),
        "projects": _published().filter(brands=found).order_by("title", "id"),
        "crumbs": [("首页", reverse("public:home")), ("品牌", reverse("public:brands")), (found.label, "")],
    }
    return render(request, "public/brand.html", context)


def grouped(features: Iterable[FeatureFact]) -> list[tuple[str, list[FeatureFact]]]:
    """Features by kind, in the order in which the kinds are declared."""
    rows = list(features)
    kinds = [(kind.label, [row for row in rows if row.kind == kind]) for kind in FeatureFact.Kind]
    return [(str(label), found) for label, found in kinds if found]


def _published() -> Any:
    return Project.objects.published().select_related("lead_organization", "track").prefetch_related("brands")


def _address(found: Any) -> str:
    return reverse("public:brand", args=[found.code])


def _season_day(season: Season | None) -> dict[str, int] | None:
    """Where today stands in the season: days gone, days in all, percent."""
    if season is None:
        return None
    total = (season.ends_on - season.starts_on).days + 1
    gone = min(max((days.today() - season.starts_on).days + 1, 0), total)
    return {"gone": gone, "total": total, "percent": 100 * gone // total}
