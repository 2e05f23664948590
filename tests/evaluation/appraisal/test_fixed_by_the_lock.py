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

from common import days
from evaluation.appraisal import electors, triggers
from evaluation.appraisal.models import (
    BoxBallot,
    Campaign,
    CampaignPackage,
    CampaignScrutineer,
    CampaignStateChange,
    Candidate,
    CodeLot,
    Contest,
    ContestClass,
    Credential,
    EmptyCategory,
    KeyHolder,
    PaperBatch,
    Recusal,
    ShortfallDecision,
    Tally,
    TallySignature,
    UrnBallot,
    Voter,
    VoterCategory,
    WrappedKey,
)
from tests import factories
from tests.evaluation.appraisal import outcome_steps, votes

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


@pytest.fixture
def ended(vote: votes.Vote, cast: Any) -> votes.Vote:
    """Everything that a vote leaves behind: codes, paper, a decision, the count, an objection, awards, the package."""
    outcome_steps.load_calendars()
    votes.open_(vote)
    first, last = vote.voters("expert")[0], vote.voters("masses")[-1]
    with days.pretend(votes.DURING):
        electors.issue_codes(campaign=vote.campaign, voters=[first, last], by=vote.by)
        electors.issue_codes(campaign=vote.campaign, voters=[first], by=vote.by)
    for category in vote.campaign.categories.all():
        for voter, chosen in zip(vote.voters(category.code), outcome_steps.CHOICES, strict=True):
            votes.ballot(vote, voter, {} if voter == first else chosen)
    keyed = {"keyed": "", "state": "entered", "first_by": vote.admin, "second_by": vote.scrutineer}
    PaperBatch.objects.create(campaign=vote.campaign, category=first.category, ballots=1, **keyed)
    people = {"proposed_by": vote.admin.person, "agreed_by": vote.scrutineer.person, "agreed_at": days.now()}
    ShortfallDecision.objects.create(campaign=vote.campaign, kind="accept", reason="同意（示例）", **people)
    votes.count(votes.close(vote))
    EmptyCategory.objects.create(category=first.category)
    notice = outcome_steps.noticed(vote, cast.officer)
    outcome_steps.closed(outcome_steps.objected(notice), "dismissed", cast.officer)
    outcome_steps.finalized()
    CampaignPackage.objects.create(campaign=vote.campaign, path="x.zip", size=1, sha256="x", files=1)
    return vote


def rows_of(table: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY id")
        return cursor.fetchall()


def test_nothing_of_a_vote_goes(ended: votes.Vote) -> None:
    """By SQL, so that nothing but the trigger can refuse it; every table with such a trigger has rows to lose."""
    own = {"campaign": ended.campaign, "category": ended.campaign.categories.first()}
    with votes.tampering():
        UrnBallot.objects.create(**own, sealed=b"x", code="X")
    tables = [refusal.table for refusal in triggers.refusals(connection) if refusal.event == "DELETE"]
    assert len(set(tables)) == len(tables) == 25
    with connection.cursor() as cursor:
        for table in tables:
            before = rows_of(table)
            assert before, table
            refused(lambda table=table: cursor.execute(f"DELETE FROM {table}"))  # type: ignore[misc]
            assert rows_of(table) == before


@pytest.mark.postgres_only
def test_nothing_of_a_vote_is_emptied(ended: votes.Vote) -> None:
    tables = {refusal.table for refusal in triggers.refusals(connection)}
    connection.check_constraints()  # as if committed: PostgreSQL empties no table with deferred checks
    with connection.cursor() as cursor:
        for table in (*tables, "projects_project"):
            refused(lambda table=table: cursor.execute(f"TRUNCATE {table} CASCADE"))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (CampaignStateChange, {"reason": "别的"}),
        (Credential, {"digest": "x"}),
        (Credential, {"revoked": False}),
        (PaperBatch, {"ballots": 2}),
        (ShortfallDecision, {"reason": "别的"}),
        (TallySignature, {"result_sha256": "x"}),
        (CampaignPackage, {"sha256": "x"}),
        (Voter, {"voted": False}),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else "-".join(each),
)
def test_what_was_written_is_not_written_over(ended: votes.Vote, model: Any, values: dict[str, Any]) -> None:
    row = (
        model.objects.filter(revoked=True) if model is Credential else model.objects.filter(pk=model.objects.first().pk)
    )
    refused(lambda: row.update(**values))


def test_a_withdrawal_is_not_taken_back(vote: votes.Vote) -> None:
    rows = Candidate.objects.filter(campaign=vote.campaign, number=1)
    rows.update(withdrawn_on="2026-12-01", withdrawn_reason="退出")
    refused(lambda: rows.update(withdrawn_on=None, withdrawn_reason=""))


def test_a_ballot_leaves_the_urn_only_into_the_box(vote: votes.Vote) -> None:
    """The same ballot: of the same seal and category, under the same number."""
    votes.open_(vote)
    votes.ballot(vote, vote.voters("expert")[0], {})
    urn = UrnBallot.objects.get()
    kept = {"campaign": vote.campaign, "category": urn.category, "sealed": urn.sealed, "code": urn.code}
    other = vote.campaign.categories.get(code="masses")
    for wrong in ({"sealed": b"x"}, {"category": other}, {"code": "X"}):
        with transaction.atomic():
            BoxBallot.objects.create(**{**kept, **wrong})
            refused(lambda: UrnBallot.objects.filter(pk=urn.pk).delete())
            transaction.set_rollback(True)
    BoxBallot.objects.create(**kept)
    assert UrnBallot.objects.filter(pk=urn.pk).delete()[0] == 1
    refused(BoxBallot.objects.all().delete)


@pytest.mark.parametrize("state", ["locked", "mixed", "counted", "voided"])
def test_no_ballot_comes_but_while_the_vote_runs(vote: votes.Vote, state: str) -> None:
    campaign = votes.in_state(vote, state)
    ballot = {"campaign": campaign, "category": campaign.categories.first(), "sealed": b"x", "code": "X"}
    for table in (UrnBallot, BoxBallot):
        refused(lambda table=table: table.objects.create(**ballot))  # type: ignore[misc]
    refused(lambda: CodeLot.objects.create(campaign=campaign, number=1, codes="X", sha256="x"))


def test_a_draft_goes_whole(district: Any, cast: Any) -> None:
    campaign = votes.make_vote(district, cast, each=1).campaign
    for rows in (campaign.candidates, Contest.objects, campaign.voters, campaign.categories, Campaign.objects):
        rows.all().delete()
    assert not Campaign.objects.exists()


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
    assert {refusal.table for refusal in triggers.refusals(connection)} <= tables


@pytest.mark.sqlite_only
def test_the_migration_goes_back_and_forth(tmp_path: Any) -> None:
    environment = {**os.environ, "VAR_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"}
    for target in ("0003", "0002", "0001", "0003"):
        command = [sys.executable, "manage.py", "migrate", "appraisal", target, "--verbosity", "0"]
        subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True, capture_output=True)
