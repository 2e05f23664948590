"""The little district in which the browser tests play: `python -m tests.browser.world` fills an empty database."""

from __future__ import annotations

import os
from datetime import date

import django
from django.db import transaction

MAIN, SILENT = "红色物业示范项目（示例）", "无人填报的项目（示例）"
START = date(2026, 4, 2)


def build() -> None:
    """Two running projects of 2026: one that is behind and reports, one that stops reporting."""
    from brands.loading import load_brands
    from common.actors import Actor
    from projects.models import Project
    from tests import factories

    load_brands(by=Actor.system("test"))
    district = factories.make_district()
    cast = factories.make_cast(district)
    contact = factories.make_user("联系人", username="contact")
    track = factories.make_track(factories.make_season(date(2026, 1, 1)))
    main = factories.make_project(district.street, cast.secretary, track=track, title=MAIN, contact=contact.person)
    silent = factories.make_project(
        district.other_street, cast.outsider, track=track, title=SILENT, contact=contact.person
    )
    for month, percent in ((1, 5), (2, 10)):
        factories.make_report(main, date(2026, month, 1), [percent, 0], decided_on=date(2026, month + 1, 2))
    for month, percent in ((1, 20), (2, 40), (3, 55)):
        factories.make_report(silent, date(2026, month, 1), [percent, 0], decided_on=date(2026, month + 1, 2))
    Project.objects.update(published_on=date(2026, 2, 1), summary="公开的简介")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    # One commit: the file database is on a disk.
    transaction.atomic(build)()
