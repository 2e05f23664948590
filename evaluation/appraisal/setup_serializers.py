"""Shapes of a vote's set-up. A weight is a decimal text with two places outside (“33.33”), 0.01 point inside."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api import CleanCharField
from common.rows import RowSerializer
from common.templatetags.ui import points
from evaluation.appraisal import rule_sheet
from evaluation.appraisal.campaigns import OWN, RULES
from evaluation.appraisal.models import Campaign, Candidate, Contest


@extend_schema_field(OpenApiTypes.DECIMAL)
class WeightField(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=5, decimal_places=2, min_value=0, max_value=100, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return int(super().run_validation(data) * 100)

    def to_representation(self, value: Any) -> Any:
        return points(value)


class CampaignRowSerializer(RowSerializer):
    code = serializers.CharField()
    title = serializers.CharField()
    season = serializers.CharField(source="season.code")
    state = serializers.CharField()
    opens_at = serializers.DateTimeField(allow_null=True)
    closes_at = serializers.DateTimeField(allow_null=True)
    runoff_of = serializers.CharField(source="runoff_of.code", allow_null=True)


class NewCampaignSerializer(serializers.Serializer[Any]):
    """`source`: the campaign that is copied; without it an empty one with the default categories."""

    season = serializers.SlugField()
    title = CleanCharField(max_length=80)
    source = serializers.SlugField(required=False, allow_blank=True, default="")  # type: ignore[assignment]


class BasicsSerializer(serializers.ModelSerializer[Campaign]):
    """Everything may be left out. Limits are the model's, which the action checks."""

    title = CleanCharField(max_length=80, required=False)

    class Meta:
        model = Campaign
        fields = (*OWN, *RULES)
        extra_kwargs = {name: {"required": False} for name in (*OWN, *RULES)}


class ClassSerializer(serializers.Serializer[Any]):
    name = CleanCharField(max_length=40, required=False, allow_blank=True, default="")
    seats = serializers.IntegerField()


class ContestInputSerializer(serializers.Serializer[Any]):
    track = serializers.SlugField()
    award_title = CleanCharField(max_length=60)
    method = serializers.ChoiceField(choices=Contest.Method.choices)
    classes = ClassSerializer(many=True)
    over_half = serializers.BooleanField(default=False)
    must_fill = serializers.BooleanField(default=False)
    tie_rule = serializers.ChoiceField(choices=Contest.TieRule.choices, default=Contest.TieRule.RUNOFF.value)


class ContestsSerializer(serializers.Serializer[Any]):
    contests = ContestInputSerializer(many=True)


class CategoryInputSerializer(serializers.Serializer[Any]):
    """`code` is empty for a new category; `merge_into` is the code of another."""

    code = serializers.SlugField(required=False, allow_blank=True, default="")
    name = CleanCharField(max_length=30)
    weight = WeightField()
    unconfirmed = serializers.BooleanField(default=False)
    tie_order = serializers.IntegerField(required=False, allow_null=True, default=None)
    merge_into = serializers.SlugField(required=False, allow_blank=True, default="")


class CategoriesSerializer(serializers.Serializer[Any]):
    categories = CategoryInputSerializer(many=True)


class CategoryRulesSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    unconfirmed = serializers.BooleanField()
    weight = WeightField()
    roll = serializers.IntegerField()
    tie_order = serializers.IntegerField(allow_null=True)
    merge_into = serializers.CharField(allow_null=True)


class ContestClassSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    name = serializers.CharField()
    seats = serializers.IntegerField()


class ContestRulesSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    award = serializers.CharField()
    method = serializers.CharField()
    over_half = serializers.BooleanField()
    must_fill = serializers.BooleanField()
    tie_rule = serializers.CharField()
    classes = ContestClassSerializer(many=True)


class PartSerializer(serializers.Serializer[Any]):
    heading = serializers.CharField()
    sentences = serializers.ListField(child=serializers.CharField())


class CampaignSerializer(serializers.Serializer[Campaign]):
    """A campaign with its rules, as data and in words; of a locked one both come from its manifest."""

    code = serializers.CharField()
    title = serializers.CharField()
    season = serializers.CharField(source="season.code")
    state = serializers.CharField()
    opens_at = serializers.DateTimeField(allow_null=True)
    closes_at = serializers.DateTimeField(allow_null=True)
    manifest_sha256 = serializers.CharField()
    contests = ContestRulesSerializer(many=True)
    categories = CategoryRulesSerializer(many=True)
    rules = PartSerializer(many=True)

    def to_representation(self, instance: Campaign) -> dict[str, Any]:
        rules = rule_sheet.of(instance)
        names = ("code", "title", "season", "state", "opens_at", "closes_at", "manifest_sha256")
        fixed = {name: getattr(instance, name) for name in names} | {
            "contests": rules["contests"],
            "categories": rules["categories"],
            "rules": rule_sheet.sentences(rules),
        }
        return super().to_representation(fixed)  # type: ignore[arg-type]


class CandidateInputSerializer(serializers.Serializer[Any]):
    """`number`: the class of the contest, 1 where it has no classes."""

    project = serializers.SlugField()
    contest = serializers.SlugField()
    number = serializers.IntegerField(required=False, default=1)


class CandidateSerializer(serializers.Serializer[Candidate]):
    code = serializers.CharField()
    project = serializers.CharField(source="project.code")
    title = serializers.CharField(source="project.title")
    organization = serializers.CharField(source="project.lead_organization.name")
    contest = serializers.CharField(source="contest_class.contest.code")
    class_number = serializers.IntegerField(source="contest_class.number")
    number = serializers.IntegerField(allow_null=True)
    presentation = serializers.IntegerField(allow_null=True)
    withdrawn_on = serializers.DateField(allow_null=True)
    withdrawn_reason = serializers.CharField()


class VoteReasonSerializer(serializers.Serializer[Any]):
    """Before the lock a candidate leaves without a reason; afterwards, and for voiding, one is needed."""

    reason = CleanCharField(max_length=200, required=False, allow_blank=True, default="")


class SeedSerializer(serializers.Serializer[Any]):
    """`order_seed`: a number of a public lottery; without it one is drawn."""

    order_seed = CleanCharField(max_length=64, required=False, allow_blank=True)


class ProblemSerializer(serializers.Serializer[Any]):
    part = serializers.CharField()
    row = serializers.CharField()
    words = serializers.CharField()
    cure = serializers.CharField()
