"""API of a vote's set-up: the same actions and rules as the pages; announced votes are read by anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api import actor_of
from common.rows import RowList
from evaluation.appraisal import campaigns, candidates, categories, contests, lifecycle, locking, publishing
from evaluation.appraisal import setup_serializers as shapes
from evaluation.appraisal.models import Campaign, Candidate, ContestClass
from projects.models import Project, Season


class Readable(APIView):
    """GET by anybody, within `_readable`; everything else asks for a login."""

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method in SAFE_METHODS else IsAuthenticated()]  # type: ignore[list-item]


class CampaignList(Readable, RowList):
    """The campaigns in scope and those that are announced, latest first; POST makes one, empty or from `source`."""

    serializer_class = shapes.CampaignRowSerializer
    queryset = Campaign.objects.none()
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Campaign]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return _readable(self.request)

    @extend_schema(request=shapes.NewCampaignSerializer, responses={201: shapes.CampaignSerializer})
    def post(self, request: Request) -> Response:
        given, by = _given(shapes.NewCampaignSerializer, request), actor_of(request)
        campaigns.refuse_others(by)
        season = Season.objects.filter(code=given["season"]).first()
        source = Campaign.objects.filter(code=given["source"]).first()
        if season is None:
            raise exceptions.ValidationError({"season": ["没有这个年度。"]})
        if given["source"] and source is None:
            raise exceptions.ValidationError({"source": ["没有这次票决。"]})
        if source is None:
            made = campaigns.create_campaign(season=season, title=given["title"], by=by)
        else:
            made = campaigns.copy_campaign(source=source, season=season, title=given["title"], by=by)
        return Response(shapes.CampaignSerializer(made).data, status=201)


class CampaignDetail(Readable):
    @extend_schema(responses=shapes.CampaignSerializer)
    def get(self, request: Request, code: str) -> Response:
        """A campaign with its rules; once it is locked, those of its manifest."""
        rows = _readable(request).select_related("season", "runoff_of")
        return Response(shapes.CampaignSerializer(get_object_or_404(rows, code=code)).data)

    @extend_schema(request=shapes.BasicsSerializer, responses=shapes.CampaignSerializer)
    def patch(self, request: Request, code: str) -> Response:
        """Change the basics and rules that are given, of a draft."""
        found, given = _own(request, code), _given(shapes.BasicsSerializer, request)
        campaigns.edit_basics(campaign=found, values=given, by=actor_of(request))
        return _shown(request, code)


class Contests(APIView):
    @extend_schema(request=shapes.ContestsSerializer, responses=shapes.CampaignSerializer)
    def put(self, request: Request, code: str) -> Response:
        """Set the contests of a draft, whole, in this order; known by their track."""
        found, rows = _own(request, code), []
        tracks = {track.code: track for track in found.season.tracks.all()}
        for turn, row in enumerate(_given(shapes.ContestsSerializer, request)["contests"]):
            track = tracks.get(row.pop("track"))
            if track is None:
                raise exceptions.ValidationError({f"contests.{turn}.track": ["本年度没有这个赛道。"]})
            classes = [contests.ClassInput(**each) for each in row.pop("classes")]
            rows.append(contests.ContestInput(track=track, classes=classes, **row))
        contests.set_contests(campaign=found, rows=rows, by=actor_of(request))
        return _shown(request, code)


class Categories(APIView):
    @extend_schema(request=shapes.CategoriesSerializer, responses=shapes.CampaignSerializer)
    def put(self, request: Request, code: str) -> Response:
        """Set the categories of a draft, whole, in this order; the weights must sum to 100 at the lock only."""
        found, given = _own(request, code), _given(shapes.CategoriesSerializer, request)["categories"]
        rows = [categories.CategoryInput(**row) for row in given]
        categories.set_categories(campaign=found, rows=rows, by=actor_of(request))
        return _shown(request, code)


class Candidates(Readable):
    @extend_schema(responses=shapes.CandidateSerializer(many=True))
    def get(self, request: Request, code: str) -> Response:
        """The candidates in the order of the ballot, withdrawn ones with the reason."""
        rows = _candidates(get_object_or_404(_readable(request), code=code))
        return Response(_listed(rows))

    @extend_schema(request=shapes.CandidateInputSerializer, responses={201: shapes.CandidateSerializer})
    def post(self, request: Request, code: str) -> Response:
        """Put a project on the list of a draft; again is nothing."""
        found, given = _own(request, code), _given(shapes.CandidateInputSerializer, request)
        places = ContestClass.objects.filter(contest__campaign=found, contest__code=given["contest"])
        place = places.filter(number=given["number"]).select_related("contest__campaign", "contest__track").first()
        project = Project.objects.select_related("closing", "lead_organization").filter(code=given["project"]).first()
        if place is None:
            raise exceptions.ValidationError({"contest": ["没有这个评选项目或类别。"]})
        if project is None:
            raise exceptions.ValidationError({"project": ["没有这个项目。"]})
        made = candidates.add_candidate(contest_class=place, project=project, by=actor_of(request))
        return Response(shapes.CandidateSerializer(_candidates(found).get(pk=made.pk)).data, status=201)


class WithdrawCandidate(APIView):
    @extend_schema(request=shapes.VoteReasonSerializer, responses=shapes.CandidateSerializer(many=True))
    def post(self, request: Request, code: str, candidate: str) -> Response:
        """Take a candidate off a draft's list; after the lock it withdraws with a reason. Answers the list."""
        found, given = _own(request, code), _given(shapes.VoteReasonSerializer, request)
        row = get_object_or_404(found.candidates, code=candidate)
        candidates.withdraw_candidate(candidate=row, reason=given["reason"], by=actor_of(request))
        return Response(_listed(_candidates(found)))


