"""The season's rules in the administration: for system administrators, audited, checked."""

from __future__ import annotations

import pytest
from django.urls import reverse

from common.models import AuditEntry
from tests import factories


@pytest.fixture
def season(db):
    return factories.make_season()


def given(season, **changes):
    values = {
        "code": season.code,
        "name": season.name,
        "starts_on": season.starts_on,
        "ends_on": season.ends_on,
        "report_due_day": 5,
        "yellow_from": 1000,
        "red_above": 3000,
        "returned_grace_days": 3,
        "overdue_red_days": "",
        "liaison_interval_days": 14,
        "liaison_green_readings": 2,
        "tracks-TOTAL_FORMS": 0,
        "tracks-INITIAL_FORMS": 0,
    }
    return values | changes


def test_a_changed_rule_is_audited(client_as, cast, season) -> None:
    page = reverse("admin:projects_season_change", args=[season.pk])
    assert client_as(cast.sysadmin).post(page, given(season, report_due_day=8)).status_code == 302
    season.refresh_from_db()
    assert season.report_due_day == 8
    entry = AuditEntry.objects.get(action="projects.season.edited")
    assert (entry.user, entry.before, entry.after) == (
        cast.sysadmin,
        {"report_due_day": "5"},
        {"report_due_day": "8"},
    )


def test_a_changed_track_is_audited(client_as, cast, season) -> None:
    track = factories.make_track(season)
    row = {"id": track.pk, "season": season.pk, "code": track.code, "name": "新名称", "position": 0}
    row |= {"award_title": track.award_title, "method": track.method}
    sent = given(season, **{"tracks-TOTAL_FORMS": 1, "tracks-INITIAL_FORMS": 1})
    sent |= {f"tracks-0-{name}": value for name, value in row.items()}
    client_as(cast.sysadmin).post(reverse("admin:projects_season_change", args=[season.pk]), sent)
    track.refresh_from_db()
    assert track.name == "新名称"
    assert AuditEntry.objects.get(action="projects.season.edited").after == {"related": ["tracks"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"yellow_from": 4000}, "黄灯起点应大于 0，且不高于红灯起点。"),
        ({"overdue_red_days": 0}, "里程碑逾期红灯至少为 1 天"),
        ({"report_due_day": 29}, "28"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(client_as, cast, season, changes, message) -> None:
    page = reverse("admin:projects_season_change", args=[season.pk])
    answer = client_as(cast.sysadmin).post(page, given(season, **changes))
    assert message in answer.content.decode()
    assert not AuditEntry.objects.filter(action="projects.season.edited").exists()


def test_others_do_not_reach_it(client_as, cast, season) -> None:
    page = reverse("admin:projects_season_change", args=[season.pk])
    for name in ("officer", "secretary", "auditor"):
        assert client_as(getattr(cast, name)).get(page).status_code == 302
