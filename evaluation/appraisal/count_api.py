"""API of the count: results and the recount's files by rule, counting and signing by the same actions as the pages."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api import actor_of
from common.export_views import JobSerializer, accepted
from common.models import Job
from common.templatetags.ui import points
from evaluation.appraisal import count_runner, count_sheet, manifest, publishing, rules, secret_forms, signatures
from evaluation.appraisal.models import Campaign, Tally


class RankSerializer(serializers.Serializer[count_sheet.RankRow]):
    """`score` is an exact fraction, empty where the counts by category are not the reader's."""

    candidate = serializers.CharField(source="code")
    number = serializers.IntegerField()
    project = serializers.CharField()
    organization = serializers.CharField()
    rank = serializers.IntegerField()
    points = serializers.CharField()
    score = serializers.CharField()
    elected = serializers.BooleanField()
    tied = serializers.BooleanField()


class ClassResultSerializer(serializers.Serializer[count_sheet.ClassResult]):
    award = serializers.CharField()
    name = serializers.CharField()
    seats = serializers.IntegerField()
    tie_seats = serializers.IntegerField()
    unfilled = serializers.IntegerField()
    ranking = RankSerializer(many=True, source="rows")


class CategoryCountSerializer(serializers.Serializer[count_sheet.CategoryCount]):
    code = serializers.CharField()
    name = serializers.CharField()
    weight = serializers.SerializerMethodField()
    roll = serializers.IntegerField()
    ballots = serializers.IntegerField()
    valid = serializers.IntegerField()
    invalid = serializers.IntegerField()

    def get_weight(self, row: count_sheet.CategoryCount) -> str:
        return points(row.weight)


class ResultsSerializer(serializers.Serializer[count_sheet.Sheet]):
    """`counts`: by category and candidate approvals and what they are divided by; null where they are withheld."""

    roll = serializers.IntegerField()
    ballots = serializers.IntegerField()
    valid = serializers.IntegerField()
    invalid = serializers.IntegerField()
    classes = ClassResultSerializer(many=True)
    categories = CategoryCountSerializer(many=True)
    decisions = serializers.ListField(child=serializers.CharField())
    withdrawn = serializers.ListField(child=serializers.CharField())
    result_sha256 = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()

    def get_result_sha256(self, sheet: count_sheet.Sheet) -> str:
        return str(self.context["result_sha256"])

    def get_counts(self, sheet: count_sheet.Sheet) -> dict[str, dict[str, list[int]]] | None:
        counts = self.context["counts"]
        return {row["code"]: row["candidates"] for row in counts["categories"]} if counts else None


class PublicFileSerializer(serializers.Serializer[publishing.PublicFile]):
    name = serializers.CharField()
    words = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    url = serializers.SerializerMethodField()

    def get_url(self, each: publishing.PublicFile) -> str:
        return reverse("appraisal:public_file", args=[self.context["campaign"].code, each.name])


class RecountSerializer(serializers.Serializer[Any]):
    """`result_sha256` is empty until the result is public."""

    files = PublicFileSerializer(many=True)
    package = serializers.CharField()
    result_sha256 = serializers.CharField()
    withheld = serializers.BooleanField()


class SecretsSerializer(serializers.Serializer[Any]):
    """The secrets of two holders by position, "1" to "3"."""

    secrets = serializers.DictField(child=serializers.CharField(max_length=secret_forms.LENGTH, allow_blank=True))

    def validate_secrets(self, given: dict[str, str]) -> dict[int, str]:
        if set(given) - {"1", "2", "3"}:
            raise serializers.ValidationError("保管人序号只能是 1、2、3。")
        return {int(at): typed for at, typed in given.items()}


class SignSerializer(serializers.Serializer[Any]):
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    result_sha256 = serializers.CharField(max_length=64)


class CountedSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    result_sha256 = serializers.CharField()


class Results(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=ResultsSerializer)
    def get(self, request: Request, code: str) -> Response:
        """The whole count for those who run the vote; for everybody what is public, once it is."""
        campaign = get_object_or_404(Campaign.objects.select_related("runoff_of"), code=code)
        tally = Tally.objects.filter(campaign=campaign).first()
        whole = _reads(request, campaign)
        if tally is None or not (whole or publishing.result_is_public(campaign)):
            raise Http404
        text = tally.result if whole else publishing.result_text(tally)
        counts = json.loads(tally.counts) if whole or tally.detail_published else None
        digest = tally.result_sha256 if whole else publishing.result_sha256(tally)
        sheet = count_sheet.sheet(manifest.of(campaign), json.loads(text), counts)
        context = {"counts": counts, "result_sha256": digest}
        return Response(ResultsSerializer(sheet, context=context).data)


class Recount(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=RecountSerializer)
    def get(self, request: Request, code: str) -> Response:
        """The files for a recount by anybody, with their hashes and addresses."""
        campaign = get_object_or_404(publishing.announced(), code=code)
        result = publishing.result_of(campaign)
        found = {
            "files": publishing.files(campaign),
            "package": reverse("appraisal:public_file", args=[campaign.code, publishing.package_name(campaign)]),
            "result_sha256": publishing.result_sha256(campaign.tally) if result else "",
            "withheld": bool(result and "commitment" in result),
        }
        return Response(RecountSerializer(found, context={"campaign": campaign}).data)


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Count(APIView):
    @extend_schema(request=SecretsSerializer, responses={200: CountedSerializer, 202: JobSerializer})
    @method_decorator(sensitive_variables("given"))
    def post(self, request: Request, code: str) -> Response:
        """Open the mixed box with two holders' secrets; a large one is counted beside the request (202, the job)."""
        campaign = _own(request, code)
        given = SecretsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        secrets = given.validated_data["secrets"]
        made = count_runner.count(campaign=campaign, secrets=secrets, by=actor_of(request))
        if isinstance(made, Job):
            return accepted(made)
        return _counted(campaign, made)


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Sign(APIView):
    @extend_schema(request=SignSerializer, responses=CountedSerializer)
    def post(self, request: Request, code: str) -> Response:
        """A scrutineer signs the result of this hash, with the password again."""
        campaign = _own(request, code)
        given = SignSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = signatures.sign(campaign=campaign, by=actor_of(request), **given.validated_data)
        return _counted(campaign, made.tally)


def _counted(campaign: Campaign, tally: Tally) -> Response:
    campaign.refresh_from_db(fields=["state"])
    return Response(CountedSerializer({"status": campaign.state, "result_sha256": tally.result_sha256}).data)


def _reads(request: Request, campaign: Campaign) -> bool:
    user = request.user
    return user.is_authenticated and rules.can_read_count(user, campaign)


def _own(request: Request, code: str) -> Campaign:
    """A campaign whose count the person may read. Raises Http404."""
    campaign = get_object_or_404(Campaign, code=code)
    if not _reads(request, campaign):
        raise Http404
    return campaign


urlpatterns = [
    path("campaigns/<slug:code>/results/", Results.as_view(), name="campaign_results"),
    path("campaigns/<slug:code>/recount/", Recount.as_view(), name="campaign_recount"),
    path("campaigns/<slug:code>/count/", Count.as_view(), name="campaign_count"),
    path("campaigns/<slug:code>/sign/", Sign.as_view(), name="campaign_sign"),
]