class Problems(APIView):
    @extend_schema(responses=shapes.ProblemSerializer(many=True))
    def get(self, request: Request, code: str) -> Response:
        """What stands in the way of the lock; empty once it is locked."""
        found = _own(request, code)
        rows = locking.problems(found) if found.is_draft else []
        return Response(shapes.ProblemSerializer(rows, many=True).data)


class Lock(APIView):
    @extend_schema(request=shapes.SeedSerializer, responses=shapes.CampaignSerializer)
    def post(self, request: Request, code: str) -> Response:
        """Fix the rules and draw the lots; refused with one message a problem under the names of the parts."""
        found, given, by = _own(request, code), _given(shapes.SeedSerializer, request), actor_of(request)
        if given and found.is_draft:
            campaigns.edit_basics(campaign=found, values=given, by=by)
        locking.lock(campaign=found, by=by)
        return _shown(request, code)


class Step(APIView):
    """A step that needs nothing but the campaign: `run(campaign=…, by=…)`."""

    run: Callable[..., Any]

    @extend_schema(request=None, responses=shapes.CampaignSerializer)
    def post(self, request: Request, code: str) -> Response:
        type(self).run(campaign=_own(request, code), by=actor_of(request))
        return _shown(request, code)


class Open(Step):
    run = staticmethod(lifecycle.open_vote)


class Close(Step):
    run = staticmethod(lifecycle.close_vote)


class Void(APIView):
    @extend_schema(request=shapes.VoteReasonSerializer, responses=shapes.CampaignSerializer)
    def post(self, request: Request, code: str) -> Response:
        """Void a vote before it is final, with a reason; its ballots are never opened."""
        found, given = _own(request, code), _given(shapes.VoteReasonSerializer, request)
        lifecycle.void_campaign(campaign=found, reason=given["reason"], by=actor_of(request))
        return _shown(request, code)


def _readable(request: Request) -> QuerySet[Campaign]:
    """What the caller may open on the workbench, and what the public knows of: announced, voided or not."""
    announced = publishing.announced().exclude(state=Campaign.State.DRAFT).order_by().values("pk")
    own = Campaign.objects.visible_to(request.user).values("pk")
    return Campaign.objects.filter(Q(pk__in=announced) | Q(pk__in=own))


def _own(request: Request, code: str) -> Campaign:
    rows = Campaign.objects.visible_to(request.user).select_related("season", "runoff_of")
    return get_object_or_404(rows, code=code)


def _shown(request: Request, code: str) -> Response:
    return Response(shapes.CampaignSerializer(_own(request, code)).data)


def _candidates(campaign: Campaign) -> QuerySet[Candidate]:
    return campaign.candidates.select_related("project__lead_organization", "contest_class__contest")


def _listed(rows: Iterable[Candidate]) -> list[dict[str, Any]]:
    return [shapes.CandidateSerializer(row).data for row in rows]


def _given(shape: Any, request: Request) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


urlpatterns = [
    path("campaigns/", CampaignList.as_view(), name="campaigns"),
    path("campaigns/<slug:code>/", CampaignDetail.as_view(), name="campaign"),
    path("campaigns/<slug:code>/contests/", Contests.as_view(), name="campaign_contests"),
    path("campaigns/<slug:code>/categories/", Categories.as_view(), name="campaign_categories"),
    path("campaigns/<slug:code>/candidates/", Candidates.as_view(), name="campaign_candidates"),
    path(
        "campaigns/<slug:code>/candidates/<slug:candidate>/withdraw/",
        WithdrawCandidate.as_view(),
        name="withdraw_candidate",
    ),
    path("campaigns/<slug:code>/problems/", Problems.as_view(), name="campaign_problems"),
    path("campaigns/<slug:code>/lock/", Lock.as_view(), name="lock_campaign"),
    path("campaigns/<slug:code>/open/", Open.as_view(), name="open_campaign"),
    path("campaigns/<slug:code>/close/", Close.as_view(), name="close_campaign"),
    path("campaigns/<slug:code>/void/", Void.as_view(), name="void_campaign"),
]
