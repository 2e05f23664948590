"""What a reader of the database finds: by the schema, by row versions and places, in a dump, in every other table.

Each test first shows that the trace is there where it must be (before the mixing), so that it could fail.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from common import days
from evaluation.appraisal import casting, lifecycle, manifest, mixing
from evaluation.appraisal.layout import Layout
from evaluation.appraisal.models import BoxBallot, ReminderList, UrnBallot, Voter
from tests.evaluation.appraisal import votes
from tests.evaluation.appraisal.snapshots import where

BALLOTS = {"appraisal_urnballot", "appraisal_boxballot"}
# Enough candidates that a ballot in clear is no accident of a file.
CONTESTS = [(*votes.CONTESTS[0][:4], 24, 12), (*votes.CONTESTS[1][:4], 12, 6)]
VOTERS = 60


@dataclass
class Told:
    """What the voters themselves know: who cast which tracking number, in casting order, and the ballots in clear."""

    vote: votes.Vote
    code_of: dict[str, str] = field(default_factory=dict)
    payloads: list[bytes] = field(default_factory=list)

    @property
    def order(self) -> list[str]:
        return list(self.code_of.values())


def cast_all(vote: votes.Vote, *, lots: bool) -> Told:
    """Everybody votes, in random order, each with other choices; with `lots` full lots are mixed meanwhile."""
    told, lot = Told(vote), random.Random(1)
    layout = Layout.of(manifest.of(vote.campaign))
    people = list(Voter.objects.select_related("campaign", "category").order_by("pk"))
    lot.shuffle(people)
    with days.pretend(votes.DURING):
        for voter in people:
            chosen = {s.key: lot.sample(layout.codes_of(s), s.seats) for s in layout.sections}
            ready = casting.prepare(voter=voter, choices=chosen, abstained=[])
            told.code_of[voter.public_id] = casting.cast(voter=voter, token=ready.token).code
            told.payloads.append(layout.encode([code for codes in chosen.values() for code in codes], []))
            if lots:
                lifecycle.advance(vote.by)
    return told


@pytest.fixture
def vote(district: Any, cast: Any) -> votes.Vote:
    return votes.open_(votes.make_vote(district, cast, each=10, contests=CONTESTS))


@pytest.fixture
def committed(transactional_db: None, request: pytest.FixtureRequest) -> votes.Vote:
    """An open vote in transactions of its own, as in life."""
    made: votes.Vote = request.getfixturevalue("vote")
    return made


def asked(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def spearman(left: list[str], right: list[str]) -> float:
    """The correlation of two orders of the same things, -1 to 1; by chance within ±0.6 for sixty, a million to one."""
    place, number = {each: at for at, each in enumerate(right)}, len(left)
    distance = sum((at - place[each]) ** 2 for at, each in enumerate(left))
    return 1 - 6 * distance / (number * (number**2 - 1))


# --- by the schema ---


def references(table: str) -> set[str]:
    """The tables that a table's foreign keys lead to."""
    with connection.cursor() as cursor:
        return {other for _, other in connection.introspection.get_relations(cursor, table).values()}


def columns(table: str) -> set[str]:
    model = next(m for m in apps.get_models(include_auto_created=True) if m._meta.db_table == table)
    return {f.column for f in model._meta.local_fields}


@pytest.mark.django_db
def test_no_table_leads_from_a_voter_to_a_ballot() -> None:
    every = {m._meta.db_table for m in apps.get_models(include_auto_created=True) if m._meta.managed}
    to_voters = {table for table in every if "appraisal_voter" in references(table)}
    assert to_voters == {"appraisal_recusal", "appraisal_credential", "appraisal_reminderlist_voters"}
    assert {table for table in every if references(table) & {*BALLOTS, "appraisal_codelot"}} == set()
    # Nor by a column that holds what a ballot is known by.
    known = {"sealed", "codes", "tracking_code", "token"}
    assert {table for table in every if columns(table) & known} == {*BALLOTS, "appraisal_codelot"}
    for table in BALLOTS:
        assert columns(table) == {"id", "campaign_id", "category_id", "sealed", "code"}
        assert references(table) == {"appraisal_campaign", "appraisal_votercategory"}
    assert columns("appraisal_codelot") == {"id", "campaign_id", "number", "codes", "sha256"}


