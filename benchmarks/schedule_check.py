"""The nightly schedule check of many projects, against one hand-written statement that writes the same rows.

    python -m benchmarks.schedule_check [--projects 100000] [--rounds 5] [--whole]

The floor knows that there is one season, its settings and its months, and keeps the rule of dated facts (state,
plan, reports as of the day). Nothing is timed unless both write the same rows; commits are timed with them.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from benchmarks import scratch_database, table

DAY = date(2026, 4, 10)  # the report for March was due on the 5th
DIALECTS = {
    "postgresql": {"uuid": "gen_random_uuid()", "date": "DATE ", "days": "({0} - {1})"},
    "sqlite": {
        "uuid": "lower(hex(randomblob(16)))",
        "date": "",
        "days": "CAST(julianday({0}) - julianday({1}) AS integer)",
    },
}
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {projects})"
MILESTONES = """(SELECT 1 AS k, 1000 AS light, 4000 AS heavy, {date}'2026-01-01' AS start, {date}'2026-02-28' AS due
    UNION ALL SELECT 2, 800, 2500, {date}'2026-03-01', {date}'2026-04-30'
    UNION ALL SELECT 3, 2000, 1000, {date}'2026-05-01', {date}'2026-06-30'
    UNION ALL SELECT 4, 2200, 1000, {date}'2026-07-01', {date}'2026-08-31'
    UNION ALL SELECT 5, 2000, 1000, {date}'2026-09-01', {date}'2026-10-31'
    UNION ALL SELECT 6, 2000, 500, {date}'2026-11-01', {date}'2026-12-31') AS k"""
MONTHS = """(SELECT 1 AS m, {date}'2026-01-01' AS first, {date}'2026-01-31' AS sent, {date}'2026-02-02' AS decided
    UNION ALL SELECT 2, {date}'2026-02-01', {date}'2026-02-28', {date}'2026-03-02'
    UNION ALL SELECT 3, {date}'2026-03-01', {date}'2026-03-31', {date}'2026-04-02') AS m"""
STEPS = (
    ("draft", "submitted", "2025-12-20", "TRUE"),
    ("submitted", "in_review", "2025-12-22", "id % 40 <> 7"),
    ("in_review", "approved", "2025-12-29", "id % 40 <> 7"),
    ("approved", "running", "2026-01-01", "id % 40 <> 7"),
    ("running", "suspended", "2026-03-15", "id % 50 = 8"),
    ("running", "terminated", "2026-03-20", "id % 70 = 9"),
    ("running", "suspended", "2026-04-11", "id % 30 = 1"),
)

# Every twentieth project is one case of a report: waiting, late, returned, not sent, not even begun.
FILL = (
    """INSERT INTO projects_project (id, code, season_id, track_id, lead_organization_id, lead_secretary_id, title,
        field, state, starts_on, ends_on, problem, goal, measures, expected_effect, summary, is_sample, light_reason)
    {numbers} SELECT i, 'p' || CAST(i AS text), {season}, {track}, {org}, {person}, 'Project ' || CAST(i AS text), '',
        'running', '2026-01-01', '2026-12-31', '', '', '', '', '', FALSE, '' FROM n""",
    *(
        f"""INSERT INTO projects_projectstatechange (project_id, from_state, to_state, at, "on", reason)
        SELECT id, '{before}', '{after}', '{on} 04:00:00+00:00', '{on}', '' FROM projects_project WHERE {which}"""
        for before, after, on, which in STEPS
    ),
    """INSERT INTO projects_milestone (project_id, title, position)
    SELECT p.id, 'Milestone', k.k FROM projects_project p CROSS JOIN {milestones}""",
    """INSERT INTO projects_plan (project_id, version, effective_from, frozen_on, weight_total)
    SELECT id, 1, {date}'2026-01-01', CASE WHEN id % 60 <> 4 THEN {date}'2026-01-01' END, 10000 FROM projects_project
    UNION ALL SELECT id, 2, {date}'2026-03-01', {date}'2026-03-01', 10000 FROM projects_project WHERE id % 10 = 3
    UNION ALL SELECT id, 2, {date}'2026-04-11', {date}'2026-04-11', 10000 FROM projects_project WHERE id % 10 = 5""",
    """INSERT INTO projects_planitem (plan_id, milestone_id, weight, start, due)
    SELECT v.id, m.id, CASE WHEN (v.project_id + v.version) % 3 = 0 THEN k.heavy ELSE k.light END, k.start, k.due
    FROM projects_plan v JOIN projects_milestone m USING (project_id) JOIN {milestones} ON k.k = m.position""",
    """INSERT INTO projects_progressreport
        (id, project_id, month, state, done, effect, difficulty, next, revision, created_at, saved_at, confirmed_on)
    SELECT {uuid}, r.project_id, r.first, r.state, 'done', '', '', '', 1, '2026-04-01 04:00:00+00:00',
        '2026-04-01 04:00:00+00:00', CASE WHEN r.state = 'confirmed' THEN r.decided END
    FROM (SELECT p.id AS project_id, m.first, m.decided,
            CASE WHEN m.m = 3 AND p.id % 20 IN (12, 13, 14, 15) OR m.m = 2 AND p.id % 20 = 13
                    OR m.m = 1 AND p.id % 40 = 13 THEN 'submitted'
                WHEN m.m = 3 AND p.id % 20 IN (16, 17) THEN 'returned'
                WHEN m.m = 3 AND p.id % 20 = 18 THEN 'draft'
                ELSE 'confirmed' END AS state
        FROM projects_project p CROSS JOIN {months} WHERE p.id % 20 <> 19 OR m.m = 1) AS r""",
    """INSERT INTO projects_reportstatechange (report_id, from_state, to_state, at, "on", in_time, reason)
    SELECT r.id, 'draft', 'submitted', '2026-04-01 04:00:00+00:00',
        CASE WHEN m.m = 3 AND r.project_id % 20 = 15 THEN {date}'2026-04-08' ELSE m.sent END,
        NOT (m.m = 3 AND r.project_id % 20 = 15), ''
    FROM projects_progressreport r JOIN {months} ON m.first = r.month WHERE r.state <> 'draft'""",
    """INSERT INTO projects_reportstatechange (report_id, from_state, to_state, at, "on", in_time, reason)
    SELECT r.id, 'submitted', r.state, '2026-04-02 04:00:00+00:00',
        CASE WHEN r.project_id % 20 = 16 THEN {date}'2026-04-08' ELSE m.decided END, TRUE, ''
    FROM projects_progressreport r JOIN {months} ON m.first = r.month WHERE r.state IN ('confirmed', 'returned')""",
    """INSERT INTO projects_reportline (report_id, milestone_id, percent, fall_reason, evidence)
    SELECT r.id, s.id, CASE WHEN s.position = 1 AND r.project_id % 12 > 0 THEN d.done
        WHEN d.done > r.project_id % 7 * 10 THEN d.done - r.project_id % 7 * 10 ELSE 0 END, '', ''
    FROM projects_progressreport r JOIN {months} ON m.first = r.month
    JOIN projects_milestone s ON s.project_id = r.project_id
    JOIN (SELECT 1 AS m, 1 AS k, 100 AS done UNION ALL SELECT 2, 1, 100 UNION ALL SELECT 3, 1, 100
        UNION ALL SELECT 3, 2, 50 UNION ALL SELECT 1, 2, 0 UNION ALL SELECT 2, 2, 0) AS d
        ON d.m = m.m AND d.k = CASE WHEN s.position > 2 THEN 2 ELSE s.position END""",
)

FLOOR = """
INSERT INTO tracking_schedulecheck
    (project_id, day, plan_id, status_date, planned_value, earned_value, schedule_variance, light, reason)
