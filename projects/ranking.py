"""The ranking (排序) of a season's applications in review, computed by the database; it decides nothing."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    FloatField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
    Window,
)
from django.db.models.functions import Cast, Coalesce, Rank

from projects.application_fields import TEXTS
from projects.models import Project, Review, Screening, Season, Track


def ranked(season: Season, track: Track | None = None) -> QuerySet[Project]:
    """Projects of the season (or of one track) that are or were in review, best mean first.

    Each carries of its latest round: `round_id`, `scored_id` (the round whose reviews count), `decision`, `asked`
    and `sent` (reviews), `mean`, `low`, `high`, `spread` (all in 0.01 point, the mean as a float) and `place`,
    which equal means share. Take some of them with `among`: a plain filter would rank only what it leaves.
    """
    later = Screening.objects.filter(project=OuterRef("pk"), round__gt=OuterRef("screenings__round"))
    rows = Project.objects.filter(~Exists(later), season=season, screenings__isnull=False)
    if track is not None:
        rows = rows.filter(track=track)
    # A round has reviews of its own or an earlier round's, never both: one of the two joins is empty.
    total = Coalesce("screenings__reviews__total", "screenings__scores_from__reviews__total")
    rows = rows.annotate(
        round_id=F("screenings__pk"),
        scored_id=Coalesce("screenings__scores_from", "screenings__pk"),
        decision=F("screenings__decision"),
        asked=Count(Coalesce("screenings__reviews__pk", "screenings__scores_from__reviews__pk")),
        sent=Count(total),
        mean=Avg(Cast(total, FloatField())),
        low=Min(total),
        high=Max(total),
    ).annotate(spread=F("high") - F("low"))
    place = Window(Rank(), order_by=F("mean").desc(nulls_last=True))
    # The long texts would be carried through the sort for nothing.
    return rows.annotate(place=place).defer(*TEXTS, "summary").order_by("place", "pk")


def among(rows: QuerySet[Project], wanted: QuerySet[Project]) -> QuerySet[Project]:
    """Those of the ranked rows that are in `wanted`, each at its place among all of them.

    A condition on a window is tested after the ranking, one on a column before it.
    """
    hit = Case(When(pk__in=wanted.order_by().values("pk"), then=1), default=0)
    return rows.annotate(wanted=Window(Max(hit), partition_by=[F("pk")])).filter(wanted=1)


def outliers(season: Season, rounds: Collection[int]) -> dict[int, list[Review]]:
    """The sent reviews of these rounds that lie at least the season's distance from their round's mean, by round.

    Each carries that mean as `mean`.
    """
    of_round = Review.objects.filter(screening=OuterRef("screening")).sent().order_by().values("screening")
    mean = of_round.annotate(mean=Avg(Cast("total", FloatField()))).values("mean")
    rows = Review.objects.sent().filter(screening__in=rounds).annotate(mean=Subquery(mean))
    far = Q(total__gte=F("mean") + season.outlier_from) | Q(total__lte=F("mean") - season.outlier_from)
    found: dict[int, list[Review]] = {}
    for review in rows.filter(far).select_related("reviewer").order_by("screening_id", "assigned_at", "id"):
        found.setdefault(review.screening_id, []).append(review)
    return found