@pytest.mark.django_db
def test_no_ballot_and_no_mark_has_a_time() -> None:
    kinds = {"DateTimeField", "DateField", "TimeField"}
    timed = {
        (m._meta.db_table, f.column)
        for m in apps.get_app_config("appraisal").get_models(include_auto_created=True)
        for f in m._meta.local_fields
        if f.get_internal_type() in kinds
    }
    tables = {*BALLOTS, "appraisal_codelot", "appraisal_voter", "appraisal_recusal", "appraisal_reminderlist_voters"}
    assert {pair for pair in timed if pair[0] in tables} == set()
    assert ("appraisal_campaign", "opens_at") in timed


# --- by row versions and places ---


@pytest.mark.postgres_only
@pytest.mark.parametrize("lots", [False, True])
def test_row_versions_and_places_link_nothing_after_mixing(committed: votes.Vote, lots: bool) -> None:
    told = cast_all(committed, lots=lots)
    in_urn = [code for (code,) in asked("SELECT code FROM appraisal_urnballot ORDER BY ctid")]
    joined = """SELECT v.public_id, b.code FROM appraisal_voter v JOIN {} b ON v.xmin = b.xmin"""
    if not lots:
        # Before the mixing the join tells everything, and the urn lies in casting order.
        assert dict(asked(joined.format("appraisal_urnballot"))) == told.code_of
        assert in_urn == told.order
        marks = [i for (i,) in asked("SELECT public_id FROM appraisal_voter ORDER BY xmin::text::bigint")]
        assert marks == list(told.code_of)
    votes.close(committed)
    assert asked("SELECT count(*) FROM appraisal_urnballot") == [(0,)]
    versions = (
        "SELECT DISTINCT xmin::text FROM appraisal_voter UNION SELECT DISTINCT xmin::text FROM appraisal_boxballot"
    )
    assert len(asked(versions)) == 1
    assert len(asked(joined.format("appraisal_boxballot"))) == VOTERS * VOTERS  # everybody with every ballot
    # Places are those of the random keys, exactly: nothing else is in them.
    assert asked("SELECT id FROM appraisal_boxballot ORDER BY ctid") == asked(
        "SELECT id FROM appraisal_boxballot ORDER BY id"
    )
    assert asked("SELECT public_id FROM appraisal_voter ORDER BY ctid") == asked(
        'SELECT public_id FROM appraisal_voter ORDER BY public_id COLLATE "C"'
    )
    in_box = [code for (code,) in asked("SELECT code FROM appraisal_boxballot ORDER BY ctid")]
    assert sorted(in_box) == sorted(told.order)
    assert abs(spearman(in_box, told.order)) < 0.6
    by_roll = [told.code_of[i] for (i,) in asked("SELECT public_id FROM appraisal_voter ORDER BY ctid")]
    assert abs(spearman(in_box, by_roll)) < 0.6


@pytest.mark.postgres_only
def test_dead_rows_are_gone_from_the_tables(committed: votes.Vote) -> None:
    cast_all(committed, lots=False)
    votes.close(committed)
    assert [table for table in (*BALLOTS, "appraisal_voter") if too_large(table)] == []


