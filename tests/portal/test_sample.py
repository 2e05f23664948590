"""The sample year: complete on whatever day it is loaded, and harmless when loaded again."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from django.core.management import call_command

from brands.models import Field
from evaluation.appraisal.models import Award, BoxBallot, Campaign, Voter
from evaluation.tracking.models import LiaisonCase
from organizations.models import Organization, User
from portal.sample import load
from projects.models import ProgressReport, Project, Season
from tests.portal import sample_votes

ACCOUNTS = {
    *("officer", "leader", "secretary", "branchsec", "clerk", "outsider"),
    *("evaladmin", "scrutineer", "auditor", "sysadmin"),
    *("reviewer1", "reviewer2", "reviewer3"),
}


# A day late in a month, one on which the last report is not due yet, a leap day in years of no known holiday table.
# What a day means is the same on both databases, and a year in one transaction takes PostgreSQL minutes.
@pytest.mark.parametrize(
    "day",
    [
        "2026-11-25",
        pytest.param("2027-01-05", marks=pytest.mark.sqlite_only),
        pytest.param("2028-02-29", marks=pytest.mark.sqlite_only),
    ],
)
def test_the_sample_year(db, client, today, settings, tmp_path, day: str) -> None:
    loaded = today(day)
    settings.VAR_DIR = tmp_path
    settings.DEMO_PASSWORD = ""
    call_command("load_sample")

    season = Season.objects.latest_started(loaded)
    assert season is not None
    months = (loaded.year - season.starts_on.year) * 12 + loaded.month - season.starts_on.month
    assert (months, season.starts_on.day) == (9, 1)
    projects = Project.objects.filter(season=season)
    assert projects.count() >= 45
    assert set(projects.values_list("field", flat=True)) == set(Field.values)
    assert {"红色物业", "红色客厅"} <= set(projects.values_list("title", flat=True))
    assert set(projects.values_list("light_day", flat=True)) == {loaded - timedelta(days=1)}
    lights = Counter(projects.values_list("light", flat=True))
    assert min(lights["green"], lights["yellow"], lights["red"]) >= 5
    assert lights["grey"] >= 2
    states = set(ProgressReport.objects.values_list("state", flat=True))
    assert states == {"confirmed", "submitted", "returned"}
    coming = Project.objects.filter(season__starts_on__gt=loaded)
    assert set(coming.values_list("state", flat=True)) == {
        *("draft", "submitted", "in_review", "returned_revise", "approved")
    }
    assert set(projects.values_list("state", flat=True)) >= {"running", "suspended", "closing", "completed"}
    assert not ProgressReport.objects.filter(month__gt=loaded).exists()
    assert LiaisonCase.objects.open().filter(visits=None).exists()
    assert LiaisonCase.objects.exclude(closed_on=None).exists()
    assert set(User.objects.values_list("username", flat=True)) >= ACCOUNTS
    invented = Organization.objects.filter(named_in_article=False)
    assert 55 <= Organization.objects.count() <= 65
    assert all(name.endswith("（示例）") for name in invented.values_list("name", flat=True))

    password = (tmp_path / "demo-password").read_text()
    assert (tmp_path / "demo-password").stat().st_mode & 0o077 == 0
    assert User.objects.get(username="secretary").check_password(password)
    models = (Project, ProgressReport, User, LiaisonCase, Campaign, Voter, BoxBallot, Award)
    counts = [model.objects.count() for model in models]
    call_command("load_sample")
    call_command("load_sample", "--if-empty")
    assert [model.objects.count() for model in models] == counts

    sample_votes.both_are_there(client)
    sample_votes.nothing_invented_lacks_its_mark()
    sample_votes.the_finished_one_is_whole(client, tmp_path)
    sample_votes.the_open_one_can_be_voted_in(tmp_path / "demo-voting-codes", client)
    sample_votes.the_open_one_can_be_counted(tmp_path / "demo-box-secrets")


def test_a_load_that_dies_leaves_nothing(db, today, settings, tmp_path, monkeypatch) -> None:
    today("2026-11-25")
    settings.VAR_DIR = tmp_path

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(load.reports, "write", die)
    with pytest.raises(KeyboardInterrupt):
        load.load(date(2026, 11, 25))
    assert (Organization.objects.count(), Project.objects.count(), User.objects.count()) == (0, 0, 0)
