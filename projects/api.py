"""API: projects, reports and photos; every change is an action of `projects.reporting`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, generics
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import days
from common.actors import Actor
from common.api import actor_of
from common.rows import Row, RowList
from projects import application_api, archive_views, course_api, reporting, screening_api, season_api, serializers
from projects.filters import ProjectFilter, PublicProjectFilter
from projects.models import ProgressReport, Project, ReportPhoto
from projects.plans import plan_in_force

ORDERINGS = {"title", "published_on", "starts_on"}
SCOPED_ORDERINGS = ORDERINGS | {"schedule_variance", "ends_on", "light_day"}


class ProjectList(RowList):
    """Nobody, or `?scope=public`: the published fields of published projects. Else the projects in scope."""

    permission_classes = (AllowAny,)
    queryset = Project.objects.none()

    @property
    def is_public(self) -> bool:
        return not self.request.user.is_authenticated or self.request.query_params.get("scope") == "public"

    @property
    def filterset_class(self) -> type[PublicProjectFilter]:
        return PublicProjectFilter if self.is_public else ProjectFilter

    def get_serializer_class(self) -> type[serializers.PublicProjectSerializer]:
        return serializers.PublicProjectSerializer if self.is_public else serializers.ScopedProjectSerializer

    @extend_schema(
        request=application_api.NewApplicationSerializer, responses={201: application_api.ApplicationSerializer}
    )
    def post(self, request: Request) -> Response:
        """Begin an application for an own organization."""
        return application_api.create(request)

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return Project.objects.published() if self.is_public else Project.objects.visible_to(self.request.user)

    def related(self, rows: Sequence[Row]) -> dict[str, Any]:
        return {"brands": brands_of(row["id"] for row in rows)}

    def get_ordering(self, request: Request) -> tuple[str, ...]:
        """`?ordering=title` or `-title`; a light can't be read from the order of the public list."""
        name = request.query_params.get("ordering", "")
        allowed = ORDERINGS if self.is_public else SCOPED_ORDERINGS
        return (name, "id") if name.lstrip("-") in allowed else ("id",)


