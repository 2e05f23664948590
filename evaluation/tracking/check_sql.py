"""The one set-based pass of the schedule check, as SQL.

An INSERT … SELECT cannot be said through the ORM, and anything row by row is 4 to 160 times slower
(docs/decisions/0002). The statement is the same for both databases but for the few expressions of `DIALECTS`;
a property test holds it equal to projects.earned_value.

Months are counted as year · 12 + month − 1; values are integers of 0.01 percentage point.
"""

from __future__ import annotations

DIALECTS = {
    "postgresql": {
        "day": "CAST(%(day)s AS date)",
        "days_between": "({later} - {earlier})",
        "month_index": "CAST(EXTRACT(YEAR FROM {date}) * 12 + EXTRACT(MONTH FROM {date}) - 1 AS integer)",
        "month_end": "(make_date(({index} + 1) / 12, ({index} + 1) %% 12 + 1, 1) - 1)",
        "null_date": "CAST(NULL AS date)",
    },
    "sqlite": {
        "day": "%(day)s",
        "days_between": "CAST(julianday({later}) - julianday({earlier}) AS integer)",
        "month_index": "(CAST(substr({date}, 1, 4) AS integer) * 12 + CAST(substr({date}, 6, 2) AS integer) - 1)",
        "month_end": "date(printf('%%04d-%%02d-01', ({index} + 1) / 12, ({index} + 1) %% 12 + 1), '-1 day')",
        "null_date": "NULL",
    },
}

# For this transaction only. The planner cannot estimate rows of a CTE, so compiling never pays for itself, and the
# default memory for sorts spills to disk at 100,000 projects (benchmarks/schedule_check.py measures both).
SETTINGS = {
    "postgresql": ("SET LOCAL jit = off", "SET LOCAL work_mem = '32MB'"),
    "sqlite": (),
}

