"""An application on its way, in the words of the actions: a season that is open, a draft that is complete."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from common.actors import Actor
from projects import applications
from projects.models import Application, Criterion, Season, Track
from tests import factories

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
OPEN, SHUT = date(2026, 2, 1), date(2026, 2, 27)


def make_open_season(**settings: Any) -> Season:
    """2026, open for applications in February, with the three criteria and a track for committees and branches."""
    values = {"apply_from": OPEN, "apply_until": SHUT, "criteria_total": 10000, **settings}
    season = factories.make_season(date(2026, 1, 1), **values)
    for position, (name, weight) in enumerate((("前瞻", 3000), ("创新", 3000), ("实效", 4000)), start=1):
        Criterion.objects.create(season=season, name=name, weight=weight, position=position)
    kinds = ("working_committee", "committee", "branch")
    factories.make_track(season, kinds=kinds, code="committee", archive_code="DGW", position=1)
    return season


def complete(to: Track, **changes: Any) -> dict[str, Any]:
    """Everything that an application needs, as a person types it."""
    return {
        "title": "小区党支部联建",
        "track": to.code,
        "field": "community",
        "tier": "emerging",
        "problem": "小区没有支部。",
        "goal": "年内支部全覆盖。",
        "measures": "逐个小区建支部。",
        "expected_effect": "群众有人找、有事办。",
        "starts_on": "2026-3-1",
        "ends_on": "2026.12.20",
        "figures": [
            {"name": "新建支部", "amount": "１２", "unit": "个"},
            {"name": "服务", "amount": "近5000", "unit": "人次"},
        ],
        "team": [{"name": "示例张", "post": "副书记", "duty": "统筹"}],
        "milestones": [
            {"title": "摸底", "weight": "40", "start": "2026-3-1", "due": "2026年6月30日"},
            {"title": "建成", "weight": "60", "start": "2026/7/1", "due": "2026-12-20"},
        ],
        "brands": [],
        **changes,
    }


def pdf(name: str = "会议记录.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF, content_type="application/pdf")


def draft(season: Season, district: SimpleNamespace, by: Actor, **changes: Any) -> Application:
    """The first street's complete draft, with its study record."""
    application = applications.open_application(season=season, organization=district.street, by=by)
    content = complete(application.project.track, **changes)
    applications.save_application(application=application, content=content, revision=0, by=by)
    applications.attach_study_record(application=application, file=pdf(), by=by)
    application.refresh_from_db()
    return application
