"""A district that is open for applications: `python -m tests.browser.year_world` fills an empty database."""

from __future__ import annotations

import os
from datetime import date

import django
from django.db import transaction

START = date(2026, 2, 10)
REVIEWERS = ("reviewer1", "reviewer2", "reviewer3")


def build() -> None:
    """2026, open in February, with its tracks, criteria and three reviewers; no project yet."""
    from brands.loading import load_brands
    from common import calendar
    from common.actors import Actor
    from projects.models import SeasonReviewer
    from tests import factories
    from tests.projects.application_steps import make_open_season

    by = Actor.system("test")
    load_brands(by=by)
    calendar.load_year(year=2026, rows=calendar.proposed_days(2026), source="测试用", by=by)
    factories.make_cast(factories.make_district())
    season = make_open_season()
    for username in REVIEWERS:
        reviewer = factories.make_user(f"评审人{username[-1]}", username=username)
        SeasonReviewer.objects.create(season=season, person=reviewer.person)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    # One commit: the file database is on a disk.
    transaction.atomic(build)()
