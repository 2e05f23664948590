"""A ledger that was exported and is imported again changes nothing."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from brands.models import Brand
from common import imports, jobs
from common.models import ImportBatch
from evaluation.tracking import checks
from projects.models import Project, Season
from tests import factories
from tests.projects.export_steps import path
from tests.projects.screening_steps import by

TITLES = [
    '=HYPERLINK("http://evil.example","“点我”")',
    "“红色物业”（ＡＢＣ１２３）【全角】项目",
    "-1+1 的项目 _x0041_",
    "123456",
]


@pytest.fixture
def filled(season, district, cast, today) -> Season:
    """A season whose projects bear awkward titles, one of them with nothing but its title."""
    today("2026-06-10")
    Season.objects.filter(pk=season.pk).update(one_project_per_organization=False)
    brand = Brand.objects.create(code="hongse", name="红色矩阵品牌（示例）", position=1)
    track = season.tracks.get()
    for number, title in enumerate(TITLES):
        texts = {
            "problem": f"+{number}，\n“难题”",
            "goal": "@目标",
            "measures": "1. 建\n2. 管",
            "expected_effect": "=1+1",
        }
        project = factories.make_project(
            district.street, cast.secretary, track=track, title=title, field="grid", **texts
        )
        project.brands.add(brand)
    factories.make_project(district.other_street, cast.outsider, track=track, title="只有名称", milestones=[])
    factories.make_report(project, date(2026, 4, 1), [5, 0], difficulty="=困难", next="-打算")
    checks.run(date(2026, 6, 9))
    return season


@pytest.mark.parametrize("kind", ["ledger", "applications", "approved"])
def test_what_was_exported_is_the_same_when_it_is_imported(filled, cast, kind):
    workbook = path(cast.officer, kind, season=filled.code).read_bytes()
    before = list(Project.objects.order_by("pk").values())
    batch = imports.start_import(
        kind="projects",
        file=SimpleUploadedFile("台账.xlsx", workbook),
        params={"season": filled.code},
        by=by(cast.officer),
    )
    jobs.run(str(batch.job_id))
    batch.refresh_from_db()
    assert (batch.state, batch.choices) == (ImportBatch.State.PREVIEW, {}), batch.message
    found = sorted(batch.rows.values_list("label", "status", "problems"))
    assert found == sorted((title, "same", []) for title in [*TITLES, "只有名称"])
    assert list(Project.objects.order_by("pk").values()) == before
