"""API of the turnout: how many have voted, by category in lots; nothing about choices or persons."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluation.appraisal import turnout
from evaluation.appraisal.models import Campaign


class CategoryTurnoutSerializer(serializers.Serializer[turnout.CategoryTurnout]):
    code = serializers.CharField(source="category.code")
    name = serializers.CharField(source="category.label")
    voted = serializers.IntegerField()
    roll = serializers.IntegerField()


class TurnoutSerializer(serializers.Serializer[Any]):
    """`exact` is false while the vote is open: then categories are as of the last mixed lot, the total is live."""

    campaign = serializers.CharField()
    state = serializers.CharField()
    voted = serializers.IntegerField()
    roll = serializers.IntegerField()
    exact = serializers.BooleanField()
    categories = CategoryTurnoutSerializer(many=True, source="rows")


class TurnoutDetail(APIView):
    @extend_schema(responses=TurnoutSerializer)
    def get(self, request: Request, code: str) -> Response:
        """The turnout of a vote whose workbench the caller may open; 404 out of scope."""
        campaign = get_object_or_404(Campaign.objects.visible_to(request.user), code=code)
        found = turnout.of(campaign)
        names = ("voted", "roll", "exact", "rows")
        values = {"campaign": campaign.code, "state": campaign.state} | {name: getattr(found, name) for name in names}
        return Response(TurnoutSerializer(values).data)


urlpatterns = [path("campaigns/<slug:code>/turnout/", TurnoutDetail.as_view(), name="turnout")]
