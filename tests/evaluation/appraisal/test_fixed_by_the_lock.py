"""After the lock the database itself refuses what no action does; before it, and for what may change, it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from evaluation.appraisal import triggers
from evaluation.appraisal.models import (
    BoxBallot,
    Campaign,
    CampaignScrutineer,
    Candidate,
    CodeLot,
    Contest,
    ContestClass,
    KeyHolder,
    Recusal,
    Tally,
    UrnBallot,
    Voter,
    VoterCategory,
    WrappedKey,
)
from tests import factories
from tests.evaluation.appraisal import votes

pytestmark = pytest.mark.django_db
FIXED = [
    (Contest, {"award_title": "别的"}),
    (ContestClass, {"seats": 9}),
    (VoterCategory, {"weight": 1}),
    (VoterCategory, {"merge_into": None, "tie_order": 3}),
    (CampaignScrutineer, {"person": 0}),
    (KeyHolder, {"name": "别人"}),
    (WrappedKey, {"wrapped": "00"}),
    (Candidate, {"number": 99}),
    (Candidate, {"dossier": {"title": "别的"}}),
    (Recusal, {"reason": "别的"}),
    (Voter, {"name": "别人"}),
    (Voter, {"category": 0}),
    (Campaign, {"title": "别的"}),
    (Campaign, {"manifest": "{}"}),
    (Campaign, {"manifest_sha256": ""}),
    (Campaign, {"public_key": "00"}),
    (Campaign, {"quorum_part": 1}),
    (Campaign, {"closes_at": None}),
]


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    """Locked, with one recusal."""
    made = votes.make_vote(district, cast, each=5)
    one = Voter.objects.filter(campaign=made.campaign).first()
    assert one is not None
    Voter.objects.filter(pk=one.pk).update(
        organization=Candidate.objects.first().project.lead_organization  # type: ignore[union-attr]
    )
    return votes.lock(made)


def refused(change: Any) -> None:
    with pytest.raises(DatabaseError, match=triggers.MESSAGE), transaction.atomic():
        change()


@pytest.mark.parametrize(("model", "values"), FIXED, ids=[f"{m.__name__}-{'-'.join(v)}" for m, v in FIXED])
def test_an_update_is_refused(vote: votes.Vote, model: Any, values: dict[str, Any]) -> None:
    before = list(model.objects.order_by("pk").values())
    values = dict(values)
    if values.get("person") == 0:
        values["person"] = factories.make_person()
    if values.get("category") == 0:
        values["category"] = vote.campaign.categories.first()
    refused(lambda: model.objects.filter(pk=model.objects.latest("pk").pk).update(**values))
    assert list(model.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("model", [Contest, ContestClass, VoterCategory, CampaignScrutineer, KeyHolder, Candidate])
def test_no_row_is_moved_into_a_locked_vote(vote: votes.Vote, model: Any) -> None:
    """A copy of a row, by SQL, so that nothing but the trigger can refuse it."""
    row = model.objects.order_by("pk").values().first()
    row.pop("id")
    columns = [model._meta.get_field(name).column for name in row]
    listed = ", ".join(f'"{column}"' for column in columns)
    table = model._meta.db_table
    sql = f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {table} WHERE id = (SELECT min(id) FROM {table})"
    with connection.cursor() as cursor:
        refused(lambda: cursor.execute(sql))


def test_nobody_comes_onto_a_locked_roll_nor_is_recused_later(vote: votes.Vote) -> None:
    category = vote.campaign.categories.get(code="expert")
    refused(lambda: votes.add_voter(vote.campaign, category, "后来的人（示例）"))
    voter, candidate = vote.voters("masses")[0], Candidate.objects.last()
    refused(lambda: Recusal.objects.create(voter=voter, candidate=candidate, reason="后来的"))


def test_a_row_of_a_draft_does_not_move_into_a_locked_vote(vote: votes.Vote) -> None:
    draft = Campaign.objects.create(season=vote.campaign.season, title="另一次（示例）")
    own = VoterCategory.objects.create(campaign=draft, code="x", name="另一类", weight=1)
    refused(lambda: VoterCategory.objects.filter(pk=own.pk).update(campaign=vote.campaign))
    assert VoterCategory.objects.filter(pk=own.pk).update(weight=2, name="再一类") == 1
    assert Campaign.objects.filter(pk=draft.pk).update(title="改名", quorum_part=1, closes_at=None) == 1


def test_what_may_change_changes(vote: votes.Vote) -> None:
    voter = vote.voters("expert")[0]
    voter.channel, voter.paper = Voter.Channel.PAPER, Voter.Paper.ISSUED
    voter.save()  # all columns in the statement, two of them with new values
    Candidate.objects.filter(campaign=vote.campaign, number=1).update(
        withdrawn_on="2026-12-01", withdrawn_reason="退出"
    )
    campaign = vote.again()
    campaign.save()
    votes.open_(vote)
    Campaign.objects.filter(pk=campaign.pk).update(state="closed")
    refused(lambda: Campaign.objects.filter(pk=campaign.pk).update(closes_at="2027-01-01T00:00:00+08:00"))
    # The agreed extension, and only with its step.
    assert Campaign.objects.filter(pk=campaign.pk).update(state="open", closes_at="2027-01-01T00:00:00+08:00") == 1


def test_ballots_lots_and_counts_stay_as_they_were_written(vote: votes.Vote) -> None:
    votes.open_(vote)
    for category in vote.campaign.categories.all():
        for voter in vote.voters(category.code)[:5]:
            votes.ballot(vote, voter, {})
    refused(lambda: UrnBallot.objects.update(code="x"))
    votes.count(votes.close(vote))
    refused(lambda: BoxBallot.objects.update(sealed=b"x"))
    refused(lambda: CodeLot.objects.update(codes=""))
    refused(lambda: Tally.objects.update(result="{}"))
    assert Tally.objects.get().result_sha256 != ""


def test_every_table_of_the_lock_has_its_triggers(db: None) -> None:
    """A later migration that makes a table anew must put them back."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        there = {name for (name,) in cursor.fetchall() if name.startswith("appraisal_")}
    assert there == {refusal.name for refusal in triggers.refusals(connection)}
    tables = {model._meta.db_table for model in apps.get_app_config("appraisal").get_models()}
    assert {*triggers.LOCKED, *triggers.UNCHANGING, triggers.CAMPAIGN} <= tables


@pytest.mark.sqlite_only
def test_the_migration_goes_back_and_forth(tmp_path: Any) -> None:
    environment = {**os.environ, "VAR_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"}
    for target in ("0002", "0001", "0002"):
        command = [sys.executable, "manage.py", "migrate", "appraisal", target, "--verbosity", "0"]
        subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True, capture_output=True)
