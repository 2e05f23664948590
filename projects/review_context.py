"""What a reviewer's pages show. Until his own scores are sent, nothing of the other reviewers of the round."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Prefetch, Q, QuerySet
from django.urls import reverse

from projects import assigning
from projects.application_pages import by_field, sections
from projects.models import Attachment, Project, Review, ReviewScore
from projects.screening_context import Said, said
from projects.screening_forms import ReviewForm

NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Seen:
    """A sent review as another reviewer of the round sees it: without the name."""

    label: str
    review: Review


def with_scores(rows: QuerySet[Review]) -> QuerySet[Review]:
    """Reviews with all that is shown of them."""
    scores = Prefetch("scores", ReviewScore.objects.select_related("criterion").order_by("criterion__position"))
    return rows.select_related(
        "reviewer",
        "screening__version",
        "screening__project__season",
        "screening__project__track",
        "screening__project__lead_organization",
    ).prefetch_related(scores, "comments")


def assigned(user: Any) -> QuerySet[Review]:
    """The person's assignments, open ones first, each kind by the time of assignment."""
    rows = Review.objects.of_reviewer(user).select_related(
        "screening__project__season", "screening__project__lead_organization", "screening__version"
    )
    return rows.order_by(F("sent_at").asc(nulls_first=True), "assigned_at", "id")


def seen_reviews(own: Iterable[Review]) -> dict[int, list[Seen]]:
    """The other sent reviews of the rounds in which the person's own one is sent, by round."""
    mine = {review.pk: review.screening_id for review in own if review.sent_at is not None}
    others = with_scores(Review.objects.filter(screening__in=mine.values()).exclude(pk__in=mine))
    by_round: dict[int, list[Review]] = {}
    for other in others.order_by("assigned_at", "id"):
        by_round.setdefault(other.screening_id, []).append(other)
    return {
        key: [Seen(f"评审人{numeral(place)}", other) for place, other in enumerate(found) if other.sent_at is not None]
        for key, found in by_round.items()
    }


def numeral(place: int) -> str:
    """0 → 一; past the tenth in figures."""
    return NUMERALS[place] if place < len(NUMERALS) else str(place + 1)


def scoring(review: Review, form: ReviewForm | None = None) -> dict[str, Any]:
    """The application with the form for the scores, or with all scores once they are sent."""
    project, version = review.screening.project, review.screening.version
    writing = review.sent_at is None and not review.screening.decision
    if writing and form is None:
        form = ReviewForm(review=review, criteria=list(project.season.criteria.all()))
    others = seen_reviews([review]).get(review.screening_id, [])
    attachments = project.attachments.filter(purpose=Attachment.Purpose.STUDY_RECORD).select_related("file")
    return {
        "review": review,
        "project": project,
        "version": version,
        "form": form if writing else None,
        "sections": sections(
            version.content,
            comments=by_field(_comments(review, others)),
            season=project.season,
            files=attachments,
            remarks=form.remark_fields if form and writing else None,
        ),
        "remark_form": "review",
        "others": others,
        "recused": assigning.recusals(project, [review.reviewer]).get(review.reviewer_id, "") if writing else "",
        "title": project.title,
        "kicker": f"{project.season.name} · {project.track.name} · {project.lead_organization.name}",
        "crumbs": [("我的评审", reverse("projects:reviews")), (project.title, "")],
    }


def _comments(review: Review, others: list[Seen]) -> list[Any]:
    """What the applicant was told before this round; once the scores are sent, the remarks of the round too."""
    names = {seen.review.pk: seen.label for seen in others} | {review.pk: "本人"}
    project: Project = review.screening.project
    earlier = Q(released_at__isnull=False, version__number__lt=review.screening.version.number)
    of_round = Q(review__in=names) if review.sent_at else Q(pk__in=[])
    rows = project.application_comments.filter(earlier | of_round).select_related("version").order_by("id")
    return [_said(row, names) for row in rows]


def _said(comment: Any, names: dict[Any, str]) -> Said:
    return said(comment, names.get(comment.review_id) or ("评审意见" if comment.review_id else "组织部"))
