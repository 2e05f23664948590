"""What the department's pages of the screening show; no rule and no change lives here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse

from common import days
from common.pages import page_of
from common.text import clean_text
from organizations.access import access_of
from projects import assigning, ranking, screening
from projects.application_pages import by_field, sections
from projects.models import (
    ApplicationComment,
    ApplicationVersion,
    Attachment,
    Criterion,
    Project,
    Review,
    ReviewScore,
    Screening,
    Season,
    Track,
)
from projects.screening_forms import ApplicationFilterForm, DecideForm, PrecheckForm

State = Project.State
LISTS = {"precheck": "待预审", "review": "评审与排序", "all": "全部申报"}
# Shape and colour of a decision: always beside its word.
LIGHTS = {"pass": "green", "revise": "yellow", "redraft": "red", "reject": ""}


@dataclass(frozen=True, slots=True)
class Outlier:
    """A review far from the others: how far (0.01 point), on which side, whose."""

    name: str
    distance: int

    @property
    def is_high(self) -> bool:
        return self.distance > 0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A row of the ranking; without figures for whoever leads the project himself."""

    project: Any
    outliers: list[Outlier]
    own: bool

    @property
    def place(self) -> int | None:
        return None if self.project.mean is None else self.project.place

    @property
    def mean(self) -> int | None:
        return None if self.project.mean is None else round(self.project.mean)

    @property
    def light(self) -> str:
        return LIGHTS.get(self.project.decision, "")

    @property
    def decision(self) -> str:
        return Screening.Decision(self.project.decision).label if self.project.decision else ""

    @property
    def note(self) -> str:
        """What has become of it since the decision."""
        if self.project.state == State.SUBMITTED:
            return "已修改再报，待预审"
        return self.project.archive_number or ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A reviewer's line of a round: his scores in the criteria's order, how far from the mean if that is much."""

    review: Review
    scores: list[ReviewScore | None]
    outlier: Outlier | None


@dataclass(frozen=True, slots=True)
class Round:
    """A round with the reviews that count for it, their mean and spread (0.01 point)."""

    screening: Screening
    lines: list[Reviewed]

    @property
    def reviews(self) -> list[Review]:
        return [line.review for line in self.lines]

    @property
    def totals(self) -> list[int]:
        return [review.total for review in self.reviews if review.total is not None]

    @property
    def waiting(self) -> int:
        return len(self.reviews) - len(self.totals)

    @property
    def mean(self) -> int | None:
        return round(sum(self.totals) / len(self.totals)) if self.totals else None

    @property
    def low(self) -> int:
        return min(self.totals)

    @property
    def high(self) -> int:
        return max(self.totals)

    @property
    def spread(self) -> int:
        return self.high - self.low

    @property
    def light(self) -> str:
        return LIGHTS.get(self.screening.decision, "")


@dataclass(frozen=True, slots=True)
class Said:
    """A comment as a page shows it: by whom in words, and the applicant's answer."""

    text: str
    version: ApplicationVersion
    said_by: str
    field: str
    answer: str
    released_at: datetime | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person of the pool for a replacement: how many reviews he has, why he must not."""

    person: Any
    load: int
    reason: str


def season_asked(request: HttpRequest, seasons: Sequence[Season]) -> Season | None:
    """The season of the address, or the one whose applications began last."""
    asked, today = request.GET.get("season", ""), days.today()
    begun = [season for season in seasons if season.apply_from and season.apply_from <= today]
    return (
        next((season for season in seasons if season.code == asked), None)
        or max(begun, key=lambda season: (season.apply_from, season.pk), default=None)
        or Season.objects.latest_started(today)
    )


def listing(request: HttpRequest) -> dict[str, Any]:
    """A season's applications: what waits for the pre-check, the ranking, or all."""
    seasons = list(Season.objects.all())
    season = season_asked(request, seasons)
    tracks = list(season.tracks.all()) if season else []
    counts = _counts(season)
    show = request.GET.get("show", "")
    if show not in LISTS:
        show = "precheck" if counts["precheck"] else "review"
    given = request.GET.copy()
    given["show"] = show
    given.setdefault("season", season.code if season else "")
    form = ApplicationFilterForm(given, seasons=seasons, tracks=tracks)
    if show == "precheck":
        del form.fields["state"]
    track = next((track for track in tracks if track.code == given.get("track")), None)
    page = page_of(request, _rows(show, season, track, given))
    return {
        "season": season,
        "season_params": {"season": season.code} if season else {},
        "form": form,
        "page": page,
        "show": show,
        "track": track,
        "lists": [(name, label, counts[name]) for name, label in LISTS.items()],
        "rows": ranking_rows(request.user, season, page) if show == "review" and season else page.object_list,
        "today": days.today(),
    }


