"""A season's set-up in tests: holiday tables, rows in short, a season that lacks nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

from common import calendar
from common.actors import Actor
from common.models import AuditEntry
from projects.models import Season
from projects.season_rows import CriterionInput, TrackInput
from tests.projects.application_steps import make_open_season
from tests.projects.screening_steps import make_reviewers

# 2026-10-01 to 07 are holidays, Saturday 2026-10-10 is a makeup workday.
HOLIDAY, AFTER_HOLIDAYS, MAKEUP_SATURDAY = date(2026, 10, 3), date(2026, 10, 8), date(2026, 10, 10)


def load_calendar(year: int = 2026) -> None:
    rows = calendar.proposed_days(year)
    calendar.load_year(year=year, rows=rows, source="国务院办公厅通知", by=Actor.system("test"))


def make_ready_season(**settings: Any) -> Season:
    """2026 with calendar, window, track, criteria and three reviewers: the call for it can be issued."""
    load_calendar()
    season = make_open_season(**settings)
    make_reviewers(season, 3)
    return season


def track_row(code: str, archive_code: str = "", kinds: tuple[tuple[str, str], ...] = (), **changes: str) -> TrackInput:
    values = {"name": f"{code}赛道", "award_title": "优秀书记项目", "method": "综合票决", **changes}
    return TrackInput(code=code, archive_code=archive_code, kinds=kinds, **values)


def criteria_rows(**weights: int) -> list[CriterionInput]:
    return [CriterionInput(name, weight) for name, weight in weights.items()]


def tracks_of(season: Season) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Code, archive code and kinds of every track in its order."""
    return [(t.code, t.archive_code, sorted(t.kinds.values_list("kind", "sector"))) for t in season.tracks.all()]


def criteria_of(season: Season) -> list[tuple[str, int]]:
    return list(season.criteria.values_list("name", "weight"))


def audited(what: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=f"projects.season.{what}").order_by("pk"))


def pool_of(season: Season) -> list[str]:
    return sorted(season.reviewers.values_list("person__name", flat=True))
