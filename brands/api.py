"""API: brands are public. A brand's figures and honours include those of its sub-brands, each with its subject."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from brands.models import Brand, Feature, FeatureFact, Field, Figure, Honour, figure_words, number_words
from common.rows import Row, RowList, RowSerializer

FIELDS = dict(Field.choices)
KINDS = dict(FeatureFact.Kind.choices)
# A brand's own facts first, then those of its sub-brands in their set order.
IN_ORDER = (F("brand__parent").asc(nulls_first=True), "brand__position", "brand", "position", "id")


class FigureSerializer(RowSerializer):
    """A figure as printed; `value` is a decimal string, and nothing adds it up."""

    subject = serializers.CharField()
    what = serializers.CharField()
    value = serializers.SerializerMethodField()
    unit = serializers.CharField()
    qualifier = serializers.ChoiceField(choices=["", "余", "多", "近"])
    cumulative = serializers.BooleanField()
    period_text = serializers.CharField()
    period_year = serializers.IntegerField(allow_null=True)
    source = serializers.CharField(source="source.title")  # type: ignore[assignment]
    text = serializers.SerializerMethodField()

    extra_columns = ("value", "brand", "brand__parent")

    def get_value(self, row: Row) -> str:
        return number_words(row["value"])

    def get_text(self, row: Row) -> str:
        return figure_words(row["value"], row["unit"], row["qualifier"], row["cumulative"])


class HonourSerializer(RowSerializer):
    title = serializers.CharField()
    year = serializers.IntegerField(allow_null=True)
    level = serializers.CharField()
    holder = serializers.CharField()
    source = serializers.CharField(source="source.title")  # type: ignore[assignment]

    extra_columns = ("brand", "brand__parent")


class FeatureSerializer(RowSerializer):
    kind = serializers.CharField()
    kind_display = serializers.SerializerMethodField()
    name = serializers.CharField()
    detail = serializers.CharField()
    inferred = serializers.BooleanField()

    def get_kind_display(self, row: Row) -> str:
        return KINDS[row["kind"]]


class SubBrandSerializer(RowSerializer):
    code = serializers.CharField()
    name = serializers.CharField()

    extra_columns = ("parent",)


class BrandSerializer(RowSerializer):
    """A top-level brand; the context holds what `parts_of` gives."""

    code = serializers.CharField()
    name = serializers.CharField()
    short_name = serializers.CharField()
    field = serializers.CharField()
    field_display = serializers.SerializerMethodField()
    tier = serializers.CharField()
    sub_brands = serializers.SerializerMethodField()
    figures = serializers.SerializerMethodField()
    honours = serializers.SerializerMethodField()

    def get_field_display(self, row: Row) -> str:
        return FIELDS.get(row["field"], "")

    @extend_schema_field(SubBrandSerializer(many=True))
    def get_sub_brands(self, row: Row) -> list[dict[str, Any]]:
        return self._part("sub_brands", row)

    @extend_schema_field(FigureSerializer(many=True))
    def get_figures(self, row: Row) -> list[dict[str, Any]]:
        return self._part("figures", row)

    @extend_schema_field(HonourSerializer(many=True))
    def get_honours(self, row: Row) -> list[dict[str, Any]]:
        return self._part("honours", row)

    def _part(self, name: str, row: Row) -> list[dict[str, Any]]:
        part: list[dict[str, Any]] = self.context[name].get(row["id"], [])
        return part


class BrandDetailSerializer(BrandSerializer):
    setting = serializers.CharField()
    owner = serializers.CharField(source="owner.name", allow_null=True)
    features = serializers.SerializerMethodField()

    @extend_schema_field(FeatureSerializer(many=True))
    def get_features(self, row: Row) -> list[dict[str, Any]]:
        return self._part("features", row)


class BrandList(RowList):
    """The top level in its set order."""

    permission_classes = (AllowAny,)
    serializer_class = BrandSerializer
    ordering = ("position", "id")

    def get_queryset(self) -> QuerySet[Brand]:
        return Brand.objects.top_level()

    def related(self, rows: Sequence[Row]) -> dict[str, Any]:
        return parts_of([row["id"] for row in rows])


class BrandDetail(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=BrandDetailSerializer)
    def get(self, request: Request, code: str) -> Response:
        """A brand with all that is known of it."""
        row: Any = get_object_or_404(Brand.objects.top_level().values(*BrandDetailSerializer.columns()), code=code)
        features = Feature.objects.filter(brand=row["id"]).order_by("position", "id")
        context = parts_of([row["id"]])
        context["features"] = {row["id"]: FeatureSerializer().rows(features.values(*FeatureSerializer.columns()))}
        return Response(BrandDetailSerializer(context=context).to_representation(row))


def parts_of(brands: list[int]) -> dict[str, dict[int, list[dict[str, Any]]]]:
    """Sub-brands, figures and honours of top-level brands in the API's shapes, by the brand's key; three queries."""
    below = Q(brand__in=brands) | Q(brand__parent__in=brands)
    subs = Brand.objects.filter(parent__in=brands).order_by("position", "id")
    figures = Figure.objects.filter(below).order_by(*IN_ORDER)
    honours = Honour.objects.filter(below).order_by(*IN_ORDER)
    return {
        "sub_brands": _by_brand(SubBrandSerializer(), subs.values(*SubBrandSerializer.columns())),
        "figures": _by_brand(FigureSerializer(), figures.values(*FigureSerializer.columns())),
        "honours": _by_brand(HonourSerializer(), honours.values(*HonourSerializer.columns())),
    }


def _by_brand(shape: RowSerializer, rows: Iterable[Any]) -> dict[int, list[dict[str, Any]]]:
    """Shaped rows by the top-level brand that they belong to."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        brand = row.get("brand__parent") or row.get("parent") or row["brand"]
        found.setdefault(brand, []).append(shape.to_representation(row))
    return found


urlpatterns = [
    path("brands/", BrandList.as_view(), name="brands"),
    path("brands/<slug:code>/", BrandDetail.as_view(), name="brand"),
]
