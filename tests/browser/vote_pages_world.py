"""The sample's two votes and a draft, without the rest of the sample year: `python -m tests.browser.vote_pages_world`.

Codes and ids that addresses are made of go into `world.json` of the portal's folder.
"""

from __future__ import annotations

import json
import os
from datetime import date

import django
from django.db import transaction

START = date(2026, 11, 25)


def build() -> dict[str, str]:
    """The codes and ids by the names of what they belong to."""
    from evaluation.appraisal import campaigns
    from evaluation.appraisal.models import Award, Objection, PublicNotice
    from portal.sample import last_year, load, open_vote, organizations, people, projects, voting

    load.load_calendar(START)
    tree = organizations.create(load.BY)
    load.load_brands(by=load.BY)
    season = projects.create_season(START)
    cast = people.Cast(tree, season.starts_on - load.APPOINTED, load.BY)
    load.close_early(projects.create_projects(season, tree, cast, load.BY), cast)
    former, _ = last_year.create_last_season(season, tree, cast, load.BY)
    last = last_year.vote(former, cast)
    running = open_vote.create(season, cast, START)
    draft = campaigns.copy_campaign(
        source=last, season=season, title="沿用上一年规则的草稿（示例）", by=voting.by(cast, "evaladmin")
    )
    voter = running.voters.filter(channel="code", voted=False).earliest("pk")
    return {
        "open": running.code,
        "last": last.code,
        "draft": draft.code,
        "voter": voter.public_id,
        "notice": PublicNotice.objects.get().code,
        "award": Award.objects.earliest("pk").verification_code,
        "objection": str(Objection.objects.get().pk),
        "candidate": last.candidates.earliest("pk").code,
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    # One commit: the file database is on a disk.
    from django.conf import settings

    (settings.VAR_DIR / "world.json").write_text(json.dumps(transaction.atomic(build)()), encoding="utf-8")
