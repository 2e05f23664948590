"""Casting for programs: the code in the body of each call, the same actions and the same brake as the pages.

No session, no token, nothing stored before the cast.
"""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api import CleanCharField
from evaluation.appraisal import casting, throttle
from evaluation.appraisal.ballot_form import BallotForm
from evaluation.appraisal.middleware import leaves_no_trace
from evaluation.appraisal.models import Voter


class CodeSerializer(serializers.Serializer[Any]):
    code = CleanCharField(max_length=60, help_text="选票单上的投票码；不是追踪号。")


class BallotChoicesSerializer(CodeSerializer):
    """Candidates' codes by section, and the sections that are abstained from (弃权)."""

    choices = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=8), max_length=500),
        required=False,
        default=dict,
        help_text="各评选项目（如 street-1）所选候选项目的编号。",
    )
    abstained = serializers.ListField(child=serializers.CharField(max_length=30), required=False, default=list)


class PreparedSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="密封的选票，原样用于投票；此时还没有投出。")
    tracking_code = serializers.CharField(source="code")


class CastSerializer(CodeSerializer):
    token = serializers.CharField(max_length=20000)


class ReceiptSerializer(serializers.Serializer[Any]):
    tracking_code = serializers.CharField(source="code")
    again = serializers.BooleanField(help_text="这张票此前已在票箱中，没有重复计票。")


class ChoiceSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    number = serializers.IntegerField()
    project = serializers.CharField()
    organization = serializers.CharField()
    recused = serializers.CharField(help_text="应当回避的原因；空为不回避。")
    withdrawn = serializers.CharField(help_text="退出的原因；空为没有退出。")
    dossier = serializers.DictField()


class SectionSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    seats = serializers.IntegerField()
    candidates = ChoiceSerializer(many=True, source="choices")


class ContestSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    award = serializers.CharField()
    method = serializers.CharField()
    must_fill = serializers.BooleanField()
    sections = SectionSerializer(many=True)


class BallotSerializer(serializers.Serializer[Any]):
    campaign = serializers.CharField(source="voter.campaign.code")
    title = serializers.CharField(source="voter.campaign.title")
    manifest_sha256 = serializers.CharField(source="voter.campaign.manifest_sha256")
    closes_at = serializers.DateTimeField(source="voter.campaign.closes_at")
    voted = serializers.BooleanField(source="voter.voted")
    contests = ContestSerializer(many=True, source="pages")


class VoteView(APIView):
    """What the three calls share: nobody is logged in, and the code is looked up under the brake."""

    authentication_classes: list[Any] = []
    permission_classes = [permissions.AllowAny]

    def typed(self, request: Request, serializer_class: type[CodeSerializer]) -> tuple[Voter, dict[str, Any]]:
        """The voter of the code, and the checked body. Raises ActionError, Throttled."""
        serializer = serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            voter, _ = throttle.by_code(request._request, serializer.validated_data["code"])
        except throttle.TooManyFailures as error:
            raise exceptions.Throttled(wait=error.wait) from error
        return voter, serializer.validated_data


class BallotView(VoteView):
    @extend_schema(request=CodeSerializer, responses=BallotSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """The ballot of a code: contests, candidates, recusals; whether it has voted."""
        voter, _ = self.typed(request, CodeSerializer)
        return Response(BallotSerializer(BallotForm(voter)).data)


class ReviewView(VoteView):
    @extend_schema(request=BallotChoicesSerializer, responses=PreparedSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Check and seal the choices; nothing is stored."""
        voter, typed = self.typed(request, BallotChoicesSerializer)
        prepared = casting.prepare(voter=voter, choices=typed["choices"], abstained=typed["abstained"])
        return Response(PreparedSerializer(prepared).data)


class CastView(VoteView):
    @extend_schema(request=CastSerializer, responses=ReceiptSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Cast the sealed ballot; sent again it answers the same, with `again` true."""
        voter, typed = self.typed(request, CastSerializer)
        return Response(ReceiptSerializer(casting.cast(voter=voter, token=typed["token"])).data)


urlpatterns = [
    path("votes/", leaves_no_trace(CastView.as_view()), name="votes"),
    path("votes/ballot/", leaves_no_trace(BallotView.as_view()), name="vote-ballot"),
    path("votes/review/", leaves_no_trace(ReviewView.as_view()), name="vote-review"),
]
