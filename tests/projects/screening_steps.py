"""Applications on their way through the screening: sent, in review, scored; a pool of reviewers with accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from common.actors import Actor
from organizations.models import Organization, Person, User
from projects import screening
from projects.application_fields import tidy
from projects.models import Application, ApplicationVersion, Project, Review, Screening, Season, SeasonReviewer
from tests import factories
from tests.projects.application_steps import complete

STARTS, ENDS = date(2026, 3, 1), date(2026, 12, 20)
STONES = [("摸底", 4000, STARTS, date(2026, 6, 30)), ("建成", 6000, date(2026, 7, 1), ENDS)]


def by(user: User) -> Actor:
    return Actor.person(User.objects.select_related("person").get(pk=user.pk), source="test")


def make_sent(season: Season, org: Organization, secretary: User | Person, **changes: Any) -> Project:
    """An application as the secretary has just sent it: first version, plan not yet frozen."""
    track = changes.pop("track", None) or season.tracks.order_by("position", "id")[0]
    content = tidy(complete(track, **changes))
    project = factories.make_project(
        org,
        secretary,
        track=track,
        state="submitted",
        title=content["title"],
        starts_on=STARTS,
        ends_on=ENDS,
        milestones=[],
    )
    factories.make_plan(project, STONES, frozen=False)
    Application.objects.create(project=project, content=content)
    send_version(project, content)
    return project


def send_version(project: Project, content: dict[str, Any]) -> ApplicationVersion:
    """The next version of the application, as sent."""
    record = [{"name": "会议记录.pdf", "sha256": "0" * 64}]
    return ApplicationVersion.objects.create(
        project=project, number=project.versions.count() + 1, content={**content, "study_record": record}
    )


def send_again(project: Project, **changes: Any) -> ApplicationVersion:
    """What the applicant sends after a return."""
    Project.objects.filter(pk=project.pk).update(state="submitted")
    return send_version(project, {**project.versions.order_by("-number")[0].content, **changes})


def make_reviewers(season: Season, number: int, first: int = 1) -> list[User]:
    """Reviewers of the season's pool, none of whom has any post: reviewer1, reviewer2 …"""
    users = [factories.make_user(f"示例专家{n}", username=f"reviewer{n}") for n in range(first, first + number)]
    SeasonReviewer.objects.bulk_create(SeasonReviewer(season=season, person=user.person) for user in users)
    return users


def open_round(project: Project, officer: User) -> Screening:
    return screening.start_review(project=project, by=by(officer))


def own_review(project: Project, user: User) -> Review:
    """The latest review of the project that the account is assigned to."""
    return Review.objects.of_reviewer(user).filter(screening__project=project).order_by("-screening__round")[0]


def save(review: Review, marks: Sequence[int | None], **given: Any) -> Review:
    """Save a draft as its reviewer: points in the criteria's order, each with a comment."""
    keys = list(review.screening.project.season.criteria.values_list("pk", flat=True))
    values = {
        "points": dict(zip(keys, marks, strict=True)),
        "comments": {key: f"评语{key}" for key, value in zip(keys, marks, strict=True) if value is not None},
        "opinion": "",
        "remarks": {},
        **given,
    }
    return screening.save_review(review=review, by=by(review.reviewer.user), **values)


def score(review: Review, *points: int, **given: Any) -> Review:
    """Save and send."""
    save(review, points, **given)
    return screening.send_review(review=review, by=by(review.reviewer.user))


def score_all(project: Project, totals: Iterable[int]) -> list[Review]:
    """Every reviewer of the open round gives all three criteria the same points."""
    reviews = project.screenings.get(decision="").reviews.order_by("assigned_at", "id")
    return [score(review, points, points, points) for review, points in zip(reviews, totals, strict=True)]


def decided(project: Project, officer: User, decision: str = "pass", reason: str = "会议研究") -> Project:
    return screening.decide(project=project, decision=decision, reason=reason, by=by(officer))


def pass_all(projects: Iterable[Project], officer: User) -> None:
    """Through review up to the decision: every reviewer gives 80."""
    for project in projects:
        open_round(project, officer)
        score_all(project, (80, 80, 80))
