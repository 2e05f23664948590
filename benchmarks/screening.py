"""The ranking of 500 applications with five reviews each, against one hand-written statement; the pages' queries.

    python -m benchmarks.screening [--applications 500] [--reviewers 5] [--rounds 15]

The rows of both are compared before anything is timed. `ranked()` is timed three ways: its bare rows (what the
database and the writing of the statement cost), the fifty instances that a page shows, and all of them as the API
reads them.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks import scratch_database, table

FLOOR = """WITH latest AS (SELECT r.id, r.project_id, r.decision, COALESCE(r.scores_from_id, r.id) AS scored
    FROM projects_screening r WHERE NOT EXISTS (SELECT 1 FROM projects_screening later
        WHERE later.project_id = r.project_id AND later.round > r.round)),
scores AS (SELECT screening_id, COUNT(*) AS asked, COUNT(total) AS sent, AVG(CAST(total AS {float})) AS mean,
    MIN(total) AS low, MAX(total) AS high FROM projects_review GROUP BY screening_id)
SELECT RANK() OVER (ORDER BY s.mean DESC NULLS LAST) AS place, p.code, p.title, o.name, t.name, l.decision, s.asked,
    s.sent, s.mean, s.low, s.high
FROM projects_project p JOIN latest l ON l.project_id = p.id JOIN scores s ON s.screening_id = l.scored
JOIN organizations_organization o ON o.id = p.lead_organization_id JOIN projects_track t ON t.id = p.track_id
WHERE p.season_id = {season} ORDER BY place, p.id"""


def fill(applications: int, reviewers: int) -> tuple[Any, Any]:
    """Applications in review, every tenth in its second round, of those every other with the first one's scores."""
    from projects.models import ApplicationVersion, Criterion, Project, Review, Screening
    from tests import factories

    chance = random.Random(1)
    officer = factories.make_user()
    factories.grant(officer, "department_officer")
    season = factories.make_season(criteria_total=10000, reviewers_needed=reviewers)
    for name, weight in (("前瞻", 3000), ("创新", 3000), ("实效", 4000)):
        Criterion.objects.create(season=season, name=name, weight=weight)
    tracks = [factories.make_track(season, f"赛道{i}", position=i) for i in range(3)]
    places = [factories.make_org() for _ in range(60)]
    people = [factories.make_person() for _ in range(60)]
    projects = Project.objects.bulk_create(
        Project(
            season=season,
            track=tracks[i % 3],
            title=f"书记项目 {i}",
            lead_organization=places[i % 60],
            lead_secretary=people[i % 60],
            state="in_review",
            starts_on=season.starts_on,
            ends_on=season.ends_on,
            problem="老旧小区物业矛盾集中，" * 60,
            goal="年内覆盖全部小区，" * 60,
            measures="每月一次联席会议，" * 60,
            expected_effect="居民遇事有人管，" * 60,
        )
        for i in range(applications)
    )
    numbers = [(p, n) for i, p in enumerate(projects) for n in ((1, 2) if i % 10 == 0 else (1,))]
    versions = ApplicationVersion.objects.bulk_create(
        ApplicationVersion(project=p, number=n, content={"title": p.title, "goal": p.goal}) for p, n in numbers
    )
    now = datetime.now(UTC)
    rounds: dict[tuple[int, int], Any] = {}
    for version in versions:
        first = rounds.get((version.project_id, 1))
        over = {"decision": "revise", "reason": "改", "decided_at": now} if first else {}
        if first:
            Screening.objects.filter(pk=first.pk).update(**over)
        kept = first if first and version.project_id % 20 == 1 else None
        rounds[version.project_id, version.number] = Screening.objects.create(
            project_id=version.project_id, version=version, round=version.number, scores_from=kept
        )
    Review.objects.bulk_create(
        Review(screening=r, reviewer=people[(r.pk + k) % 60], total=total, sent_at=None if total is None else now)
        for r in rounds.values()
        if r.scores_from_id is None
        for k in range(reviewers)
        for total in [None if chance.random() < 0.1 else chance.randrange(3000, 10001)]
    )
    return season, officer


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(season: Any, vendor: str, repeats: int) -> None:
    """Compare the rows, then time the floor, the bare rows and the instances by turns."""
    from django.db import connection

    from projects import ranking

    sql = FLOOR.format(season=season.pk, float="double precision" if vendor == "postgresql" else "real")
    fields = ("place", "code", "title", "lead_organization__name", "track__name", "decision", "asked", "sent")

    def floor() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def rows() -> list[tuple[Any, ...]]:
        return list(ranking.ranked(season).values_list(*fields, "mean", "low", "high"))

    def page() -> list[Any]:
        return list(ranking.ranked(season).select_related("track", "lead_organization")[:50])

    def instances() -> list[Any]:
        return list(ranking.ranked(season).select_related("track", "lead_organization"))

    expected, found = floor(), rows()
    built = [
        (p.place, p.code, p.title, p.lead_organization.name, p.track.name, p.decision, *_figures(p))
        for p in instances()
    ]
    if not expected == found == built:
        wrong = [triple for triple in zip(expected, found, built, strict=False) if len(set(triple)) > 1]
        raise SystemExit(f"ranking and floor differ: {len(expected)}, {len(found)}, {len(built)} rows; {wrong[:1]}")
    calls = (floor, rows, page, instances)
    timed = [[seconds(call) for call in calls] for _ in range(repeats)]
    medians = [statistics.median(times) for times in zip(*timed, strict=True)]
    names = ("one SQL statement", "ranked(), rows", "ranked(), the page's 50", "ranked(), all as instances")
    print(f"Ranking of {len(expected)} applications on {vendor}, median of {repeats}; rows are the same.\n")
    lines = [
        (name, f"{median * 1000:.1f}", f"{statistics.median(t[i] / t[0] for t in timed):.2f}")
        for i, (name, median) in enumerate(zip(names, medians, strict=True))
    ]
    print(table(("", "ms", "× the floor"), lines))