def ranking_rows(user: Any, season: Season, projects: Iterable[Any]) -> list[Ranked]:
    """Rows of the ranking with the names behind the outliers (one more query)."""
    projects, person = list(projects), access_of(user).person_id
    far = ranking.outliers(season, [project.scored_id for project in projects])
    return [
        Ranked(
            project=project,
            outliers=_outliers(far.get(project.scored_id, [])),
            own=project.lead_secretary_id == person,
        )
        for project in projects
    ]


def judging(
    request: HttpRequest,
    project: Project,
    *,
    precheck: PrecheckForm | None = None,
    decide: DecideForm | None = None,
) -> dict[str, Any]:
    """One application with its comments, rounds and scores, and the panel of the step that is due."""
    version = screening.latest_version(project)
    criteria = list(project.season.criteria.all())
    rounds = rounds_of(project, criteria)
    current = rounds[-1] if rounds and not rounds[-1].screening.decision else None
    prechecking, deciding = project.state == State.SUBMITTED, project.state == State.IN_REVIEW
    if prechecking and precheck is None:
        precheck = PrecheckForm()
    if deciding and decide is None:
        decide = DecideForm()
    attachments = project.attachments.filter(purpose=Attachment.Purpose.STUDY_RECORD).select_related("file")
    return {
        "project": project,
        "version": version,
        "sections": sections(
            version.content,
            comments=by_field(said_to_department(project)),
            season=project.season,
            files=attachments,
            remarks=precheck.remark_fields if precheck else None,
        ),
        "remark_form": "precheck",
        "precheck": precheck,
        "keepable": prechecking and any(row.totals and row.screening.scores_from is None for row in rounds),
        "decide": decide,
        "decisions": [(value, label, LIGHTS[value]) for value, label in Screening.Decision.choices],
        "criteria": criteria,
        "rounds": rounds[::-1],
        "current": current,
        "candidates": candidates(current) if current and current.waiting else [],
        "history": history(project),
        "title": project.title,
        "kicker": f"{project.season.name} · {project.track.name}",
        "crumbs": [("立项筛选", reverse("projects:screenings")), (project.title, "")],
    }


def rounds_of(project: Project, criteria: Sequence[Criterion]) -> list[Round]:
    """The rounds of a project, first to last; the reviews of an earlier one where its scores were kept."""
    scores = Prefetch("scores", ReviewScore.objects.select_related("criterion").order_by("criterion__position"))
    with_scores = Prefetch("reviews", Review.objects.select_related("reviewer").prefetch_related(scores))
    rows = list(
        project.screenings.select_related("version", "decided_by__person", "opened_by__person", "scores_from")
        .prefetch_related(with_scores)
        .order_by("round")
    )
    found = ranking.outliers(project.season, [row.pk for row in rows])
    far = {review.pk: review for reviews in found.values() for review in reviews}
    lines = {row.pk: [_line(review, criteria, far.get(review.pk)) for review in row.reviews.all()] for row in rows}
    return [Round(row, lines[row.scored_round]) for row in rows]


