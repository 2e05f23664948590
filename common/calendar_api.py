"""Endpoints of the holiday tables; loading one is the same action as on the page."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import calendar
from common.api import CleanCharField, actor_of
from common.calendar_views import YEARS
from common.models import CalendarDay, CalendarYear


class CalendarDaySerializer(serializers.ModelSerializer[CalendarDay]):
    kind_display = serializers.CharField(source="get_kind_display", read_only=True)
    day = serializers.DateField()  # one day twice is the action's to refuse
    name = CleanCharField(max_length=calendar.NAME_LIMIT, allow_blank=True, default="")

    class Meta:
        model = CalendarDay
        fields = ("day", "kind", "kind_display", "name")


class CalendarYearSerializer(serializers.ModelSerializer[CalendarYear]):
    source = CleanCharField(max_length=calendar.SOURCE_LIMIT)  # type: ignore[assignment]
    days = CalendarDaySerializer(many=True, allow_empty=False)

    class Meta:
        model = CalendarYear
        fields = ("year", "source", "loaded_at", "days")
        read_only_fields = ("year", "loaded_at")


class CalendarYearList(generics.ListAPIView[CalendarYear]):
    """The years whose holiday table is loaded, latest first, with their holidays and makeup workdays."""

    serializer_class = CalendarYearSerializer
    queryset = CalendarYear.objects.prefetch_related("days")
    ordering = ("-pk",)


class CalendarYearDetail(APIView):
    @extend_schema(responses=CalendarYearSerializer)
    def get(self, request: Request, year: int) -> Response:
        """A year's holidays and makeup workdays."""
        return Response(_shown(year))

    @extend_schema(request=CalendarYearSerializer, responses=CalendarYearSerializer)
    def put(self, request: Request, year: int) -> Response:
        """Set the year's table, whole; errors of rows are under `lines`."""
        if year not in YEARS:
            raise NotFound
        given = CalendarYearSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        rows = [calendar.DayInput(**row) for row in given.validated_data["days"]]
        calendar.load_year(year=year, rows=rows, source=given.validated_data["source"], by=actor_of(request))
        return Response(_shown(year))


def _shown(year: int) -> dict[str, Any]:
    found = get_object_or_404(CalendarYear.objects.prefetch_related("days"), pk=year)
    return dict(CalendarYearSerializer(found).data)


urlpatterns = [
    path("calendar/", CalendarYearList.as_view(), name="calendar"),
    path("calendar/<int:year>/", CalendarYearDetail.as_view(), name="calendar_year"),
]
