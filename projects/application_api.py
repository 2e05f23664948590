"""API of applications: begin, write, hand over, send, withdraw, attach; the actions of `projects.applications`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.actors import Actor
from common.api import CleanCharField, actor_of
from organizations.models import Organization
from projects import applications
from projects.application_fields import ROWS, SINGLE
from projects.models import Application, Attachment, Project, Season
from projects.serializers import AttachmentSerializer

UPLOAD = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}


class ContentField(serializers.DictField):
    """The fields of an application as they are typed: texts, rows of texts, codes of brands."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        content = super().to_internal_value(data)
        if unknown := sorted(content.keys() - SINGLE.keys() - ROWS.keys() - {"brands"}):
            raise serializers.ValidationError(f"没有这些栏目：{'、'.join(unknown)}。")
        return content


class NewApplicationSerializer(serializers.Serializer[Any]):
    """`organization` by public id, `season` by code, `continues` by the former project's code."""

    season = serializers.CharField(max_length=20)
    organization = serializers.CharField(max_length=8)
    continues = serializers.CharField(max_length=8, required=False)
    content = ContentField(required=False)


class DraftSerializer(serializers.Serializer[Any]):
    revision = serializers.IntegerField(required=False, allow_null=True, default=None)
    content = ContentField()


class ReasonSerializer(serializers.Serializer[Any]):
    reason = CleanCharField(max_length=200, required=False, allow_blank=True, default="")


class ApplicationSerializer(serializers.Serializer[Application]):
    """The working draft, and how often it was sent."""

    project = serializers.CharField(source="project.code")
    status = serializers.CharField(source="project.state")
    content = serializers.JSONField()
    with_secretary = serializers.BooleanField()
    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    versions = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    def get_versions(self, row: Application) -> list[Any]:
        return list(row.project.versions.values("number", "submitted_at", "content"))

    def get_files(self, row: Application) -> Any:
        rows = row.project.attachments.filter(purpose=Attachment.Purpose.STUDY_RECORD).select_related("file")
        return [AttachmentSerializer(file).data for file in rows]


def create(request: Request) -> Response:
    """POST projects/: begin an application, with a first content if there is one."""
    if not request.user.is_authenticated:
        raise exceptions.NotAuthenticated
    given = NewApplicationSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    values, by = given.validated_data, actor_of(request)
    season = get_object_or_404(Season, code=values["season"])
    organization = get_object_or_404(Organization.objects.visible_to(request.user), public_id=values["organization"])
    former = None
    if code := values.get("continues"):
        former = get_object_or_404(Project.objects.visible_to(request.user), code=code)
    opened = applications.open_application(season=season, organization=organization, continues=former, by=by)
    if content := values.get("content"):
        opened = applications.save_application(application=opened, content=content, revision=None, by=by)
    return Response(ApplicationSerializer(opened).data, status=201)


class ApplicationDetail(APIView):
    @extend_schema(responses=ApplicationSerializer)
    def get(self, request: Request, code: str) -> Response:
        return Response(ApplicationSerializer(_application(request, code)).data)

    @extend_schema(request=DraftSerializer, responses=ApplicationSerializer)
    def patch(self, request: Request, code: str) -> Response:
        """Save fields of the draft as they are typed; a `revision` guards against a stale page."""
        application = _application(request, code)
        given = DraftSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        by = actor_of(request)
        saved = applications.save_application(application=application, **given.validated_data, by=by)
        return Response(ApplicationSerializer(saved).data)


class Step(APIView):
    """POST one step of an application."""

    step: Callable[..., Any]
    with_reason = False

    @extend_schema(request=ReasonSerializer, responses=ApplicationSerializer)
    def post(self, request: Request, code: str) -> Response:
        application, values = _application(request, code), {}
        if self.with_reason:
            given = ReasonSerializer(data=request.data)
            given.is_valid(raise_exception=True)
            values = dict(given.validated_data)
        by: Actor = actor_of(request)
        type(self).step(application=application, by=by, **values)
        return Response(ApplicationSerializer(_application(request, code)).data)


class HandOver(Step):
    step = staticmethod(applications.hand_over)


class GiveBack(Step):
    step = staticmethod(applications.give_back)
    with_reason = True


class Submit(Step):
    step = staticmethod(applications.submit_application)


class Withdraw(Step):
    step = staticmethod(applications.withdraw_application)
    with_reason = True


class Files(APIView):
    """The records of the collective study (集体研究记录)."""

    parser_classes = (MultiPartParser,)

    @extend_schema(request={"multipart/form-data": UPLOAD}, responses={201: AttachmentSerializer})
    def post(self, request: Request, code: str) -> Response:
        application = _application(request, code)
        file = request.FILES.get("file")
        if file is None:
            raise exceptions.ValidationError({"file": ["请选择一个文件。"]})
        made = applications.attach_study_record(application=application, file=file, by=actor_of(request))
        return Response(AttachmentSerializer(made).data, status=201)


class FileDetail(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, code: str, file_id: Any) -> Response:
        application = _application(request, code)
        rows = application.project.attachments.filter(purpose=Attachment.Purpose.STUDY_RECORD)
        row = get_object_or_404(rows.select_related("file", "project__application"), file=file_id)
        applications.remove_study_record(attachment=row, by=actor_of(request))
        return Response(status=204)


def _application(request: Request, code: str) -> Application:
    rows = Application.objects.select_related("project__season", "project__track", "project__lead_organization")
    return get_object_or_404(rows, project__in=Project.objects.visible_to(request.user), project__code=code)


urlpatterns = [
    path("projects/<slug:code>/application/", ApplicationDetail.as_view(), name="application"),
    path("projects/<slug:code>/hand-over/", HandOver.as_view(), name="application_hand_over"),
    path("projects/<slug:code>/give-back/", GiveBack.as_view(), name="application_give_back"),
    path("projects/<slug:code>/submit/", Submit.as_view(), name="application_submit"),
    path("projects/<slug:code>/withdraw/", Withdraw.as_view(), name="application_withdraw"),
    path("projects/<slug:code>/files/", Files.as_view(), name="application_files"),
    path("projects/<slug:code>/files/<uuid:file_id>/", FileDetail.as_view(), name="application_file"),
]
