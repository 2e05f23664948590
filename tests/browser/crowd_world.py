"""An open vote of 700 voters: `python -m tests.browser.crowd_world` fills an empty database.

Their codes go into `crowd.json` of the portal's folder, with the candidates' codes by section.
"""

from __future__ import annotations

import json
import os
from datetime import date
from typing import Any

import django
from django.db import transaction

START, AFTER = date(2026, 12, 2), date(2026, 12, 5)
CROWD, LATER = 500, 200
VOTERS = CROWD + LATER


def build() -> dict[str, Any]:
    from common import days
    from evaluation.appraisal import electors
    from tests import factories
    from tests.evaluation.appraisal import votes

    district = factories.make_district()
    vote = votes.make_vote(district, factories.make_cast(district), each=VOTERS // 6)
    first = vote.campaign.categories.earliest("position")
    for turn in range(vote.campaign.voters.count(), VOTERS):
        votes.add_voter(vote.campaign, first, f"另一人{turn}（示例）")
    # So that a part of them is enough to close and mix.
    parts = {"quorum_part": 1, "quorum_whole": 100, "category_quorum_part": 1, "category_quorum_whole": 100}
    type(vote.campaign).objects.filter(pk=vote.campaign.pk).update(**parts, category_minimum=1)
    votes.open_(vote)
    with days.pretend(START):
        people = list(vote.campaign.voters.order_by("public_id"))
        issued = electors.issue_codes(campaign=vote.campaign, voters=people, by=vote.by)
    return {
        "codes": [code for _, code in sorted(issued, key=lambda pair: pair[0].public_id)],
        "candidates": {key: vote.codes(key) for key in ("committee-1", "community-1", "new-1")},
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    # One commit: the file database is on a disk.
    from django.conf import settings

    (settings.VAR_DIR / "crowd.json").write_text(json.dumps(transaction.atomic(build)()), encoding="utf-8")
