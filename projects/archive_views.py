"""Pages and API of the archive package: the department has it made, and it is fetched from here."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_POST, require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.actors import Actor
from common.api import actor_of
from common.errors import ActionError
from common.export_views import JobSerializer, accepted
from common.file_views import as_download
from common.pages import show_error
from projects import archiving
from projects.models import ArchivePackage, Project


@require_POST
def archive(request: HttpRequest, code: str) -> HttpResponse:
    """Have the package made; its progress is the job's page."""
    project = get_object_or_404(Project.objects.visible_to(request.user), code=code)
    try:
        job = archiving.archive_project(project=project, by=Actor.from_request(request))
    except ActionError as error:
        show_error(request, error)
        return redirect("workspace:project", project.code)
    messages.info(request, "正在归档，完成后在本页下载归档包。")
    return redirect("common:job", job.pk)


@require_safe
def package(request: HttpRequest, code: str) -> FileResponse:
    return _download(code, Actor.from_request(request))


class Archive(APIView):
    @extend_schema(request=None, responses={202: JobSerializer})
    def post(self, request: Request, code: str) -> Response:
        """Have a finished project archived; its progress is at the job's address."""
        project = get_object_or_404(Project.objects.visible_to(request.user), code=code)
        return accepted(archiving.archive_project(project=project, by=actor_of(request)))


class Package(APIView):
    @extend_schema(responses={(200, "application/zip"): bytes})
    def get(self, request: Request, code: str) -> FileResponse:
        """The sealed package."""
        return _download(code, actor_of(request))


def _download(code: str, by: Actor) -> FileResponse:
    visible = Project.objects.visible_to(by.user)
    found = get_object_or_404(ArchivePackage.objects.select_related("project"), project__in=visible, project__code=code)
    try:
        served = archiving.fetch(found, by)
    except FileNotFoundError:
        raise Http404 from None
    if served is None:
        raise Http404
    return as_download(*served, "application/zip")


api_urlpatterns = [
    path("projects/<slug:code>/archive/", Archive.as_view(), name="archive"),
    path("projects/<slug:code>/package/", Package.as_view(), name="package"),
]