def _figures(project: Any) -> tuple[Any, ...]:
    return project.asked, project.sent, project.mean, project.low, project.high


def count_queries(season: Any, officer: Any) -> None:
    """The queries of each page with all these rows; tests hold the same numbers at one row and at three."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from projects.models import Project, Review
    from tests import factories

    project = Project.objects.filter(season=season).order_by("pk")[0]
    reviewer = Review.objects.exclude(sent_at=None)[0].reviewer

    browsers = {}
    for user in (officer, factories.make_user(reviewer)):
        browsers[user.pk] = Client(SERVER_NAME="localhost")
        browsers[user.pk].force_login(user)
    own = Review.objects.filter(reviewer=reviewer, sent_at=None).first() or Review.objects.filter(reviewer=reviewer)[0]
    addresses = [
        (officer.pk, "/desk/screening/?show=review"),
        (officer.pk, "/desk/screening/?show=review&search=9"),
        (officer.pk, "/desk/screening/?show=all"),
        (officer.pk, f"/desk/projects/{project.code}/screening/"),
        (officer.pk, f"/api/v1/seasons/{season.code}/ranking/"),
        (reviewer.user.pk, "/desk/reviews/"),
        (reviewer.user.pk, f"/desk/reviews/{own.pk}/"),
    ]
    lines = []
    for who, path in addresses:
        browsers[who].get(path)
        with CaptureQueriesContext(connection) as captured:
            status = browsers[who].get(path).status_code
        if status != 200:
            raise SystemExit(f"{path}: {status}")
        asked = [q for q in captured.captured_queries if q["sql"].startswith(("SELECT", "UPDATE", "INSERT"))]
        took = seconds(partial(browsers[who].get, path))
        shown = path.replace(project.code, "…").replace(str(own.pk), "…")
        lines.append((shown, str(len(asked)), f"{took * 1000:.0f}"))
    print("\n" + table(("page", "queries", "ms"), lines))


def main() -> None:
    parser = argparse.ArgumentParser(description="The ranking against one hand-written statement.")
    parser.add_argument("--applications", type=int, default=500)
    parser.add_argument("--reviewers", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    with scratch_database() as vendor:
        season, officer = fill(arguments.applications, arguments.reviewers)
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        measure(season, vendor, arguments.rounds)
        count_queries(season, officer)


if __name__ == "__main__":
    main()