WITH
-- The latest row of each kind, found as a maximum with what is wanted of it packed into its last digits.
state AS (
    SELECT project_id, MAX(id * 4 + CASE to_state WHEN 'running' THEN 3 WHEN 'closing' THEN 3 WHEN 'suspended' THEN 2
        WHEN 'completed' THEN 1 WHEN 'terminated' THEN 1 WHEN 'withdrawn' THEN 1 WHEN 'archived' THEN 1
        WHEN 'rejected' THEN 1 ELSE 0 END) % 4 AS code
    FROM projects_projectstatechange WHERE "on" <= {day} GROUP BY project_id
),
plan AS (
    SELECT project_id, MAX((CAST({effective} AS bigint) * 100 + version) * 1000000000 + id) % 1000000000 AS id
    FROM projects_plan WHERE frozen_on IS NOT NULL AND effective_from <= {day} GROUP BY project_id
),
event AS (
    SELECT report_id, MAX(id * 4 + CASE WHEN to_state = 'confirmed' THEN 2
        WHEN in_time AND (to_state = 'submitted' OR {since} <= 3) THEN 1 ELSE 0 END) % 4 AS status
    FROM projects_reportstatechange
    WHERE "on" <= {day} AND to_state IN ('submitted', 'returned', 'confirmed') GROUP BY report_id
),
-- A project's months as bits, March lowest: which wait for the department, and which are there at all.
report AS (
    SELECT project_id, MAX(CASE WHEN status = 2 THEN month END) AS confirmed,
        SUM(CASE WHEN status = 1 THEN bit ELSE 0 END) AS waiting, SUM(CASE WHEN status > 0 THEN bit ELSE 0 END) AS there
    FROM (SELECT r.project_id, e.status,
            CASE r.month WHEN {date}'2026-03-01' THEN 3 WHEN {date}'2026-02-01' THEN 2 ELSE 1 END AS month,
            CASE r.month WHEN {date}'2026-03-01' THEN 1 WHEN {date}'2026-02-01' THEN 2 ELSE 4 END AS bit
        FROM projects_progressreport r JOIN event e ON e.report_id = r.id) AS r
    GROUP BY project_id
),
subject AS (
    SELECT s.project_id, s.code, v.id AS plan_id, r.confirmed, COALESCE(r.there, 0) AS there,
        CASE WHEN r.waiting IS NULL OR r.waiting & 1 = 0 OR r.confirmed = 3 THEN 3
            WHEN r.waiting & 2 = 0 OR r.confirmed = 2 THEN 2
            WHEN r.waiting & 4 = 0 OR r.confirmed = 1 THEN 1 END AS month
    FROM state s LEFT JOIN plan v ON v.project_id = s.project_id AND s.code = 3
    LEFT JOIN report r ON r.project_id = s.project_id
),
dated AS (
    SELECT project_id, plan_id, confirmed,
        CASE month WHEN 3 THEN {date}'2026-03-31' WHEN 2 THEN {date}'2026-02-28' WHEN 1 THEN {date}'2026-01-31' END
            AS status_date,
        CASE WHEN month IS NULL OR month = confirmed THEN 0 WHEN month = 1 OR month = 3 AND there & 2 > 0
            OR month = 2 AND there & 4 > 0 THEN 1 ELSE 2 END AS missing
    FROM subject WHERE plan_id IS NOT NULL
),
valued AS (
    SELECT d.project_id, d.plan_id, d.status_date, d.missing,
        SUM(CASE WHEN d.status_date >= i.due THEN i.weight WHEN d.status_date > i.start
            THEN (2 * i.weight * {elapsed} + {total}) / (2 * {total}) ELSE 0 END) AS planned,
        SUM((2 * i.weight * COALESCE(n.percent, 0) + 100) / 200) AS earned,
        MAX(CASE WHEN COALESCE(n.percent, 0) < 100 THEN {late} END) AS late
    FROM dated d JOIN projects_planitem i ON i.plan_id = d.plan_id
    LEFT JOIN projects_progressreport r ON r.project_id = d.project_id
        AND r.month = CASE d.confirmed WHEN 3 THEN {date}'2026-03-01' WHEN 2 THEN {date}'2026-02-01'
            WHEN 1 THEN {date}'2026-01-01' END
    LEFT JOIN projects_reportline n ON n.report_id = r.id AND n.milestone_id = i.milestone_id
    GROUP BY d.project_id, d.plan_id, d.status_date, d.missing
),
judged AS (
    SELECT v.*, CASE WHEN planned - earned > 3000 THEN 'far_behind' WHEN late >= 30 THEN 'overdue'
        WHEN planned - earned >= 1000 THEN 'behind' WHEN missing = 2 THEN 'missing_twice'
        WHEN missing = 1 THEN 'missing' ELSE 'on_schedule' END AS reason FROM valued v
)
SELECT s.project_id, {day}, s.plan_id, j.status_date, j.planned, j.earned, j.earned - j.planned,
    CASE WHEN j.reason IN ('far_behind', 'overdue') THEN 'red' WHEN j.reason = 'missing' THEN 'grey'
        WHEN j.reason = 'on_schedule' THEN 'green' WHEN j.reason IS NOT NULL THEN 'yellow' END,
    COALESCE(j.reason, CASE s.code WHEN 3 THEN 'no_plan' WHEN 2 THEN 'suspended' WHEN 1 THEN 'closed'
        ELSE 'not_started' END)
