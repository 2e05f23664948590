"""API of the screening: pre-check, reviews, decision, ranking; every change is an action of `projects.screening`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api import CleanCharField, actor_of
from organizations.access import access_of
from projects import ranking, review_context, rules, screening
from projects.models import ApplicationComment, Project, Review, Screening, Season
from projects.screening_context import ranking_rows
from projects.serializers import PointsField

PRECHECKS = [("review", "送评审"), ("keep_scores", "沿用上轮评分"), ("return", "退回修改"), ("reject", "不予立项")]


class RemarksField(serializers.DictField):
    """Comments by the application's field; the empty name speaks of the whole."""

    child = CleanCharField(max_length=screening.COMMENT_LIMIT, allow_blank=True)


class PrecheckSerializer(serializers.Serializer[Any]):
    do = serializers.ChoiceField(choices=PRECHECKS)
    reason = CleanCharField(required=False, allow_blank=True, default="", max_length=screening.OPINION_LIMIT)
    comments = RemarksField(required=False, default=dict)


class DecideSerializer(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=Screening.Decision.choices)
    reason = CleanCharField(required=False, allow_blank=True, default="", max_length=screening.OPINION_LIMIT)


class AnswerSerializer(serializers.Serializer[Any]):
    answer = CleanCharField(max_length=screening.COMMENT_LIMIT)


class ScoreSerializer(serializers.Serializer[Any]):
    criterion = serializers.IntegerField(source="criterion_id")
    name = serializers.CharField(source="criterion.name", read_only=True)
    weight = PointsField(source="criterion.weight", read_only=True)
    points = serializers.IntegerField(min_value=0, max_value=100, allow_null=True)
    comment = CleanCharField(required=False, allow_blank=True, default="", max_length=screening.COMMENT_LIMIT)


class ReviewInputSerializer(serializers.Serializer[Any]):
    """A reviewer's draft; what is left out stays."""

    scores = ScoreSerializer(many=True, required=False)
    opinion = CleanCharField(required=False, allow_blank=True, max_length=screening.OPINION_LIMIT)
    remarks = RemarksField(required=False)


class ReviewSerializer(serializers.Serializer[Review]):
    """A review; the context says what the reviewer is called for whoever reads it (`names`, by the review's key)."""

    id = serializers.UUIDField(allow_null=True)
    project = serializers.CharField(source="screening.project.code")
    title = serializers.CharField(source="screening.project.title")
    round = serializers.IntegerField(source="screening.round")
    version = serializers.IntegerField(source="screening.version.number")
    reviewer = serializers.SerializerMethodField()
    assigned_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    total = PointsField(allow_null=True)
    scores = ScoreSerializer(many=True, source="scores.all")
    opinion = serializers.CharField()
    remarks = serializers.SerializerMethodField()

    def get_reviewer(self, review: Review) -> str:
        names = self.context.get("names", {})
        return str(names[review.pk]) if review.pk in names else review.reviewer.name

    def get_remarks(self, review: Review) -> dict[str, str]:
        return {comment.field: comment.text for comment in review.comments.all()}

    def to_representation(self, instance: Review) -> dict[str, Any]:
        """What is not sent yet is its author's alone."""
        shown = super().to_representation(instance)
        if instance.sent_at is None and not self.context.get("own"):
            shown |= {"scores": [], "opinion": "", "remarks": {}}
        return shown


class ScreenedSerializer(serializers.Serializer[Project]):
    """Where a project stands after a step."""

    code = serializers.CharField()
    status = serializers.CharField(source="state")
    archive_number = serializers.CharField(allow_null=True)
    round = serializers.SerializerMethodField()

    def get_round(self, project: Project) -> dict[str, Any] | None:
        last = project.screenings.select_related("version").order_by("-round").first()
        if last is None:
            return None
        return {"round": last.round, "version": last.version.number, "decision": last.decision}


class CommentSerializer(serializers.Serializer[ApplicationComment]):
    id = serializers.IntegerField()
    version = serializers.IntegerField(source="version.number")
    field = serializers.CharField()
    text = serializers.CharField()
    answer = serializers.CharField()
    answered_at = serializers.DateTimeField(allow_null=True)


