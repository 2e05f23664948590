"""Shapes of the API of a project's course. Weights are percentage points, figures are printed as people write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api import CleanCharField
from common.models import Publication, PublicationStep
from projects.application_fields import ROW_LIMIT, TITLE_LIMIT
from projects.closing import COURSE, REASON_LIMIT, TEXT_LIMIT, VERDICT_LIMIT
from projects.models import Closing, ExpectedFigure, LeadTerm, PlanChange, PlanItem, Project
from projects.serializers import AttachmentSerializer, PointsField

PUBLICATION_STEPS = ("propose", "clear", "approve", "publish", "send_back", "take_down")


class PlanItemSerializer(serializers.Serializer[PlanItem]):
    milestone = serializers.IntegerField(source="milestone_id")
    title = serializers.CharField(source="milestone.title")
    weight = PointsField()
    start = serializers.DateField()
    due = serializers.DateField()


class PlanChangeSerializer(serializers.Serializer[PlanChange]):
    id = serializers.IntegerField(read_only=True)
    project = serializers.CharField(source="project.code", read_only=True)
    state = serializers.CharField(read_only=True)
    reason = serializers.CharField(read_only=True)
    old_end = serializers.DateField(read_only=True)
    new_end = serializers.DateField(read_only=True, allow_null=True)
    version = serializers.IntegerField(source="plan.version", read_only=True)
    effective_from = serializers.SerializerMethodField()
    items = PlanItemSerializer(many=True, source="plan.items.all", read_only=True)
    requested_at = serializers.DateTimeField(read_only=True)
    requested_by = serializers.CharField(source="requested_by.person.name", default="", read_only=True)
    answer = serializers.CharField(read_only=True)
    decided_at = serializers.DateTimeField(read_only=True, allow_null=True)
    decided_by = serializers.CharField(source="decided_by.person.name", default="", read_only=True)

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_effective_from(self, change: PlanChange) -> Any:
        """From when the new plan holds; null while it is not approved."""
        return change.plan.effective_from if change.plan.frozen_on else None


class PlanItemInputSerializer(serializers.Serializer[Any]):
    """`milestone` keeps one of the project's; without it `title` names a new one."""

    milestone = serializers.IntegerField(required=False, allow_null=True)
    title = CleanCharField(required=False, allow_blank=True, max_length=TITLE_LIMIT)
    weight = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=Decimal("0.01"), max_value=Decimal(100), coerce_to_string=False
    )
    start = serializers.DateField()
    due = serializers.DateField()


class PlanChangeInputSerializer(serializers.Serializer[Any]):
    items = serializers.ListField(child=PlanItemInputSerializer(), max_length=ROW_LIMIT)
    reason = CleanCharField(required=False, allow_blank=True, default="")
    new_end = serializers.DateField(required=False, allow_null=True, default=None)


class DecisionSerializer(serializers.Serializer[Any]):
    approve = serializers.BooleanField()
    answer = CleanCharField(required=False, allow_blank=True, default="")


class ExpectedFigureSerializer(serializers.Serializer[ExpectedFigure]):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    promised = serializers.CharField(source="text")
    reached = serializers.CharField(source="reached_text")
    evidence = serializers.CharField()


class ClosingSerializer(serializers.Serializer[Closing]):
    """A closing report; the context holds its `files`."""

    project = serializers.CharField(source="project.code")
    state = serializers.CharField(source="project.state")
    outcome = serializers.CharField()
    practice = serializers.CharField()
    shortfall = serializers.CharField()
    next = serializers.CharField()
    figures = ExpectedFigureSerializer(many=True, source="project.expected_figures.all")
    files = serializers.SerializerMethodField()
    revision = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    returned_at = serializers.DateTimeField(allow_null=True)
    verdict = serializers.CharField()
    level = serializers.CharField()
    eligible = serializers.BooleanField()
    bar_reason = serializers.CharField()
    accepted_on = serializers.DateField(allow_null=True)

    @extend_schema_field(AttachmentSerializer(many=True))
    def get_files(self, closing: Closing) -> Any:
        return AttachmentSerializer(self.context["files"], many=True).data


class FigureInputSerializer(serializers.Serializer[Any]):
    """`reached` as people write it: 100余, 近5000; empty while nothing is known."""

    id = serializers.IntegerField()
    reached = CleanCharField(required=False, allow_blank=True, max_length=40)
    evidence = CleanCharField(required=False, allow_blank=True)


class ClosingInputSerializer(serializers.Serializer[Any]):
    """What a closing report is written with; everything may be left out. `revision` guards against a stale page."""

    revision = serializers.IntegerField(required=False)
    outcome = CleanCharField(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    practice = CleanCharField(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    shortfall = CleanCharField(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    next = CleanCharField(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    figures = FigureInputSerializer(many=True, required=False)


class ReturnClosingSerializer(serializers.Serializer[Any]):
    verdict = CleanCharField(required=False, allow_blank=True, max_length=VERDICT_LIMIT, default="")


class AcceptClosingSerializer(serializers.Serializer[Any]):
    level = serializers.ChoiceField(choices=Closing.Level.choices)
    verdict = CleanCharField(required=False, allow_blank=True, max_length=VERDICT_LIMIT, default="")
    bar_reason = CleanCharField(required=False, allow_blank=True, max_length=REASON_LIMIT, default="")


class CourseSerializer(serializers.Serializer[Any]):
    course = serializers.ChoiceField(choices=[(key, word) for key, (_, word) in COURSE.items()])
    reason = CleanCharField(required=False, allow_blank=True, default="")


class StateSerializer(serializers.Serializer[Project]):
    code = serializers.CharField()
    state = serializers.CharField()


class LeadTermSerializer(serializers.Serializer[LeadTerm]):
    person = serializers.CharField(source="person.name")
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True)


class LeadSerializer(serializers.Serializer[Project]):
    code = serializers.CharField()
    lead_secretary = serializers.CharField(source="lead_secretary.name")
    terms = serializers.SerializerMethodField()

    @extend_schema_field(LeadTermSerializer(many=True))
    def get_terms(self, project: Project) -> Any:
        terms: Any = project.lead_terms.select_related("person")
        return LeadTermSerializer(terms, many=True).data


class LeadInputSerializer(serializers.Serializer[Any]):
    person = serializers.IntegerField()
    since = serializers.DateField()
    reason = CleanCharField(required=False, allow_blank=True, default="")


class PublicationStepSerializer(serializers.Serializer[PublicationStep]):
    step = serializers.CharField(source="to_state")
    by = serializers.CharField(source="by.person.name", default="")
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class PublicationSerializer(serializers.Serializer[Publication]):
    """A project's public wording and its review; the context holds the `steps`."""

    state = serializers.CharField()
    summary = serializers.CharField(source="content.summary")
    steps = serializers.SerializerMethodField()

    @extend_schema_field(PublicationStepSerializer(many=True))
    def get_steps(self, row: Publication) -> Any:
        return PublicationStepSerializer(self.context["steps"], many=True).data


class PublicationInputSerializer(serializers.Serializer[Any]):
    do = serializers.ChoiceField(choices=PUBLICATION_STEPS)
    summary = CleanCharField(required=False, allow_blank=True, default="")
    reason = CleanCharField(required=False, allow_blank=True, default="")
