"""API: brands are public."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import path
from rest_framework import generics, serializers
from rest_framework.permissions import AllowAny

from brands.models import Brand, Feature, Figure, Honour


class FigureSerializer(serializers.Serializer[Figure]):
    """A figure as printed; `value` is a decimal string, and nothing adds it up."""

    subject = serializers.CharField()
    what = serializers.CharField()
    value = serializers.CharField(source="number")
    unit = serializers.CharField()
    qualifier = serializers.ChoiceField(choices=["", "余", "多", "近"])
    cumulative = serializers.BooleanField()
    period_text = serializers.CharField()
    period_year = serializers.IntegerField(allow_null=True)
    source = serializers.CharField(source="source.title")  # type: ignore[assignment]
    text = serializers.CharField()


class HonourSerializer(serializers.Serializer[Honour]):
    title = serializers.CharField()
    year = serializers.IntegerField(allow_null=True)
    level = serializers.CharField()
    holder = serializers.CharField()
    source = serializers.CharField(source="source.title")  # type: ignore[assignment]


class FeatureSerializer(serializers.Serializer[Feature]):
    kind = serializers.CharField()
    kind_display = serializers.CharField(source="get_kind_display")
    name = serializers.CharField()
    detail = serializers.CharField()
    inferred = serializers.BooleanField()


class SubBrandSerializer(serializers.Serializer[Brand]):
    code = serializers.CharField()
    name = serializers.CharField()


class BrandSerializer(serializers.Serializer[Brand]):
    """A top-level brand; figures and honours include those of its sub-brands."""

    code = serializers.CharField()
    name = serializers.CharField()
    short_name = serializers.CharField()
    field = serializers.CharField()
    field_display = serializers.CharField(source="get_field_display")
    tier = serializers.CharField()
    sub_brands = SubBrandSerializer(many=True, source="sub_brands.all")
    figures = FigureSerializer(many=True, source="all_figures")
    honours = HonourSerializer(many=True, source="all_honours")


class BrandDetailSerializer(BrandSerializer):
    setting = serializers.CharField()
    owner = serializers.CharField(source="owner.name", default=None, allow_null=True)
    features = FeatureSerializer(many=True, source="features.all")


def with_facts(brands: QuerySet[Brand]) -> QuerySet[Brand]:
    """Brands with their own and their sub-brands' facts, in a constant number of queries."""
    figures, honours = Figure.objects.select_related("source"), Honour.objects.select_related("source")
    subs = Brand.objects.prefetch_related(Prefetch("figures", figures), Prefetch("honours", honours))
    return brands.prefetch_related(
        Prefetch("figures", figures), Prefetch("honours", honours), Prefetch("sub_brands", subs)
    )


class _Brands:
    permission_classes: Any = (AllowAny,)
    queryset: Any = Brand.objects.none()

    def get_queryset(self) -> QuerySet[Brand]:
        return with_facts(Brand.objects.top_level()).select_related("owner")


class BrandList(_Brands, generics.ListAPIView[Any]):
    """The top level in its set order."""

    serializer_class = BrandSerializer
    ordering = ("position", "id")


class BrandDetail(_Brands, generics.RetrieveAPIView[Any]):
    serializer_class = BrandDetailSerializer
    lookup_field = "code"

    def get_queryset(self) -> QuerySet[Brand]:
        return super().get_queryset().prefetch_related("features")


urlpatterns = [
    path("brands/", BrandList.as_view(), name="brands"),
    path("brands/<slug:code>/", BrandDetail.as_view(), name="brand"),
]