class RankedSerializer(serializers.Serializer[Any]):
    """A row of the ranking; points with two decimals."""

    place = serializers.IntegerField(allow_null=True)
    code = serializers.CharField(source="project.code")
    title = serializers.CharField(source="project.title")
    track = serializers.CharField(source="project.track.code")
    organization = serializers.CharField(source="project.lead_organization.public_id")
    organization_name = serializers.CharField(source="project.lead_organization.name")
    status = serializers.CharField(source="project.state")
    asked = serializers.IntegerField(source="project.asked")
    sent = serializers.IntegerField(source="project.sent")
    mean = PointsField(allow_null=True)
    low = PointsField(source="project.low", allow_null=True)
    high = PointsField(source="project.high", allow_null=True)
    spread = PointsField(source="project.spread", allow_null=True)
    decision = serializers.CharField(source="project.decision")
    outliers = serializers.SerializerMethodField()

    def get_outliers(self, row: Any) -> list[dict[str, Any]]:
        return [{"reviewer": far.name, "distance": far.distance / 100} for far in row.outliers]


class RankingSerializer(serializers.Serializer[Any]):
    season = serializers.CharField()
    track = serializers.CharField()
    results = RankedSerializer(many=True)


class Precheck(APIView):
    @extend_schema(request=PrecheckSerializer, responses=ScreenedSerializer)
    def post(self, request: Request, code: str) -> Response:
        """送评审、沿用上轮评分、退回修改或不予立项。"""
        project, given = _visible(request, code), _given(PrecheckSerializer, request)
        step, by = given["do"], actor_of(request)
        if step in ("review", "keep_scores"):
            screening.start_review(project=project, keep_scores=step == "keep_scores", by=by)
        else:
            reject = step == "reject"
            screening.send_back(
                project=project, comments=given["comments"], reason=given["reason"], reject=reject, by=by
            )
        return _screened(project)


class Decide(APIView):
    @extend_schema(request=DecideSerializer, responses=ScreenedSerializer)
    def post(self, request: Request, code: str) -> Response:
        """绿 pass、黄 revise、红 redraft 或 reject。"""
        project, given = _visible(request, code), _given(DecideSerializer, request)
        screening.decide(project=project, by=actor_of(request), **given)
        return _screened(project)


class ProjectReviews(APIView):
    @extend_schema(responses=ReviewSerializer(many=True))
    def get(self, request: Request, code: str) -> Response:
        """The department: all, drafts without their content. A reviewer: his own, the others once he has sent."""
        user: Any = request.user
        project = get_object_or_404(Project.objects.select_related("lead_organization"), code=code)
        if rules.can_manage_project(user, project):
            rows: Any = review_context.with_scores(Review.objects.filter(screening__project=project))
            return Response(ReviewSerializer(rows.order_by("screening__round", "assigned_at", "id"), many=True).data)
        mine = review_context.with_scores(Review.objects.of_reviewer(user).filter(screening__project=project))
        own = list(mine.order_by("screening__round"))
        if not own:
            raise Http404
        seen = review_context.seen_reviews(own)
        found = []
        for review in own:
            found += [_own(review), *_nameless(seen.get(review.screening_id, []))]
        return Response(found)


class MyReviews(generics.ListAPIView[Review]):
    """The caller's assignments, latest first."""

    serializer_class = ReviewSerializer
    queryset = Review.objects.none()
    ordering = ("-assigned_at", "id")

    def get_queryset(self) -> QuerySet[Review]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return review_context.with_scores(Review.objects.of_reviewer(self.request.user))

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "own": True}