FROM subject s LEFT JOIN judged j ON j.project_id = s.project_id
"""


def fill(vendor: str, projects: int) -> None:
    """Projects with dated states, plans, six milestones each and the reports of January to March."""
    from django.db import connection

    from tests import factories

    season = factories.make_season(overdue_red_days=30)
    words = {
        **DIALECTS[vendor],
        "numbers": NUMBERS.format(projects=projects),
        "milestones": MILESTONES.format(**DIALECTS[vendor]),
        "months": MONTHS.format(**DIALECTS[vendor]),
        "season": season.pk,
        "track": factories.make_track(season).pk,
        "org": factories.make_org().pk,
        "person": factories.make_person().pk,
    }
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement.format(**words))
        cursor.execute("ANALYZE" if vendor == "sqlite" else "VACUUM ANALYZE")


def floor(vendor: str) -> str:
    """The hand-written statement for `vendor`."""
    words, between = DIALECTS[vendor], DIALECTS[vendor]["days"].format
    day = f"{words['date']}'{DAY}'"
    return FLOOR.format(
        day=day,
        date=words["date"],
        effective=between("effective_from", f"{words['date']}'2025-12-31'"),
        since=between(day, '"on"'),
        elapsed=between("d.status_date", "i.start"),
        total=between("i.due", "i.start"),
        late=between("d.status_date", "i.due"),
    )


def written() -> list[tuple[Any, ...]]:
    """What stands in the table, without the running number."""
    from evaluation.tracking.models import ScheduleCheck

    names = [field.attname for field in ScheduleCheck._meta.concrete_fields if field.attname != "id"]
    return list(ScheduleCheck.objects.order_by("project_id").values_list(*names))


def timed(write: Callable[[], object], vendor: str) -> float:
    """Seconds of `write`, commit included, into an emptied table."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute(f"{'DELETE FROM' if vendor == 'sqlite' else 'TRUNCATE'} tracking_schedulecheck")
        cursor.execute("ANALYZE" if vendor == "sqlite" else "VACUUM ANALYZE tracking_schedulecheck")
    start = time.perf_counter()
    with transaction.atomic():
        write()
    return time.perf_counter() - start


