"""Pages and API of exports: asking for one, one's own list, the download."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_http_methods
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import exports
from common.actors import Actor
from common.api import actor_of
from common.errors import ActionError
from common.file_views import attachment
from common.models import Job
from common.pages import page_of, show_error

LEAD = "台账、汇总表和文稿在后台生成，保留 {days} 天；只有您自己能下载。"


@require_http_methods(["GET", "POST"])
def exports_page(request: HttpRequest) -> HttpResponse:
    """Ask for a file (POST: its kind, everything else a parameter), or see one's own."""
    status = 200
    if request.method == "POST":
        params = {k: v for k, v in request.POST.items() if k not in ("kind", "csrfmiddlewaretoken") and v}
        try:
            job = exports.request_export(
                kind=request.POST.get("kind", ""), params=params, by=Actor.from_request(request)
            )
            return redirect("common:job", job.pk)
        except ActionError as error:
            show_error(request, error)
            status = error.status
    page = page_of(request, exports.exports_of(request.user))
    rows = [
        {
            "job": job,
            "title": exports.EXPORTS[job.args["export"]].title if job.args["export"] in exports.EXPORTS else "导出",
            "ready": exports.is_ready(job),
            "until": exports.expires_on(job),
        }
        for job in page
    ]
    crumbs = [("我的工作台", reverse("workspace:desk")), ("导出", "")]
    context = {"page": page, "rows": rows, "crumbs": crumbs, "lead": LEAD.format(days=settings.EXPORT_DAYS)}
    return render(request, "common/exports.html", context, status=status)


@require_GET
def export_file(request: HttpRequest, job_id: UUID) -> FileResponse:
    return _download(job_id, Actor.from_request(request))


def _download(job_id: UUID, by: Actor) -> FileResponse:
    job = get_object_or_404(Job, pk=job_id, kind=exports.KIND, requested_by=by.user)
    found = exports.fetch(job, by)
    if found is None:
        raise Http404
    return attachment(*found)


class JobSerializer(serializers.ModelSerializer[Job]):
    state_display = serializers.CharField(source="get_state_display", read_only=True)

    class Meta:
        model = Job
        fields = (
            *("id", "kind", "state", "state_display", "done", "total"),
            *("result", "message", "created_at", "finished_at"),
        )
        read_only_fields = fields


class ExportInput(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=40)
    params = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False, default=dict)


class ExportList(generics.ListAPIView[Job]):
    """The caller's exports of the days that they are kept, latest first."""

    serializer_class = JobSerializer
    queryset = Job.objects.none()
    ordering = ("-created_at", "id")

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return exports.exports_of(self.request.user)

    @extend_schema(request=ExportInput, responses={202: JobSerializer})
    def post(self, request: Request) -> Response:
        """Ask for a file; its progress is at the job's address."""
        given = ExportInput(data=request.data)
        given.is_valid(raise_exception=True)
        job = exports.request_export(**given.validated_data, by=actor_of(request))
        return accepted(job)


class ExportFile(APIView):
    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever type is asked for, the answer is the file as it is."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(responses={(200, "application/octet-stream"): bytes})
    def get(self, request: Request, job_id: Any) -> FileResponse:
        """The finished file."""
        return _download(job_id, actor_of(request))


def accepted(job: Job) -> Response:
    """202 with the job and its address."""
    headers = {"Location": reverse("api:job", args=[job.pk])}
    return Response(JobSerializer(job).data, status=202, headers=headers)


api_urlpatterns = [
    path("exports/", ExportList.as_view(), name="exports"),
    path("exports/<uuid:job_id>/file/", ExportFile.as_view(), name="export_file"),
]
