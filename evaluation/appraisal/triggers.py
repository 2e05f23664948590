"""The triggers that keep what the lock of a vote fixed, and ballots and counts as they were written.

What may still change after the lock is listed here; every other column is fixed, later ones too. A migration that
makes one of these tables anew on SQLite (most changes of a column do) takes the triggers off first and puts them back
as its last step, with `TRIGGERS.drop_for` and `TRIGGERS.install_for`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from common.triggers import Triggers

MESSAGE = "fixed by the lock of the vote"
CAMPAIGN = "appraisal_campaign"
OF_CAMPAIGN = "{row}.campaign_id"
# Table: the campaign of a row of it, and the columns that go on changing after the lock.
LOCKED = {
    "appraisal_contest": (OF_CAMPAIGN, ()),
    "appraisal_contestclass": ("(SELECT campaign_id FROM appraisal_contest WHERE id = {row}.contest_id)", ()),
    "appraisal_votercategory": (OF_CAMPAIGN, ()),
    "appraisal_campaignscrutineer": (OF_CAMPAIGN, ()),
    "appraisal_keyholder": (OF_CAMPAIGN, ()),
    "appraisal_wrappedkey": (OF_CAMPAIGN, ()),
    "appraisal_candidate": (OF_CAMPAIGN, ("withdrawn_on", "withdrawn_reason")),
    "appraisal_voter": (OF_CAMPAIGN, ("voted", "channel", "paper")),
    "appraisal_recusal": ("(SELECT campaign_id FROM appraisal_voter WHERE id = {row}.voter_id)", ()),
}
# A closed vote that opens again by an agreed extension gets its new end; nothing else of a campaign changes.
CAMPAIGN_FREE = ("state", "closes_at")
EXTENDED = "OLD.state = 'closed' AND NEW.state = 'open'"
# Written once.
UNCHANGING = ("appraisal_urnballot", "appraisal_boxballot", "appraisal_codelot", "appraisal_tally")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One trigger: `event` on `table` is refused where `changed` (columns only) and `locked` (a query) hold."""

    table: str
    event: str
    changed: str = ""
    locked: str = ""

    @property
    def name(self) -> str:
        return f"{self.table}_no_{self.event.lower()}"

    def sqlite(self) -> list[str]:
        holds = " AND ".join(f"({each})" for each in (self.changed, self.locked) if each)
        when = f"WHEN {holds}" if holds else ""
        return [
            f"""CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} {when}
            BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"""
        ]

    def postgresql(self) -> list[str]:
        """PostgreSQL asks no query in WHEN: the function does."""
        when = f"WHEN ({self.changed})" if self.changed else ""
        return [
            f"""CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF {self.locked or "true"} THEN RAISE EXCEPTION '{MESSAGE}'; END IF;
            RETURN NEW; END $$""",
            f"""CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table}
            FOR EACH ROW {when} EXECUTE FUNCTION {self.name}()""",
        ]


def refusals(connection: Any) -> Iterator[Refusal]:
    """All triggers of this database, by the columns that its tables have now."""
    for table, (campaign, free) in LOCKED.items():
        yield Refusal(table, "INSERT", locked=_is_locked(campaign, "NEW"))
        yield Refusal(table, "UPDATE", _changed(connection, table, free), _is_locked(campaign, "OLD", "NEW"))
    extended = f"({_differ(connection, ['closes_at'])}) AND NOT ({EXTENDED})"
    changed = f"{_changed(connection, CAMPAIGN, CAMPAIGN_FREE)} OR {extended}"
    yield Refusal(CAMPAIGN, "UPDATE", f"OLD.manifest_sha256 <> '' AND ({changed})")
    for table in UNCHANGING:
        yield Refusal(table, "UPDATE")


def _is_locked(campaign: str, *rows: str) -> str:
    ids = ", ".join(campaign.format(row=row) for row in rows)
    return f"EXISTS (SELECT 1 FROM {CAMPAIGN} WHERE id IN ({ids}) AND manifest_sha256 <> '')"


def _changed(connection: Any, table: str, free: Sequence[str]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}" LIMIT 0')
        columns = [column[0] for column in cursor.description]
    return _differ(connection, [column for column in columns if column not in free])


def _differ(connection: Any, columns: Sequence[str]) -> str:
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    return " OR ".join(f'OLD."{column}" {differs} NEW."{column}"' for column in columns)


def _on(connection: Any) -> list[str]:
    return [sql for refusal in refusals(connection) for sql in getattr(refusal, connection.vendor)()]


def _off(connection: Any) -> list[str]:
    if connection.vendor == "postgresql":
        # A function takes its trigger with it.
        return [f"DROP FUNCTION IF EXISTS {refusal.name}() CASCADE" for refusal in refusals(connection)]
    return [f"DROP TRIGGER IF EXISTS {refusal.name}" for refusal in refusals(connection)]


TRIGGERS = Triggers(on=_on, off=_off)
