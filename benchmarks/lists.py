"""List endpoints of the API, against a bare WSGI function that sends one hand-written statement.

    python -m benchmarks.lists [--projects 10000] [--rounds 9] [--requests 40]

Both answer in this process, without a server. The floor lets the database build the JSON of the same fifty rows
and asks for no permission; its results are compared with the portal's before anything is timed. The ratio is
requests per second relative to the floor, so 1.00 is the floor itself.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from wsgiref.util import setup_testing_defaults

import orjson

from benchmarks import scratch_database, table

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
DIALECTS = {
    "postgresql": {
        "object": "json_build_object",
        "array": "COALESCE(json_agg({}), '[]')",
        "texts": "COALESCE(json_agg({}), '[]')",
        "nested": "({})",
        "flag": "{}",
        "number": "CAST(trim_scale({}) AS text)",
        "points": "to_char({} / 100.0, 'FM9990.00')",
        "uuid": "{}",
    },
    "sqlite": {
        "object": "json_object",
        "array": "json_group_array(json({}))",
        "texts": "json_group_array({})",
        "nested": "json(({}))",
        "flag": "json(CASE WHEN {} THEN 'true' ELSE 'false' END)",
        "number": "CAST({} AS text)",
        "points": "printf('%.2f', {} / 100.0)",
        "uuid": "substr({0}, 1, 8) || '-' || substr({0}, 9, 4) || '-' || substr({0}, 13, 4) || '-'"
        " || substr({0}, 17, 4) || '-' || substr({0}, 21)",
    },
}
PUBLIC = """'code', p.code, 'title', p.title, 'summary', p.summary, 'season', s.code, 'track', t.code,
    'track_name', t.name, 'field', p.field, 'field_display', {field}, 'organization', o.public_id,
    'organization_name', o.name, 'brands', {brands}, 'published_on', p.published_on"""
SCOPED = (
    PUBLIC
    + """, 'status', p.state, 'archive_number', p.archive_number, 'starts_on', p.starts_on, 'ends_on', p.ends_on,
    'lead_secretary', w.name, 'planned_value', p.planned_value / 100.0, 'earned_value', p.earned_value / 100.0,
    'schedule_variance', p.schedule_variance / 100.0,
    'spi', ROUND(1.0 * p.earned_value / NULLIF(p.planned_value, 0), 2), 'light', p.light, 'light_reason', {reason},
    'light_day', p.light_day"""
)
LINKED = """SELECT {codes} FROM (SELECT b.code FROM projects_project_brands x JOIN brands_brand b ON b.id = x.brand_id
    WHERE x.project_id = p.id ORDER BY b.position, b.id) AS b"""
PROJECTS = """FROM projects_project p JOIN projects_season s ON s.id = p.season_id
    JOIN projects_track t ON t.id = p.track_id JOIN organizations_organization o ON o.id = p.lead_organization_id
    JOIN organizations_person w ON w.id = p.lead_secretary_id"""
OF_BRAND = "FROM brands_{0} f JOIN brands_brand c ON c.id = f.brand_id JOIN brands_source s ON s.id = f.source_id"
IN_ORDER = """WHERE c.id = b.id OR c.parent_id = b.id
    ORDER BY CASE WHEN c.parent_id IS NULL THEN 0 ELSE 1 END, c.position, c.id, f.position, f.id"""
FIGURES = f"""SELECT {{rows}} FROM (SELECT {{object}}('subject', f.subject, 'what', f.what, 'value', {{number}},
    'unit', f.unit, 'qualifier', f.qualifier, 'cumulative', {{cumulative}}, 'period_text', f.period_text,
    'period_year', f.period_year, 'source', s.title, 'text', CASE WHEN f.cumulative THEN '累计' ELSE '' END ||
    CASE f.qualifier WHEN '近' THEN '近' ELSE '' END || {{number}} ||
    CASE f.qualifier WHEN '近' THEN '' ELSE f.qualifier END || f.unit) AS r
    {OF_BRAND.format("figure")} {IN_ORDER}) AS f"""
HONOURS = f"""SELECT {{rows}} FROM (SELECT {{object}}('title', f.title, 'year', f.year, 'level', f.level,
    'holder', f.holder, 'source', s.title) AS r {OF_BRAND.format("honour")} {IN_ORDER}) AS f"""
SUB_BRANDS = """SELECT {rows} FROM (SELECT {object}('code', c.code, 'name', c.name) AS r FROM brands_brand c
    WHERE c.parent_id = b.id ORDER BY c.position, c.id) AS f"""
VISITS = """SELECT {rows} FROM (SELECT {object}('on', v."on", 'method', v.method, 'findings', v.findings,
    'agreed', v.agreed) AS r FROM tracking_liaisonvisit v WHERE v.case_id = c.id
    ORDER BY v."on" DESC, v.id DESC) AS f"""


def floors(vendor: str) -> dict[str, str]:
    """The hand-written statement of each list, which returns the whole body."""
    from brands.models import Field
    from projects.lights import REASONS

    d = DIALECTS[vendor]
    rows, number = d["array"].format("r"), d["number"].format("f.value")
    behind = f" || ' ' || {d['points'].format('-p.schedule_variance')} || ' 个百分点'"
    words: dict[str, str] = {
        "field": _choice("p.field", Field.choices),
        "brands": d["nested"].format(LINKED.format(codes=d["texts"].format("b.code"))),
        "reason": _choice("p.light_reason", REASONS.items(), {"behind": behind, "far_behind": behind}),
    }
    shapes = {"rows": rows, "object": d["object"], "number": number, "cumulative": d["flag"].format("f.cumulative")}
    sub, figures, honours, visits = (
        d["nested"].format(text.format(**shapes)) for text in (SUB_BRANDS, FIGURES, HONOURS, VISITS)
    )
    brand = f"""'code', b.code, 'name', b.name, 'short_name', b.short_name, 'field', b.field, 'field_display',
        {_choice("b.field", Field.choices)}, 'tier', b.tier, 'sub_brands', {sub}, 'figures', {figures},
        'honours', {honours}"""
    case = f"""'id', {d["uuid"].format("c.id")}, 'project', p.code, 'project_title', p.title,
        'opened_on', c.opened_on, 'opened_light', c.opened_light, 'light', c.light, 'contact', w.name,
        'interval_days', c.interval_days, 'next_visit_on', c.next_visit_on, 'closed_on', c.closed_on,
        'closing_note', c.closing_note, 'visits', {visits}"""
    pages = {
        "projects, public": (PUBLIC.format(**words), f"{PROJECTS} WHERE p.published_on IS NOT NULL ORDER BY p.id"),
        "projects, officer": (SCOPED.format(**words), f"{PROJECTS} ORDER BY p.id"),
        "brands": (brand, "FROM brands_brand b WHERE b.parent_id IS NULL ORDER BY b.position, b.id"),
        "liaison cases, officer": (
            case,
            """FROM tracking_liaisoncase c JOIN projects_project p ON p.id = c.project_id
            LEFT JOIN organizations_person w ON w.id = c.contact_id ORDER BY c.opened_on DESC, c.id""",
        ),
    }
    return {
        name: f"SELECT '{{\"results\": ' || CAST({rows} AS text) || '}}' "
        f"FROM (SELECT {d['object']}({columns}) AS r {tables} LIMIT 50) AS page"
        for name, (columns, tables) in pages.items()
    }


def _choice(column: str, choices: Iterable[tuple[str, Any]], more: Mapping[str, str] | None = None) -> str:
    cases = " ".join(f"WHEN '{value}' THEN '{label}'{(more or {}).get(value, '')}" for value, label in choices)
    return f"CASE {column} {cases} ELSE '' END"


def fill(projects: int) -> str:
    """Brands with facts, projects, liaison cases with visits; returns an officer's token."""
    from rest_framework.authtoken.models import Token

    from brands.models import Brand, Field, Figure, Honour, Source
    from evaluation.tracking.models import LiaisonCase, LiaisonVisit
    from projects.models import Project
    from tests import factories

    officer, track, source = factories.make_user(), factories.make_track(), Source.objects.create(title="Source")
    factories.grant(officer, "department_officer")
    places = [factories.make_org() for _ in range(40)]
    people = [factories.make_person() for _ in range(40)]
    tops = [Brand(code=f"b{i}", name=f"Brand {i}", position=i, field=Field.values[i % 8]) for i in range(60)]
    Brand.objects.bulk_create(tops)
    subs = [Brand(code=f"s{i}", name=f"Sub-brand {i}", position=i, parent=tops[i // 2]) for i in range(120)]
    Brand.objects.bulk_create(subs)
    facts = [(brand, i) for brand in (*tops, *subs) for i in range(2)]
    Figure.objects.bulk_create(
        Figure(brand=b, source=source, position=i, what="服务", value=100 + i, unit="人次", qualifier="余多"[i])
        for b, i in facts
    )
    Honour.objects.bulk_create(Honour(brand=b, source=source, title=f"Honour {i}", year=2020 + i) for b, i in facts)
    made = Project.objects.bulk_create(
        (
            Project(
                code=f"p{i}",
                season=track.season,
                track=track,
                title=f"书记项目 {i}",
                summary="以党建引领小区治理，" * 8,
                field=Field.values[i % 8],
                lead_organization=places[i % 40],
                lead_secretary=people[i % 40],
                state="running",
                starts_on=date(2026, 1, 1),
                ends_on=date(2026, 12, 31),
                published_on=date(2026, 2, 1) if i % 5 else None,
                planned_value=4000,
                earned_value=4000 - i % 60 * 40,
                schedule_variance=-(i % 60 * 40),
                light="green" if i % 60 < 25 else "yellow",
                light_reason="on_schedule" if i % 60 < 25 else "behind",
                light_day=date(2026, 4, 10),
            )
            for i in range(projects)
        ),
        batch_size=500,
    )
    links = Project.brands.through
    links.objects.bulk_create(
        (links(project=p, brand=tops[(i + k * 7) % 60]) for i, p in enumerate(made) for k in range(2)), batch_size=500
    )
    cases = LiaisonCase.objects.bulk_create(
        LiaisonCase(
            project=p,
            opened_on=date(2026, 1, 1) + timedelta(days=i % 90),
            opened_light="yellow",
            light="yellow",
            contact=people[i % 40] if i % 3 else None,
            interval_days=14,
            next_visit_on=date(2026, 5, 1),
        )
        for i, p in enumerate(made[::5])
    )
    LiaisonVisit.objects.bulk_create(
        LiaisonVisit(case=case, on=date(2026, 4, 1 + i), method="call", findings="了解进展", by=officer)
        for case in cases
        for i in range(2)
    )
    return Token.objects.create(user=officer).key


def bare(cursor: Any, sql: str) -> Application:
    """The floor: one statement, its text as the body."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        cursor.execute(sql)
        body = cursor.fetchone()[0].encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return application


def call(application: Application, path: str, token: str) -> bytes:
    """One GET of `path` through WSGI; returns the body."""
    environ: dict[str, Any] = {"PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1"}
    if token:
        environ["HTTP_AUTHORIZATION"] = f"Token {token}"
    setup_testing_defaults(environ)
    statuses: list[str] = []
    answer = application(environ, lambda status, headers, error=None: statuses.append(status))
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    if statuses != ["200 OK"]:
        raise SystemExit(f"{path}: {statuses} {body[:300]!r}")
    return body


def seconds(application: Application, path: str, token: str, requests: int) -> float:
    start = time.perf_counter()
    for _ in range(requests):
        call(application, path, token)
    return (time.perf_counter() - start) / requests


def measure(name: str, path: str, token: str, sql: str, arguments: argparse.Namespace) -> tuple[str, ...]:
    """A row of the table: both times, the ratio pair by pair, the portal's queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from portal.wsgi import application

    own = connection.copy()
    with own.cursor(), own.connection.cursor() if connection.vendor == "postgresql" else own.cursor() as cursor:
        floor = bare(cursor, sql)
        with CaptureQueriesContext(connection) as captured:
            found = orjson.loads(call(application, path, token))["results"]
        queries = len(captured)
        expected = orjson.loads(call(floor, path, token))["results"]
        if found != expected or len(found) != 50:
            wrong = [pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]]
            raise SystemExit(f"{name}: portal and floor differ: {len(found)} and {len(expected)} rows; {wrong[:1]}")
        seconds(application, path, token, arguments.requests)
        pairs = [
            tuple(seconds(app, path, token, arguments.requests) for app in (floor, application))
            for _ in range(arguments.rounds)
        ]
    own.close()
    medians = [f"{statistics.median(times) * 1000:.2f}" for times in zip(*pairs, strict=True)]
    return name, *medians, f"{statistics.median(a / b for a, b in pairs):.2f}", str(queries)


def main() -> None:
    parser = argparse.ArgumentParser(description="List endpoints against one hand-written statement each.")
    parser.add_argument("--projects", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=40)
    arguments = parser.parse_args()
    with scratch_database() as vendor:
        from django.db import connection

        token = fill(arguments.projects)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        paths = {
            "projects, public": ("/api/v1/projects/", ""),
            "projects, officer": ("/api/v1/projects/", token),
            "brands": ("/api/v1/brands/", ""),
            "liaison cases, officer": ("/api/v1/liaison-cases/", token),
        }
        rows = [measure(name, *paths[name], sql, arguments) for name, sql in floors(vendor).items()]
        print(f"{vendor}, {arguments.projects} projects, the same 50 rows from both\n")
        print(table(("list", "floor ms", "portal ms", "ratio", "queries"), rows))


if __name__ == "__main__":
    main()
