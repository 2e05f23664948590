"""Triggers that let the database itself refuse what no action does, for both vendors; first those of the audit trail.

Tests that empty tables take the audit trail's off (`drop`) and put them back (`install`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

TABLE = "common_auditentry"
INSTALL = {
    "postgresql": [
        """CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$""",
        f"""CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()""",
        f"""CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()""",
    ],
    "sqlite": [
        f"""CREATE TRIGGER audit_no_update BEFORE UPDATE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
        f"""CREATE TRIGGER audit_no_delete BEFORE DELETE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    ],
}
DROP = {
    "postgresql": [
        f"DROP TRIGGER IF EXISTS audit_append_only ON {TABLE}",
        f"DROP TRIGGER IF EXISTS audit_no_truncate ON {TABLE}",
        "DROP FUNCTION IF EXISTS refuse_audit_change()",
    ],
    "sqlite": ["DROP TRIGGER IF EXISTS audit_no_update", "DROP TRIGGER IF EXISTS audit_no_delete"],
}
Statements = Callable[[Any], Sequence[str]]
Step = Callable[[Any, Any], None]


@dataclass(frozen=True, slots=True)
class Triggers:
    """A set of triggers: the statements that put them on and take them off a connection's database."""

    on: Statements
    off: Statements

    def install(self, connection: Any) -> None:
        """Put them on, anew those that are there."""
        _execute(connection, [*self.off(connection), *self.on(connection)])

    def drop(self, connection: Any) -> None:
        _execute(connection, self.off(connection))

    def install_for(self, *vendors: str) -> Step:
        """A migration step that installs the triggers on these vendors' databases and does nothing elsewhere."""
        return _step(self.install, vendors)

    def drop_for(self, *vendors: str) -> Step:
        return _step(self.drop, vendors)


def _step(action: Callable[[Any], None], vendors: Sequence[str]) -> Step:
    def step(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor in vendors:
            action(schema_editor.connection)

    return step


def _execute(connection: Any, statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


AUDIT = Triggers(on=lambda connection: INSTALL[connection.vendor], off=lambda connection: DROP[connection.vendor])
install, drop, install_for, drop_for = AUDIT.install, AUDIT.drop, AUDIT.install_for, AUDIT.drop_for