def candidates(current: Round) -> list[Candidate]:
    """Who could take over a review of the round; those who must not, with their reason."""
    project = current.screening.project
    persons: list[Any] = list(assigning.pool(project.season))
    reasons = assigning.recusals(project, persons)
    taken = {review.reviewer_id for review in current.reviews}
    return [
        Candidate(person, person.load, "已是本项目评审人" if person.pk in taken else reasons.get(person.pk, ""))
        for person in persons
    ]


def said_to_department(project: Project) -> list[Any]:
    """All comments at the application's fields; a reviewer's once the review is sent."""
    rows = project.application_comments.filter(Q(review=None) | Q(review__sent_at__isnull=False))
    rows = rows.select_related("version", "by__person", "review__reviewer").order_by("version__number", "id")
    return [said(row, f"评审人 {row.review.reviewer}" if row.review else f"组织部 {row.by}") for row in rows]


def said(comment: ApplicationComment, by: str) -> Said:
    return Said(
        text=comment.text,
        version=comment.version,
        said_by=by,
        field=comment.field,
        answer=comment.answer,
        released_at=comment.released_at,
    )


def history(project: Project) -> list[dict[str, Any]]:
    """Every step of the project, latest first."""
    tones = {State.APPROVED: "good", State.RETURNED_REVISE: "late", State.RETURNED_REDRAFT: "late"}
    tones |= {State.REJECTED: "late", State.RUNNING: "good"}
    return [
        {
            "title": State(step.to_state).label,
            "at": step.at,
            "by": step.by.person.name if step.by else "系统",
            "text": step.reason,
            "tone": tones.get(State(step.to_state), ""),
        }
        for step in project.state_changes.select_related("by__person").order_by("-id")
    ]


def _counts(season: Season | None) -> dict[str, int]:
    """How many applications each list holds; a draft that was never sent is nobody's but its author's."""
    return Project.objects.filter(season=season, versions__number=1).aggregate(
        precheck=Count("pk", distinct=True, filter=Q(state=State.SUBMITTED)),
        review=Count("pk", distinct=True, filter=Q(screenings__round=1)),
        all=Count("pk", distinct=True),
    )


def _rows(show: str, season: Season | None, track: Track | None, given: Any) -> QuerySet[Project]:
    wanted = Project.objects.filter(season=season)
    state, terms = given.get("state", ""), clean_text(given.get("search", "")).split()
    for term in terms:
        wanted = wanted.filter(Q(title__icontains=term) | Q(lead_organization__name__icontains=term))
    if state in State.values and show != "precheck":
        wanted = wanted.filter(state=state)
    if show == "review" and season:
        rows = ranking.ranked(season, track)
        rows = ranking.among(rows, wanted) if terms or state in State.values else rows
        return rows.select_related("track", "lead_organization")
    latest = ApplicationVersion.objects.filter(project=OuterRef("pk")).order_by("-number")
    wanted = wanted.filter(track=track) if track else wanted
    wanted = wanted.annotate(
        draft_number=Subquery(latest.values("number")[:1]), sent_on=Subquery(latest.values("submitted_at")[:1])
    ).select_related("track", "lead_organization", "lead_secretary")
    if show == "precheck":
        return wanted.filter(state=State.SUBMITTED).order_by("sent_on", "pk")
    return wanted.exclude(sent_on=None).order_by("lead_organization__path", "title", "pk")


def _line(review: Review, criteria: Sequence[Criterion], far: Any) -> Reviewed:
    by_criterion = {score.criterion_id: score for score in review.scores.all()}
    scores = [by_criterion.get(criterion.pk) for criterion in criteria] if review.sent_at else []
    return Reviewed(review, scores, _outliers([far])[0] if far else None)


def _outliers(reviews: Iterable[Any]) -> list[Outlier]:
    return [Outlier(review.reviewer.name, round(review.total - review.mean)) for review in reviews]