INSERT = """
INSERT INTO tracking_schedulecheck
    (project_id, day, plan_id, status_date, planned_value, earned_value, schedule_variance, light, reason)
WITH
-- Each project with its season's rules, its state and its plan as of the day.
subject AS (
    SELECT p.id, p.starts_on,
        s.yellow_from, s.red_above, s.returned_grace_days, s.step_on_due, s.overdue_red_days,
        {first} AS first_month,
        CASE WHEN {last} < {overdue} THEN {last} ELSE {overdue} END AS overdue_month,
        (SELECT c.to_state FROM projects_projectstatechange c
            WHERE c.project_id = p.id AND c."on" <= {day} ORDER BY c.id DESC LIMIT 1) AS state,
        (SELECT v.id FROM projects_plan v
            WHERE v.project_id = p.id AND v.frozen_on IS NOT NULL AND v.effective_from <= {day}
            ORDER BY v.effective_from DESC, v.version DESC LIMIT 1) AS plan_id
    FROM projects_project p JOIN projects_season s ON s.id = p.season_id
    WHERE s.starts_on <= {day} AND (s.ends_on >= {since} OR p.ends_on >= {since})
),
running AS (
    SELECT * FROM subject
    WHERE state IN ('running', 'closing') AND starts_on <= {day} AND plan_id IS NOT NULL
),
-- Each report as of the day: confirmed, waiting for the department, or as good as missing.
report AS (
    SELECT r.id, r.project_id, {report_month} AS month,
        CASE WHEN e.to_state = 'confirmed' THEN 'confirmed'
            WHEN e.in_time AND (e.to_state = 'submitted' OR {since_event} <= p.returned_grace_days)
            THEN 'waiting'
            ELSE 'missing' END AS status
    FROM running p
    JOIN projects_progressreport r ON r.project_id = p.id
    JOIN projects_reportstatechange e ON e.id = (
        SELECT MAX(c.id) FROM projects_reportstatechange c
        WHERE c.report_id = r.id AND c."on" <= {day} AND c.to_state IN ('submitted', 'returned', 'confirmed'))
),
-- How many months, counted back from the latest overdue one, wait without a gap.
waiting AS (
    SELECT r.project_id, r.month, p.overdue_month,
        ROW_NUMBER() OVER (PARTITION BY r.project_id ORDER BY r.month DESC) AS rank
    FROM report r JOIN running p ON p.id = r.project_id
    WHERE r.status = 'waiting' AND r.month <= p.overdue_month
),
skipped AS (
    SELECT project_id, CAST(COUNT(*) AS integer) AS months
    FROM waiting WHERE month = overdue_month - (rank - 1) GROUP BY project_id
),
confirmed AS (
    SELECT c.project_id, c.month, c.id FROM (
        SELECT project_id, month, id, ROW_NUMBER() OVER (PARTITION BY project_id ORDER BY month DESC) AS rank
        FROM report WHERE status = 'confirmed') AS c
    WHERE c.rank = 1
),
latest AS (
    SELECT p.*, c.month AS confirmed_month, c.id AS report_id,
        CASE WHEN c.month IS NOT NULL AND c.month >= p.overdue_month - COALESCE(k.months, 0) THEN c.month
            WHEN p.overdue_month - COALESCE(k.months, 0) >= p.first_month
            THEN p.overdue_month - COALESCE(k.months, 0) END AS status_month
    FROM running p
    LEFT JOIN confirmed c ON c.project_id = p.id
    LEFT JOIN skipped k ON k.project_id = p.id
),
dated AS (
    SELECT l.*, CASE WHEN l.status_month IS NULL THEN {null_date} ELSE {status_end} END AS status_date,
        CASE WHEN l.status_month IS NULL OR l.status_month = l.confirmed_month THEN 0
            WHEN l.status_month - 1 < l.first_month OR l.status_month - 1 = l.confirmed_month THEN 1
            WHEN EXISTS (SELECT 1 FROM report r WHERE r.project_id = l.id AND r.month = l.status_month - 1
                AND r.status <> 'missing') THEN 1
            ELSE 2 END AS missing
    FROM latest l
),
valued AS (
    SELECT d.id,
        SUM(CASE WHEN d.status_date IS NULL THEN 0
            WHEN d.status_date >= i.due THEN i.weight
            WHEN d.step_on_due OR d.status_date <= i.start THEN 0
            ELSE (2 * i.weight * {elapsed} + {total}) / (2 * {total}) END) AS planned,
        SUM((2 * i.weight * COALESCE(n.percent, 0) + 100) / 200) AS earned,
        MAX(CASE WHEN d.status_date IS NOT NULL AND COALESCE(n.percent, 0) < 100
            THEN {overdue_days} END) AS late
    FROM dated d
    JOIN projects_planitem i ON i.plan_id = d.plan_id
    LEFT JOIN projects_reportline n ON n.report_id = d.report_id AND n.milestone_id = i.milestone_id
    GROUP BY d.id
),
judged AS (
    SELECT d.id, d.plan_id, d.status_date, v.planned, v.earned,
        CASE WHEN v.planned - v.earned > d.red_above THEN 'far_behind'
            WHEN d.overdue_red_days IS NOT NULL AND v.late >= d.overdue_red_days THEN 'overdue'
            WHEN v.planned - v.earned >= d.yellow_from THEN 'behind'
            WHEN v.earned < 10000 AND d.missing = 2 THEN 'missing_twice'
            WHEN v.earned < 10000 AND d.missing = 1 THEN 'missing'
            ELSE 'on_schedule' END AS reason
    FROM dated d JOIN valued v ON v.id = d.id
)
SELECT s.id, {day}, j.plan_id, j.status_date, j.planned, j.earned, j.earned - j.planned,
    CASE j.reason WHEN 'far_behind' THEN 'red' WHEN 'overdue' THEN 'red' WHEN 'behind' THEN 'yellow'
        WHEN 'missing_twice' THEN 'yellow' WHEN 'missing' THEN 'grey' WHEN 'on_schedule' THEN 'green' END,
    CASE WHEN j.reason IS NOT NULL THEN j.reason
        WHEN s.state = 'suspended' THEN 'suspended'
        WHEN s.state IN ('completed', 'terminated', 'withdrawn', 'archived', 'rejected') THEN 'closed'
        WHEN s.state IN ('running', 'closing') AND s.starts_on <= {day} THEN 'no_plan'
        ELSE 'not_started' END
FROM subject s LEFT JOIN judged j ON j.id = s.id
WHERE s.state IS NOT NULL
ON CONFLICT DO NOTHING
"""

CARRY = """
UPDATE projects_project SET planned_value = c.planned_value, earned_value = c.earned_value,
    schedule_variance = c.schedule_variance, light = c.light, light_reason = c.reason, light_day = c.day
FROM tracking_schedulecheck c
WHERE c.project_id = projects_project.id AND c.day = {day}
    AND (projects_project.light_day IS NULL OR projects_project.light_day < {day})
"""


def insert_sql(vendor: str) -> str:
    """The INSERT for `vendor`; parameters `day`, `since`, `month` (the day's index), `day_of_month`."""
    d = DIALECTS[vendor]
    between = d["days_between"]
    return INSERT.format(
        day=d["day"],
        since=d["day"].replace("(day)", "(since)"),
        null_date=d["null_date"],
        first=d["month_index"].format(date="p.starts_on"),
        last=d["month_index"].format(date="p.ends_on"),
        report_month=d["month_index"].format(date="r.month"),
        overdue="(%(month)s - CASE WHEN %(day_of_month)s > s.report_due_day THEN 1 ELSE 2 END)",
        since_event=between.format(later=d["day"], earlier='e."on"'),
        status_end=d["month_end"].format(index="l.status_month"),
        elapsed=between.format(later="d.status_date", earlier="i.start"),
        total=between.format(later="i.due", earlier="i.start"),
        overdue_days=between.format(later="d.status_date", earlier="i.due"),
    )


def carry_sql(vendor: str) -> str:
    return CARRY.format(day=DIALECTS[vendor]["day"])