class ReviewDetail(APIView):
    @extend_schema(responses=ReviewSerializer)
    def get(self, request: Request, review_id: Any) -> Response:
        return Response(_own(_assigned(request, review_id)))

    @extend_schema(request=ReviewInputSerializer, responses=ReviewSerializer)
    def patch(self, request: Request, review_id: Any) -> Response:
        """Save the draft."""
        review, given = _assigned(request, review_id), _given(ReviewInputSerializer, request)
        scores = {row["criterion_id"]: row for row in given.get("scores", [])}
        remarks = {comment.field: comment.text for comment in review.comments.all()}
        screening.save_review(
            review=review,
            points={key: row["points"] for key, row in scores.items()},
            comments={key: row["comment"] for key, row in scores.items()},
            opinion=given.get("opinion", review.opinion),
            remarks=given.get("remarks", remarks),
            by=actor_of(request),
        )
        return Response(_own(_assigned(request, review_id)))


class SendReview(APIView):
    @extend_schema(request=None, responses=ReviewSerializer)
    def post(self, request: Request, review_id: Any) -> Response:
        """Send the scores for good."""
        screening.send_review(review=_assigned(request, review_id), by=actor_of(request))
        return Response(_own(_assigned(request, review_id)))


class AnswerComment(APIView):
    @extend_schema(request=AnswerSerializer, responses=CommentSerializer)
    def post(self, request: Request, comment_id: int) -> Response:
        """The applicant's answer to a comment that has reached him."""
        rows = ApplicationComment.objects.exclude(released_at=None).select_related("version")
        visible = rows.filter(project__in=Project.objects.visible_to(request.user))
        comment = get_object_or_404(visible, pk=comment_id)
        text = _given(AnswerSerializer, request)["answer"]
        screening.answer_comment(comment=comment, text=text, by=actor_of(request))
        return Response(CommentSerializer(rows.get(pk=comment.pk)).data)


class Ranking(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("track", str, description="只排一个赛道，填赛道代码。")],
        responses=RankingSerializer,
    )
    def get(self, request: Request, code: str) -> Response:
        """The season's applications by their mean, for the department; it decides nothing."""
        if not access_of(request.user).is_officer:
            raise Http404
        season = get_object_or_404(Season, code=code)
        asked = request.query_params.get("track", "")
        track = get_object_or_404(season.tracks, code=asked) if asked else None
        projects = ranking.ranked(season, track).select_related("track", "lead_organization")
        rows = [row for row in ranking_rows(request.user, season, projects) if not row.own]
        return Response(RankingSerializer({"season": code, "track": asked, "results": rows}).data)


def _visible(request: Request, code: str) -> Project:
    """A sent application in scope; whose step it is, the action says."""
    return get_object_or_404(Project.objects.visible_to(request.user).filter(versions__number=1), code=code)


def _assigned(request: Request, review_id: Any) -> Review:
    return get_object_or_404(review_context.with_scores(Review.objects.of_reviewer(request.user)), pk=review_id)


def _own(review: Review) -> dict[str, Any]:
    return dict(ReviewSerializer(review, context={"own": True}).data)


def _nameless(seen: Sequence[review_context.Seen]) -> list[dict[str, Any]]:
    """Without the key, which would tell the same reviewer's rounds from the others'."""
    names = {other.review.pk: other.label for other in seen}
    rows: Any = [other.review for other in seen]
    shown = ReviewSerializer(rows, many=True, context={"names": names}).data
    return [{**row, "id": None} for row in shown]


def _screened(project: Project) -> Response:
    return Response(ScreenedSerializer(Project.objects.get(pk=project.pk)).data)


def _given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


urlpatterns = [
    path("projects/<slug:code>/precheck/", Precheck.as_view(), name="precheck"),
    path("projects/<slug:code>/reviews/", ProjectReviews.as_view(), name="project_reviews"),
    path("projects/<slug:code>/decide/", Decide.as_view(), name="decide"),
    path("reviews/", MyReviews.as_view(), name="reviews"),
    path("reviews/<uuid:review_id>/", ReviewDetail.as_view(), name="review"),
    path("reviews/<uuid:review_id>/send/", SendReview.as_view(), name="send_review"),
    path("comments/<int:comment_id>/answer/", AnswerComment.as_view(), name="answer_comment"),
    path("seasons/<slug:code>/ranking/", Ranking.as_view(), name="ranking"),
]
