"""Shapes of the season set-up. Weights, thresholds and points are numbers with two decimals: 30.5 is stored 3050."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api import CleanCharField
from organizations.models import Organization
from projects import season_checks
from projects.models import Announcement, Reopening, Season, Track
from projects.season_rows import TRACK_COLUMNS, TrackInput
from projects.seasons import RULES


@extend_schema_field(OpenApiTypes.NUMBER)
class HundredthsField(serializers.DecimalField):
    """Percentage points or points outside, an integer of 0.01 inside; both ways."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=5, decimal_places=2, min_value=0, max_value=100, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        value = super().run_validation(data)
        return int(value * 100)

    def to_representation(self, value: Any) -> Any:
        return value / 100


class NewSeasonSerializer(serializers.Serializer[Any]):
    source = serializers.SlugField(required=False, allow_blank=True, default="")  # type: ignore[assignment]
    code = serializers.SlugField(max_length=20)
    name = CleanCharField(max_length=60)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()


class RulesInputSerializer(serializers.ModelSerializer[Season]):
    """The rules of a season; everything may be left out. Limits are the model's, which the action checks."""

    name = CleanCharField(max_length=60, required=False)
    archive_number_format = CleanCharField(max_length=60, required=False)
    yellow_from = HundredthsField(required=False)
    red_above = HundredthsField(required=False)
    outlier_from = HundredthsField(required=False)

    class Meta:
        model = Season
        fields = RULES
        extra_kwargs = {name: {"required": False} for name in RULES}


class KindSerializer(serializers.Serializer[Any]):
    """A kind of organization that a track admits; without a sector, of any."""

    kind = serializers.ChoiceField(choices=Organization.Kind.choices)
    sector = serializers.ChoiceField(choices=Organization.Sector.choices, required=False, allow_blank=True, default="")


class TrackSerializer(serializers.ModelSerializer[Track]):
    name = CleanCharField(max_length=TRACK_COLUMNS["name"])
    award_title = CleanCharField(max_length=TRACK_COLUMNS["award_title"])
    method = CleanCharField(max_length=TRACK_COLUMNS["method"])
    archive_code = CleanCharField(
        max_length=TRACK_COLUMNS["archive_code"], required=False, allow_blank=True, default=""
    )
    kinds = KindSerializer(many=True, required=False, default=list)

    class Meta:
        model = Track
        fields = (*TRACK_COLUMNS, "last_number", "kinds")
        read_only_fields = ("last_number",)

    def to_representation(self, instance: Track) -> dict[str, Any]:
        shown = super().to_representation(instance)
        shown["kinds"].sort(key=lambda row: (row["kind"], row["sector"]))
        return shown


class TracksSerializer(serializers.Serializer[Any]):
    tracks = TrackSerializer(many=True)


class CriterionSerializer(serializers.Serializer[Any]):
    name = CleanCharField(max_length=20)
    weight = HundredthsField()
    hint = CleanCharField(max_length=200, required=False, allow_blank=True, default="")


class CriteriaSerializer(serializers.Serializer[Any]):
    criteria = CriterionSerializer(many=True)


class ReviewersSerializer(serializers.Serializer[Any]):
    """The keys of the persons."""

    persons = serializers.ListField(child=serializers.IntegerField())


class ReviewerSerializer(serializers.Serializer[Any]):
    person = serializers.IntegerField(source="person_id")
    name = serializers.CharField(source="person.name")


class AnnouncementSerializer(serializers.ModelSerializer[Announcement]):
    class Meta:
        model = Announcement
        fields = ("title", "number", "addressee", "body", "issued_on")


class AnnouncementInputSerializer(serializers.Serializer[Any]):
    """What is left out is made from the season's rules."""

    title = CleanCharField(max_length=120, required=False)
    number = CleanCharField(max_length=40, required=False, allow_blank=True)
    addressee = CleanCharField(max_length=200, required=False, allow_blank=True)
    body = CleanCharField(max_length=10000, required=False)


class ReopeningSerializer(serializers.Serializer[Reopening]):
    organization = serializers.CharField(source="organization.public_id")
    organization_name = serializers.CharField(source="organization.name")
    until = serializers.DateField()
    reason = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()


class ReopeningInputSerializer(serializers.Serializer[Any]):
    organization = serializers.CharField(max_length=20)
    until = serializers.DateField()
    reason = CleanCharField(max_length=500)


class SeasonRulesSerializer(serializers.ModelSerializer[Season]):
    """A season with all that was set; `missing` says in words what keeps the call from being issued."""

    yellow_from = HundredthsField()
    red_above = HundredthsField()
    outlier_from = HundredthsField()
    tracks = TrackSerializer(many=True)
    criteria = CriterionSerializer(many=True)
    reviewers = ReviewerSerializer(many=True)
    reopenings = ReopeningSerializer(many=True)
    missing = serializers.SerializerMethodField()

    class Meta:
        model = Season
        fields = ("code", *RULES, "tracks", "criteria", "reviewers", "reopenings", "missing")

    def get_missing(self, season: Season) -> list[str]:
        return season_checks.missing(season)


def track_input(row: dict[str, Any]) -> TrackInput:
    kinds = [(kind["kind"], kind["sector"]) for kind in row["kinds"]]
    return TrackInput(**{column: row[column] for column in TRACK_COLUMNS}, kinds=kinds)
