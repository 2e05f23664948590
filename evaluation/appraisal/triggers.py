"""The triggers that keep what the lock of a vote fixed, and ballots, counts and what follows as they were written.

What may still change or go after the lock is listed here; every other column and row stays, later ones too. A migration
that makes one of these tables anew on SQLite (most changes of a column do) takes the triggers off first and puts them
back as its last step, with `TRIGGERS.drop_for` and `TRIGGERS.install_for`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from common.triggers import Triggers

MESSAGE = "fixed by the lock of the vote"
CAMPAIGN = "appraisal_campaign"
OF_CAMPAIGN = "{row}.campaign_id"
# Table: the campaign of a row of it, and the columns that go on changing after the lock. No row comes or goes.
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
# Of the free columns those that stay where this holds: neither a mark nor a withdrawal is taken back.
ONCE = {
    "appraisal_candidate": ("OLD.withdrawn_on IS NOT NULL", ("withdrawn_on", "withdrawn_reason")),
    "appraisal_voter": ("OLD.voted", ("voted",)),
}
# A closed vote that opens again by an agreed extension gets its new end; nothing else of a campaign changes.
CAMPAIGN_FREE = ("state", "closes_at")
EXTENDED = "OLD.state = 'closed' AND NEW.state = 'open'"
# Written once, and there for good.
UNCHANGING = (
    "appraisal_codelot",
    "appraisal_tally",
    "appraisal_tallysignature",
    "appraisal_emptycategory",
    "appraisal_campaignstatechange",
    "appraisal_campaignpackage",
)
# A ballot does not change, and leaves the one table only while it is in the other (`mixing`).
BALLOTS = {"appraisal_urnballot": "appraisal_boxballot", "appraisal_boxballot": "appraisal_urnballot"}
# Nothing comes into these but while the vote runs or, once closed, is being mixed.
GATHERED = (*BALLOTS, "appraisal_codelot")
# Rows that do not go where this holds (empty: never).
STAYING = {
    CAMPAIGN: "OLD.manifest_sha256 <> ''",
    "appraisal_credential": "",
    "appraisal_paperbatch": "",
    "appraisal_shortfalldecision": "OLD.agreed_at IS NOT NULL",
    "appraisal_publicnotice": "OLD.starts_on IS NOT NULL",
    "appraisal_objection": "",
    "appraisal_award": "",
}


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
        each = "STATEMENT" if self.event == "TRUNCATE" else "ROW"
        return [
            f"""CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF {self.locked or "true"} THEN RAISE EXCEPTION '{MESSAGE}'; END IF;
            RETURN {"OLD" if self.event == "DELETE" else "NEW"}; END $$""",
            f"""CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table}
            FOR EACH {each} {when} EXECUTE FUNCTION {self.name}()""",
        ]


def refusals(connection: Any) -> Iterator[Refusal]:
    """All triggers of this database, by the columns that its tables have now."""
    found = [*_of_the_rules(connection), *_of_what_follows(connection)]
    yield from found
    if connection.vendor == "postgresql":
        # What empties a table at once asks no trigger of its rows: while there is a locked vote, nothing is emptied.
        any_locked = f"EXISTS (SELECT 1 FROM {CAMPAIGN} WHERE manifest_sha256 <> '')"
        for table in sorted({each.table for each in found}):
            yield Refusal(table, "TRUNCATE", locked=any_locked)


def _of_the_rules(connection: Any) -> Iterator[Refusal]:
    """What the lock fixed."""
    for table, (campaign, free) in LOCKED.items():
        changed = _changed(connection, table, free)
        if table in ONCE:
            fixed, columns = ONCE[table]
            changed = f"{changed} OR {fixed} AND ({_differ(connection, columns)})"
        yield Refusal(table, "INSERT", locked=_is_locked(campaign, "NEW"))
        yield Refusal(table, "UPDATE", changed, _is_locked(campaign, "OLD", "NEW"))
        yield Refusal(table, "DELETE", locked=_is_locked(campaign, "OLD"))
    extended = f"({_differ(connection, ['closes_at'])}) AND NOT ({EXTENDED})"
    changed = f"{_changed(connection, CAMPAIGN, CAMPAIGN_FREE)} OR {extended}"
    yield Refusal(CAMPAIGN, "UPDATE", f"OLD.manifest_sha256 <> '' AND ({changed})")


def _of_what_follows(connection: Any) -> Iterator[Refusal]:
    """Codes, ballots, counts and decisions as they were written."""
    # A reissued code revokes the former for good.
    reissued = _changed(connection, "appraisal_credential", ("revoked",))
    yield Refusal("appraisal_credential", "UPDATE", f"{reissued} OR OLD.revoked AND NOT NEW.revoked")
    yield Refusal("appraisal_paperbatch", "UPDATE", "OLD.state <> 'keyed'")
    yield Refusal("appraisal_shortfalldecision", "UPDATE", "OLD.agreed_at IS NOT NULL")
    for table in (*UNCHANGING, *BALLOTS):
        yield Refusal(table, "UPDATE")
    for table in UNCHANGING:
        yield Refusal(table, "DELETE")
    gathers = f"EXISTS (SELECT 1 FROM {CAMPAIGN} WHERE id = NEW.campaign_id AND state IN ('open', 'closed'))"
    for table in GATHERED:
        yield Refusal(table, "INSERT", locked=f"NOT {gathers}")
    for table, other in BALLOTS.items():
        same = " AND ".join(f"{column} = OLD.{column}" for column in ("campaign_id", "code", "category_id", "sealed"))
        yield Refusal(table, "DELETE", locked=f"NOT EXISTS (SELECT 1 FROM {other} WHERE {same})")
    for table, stays in STAYING.items():
        yield Refusal(table, "DELETE", stays)
    published = "EXISTS (SELECT 1 FROM appraisal_publicnotice WHERE id = OLD.notice_id AND starts_on IS NOT NULL)"
    yield Refusal("appraisal_noticeitem", "DELETE", locked=published)


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
