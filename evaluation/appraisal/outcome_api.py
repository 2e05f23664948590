"""API of a vote's outcome: the public notice, objections, the list of awards, certificates confirmed."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import throttle
from common.api import CleanCharField, actor_of
from evaluation.appraisal import certificates, crockford, objections, outcome_pages, rules
from evaluation.appraisal.models import Award, NoticeItem, PublicNotice
from evaluation.appraisal.outcome_public import HOUR, LOOKS_A_MINUTE, MINUTE, OBJECTIONS_AN_HOUR


class NoticeItemSerializer(serializers.Serializer[NoticeItem]):
    candidate = serializers.CharField(source="candidate.code")
    title = serializers.CharField(source="candidate.project.title")
    organization = serializers.CharField(source="candidate.project.lead_organization.name")
    award = serializers.CharField(source="award_title")
    class_name = serializers.CharField()


class PublicNoticeSerializer(serializers.Serializer[PublicNotice]):
    """A round of the notice; `open` while objections are taken, `days_left` in working days, today included."""

    code = serializers.CharField()
    round = serializers.IntegerField()
    title = serializers.CharField()
    body = serializers.CharField()
    contact = serializers.CharField()
    state = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    open = serializers.SerializerMethodField()
    days_left = serializers.SerializerMethodField()
    items = serializers.SerializerMethodField()

    def get_open(self, notice: PublicNotice) -> bool:
        return objections.is_open(notice)

    def get_days_left(self, notice: PublicNotice) -> int | None:
        return outcome_pages.days_left(notice)

    @extend_schema(responses=NoticeItemSerializer(many=True))
    def get_items(self, notice: PublicNotice) -> list[dict[str, Any]]:
        rows = outcome_pages.items_of(notice).exclude(state=NoticeItem.State.STRUCK)
        return list(NoticeItemSerializer(rows, many=True).data)


class CampaignNotice(APIView):
    """The notice of a campaign that is shown now, its latest round."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=PublicNoticeSerializer)
    def get(self, request: Request, code: str) -> Response:
        rows = PublicNotice.objects.shown().filter(campaign__code=code).select_related("campaign")
        found = rows.order_by("-round").first()
        if found is None:
            raise Http404
        return Response(PublicNoticeSerializer(found).data)


class ObjectionInputSerializer(serializers.Serializer[Any]):
    """What is missing is said by the action, in its words; `candidate` names the item, left out it is the whole."""

    kind = CleanCharField(required=False, allow_blank=True, default="")
    name = CleanCharField(required=False, allow_blank=True, default="")
    contact = CleanCharField(required=False, allow_blank=True, default="")
    content = CleanCharField(required=False, allow_blank=True, default="")
    stamped = serializers.BooleanField(required=False, default=False)
    candidate = CleanCharField(required=False, allow_blank=True, default="")


class ReceivedSerializer(serializers.Serializer[Any]):
    """The query code (查询码) with which the objector reads state and reply."""

    code = serializers.CharField()


class ObjectionSerializer(serializers.Serializer[Any]):
    """An objection for those who handle it."""

    id = serializers.IntegerField()
    kind = serializers.CharField(source="by")
    name = serializers.CharField()
    contact = serializers.CharField()
    stamped = serializers.BooleanField()
    content = serializers.CharField()
    via = serializers.CharField()
    received_on = serializers.DateField()
    dated_on = serializers.DateField(allow_null=True)
    candidate = serializers.CharField(source="item.candidate.code", default="")
    state = serializers.CharField()
    reply = serializers.CharField()


class NoticeObjections(APIView):
    """GET: a notice's objections, for those who handle them. POST: an objection from the public."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=ObjectionSerializer(many=True))
    def get(self, request: Request, code: str) -> Response:
        if not rules.can_handle_objections(request.user):  # type: ignore[arg-type]
            raise Http404
        notice = get_object_or_404(PublicNotice, code=code)
        rows = notice.objections.select_related("item__candidate").order_by("id")
        return Response(ObjectionSerializer(rows, many=True).data)

    @extend_schema(request=ObjectionInputSerializer, responses={201: ReceivedSerializer})
    def post(self, request: Request, code: str) -> Response:
        notice = get_object_or_404(PublicNotice.objects.shown().select_related("campaign"), code=code)
        by = actor_of(request)
        throttle.spend("objection", by.address, times=OBJECTIONS_AN_HOUR, seconds=HOUR)
        shape = ObjectionInputSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        given = dict(shape.validated_data)
        if named := given.pop("candidate"):
            given["item"] = _item(notice, named)
        made = objections.file_objection(notice=notice, given=given, by=by)
        return Response({"code": crockford.grouped(made.code)}, status=201)


class AwardSerializer(serializers.Serializer[Award]):
    season = serializers.CharField(source="season.code")
    track = serializers.CharField(source="track.code")
    award = serializers.CharField(source="title")
    class_name = serializers.CharField(source="candidate.contest_class.name")
    project = serializers.CharField(source="project.code")
    title = serializers.CharField(source="project.title")
    organization = serializers.CharField(source="organization_name")
    awarded_on = serializers.DateField()


class CertificateSerializer(AwardSerializer):
    certificate_number = serializers.CharField()
    season_name = serializers.CharField(source="season.name")
    basis = serializers.CharField()


class AwardList(generics.ListAPIView[Award]):
    """The list of awards (获奖榜), latest first."""

    permission_classes = (AllowAny,)
    serializer_class = AwardSerializer
    queryset = Award.objects.none()
    ordering = ("-id",)

    @extend_schema(
        parameters=[OpenApiParameter("season", str), OpenApiParameter("track", str)], responses=AwardSerializer
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Award]:
        rows = Award.objects.shown().select_related("season", "track", "project", "candidate__contest_class")
        asked = self.request.query_params
        if asked.get("season"):
            rows = rows.filter(season__code=asked["season"])
        return rows.filter(track__code=asked["track"]) if asked.get("track") else rows


class Certificate(APIView):
    """What a verification code stands for; 404 for one that no certificate has, 409 while its result is taken down."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=CertificateSerializer)
    def get(self, request: Request, code: str) -> Response:
        throttle.spend("verify", request.META.get("REMOTE_ADDR"), times=LOOKS_A_MINUTE, seconds=MINUTE)
        award = certificates.find(code)
        if award is None:
            raise Http404
        return Response(CertificateSerializer(award).data)


def _item(notice: PublicNotice, candidate: str) -> NoticeItem:
    found = notice.items.exclude(state=NoticeItem.State.STRUCK).filter(candidate__code=candidate).first()
    if found is None:
        raise serializers.ValidationError({"candidate": ["请选择这份公示里的项目。"]})
    return found


urlpatterns = [
    path("campaigns/<slug:code>/notice/", CampaignNotice.as_view(), name="campaign_notice"),
    path("notices/<slug:code>/objections/", NoticeObjections.as_view(), name="notice_objections"),
    path("awards/", AwardList.as_view(), name="awards"),
    path("certificates/<str:code>/", Certificate.as_view(), name="certificate"),
]
