"""Shapes of the projects API. Percentages are numbers with two decimals, from integers of 0.01 point."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from brands.models import Field
from common.api import CleanCharField
from common.rows import Row, RowSerializer
from projects.earned_value import spi
from projects.lights import reason_words
from projects.models import Attachment, ProgressReport, ReportPhoto, Season
from projects.reporting import COMMENT_LIMIT, EVIDENCE_LIMIT, FALL_REASON_LIMIT, TEXT_LIMIT

FIELDS = dict(Field.choices)


@extend_schema_field(OpenApiTypes.NUMBER)
class PointsField(serializers.Field[Any, Any, Any, Any]):
    """An integer of 0.01 percentage point, printed in percentage points: 1250 → 12.5."""

    def to_representation(self, value: int) -> float:
        return value / 100


class SeasonSerializer(serializers.ModelSerializer[Season]):
    tracks = serializers.SerializerMethodField()

    class Meta:
        model = Season
        fields = ("code", "name", "starts_on", "ends_on", "report_due_day", "tracks")

    def get_tracks(self, season: Season) -> list[dict[str, str]]:
        return [
            {"code": t.code, "name": t.name, "award_title": t.award_title, "method": t.method}
            for t in season.tracks.all()
        ]


class PublicProjectSerializer(RowSerializer):
    """Exactly the published fields; never a light, a value or a state. The context holds each row's `brands`."""

    code = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    season = serializers.CharField(source="season.code")
    track = serializers.CharField(source="track.code")
    track_name = serializers.CharField(source="track.name")
    field = serializers.CharField()
    field_display = serializers.SerializerMethodField()
    organization = serializers.CharField(source="lead_organization.public_id")
    organization_name = serializers.CharField(source="lead_organization.name")
    brands = serializers.SerializerMethodField()
    published_on = serializers.DateField()

    def get_field_display(self, row: Row) -> str:
        return FIELDS.get(row["field"], "")

    def get_brands(self, row: Row) -> list[str]:
        found: list[str] = self.context["brands"].get(row["id"], [])
        return found


class ScopedProjectSerializer(PublicProjectSerializer):
    """What a person with the project in scope sees; values are of the snapshot of `light_day`."""

    extra_columns = ("light_reason",)

    status = serializers.CharField(source="state")
    archive_number = serializers.CharField(allow_null=True)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    lead_secretary = serializers.CharField(source="lead_secretary.name")
    planned_value = PointsField(allow_null=True)
    earned_value = PointsField(allow_null=True)
    schedule_variance = PointsField(allow_null=True)
    spi = serializers.SerializerMethodField()
    light = serializers.CharField(allow_null=True)
    light_reason = serializers.SerializerMethodField()
    light_day = serializers.DateField(allow_null=True)

    def get_spi(self, row: Row) -> float | None:
        return spi(row["planned_value"], row["earned_value"])

    def get_light_reason(self, row: Row) -> str:
        return reason_words(row["light_reason"], row["schedule_variance"])


class ProjectDetailSerializer(ScopedProjectSerializer):
    """All of a project; the context holds its `plan` in force."""

    problem = serializers.CharField()
    goal = serializers.CharField()
    measures = serializers.CharField()
    expected_effect = serializers.CharField()
    milestones = serializers.SerializerMethodField()

    def get_milestones(self, row: Row) -> list[dict[str, Any]]:
        plan = self.context["plan"]
        return [
            {
                "id": item.milestone_id,
                "title": item.milestone.title,
                "weight": item.weight / 100,
                "start": item.start,
                "due": item.due,
            }
            for item in (plan.items.select_related("milestone") if plan else [])
        ]


class LineSerializer(serializers.Serializer[Any]):
    milestone = serializers.IntegerField(source="milestone_id")
    percent = serializers.IntegerField(min_value=0, max_value=100)
    fall_reason = CleanCharField(required=False, allow_blank=True, max_length=FALL_REASON_LIMIT)
    evidence = CleanCharField(required=False, allow_blank=True, max_length=EVIDENCE_LIMIT)


class PhotoSerializer(serializers.Serializer[ReportPhoto]):
    id = serializers.UUIDField(source="picture_id")
    state = serializers.CharField(source="picture.state")
    variants = serializers.SerializerMethodField()

    def get_variants(self, photo: ReportPhoto) -> list[dict[str, Any]]:
        return [
            {
                "name": v.name,
                "width": v.width,
                "height": v.height,
                "url": f"/pictures/{photo.picture_id}/{v.name}/",
            }
            for v in photo.picture.variants.all()
        ]


class AttachmentSerializer(serializers.Serializer[Attachment]):
    """A project's document by the id of its file, which is also its address."""

    id = serializers.UUIDField(source="file_id")
    name = serializers.CharField(source="file.original_name")
    size = serializers.IntegerField(source="file.size")
    sha256 = serializers.CharField(source="file.sha256")
    url = serializers.SerializerMethodField()

    def get_url(self, attachment: Attachment) -> str:
        return f"/files/{attachment.file_id}/"


class ReportSerializer(serializers.Serializer[ProgressReport]):
    id = serializers.UUIDField(read_only=True)
    project = serializers.CharField(source="project.code", read_only=True)
    month = serializers.SerializerMethodField()
    state = serializers.CharField(read_only=True)
    revision = serializers.IntegerField(read_only=True)
    lines = LineSerializer(many=True, source="lines.all", read_only=True)
    done = serializers.CharField(read_only=True)
    effect = serializers.CharField(read_only=True)
    difficulty = serializers.CharField(read_only=True)
    next = serializers.CharField(read_only=True)
    submitted_at = serializers.DateTimeField(read_only=True)
    confirmed_on = serializers.DateField(read_only=True)
    photos = PhotoSerializer(many=True, source="photos.all", read_only=True)
    comments = serializers.SerializerMethodField()

    def get_month(self, report: ProgressReport) -> str:
        return f"{report.month:%Y-%m}"

    def get_comments(self, report: ProgressReport) -> list[dict[str, Any]]:
        return [{"field": c.field, "text": c.text, "round": c.round} for c in report.comments.all()]


class ReportInputSerializer(serializers.Serializer[Any]):
    """What a report is written with; everything may be left out. `revision` guards against a stale page."""

    month = serializers.RegexField(r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$", required=False)
    revision = serializers.IntegerField(required=False)
    lines = LineSerializer(many=True, required=False)
    done = CleanCharField(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    effect = CleanCharField(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    difficulty = CleanCharField(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    next = CleanCharField(required=False, allow_blank=True, max_length=TEXT_LIMIT)


class ReturnSerializer(serializers.Serializer[Any]):
    reason = CleanCharField(required=False, allow_blank=True, max_length=TEXT_LIMIT, default="")
    comments = serializers.DictField(child=CleanCharField(max_length=COMMENT_LIMIT), required=False, default=dict)
