"""Endpoints of the common floor: a person's own notices and background jobs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import notices
from common.calendar_api import urlpatterns as calendar_urlpatterns
from common.export_views import JobSerializer
from common.export_views import api_urlpatterns as export_urlpatterns
from common.import_api import urlpatterns as import_urlpatterns
from common.models import Job, Notice


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    class Meta:
        model = Notice
        fields = ("id", "kind", "title", "body", "url", "created_at", "read_at")
        read_only_fields = fields


class NoticeList(generics.ListAPIView[Notice]):
    """The caller's notices, latest first; `?unread=1` only those not read."""

    serializer_class = NoticeSerializer
    queryset = Notice.objects.none()
    ordering = ("-id",)

    @extend_schema(parameters=[OpenApiParameter("unread", int, description="为 1 时只列未读。")])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Notice]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        only_unread = self.request.query_params.get("unread") == "1"
        return notices.inbox(self.request.user, only_unread=only_unread)


class NoticeRead(APIView):
    @extend_schema(request=None, responses=NoticeSerializer)
    def post(self, request: Request, notice_id: int) -> Response:
        """Mark one notice as read; again is nothing."""
        own = notices.inbox(request.user)
        notice = get_object_or_404(own, pk=notice_id)
        notices.mark_read(user=request.user, notice_id=notice.pk)
        return Response(NoticeSerializer(own.get(pk=notice.pk)).data)


class JobDetail(APIView):
    @extend_schema(responses=JobSerializer)
    def get(self, request: Request, job_id: Any) -> Response:
        """How far a job of the caller's own is."""
        return Response(JobSerializer(get_object_or_404(Job, pk=job_id, requested_by=request.user)).data)


urlpatterns = [
    *calendar_urlpatterns,
    *export_urlpatterns,
    *import_urlpatterns,
    path("notices/", NoticeList.as_view(), name="notices"),
    path("notices/<int:notice_id>/read/", NoticeRead.as_view(), name="notice_read"),
    path("jobs/<uuid:job_id>/", JobDetail.as_view(), name="job"),
]
