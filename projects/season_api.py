"""API of the season set-up: the department's; the call for applications once issued is everybody's."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api import actor_of
from organizations.models import Organization, Person
from projects import application_window, rules, seasons
from projects import season_serializers as shapes
from projects.models import Announcement, Season
from projects.serializers import SeasonSerializer


class SeasonList(generics.ListCreateAPIView[Season]):
    """The seasons with their tracks, for everybody logged in; POST: the department copies one into a new one."""

    serializer_class = SeasonSerializer
    queryset = Season.objects.prefetch_related("tracks")
    ordering = ("-starts_on", "id")

    @extend_schema(request=shapes.NewSeasonSerializer, responses={201: shapes.SeasonRulesSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = _given(shapes.NewSeasonSerializer, request)
        code = given.pop("source")
        source = Season.objects.filter(code=code).first()
        if code and source is None:
            raise exceptions.ValidationError({"source": ["没有这个年度。"]})
        return Response(_shown(seasons.copy_season(source=source, by=actor_of(request), **given)), status=201)


class SeasonDetail(APIView):
    """A season with all its rules, and what it still lacks."""

    @extend_schema(responses=shapes.SeasonRulesSerializer)
    def get(self, request: Request, code: str) -> Response:
        return Response(_shown(_season(request, code)))

    @extend_schema(request=shapes.RulesInputSerializer, responses=shapes.SeasonRulesSerializer)
    def patch(self, request: Request, code: str) -> Response:
        """Change the rules that are given."""
        season = _season(request, code)
        given = _given(shapes.RulesInputSerializer, request)
        return Response(_shown(seasons.save_rules(season=season, values=given, by=actor_of(request))))


class Tracks(APIView):
    @extend_schema(request=shapes.TracksSerializer, responses=shapes.SeasonRulesSerializer)
    def put(self, request: Request, code: str) -> Response:
        """Set the tracks, whole, in this order; known by their code."""
        season = _season(request, code)
        given = _given(shapes.TracksSerializer, request)["tracks"]
        rows = [shapes.track_input(row) for row in given]
        return Response(_shown(seasons.set_tracks(season=season, rows=rows, by=actor_of(request))))


class Criteria(APIView):
    @extend_schema(request=shapes.CriteriaSerializer, responses=shapes.SeasonRulesSerializer)
    def put(self, request: Request, code: str) -> Response:
        """Set the criteria, whole, in this order; the weights sum to 100."""
        season = _season(request, code)
        rows = [seasons.CriterionInput(**row) for row in _given(shapes.CriteriaSerializer, request)["criteria"]]
        return Response(_shown(seasons.set_criteria(season=season, rows=rows, by=actor_of(request))))


class Reviewers(APIView):
    @extend_schema(request=shapes.ReviewersSerializer, responses=shapes.SeasonRulesSerializer)
    def put(self, request: Request, code: str) -> Response:
        """Set the pool of reviewers, whole."""
        season = _season(request, code)
        wanted = _given(shapes.ReviewersSerializer, request)["persons"]
        persons = list(Person.objects.filter(pk__in=wanted))
        if len(persons) < len(set(wanted)):
            raise exceptions.ValidationError({"persons": ["没有这个人。"]})
        return Response(_shown(seasons.set_reviewers(season=season, persons=persons, by=actor_of(request))))


class AnnouncementDetail(APIView):
    """GET: everybody once it was issued. PUT: the department writes it; what is left out is made from the rules."""

    @extend_schema(responses=shapes.AnnouncementSerializer)
    def get(self, request: Request, code: str) -> Response:
        row = get_object_or_404(Announcement, season__code=code)
        if row.issued_on is None and not _may_manage(request):
            raise Http404
        return Response(shapes.AnnouncementSerializer(row).data)

    @extend_schema(request=shapes.AnnouncementInputSerializer, responses=shapes.AnnouncementSerializer)
    def put(self, request: Request, code: str) -> Response:
        season = _season(request, code)
        given = _given(shapes.AnnouncementInputSerializer, request)
        row = seasons.write_announcement(season=season, values=given, by=actor_of(request))
        return Response(shapes.AnnouncementSerializer(row).data)


class IssueAnnouncement(APIView):
    @extend_schema(request=None, responses=shapes.AnnouncementSerializer)
    def post(self, request: Request, code: str) -> Response:
        """Issue the call for applications; again is nothing."""
        row = seasons.issue_announcement(season=_season(request, code), by=actor_of(request))
        return Response(shapes.AnnouncementSerializer(row).data)


class Reopenings(APIView):
    @extend_schema(request=shapes.ReopeningInputSerializer, responses={201: shapes.ReopeningSerializer})
    def post(self, request: Request, code: str) -> Response:
        """Let one organization apply after the deadline."""
        season = _season(request, code)
        given = _given(shapes.ReopeningInputSerializer, request)
        organization = Organization.objects.standing().filter(public_id=given["organization"]).first()
        if organization is None:
            raise exceptions.ValidationError({"organization": ["没有这个党组织。"]})
        until: date = given["until"]
        row = application_window.reopen_organization(
            season=season, organization=organization, until=until, reason=given["reason"], by=actor_of(request)
        )
        return Response(shapes.ReopeningSerializer(row).data, status=201)


def _may_manage(request: Request) -> bool:
    user: Any = request.user
    return rules.can_manage_seasons(user)


def _season(request: Request, code: str) -> Season:
    if not _may_manage(request):
        raise Http404
    return get_object_or_404(Season, code=code)


def _shown(season: Season) -> dict[str, Any]:
    rows = Season.objects.prefetch_related(
        "tracks__kinds", "criteria", "reviewers__person", "reopenings__organization", "reopenings__by__person"
    )
    return dict(shapes.SeasonRulesSerializer(rows.get(pk=season.pk)).data)


def _given(shape: Any, request: Request) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


urlpatterns = [
    path("seasons/", SeasonList.as_view(), name="seasons"),
    path("seasons/<slug:code>/", SeasonDetail.as_view(), name="season"),
    path("seasons/<slug:code>/tracks/", Tracks.as_view(), name="season_tracks"),
    path("seasons/<slug:code>/criteria/", Criteria.as_view(), name="season_criteria"),
    path("seasons/<slug:code>/reviewers/", Reviewers.as_view(), name="season_reviewers"),
    path("seasons/<slug:code>/announcement/", AnnouncementDetail.as_view(), name="announcement"),
    path("seasons/<slug:code>/announcement/issue/", IssueAnnouncement.as_view(), name="issue_announcement"),
    path("seasons/<slug:code>/reopenings/", Reopenings.as_view(), name="reopenings"),
]
