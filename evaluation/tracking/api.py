"""API: snapshots of a project, liaison cases and their visits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api import CleanCharField, actor_of
from common.rows import Row, RowList, RowSerializer
from evaluation.tracking import liaison
from evaluation.tracking.models import LiaisonCase, LiaisonVisit, ScheduleCheck
from projects.lights import reason_words
from projects.models import Project
from projects.serializers import PointsField


class CheckSerializer(serializers.Serializer[ScheduleCheck]):
    day = serializers.DateField()
    status_date = serializers.DateField(allow_null=True)
    planned_value = PointsField(allow_null=True)
    earned_value = PointsField(allow_null=True)
    schedule_variance = PointsField(allow_null=True)
    light = serializers.CharField(allow_null=True)
    light_reason = serializers.SerializerMethodField()

    def get_light_reason(self, check: ScheduleCheck) -> str:
        return reason_words(check.reason, check.schedule_variance)


class VisitSerializer(serializers.Serializer[LiaisonVisit]):
    on = serializers.DateField()
    method = serializers.ChoiceField(choices=LiaisonVisit.Method.choices)
    findings = CleanCharField(max_length=liaison.TEXT_LIMIT)
    agreed = CleanCharField(max_length=liaison.TEXT_LIMIT, required=False, allow_blank=True)


class CloseSerializer(serializers.Serializer[Any]):
    note = CleanCharField(max_length=liaison.TEXT_LIMIT, required=False, allow_blank=True, default="")


class CaseSerializer(RowSerializer):
    """A case; the context holds each row's `visits`, latest first."""

    id = serializers.UUIDField()
    project = serializers.CharField(source="project.code")
    project_title = serializers.CharField(source="project.title")
    opened_on = serializers.DateField()
    opened_light = serializers.CharField()
    light = serializers.CharField()
    contact = serializers.CharField(source="contact.name", allow_null=True)
    interval_days = serializers.IntegerField()
    next_visit_on = serializers.DateField()
    closed_on = serializers.DateField(allow_null=True)
    closing_note = serializers.CharField()
    visits = serializers.SerializerMethodField()

    @extend_schema_field(VisitSerializer(many=True))
    def get_visits(self, row: Row) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.context["visits"].get(row["id"], [])
        return found


class CheckList(generics.ListAPIView[ScheduleCheck]):
    """A project's snapshots, latest first; 404 out of scope."""

    serializer_class = CheckSerializer
    queryset = ScheduleCheck.objects.none()
    ordering = ("-day", "id")

    def get_queryset(self) -> QuerySet[ScheduleCheck]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        project = get_object_or_404(Project.objects.visible_to(self.request.user), code=self.kwargs["code"])
        return ScheduleCheck.objects.filter(project=project)


class CaseList(RowList):
    """Cases in scope; `?open=1` leaves out the closed ones."""

    serializer_class = CaseSerializer
    queryset = LiaisonCase.objects.none()
    ordering = ("-opened_on", "id")

    def get_queryset(self) -> QuerySet[LiaisonCase]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        cases = LiaisonCase.objects.visible_to(self.request.user)
        return cases.open() if self.request.query_params.get("open") == "1" else cases

    def related(self, rows: Sequence[Row]) -> dict[str, Any]:
        return {"visits": visits_of(row["id"] for row in rows)}


class CaseVisits(APIView):
    @extend_schema(request=VisitSerializer, responses={201: CaseSerializer})
    def post(self, request: Request, case_id: Any) -> Response:
        case = _visible(request, case_id)
        given = VisitSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        liaison.record_visit(case=case, by=actor_of(request), **given.validated_data)
        return Response(_shown(case), status=201)


class CaseClose(APIView):
    @extend_schema(request=CloseSerializer, responses=CaseSerializer)
    def post(self, request: Request, case_id: Any) -> Response:
        case = _visible(request, case_id)
        given = CloseSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        liaison.close_case(case=case, note=given.validated_data["note"], by=actor_of(request))
        return Response(_shown(case))


def visits_of(cases: Iterable[Any]) -> dict[Any, list[dict[str, Any]]]:
    """Each case's visits in the API's shape, latest first, by the case's key."""
    found: dict[Any, list[dict[str, Any]]] = {}
    rows = LiaisonVisit.objects.filter(case__in=list(cases)).order_by("-on", "-id")
    names = ("on", "method", "findings", "agreed")
    for case, *values in rows.values_list("case", *names):
        found.setdefault(case, []).append(dict(zip(names, values, strict=True)))
    return found


def _visible(request: Request, case_id: Any) -> LiaisonCase:
    return get_object_or_404(LiaisonCase.objects.visible_to(request.user), pk=case_id)


def _shown(case: LiaisonCase) -> dict[str, Any]:
    rows = LiaisonCase.objects.filter(pk=case.pk).values(*CaseSerializer.columns())
    return CaseSerializer(context={"visits": visits_of([case.pk])}).to_representation(rows.get())


urlpatterns = [
    path("projects/<slug:code>/checks/", CheckList.as_view(), name="checks"),
    path("liaison-cases/", CaseList.as_view(), name="cases"),
    path("liaison-cases/<uuid:case_id>/visits/", CaseVisits.as_view(), name="case_visits"),
    path("liaison-cases/<uuid:case_id>/close/", CaseClose.as_view(), name="case_close"),
]
