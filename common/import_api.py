"""Endpoints of imports: upload, progress and counts, rows, the steps that the pages have."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import imports
from common.api import CleanCharField, actor_of
from common.export_views import JobSerializer
from common.models import ImportBatch, ImportRow


class UploadSerializer(serializers.Serializer[Any]):
    """`params` is a JSON object, for projects `{"season": "2026"}`."""

    kind = serializers.CharField(max_length=40)
    file = serializers.FileField(allow_empty_file=True)
    params = serializers.JSONField(required=False, default=dict)

    def validate_params(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise serializers.ValidationError("应是一个 JSON 对象。")
        return value


class QuestionSerializer(serializers.Serializer[Any]):
    """What the sheet calls somebody or something that is not known for certain, and what it may be."""

    text = serializers.CharField()
    kind = serializers.CharField()
    rows = serializers.IntegerField()
    options = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    chosen = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class ImportSerializer(serializers.ModelSerializer[ImportBatch]):
    state_display = serializers.CharField(source="get_state_display", read_only=True)
    file = serializers.CharField(source="file.original_name", read_only=True)
    counts = serializers.SerializerMethodField()
    questions = serializers.DictField(source="choices", child=QuestionSerializer(), read_only=True)
    job = JobSerializer(read_only=True)

    class Meta:
        model = ImportBatch
        fields = (
            *("id", "kind", "file", "params", "state", "state_display", "message", "columns", "counts"),
            *("questions", "job", "created_at", "written_at"),
        )
        read_only_fields = fields

    @extend_schema(responses=serializers.DictField(child=serializers.IntegerField()))
    def get_counts(self, batch: ImportBatch) -> dict[str, int]:
        return imports.counts_of(batch)


class RowSerializer(serializers.ModelSerializer[ImportRow]):
    status_display = serializers.CharField(source="get_status_display", read_only=True)
    problems = serializers.SerializerMethodField()

    class Meta:
        model = ImportRow
        fields = ("number", "status", "status_display", "label", "raw", "problems", "before", "after")
        read_only_fields = fields

    def get_problems(self, row: ImportRow) -> list[dict[str, str]]:
        """Column, reason, proposal; `level` is "wrong", or "note" for a warning."""
        names = ("column", "reason", "proposal")
        return [
            {**{name: fault[name] for name in names}, "level": fault.get("level", "wrong")} for fault in row.problems
        ]


class ChoicesSerializer(serializers.Serializer[Any]):
    """Question → an option's value, "skip", "" to open it again, or the name or code of something else."""

    choices = serializers.DictField(child=CleanCharField(allow_blank=True, max_length=120))


class ConfirmSerializer(serializers.Serializer[Any]):
    ignore_wrong = serializers.BooleanField(default=False)


class ImportList(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={202: ImportSerializer})
    def post(self, request: Request) -> Response:
        """Upload a workbook; it is read in the background, nothing is written before the confirmation."""
        if not imports.importers_for(request.user):
            raise Http404
        given = UploadSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        batch = imports.start_import(**given.validated_data, by=actor_of(request))
        return _accepted(batch)


class ImportDetail(APIView):
    @extend_schema(responses=ImportSerializer)
    def get(self, request: Request, batch_id: Any) -> Response:
        """State, counts, open questions and progress."""
        return Response(ImportSerializer(_batch(request, batch_id)).data)


class ImportRows(generics.ListAPIView[ImportRow]):
    """The rows in the order of the sheet; `?status=` new, changed, same or wrong."""

    serializer_class = RowSerializer
    queryset = ImportRow.objects.none()
    ordering = ("number", "id")

    @extend_schema(
        parameters=[OpenApiParameter("status", str, enum=ImportRow.Status.values, description="只列这一种结果的行。")]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[ImportRow]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        batch = _batch(self.request, self.kwargs["batch_id"])
        rows: QuerySet[ImportRow] = imports.shown_rows(batch, self.request.query_params.get("status", ""))
        return rows


class ImportChoices(APIView):
    @extend_schema(request=ChoicesSerializer, responses={202: ImportSerializer})
    def post(self, request: Request, batch_id: Any) -> Response:
        """Say what names mean; the rows are judged again in the background."""
        given = ChoicesSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        batch = _batch(request, batch_id)
        return _accepted(imports.choose(batch=batch, choices=given.validated_data["choices"], by=actor_of(request)))


class ImportConfirm(APIView):
    @extend_schema(request=ConfirmSerializer, responses={202: ImportSerializer})
    def post(self, request: Request, batch_id: Any) -> Response:
        """Write the rows in the background, in one transaction."""
        given = ConfirmSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        batch = _batch(request, batch_id)
        return _accepted(imports.confirm_import(batch=batch, by=actor_of(request), **given.validated_data))


class ImportUndo(APIView):
    @extend_schema(request=None, responses={202: ImportSerializer})
    def post(self, request: Request, batch_id: Any) -> Response:
        """Take the whole import back in the background, in one transaction."""
        return _accepted(imports.undo_import(batch=_batch(request, batch_id), by=actor_of(request)))


class ImportDiscard(APIView):
    @extend_schema(request=None, responses=ImportSerializer)
    def post(self, request: Request, batch_id: Any) -> Response:
        """Give up an import that was not written."""
        batch = imports.discard_import(batch=_batch(request, batch_id), by=actor_of(request))
        return Response(ImportSerializer(batch).data)


def _batch(request: Request, batch_id: Any) -> ImportBatch:
    batch: ImportBatch = get_object_or_404(ImportBatch.objects.select_related("file", "job"), pk=batch_id)
    if not imports.may_see(request.user, batch):
        raise Http404
    return batch


def _accepted(batch: ImportBatch) -> Response:
    """202 with the import and its address."""
    headers = {"Location": reverse("api:import", args=[batch.pk])}
    return Response(ImportSerializer(batch).data, status=202, headers=headers)


urlpatterns = [
    path("imports/", ImportList.as_view(), name="imports"),
    path("imports/<uuid:batch_id>/", ImportDetail.as_view(), name="import"),
    path("imports/<uuid:batch_id>/rows/", ImportRows.as_view(), name="import_rows"),
    path("imports/<uuid:batch_id>/choices/", ImportChoices.as_view(), name="import_choices"),
    path("imports/<uuid:batch_id>/confirm/", ImportConfirm.as_view(), name="import_confirm"),
    path("imports/<uuid:batch_id>/undo/", ImportUndo.as_view(), name="import_undo"),
    path("imports/<uuid:batch_id>/discard/", ImportDiscard.as_view(), name="import_discard"),
]
