"""The vote of docs/worked-vote.md as a draft that lacks its keys and its lock.

`python -m tests.browser.full_vote_world` fills an empty database; the vote's code goes into `vote.json` beside it.
"""

from __future__ import annotations

import json
import os
from datetime import date

import django
from django.db import transaction

START = date(2026, 11, 30)


def build() -> dict[str, str]:
    """The district, the holiday tables, the draft with its 72 voters; the keys of the tests' draft are taken away."""
    from common import calendar
    from common.actors import Actor
    from evaluation.appraisal.models import Campaign, KeyHolder, WrappedKey
    from tests import factories
    from tests.evaluation.appraisal import worked_vote

    for year in (2026, 2027):
        if rows := calendar.proposed_days(year):
            calendar.load_year(year=year, rows=rows, source="测试用", by=Actor.system("test"))
    district = factories.make_district()
    campaign = worked_vote.make(district, factories.make_cast(district)).campaign
    KeyHolder.objects.filter(campaign=campaign).delete()
    WrappedKey.objects.filter(campaign=campaign).delete()
    Campaign.objects.filter(pk=campaign.pk).update(public_key="", keys_rehearsed_at=None)
    return {"campaign": campaign.code}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    # One commit: the file database is on a disk.
    from django.conf import settings

    (settings.VAR_DIR / "vote.json").write_text(json.dumps(transaction.atomic(build)()), encoding="utf-8")