def by_hand() -> None:
    """Run the floor, on PostgreSQL with the settings that make it fastest."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '32MB'")
        cursor.execute(floor(connection.vendor))


def by_check() -> None:
    """The part of the nightly check that writes the snapshots."""
    from evaluation.tracking import checks

    checks.insert(DAY)


def compare(vendor: str) -> str:
    """Stop unless both write the same rows; returns how many have which light."""
    timed(by_hand, vendor)
    expected = written()
    timed(by_check, vendor)
    if (found := written()) != expected:
        wrong = next((pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]), None)
        raise SystemExit(f"check and floor differ: {len(found)} and {len(expected)} rows; {wrong}")
    lights = Counter((str(row[-2]), row[-1]) for row in found)
    return ", ".join(f"{reason} ({light}) {count}" for (light, reason), count in sorted(lights.items()))


def whole() -> str:
    """Time the whole run of a day, the first that finds projects behind: each gets a case and its notices."""
    from common import days
    from evaluation.tracking import checks
    from evaluation.tracking.models import LiaisonCase, ScheduleCheck

    ScheduleCheck.objects.all().delete()
    start = time.perf_counter()
    with days.pretend(DAY + timedelta(days=1)):
        checks.run(DAY)
    seconds, cases = time.perf_counter() - start, LiaisonCase.objects.count()
    return f"whole run, lights carried and {cases} liaison cases opened: {seconds:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description="The schedule check against one hand-written statement.")
    parser.add_argument("--projects", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--whole", action="store_true", help="also time a whole run, liaison cases included")
    arguments = parser.parse_args()
    with scratch_database() as vendor:
        fill(vendor, arguments.projects)
        print(f"{vendor}, {arguments.projects} projects, the same rows from both: {compare(vendor)}\n")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        pairs = [(timed(by_hand, vendor), timed(by_check, vendor)) for _ in range(arguments.rounds)]
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        floors, checked = [statistics.median(times) for times in zip(*pairs, strict=True)]
        ratio = statistics.median(b / a for a, b in pairs)
        rows = [("floor: one statement", f"{floors:.2f}", "1.00"), ("check", f"{checked:.2f}", f"{ratio:.2f}")]
        print(table((f"median of {arguments.rounds}", "seconds", "ratio"), rows))
        print(f"pair by pair: {', '.join(f'{b / a:.2f}' for a, b in pairs)}; this process grew by {grown // 1024} MiB")
        if arguments.whole:
            print(whole())


if __name__ == "__main__":
    main()