def too_large(table: str, tries: int = 10) -> bool:
    """Whether the table holds more than its rows.

    A row that another session (an autovacuum worker) may still see stays for the moment; the count scrubs again.
    """
    rows, widest = asked(f"SELECT count(*) FROM {table}")[0][0], 400
    while (size := asked(f"SELECT pg_relation_size('{table}')")[0][0]) and tries:
        if size <= 8192 * (1 + rows * widest // 8192):
            return False
        time.sleep(0.5)
        mixing.scrub()
        tries -= 1
    return bool(size)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("lots", [False, True])
def test_the_rowid_tells_nothing_after_mixing(committed: votes.Vote, lots: bool) -> None:
    told = cast_all(committed, lots=lots)
    if not lots:
        assert [code for (code,) in asked("SELECT code FROM appraisal_urnballot ORDER BY rowid")] == told.order
    votes.close(committed)
    in_box = [code for (code,) in asked("SELECT code FROM appraisal_boxballot ORDER BY rowid")]
    assert sorted(in_box) == sorted(told.order)
    assert abs(spearman(in_box, told.order)) < 0.6
    by_roll = [told.code_of[i] for (i,) in asked("SELECT public_id FROM appraisal_voter ORDER BY rowid")]
    assert abs(spearman(in_box, by_roll)) < 0.6


def test_the_measure_sees_an_order() -> None:
    order = [str(n) for n in range(VOTERS)]
    assert spearman(order, order) == 1
    assert spearman(order, order[::-1]) == -1
    nearly = sorted(order, key=lambda each: int(each) + random.Random(each).randrange(20))
    assert spearman(nearly, order) > 0.8


# --- in a copy of the whole database ---


def image() -> bytes:
    """The database's file as it is, free pages included; of PostgreSQL what pg_dump writes."""
    if connection.vendor == "sqlite":
        return bytes(connection.connection.serialize())
    values = connection.settings_dict
    address = {"PGHOST": values["HOST"], "PGPORT": str(values["PORT"] or ""), "PGUSER": values["USER"]}
    environment = os.environ | {name: value for name, value in address.items() if value}
    environment |= {"PGPASSWORD": values["PASSWORD"]} if values["PASSWORD"] else {}
    done = subprocess.run(["pg_dump", values["NAME"]], env=environment, capture_output=True, check=True)
    return done.stdout


def spellings(value: bytes) -> list[bytes]:
    """A value as a file may hold it."""
    return [value, value.hex().encode(), value.hex().upper().encode()]


def test_a_dump_before_the_close_shows_no_choice(committed: votes.Vote) -> None:
    told = cast_all(committed, lots=False)
    found = image()
    sealed = bytes(UrnBallot.objects.first().sealed)  # type: ignore[union-attr]
    assert any(spelling in found for spelling in spellings(sealed))  # the search finds what is there
    assert told.order[0].encode() in found
    for payload in told.payloads:
        for part in (payload, payload[1:], payload[1:25]):  # all of it, the choices, those of the first contest
            assert not any(spelling in found for spelling in spellings(part))


def test_a_dump_before_the_close_has_no_candidate_beside_a_ballot(committed: votes.Vote) -> None:
    cast_all(committed, lots=False)
    found = image()
    around = 300
    for ballot in UrnBallot.objects.all():
        at = found.index(ballot.code.encode())
        near = found[max(0, at - around) : at + around]
        assert not [code for code in committed.codes("committee-1") if code.encode() in near]


def test_nothing_is_left_of_the_urn_after_the_close(committed: votes.Vote) -> None:
    """Its keys stand in casting order; they must not lie about in free pages or dead rows."""
    cast_all(committed, lots=True)
    keys = [row.pk for row in UrnBallot.objects.all()]
    spelled = [(key.bytes, key.hex.encode(), str(key).encode()) for key in keys]
    assert len(keys) < 10
    before = image()
    assert all(any(each in before for each in key) for key in spelled)
    votes.close(committed)
    found = image()
    assert not any(each in found for key in spelled for each in key)


# --- in every other table ---


@pytest.mark.django_db
def test_a_tracking_number_stands_with_the_ballots_only(vote: votes.Vote) -> None:
    told = cast_all(vote, lots=False)
    code, voter = told.order[0], Voter.objects.get(public_id=next(iter(told.code_of)))
    assert where(code) == {"appraisal_urnballot"}
    assert where(voter.public_id) == {"appraisal_voter"}
    assert where(voter.name) == {"appraisal_voter"}
    mixing.mix_lot(vote.campaign)
    assert where(code) == {"appraisal_boxballot", "appraisal_codelot"}
    votes.count(votes.close(vote))
    assert where(code) == {"appraisal_boxballot", "appraisal_codelot"}
    assert where(voter.public_id) == {"appraisal_voter"}
    assert where(BoxBallot.objects.get(code=code).pk.hex) | where(str(BoxBallot.objects.get(code=code).pk)) == {
        "appraisal_boxballot"
    }


@pytest.mark.django_db
def test_no_count_stands_anywhere_before_the_count(vote: votes.Vote) -> None:
    cast_all(vote, lots=True)
    votes.close(vote)
    assert where('"elected"') == set()
    assert where('"ranking"') == set()
    votes.count(vote)
    assert where('"ranking"') == {"appraisal_tally"}


@pytest.mark.django_db
def test_who_had_not_voted_on_a_day_is_forgotten_with_the_mixing(vote: votes.Vote) -> None:
    kept = ReminderList.objects.create(campaign=vote.campaign, day=votes.DURING)
    kept.voters.set(Voter.objects.all()[:20])
    cast_all(vote, lots=False)
    votes.close(vote)
    assert ReminderList.objects.count() == 0
