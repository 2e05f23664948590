"""The triggers that keep the audit trail append-only, for both databases.

Tests that empty tables take them off (`drop`) and put them back (`install`).
"""

from __future__ import annotations

from collections.abc import Callable
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


def install(connection: Any) -> None:
    _execute(connection, INSTALL[connection.vendor])


def drop(connection: Any) -> None:
    _execute(connection, DROP[connection.vendor])


def install_for(vendor: str) -> Callable[[Any, Any], None]:
    """A migration step that installs the triggers on this vendor's database and does nothing elsewhere."""

    def step(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == vendor:
            install(schema_editor.connection)

    return step


def drop_for(vendor: str) -> Callable[[Any, Any], None]:
    def step(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == vendor:
            drop(schema_editor.connection)

    return step


def _execute(connection: Any, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