class ProjectDetail(APIView):
    """In scope: all. Out of scope but published: exactly what the public gets. Else 404."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=serializers.ProjectDetailSerializer)
    def get(self, request: Request, code: str) -> Response:
        project = Project.objects.visible_to(request.user).filter(code=code).first()
        shape = serializers.ProjectDetailSerializer if project else serializers.PublicProjectSerializer
        project = project or get_object_or_404(Project.objects.published(), code=code)
        context = {"brands": brands_of([project.pk]), "plan": plan_in_force(project, days.today())}
        rows = Project.objects.filter(pk=project.pk).values(*shape.columns())
        return Response(shape(context=context).to_representation(rows.get()))


def brands_of(projects: Iterable[int]) -> dict[int, list[str]]:
    """The codes of each project's brands in their set order, by the project's key."""
    ties = Project.brands.through.objects.filter(project__in=list(projects))
    found: dict[int, list[str]] = {}
    for project, code in ties.order_by("brand__position", "brand").values_list("project", "brand__code"):
        found.setdefault(project, []).append(code)
    return found


def reports_for(user: Any) -> QuerySet[ProgressReport]:
    """The reports that the person may see, with all that is shown of them."""
    return (
        ProgressReport.objects.visible_to(user)
        .select_related("project")
        .prefetch_related("lines", "comments", "photos__picture__variants")
    )


class ReportList(generics.ListCreateAPIView[ProgressReport]):
    serializer_class = serializers.ReportSerializer
    queryset = ProgressReport.objects.none()
    ordering = ("-month", "id")

    def get_queryset(self) -> QuerySet[ProgressReport]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        project = get_object_or_404(Project.objects.visible_to(self.request.user), code=self.kwargs["code"])
        return reports_for(self.request.user).filter(project=project)

    @extend_schema(request=serializers.ReportInputSerializer, responses={201: serializers.ReportSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        project = get_object_or_404(Project.objects.visible_to(request.user), code=kwargs["code"])
        given = _input(request)
        if "month" not in given:
            raise exceptions.ValidationError({"month": ["请填写月份，例如 2026-05。"]})
        year, month = map(int, given["month"].split("-"))
        by = actor_of(request)
        with transaction.atomic():  # what cannot be saved opens nothing
            report = reporting.open_report(project=project, month=date(year, month, 1), by=by)
            report = _save(report, given, by)
        return Response(_shown(report), status=201)


class ReportDetail(APIView):
    @extend_schema(responses=serializers.ReportSerializer)
    def get(self, request: Request, report_id: Any) -> Response:
        return Response(_shown(_visible(request, report_id)))

    @extend_schema(request=serializers.ReportInputSerializer, responses=serializers.ReportSerializer)
    def patch(self, request: Request, report_id: Any) -> Response:
        report = _visible(request, report_id)
        return Response(_shown(_save(report, _input(request), actor_of(request))))


class ReportStep(APIView):
    """POST one step of a report: hand-over, give-back, submit, confirm."""

    step: Callable[..., ProgressReport]

    @extend_schema(request=None, responses=serializers.ReportSerializer)
    def post(self, request: Request, report_id: Any) -> Response:
        step = type(self).step
        return Response(_shown(step(report=_visible(request, report_id), by=actor_of(request))))


class HandOver(ReportStep):
    step = staticmethod(reporting.hand_over)


class GiveBack(ReportStep):
    step = staticmethod(reporting.give_back)


class Submit(ReportStep):
    step = staticmethod(reporting.submit_report)


class Confirm(ReportStep):
    step = staticmethod(reporting.confirm_report)


class Return(APIView):
    @extend_schema(request=serializers.ReturnSerializer, responses=serializers.ReportSerializer)
    def post(self, request: Request, report_id: Any) -> Response:
        report = _visible(request, report_id)
        given = serializers.ReturnSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(_shown(reporting.return_report(report=report, by=actor_of(request), **given.validated_data)))


class PhotoList(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        responses={201: serializers.PhotoSerializer},
    )
    def post(self, request: Request, report_id: Any) -> Response:
        report = _visible(request, report_id)
        file = request.FILES.get("file")
        if file is None:
            raise exceptions.ValidationError({"file": ["请选择一张照片。"]})
        photo = reporting.attach_photo(report=report, file=file, by=actor_of(request))
        return Response(serializers.PhotoSerializer(photo).data, status=201)


class PhotoDetail(APIView):
    @extend_schema(responses=serializers.PhotoSerializer)
    def get(self, request: Request, photo_id: Any) -> Response:
        return Response(serializers.PhotoSerializer(_photo(request, photo_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, photo_id: Any) -> Response:
        reporting.remove_photo(photo=_photo(request, photo_id), by=actor_of(request))
        return Response(status=204)


def _visible(request: Request, report_id: Any) -> ProgressReport:
    return get_object_or_404(ProgressReport.objects.visible_to(request.user).select_related("project"), pk=report_id)


def _photo(request: Request, photo_id: Any) -> ReportPhoto:
    photo = ReportPhoto.objects.select_related("report__project", "picture").filter(picture=photo_id).first()
    if photo is None or not ProgressReport.objects.visible_to(request.user).filter(pk=photo.report_id).exists():
        raise Http404
    return photo


def _shown(report: ProgressReport) -> dict[str, Any]:
    rows = ProgressReport.objects.select_related("project").prefetch_related(
        "lines", "comments", "photos__picture__variants"
    )
    return dict(serializers.ReportSerializer(rows.get(pk=report.pk)).data)


def _input(request: Request) -> dict[str, Any]:
    given = serializers.ReportInputSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    return given.validated_data


def _save(report: ProgressReport, given: dict[str, Any], by: Actor) -> ProgressReport:
    lines = [reporting.LineInput(**line) for line in given.get("lines", [])]
    texts = {name: given[name] for name in reporting.TEXTS if name in given}
    if not lines and not texts:
        return report
    return reporting.save_report(report=report, lines=lines, texts=texts, revision=given.get("revision"), by=by)


urlpatterns = [
    *season_api.urlpatterns,
    path("projects/", ProjectList.as_view(), name="projects"),
    path("projects/<slug:code>/", ProjectDetail.as_view(), name="project"),
    path("projects/<slug:code>/reports/", ReportList.as_view(), name="reports"),
    path("reports/<uuid:report_id>/", ReportDetail.as_view(), name="report"),
    path("reports/<uuid:report_id>/hand-over/", HandOver.as_view(), name="hand_over"),
    path("reports/<uuid:report_id>/give-back/", GiveBack.as_view(), name="give_back"),
    path("reports/<uuid:report_id>/submit/", Submit.as_view(), name="submit"),
    path("reports/<uuid:report_id>/confirm/", Confirm.as_view(), name="confirm"),
    path("reports/<uuid:report_id>/return/", Return.as_view(), name="return"),
    path("reports/<uuid:report_id>/photos/", PhotoList.as_view(), name="photos"),
    path("photos/<uuid:photo_id>/", PhotoDetail.as_view(), name="photo"),
    *application_api.urlpatterns,
    *screening_api.urlpatterns,
    *course_api.urlpatterns,
    *archive_views.api_urlpatterns,
]
