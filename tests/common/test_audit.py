"""The audit trail: an explicit author, and no change afterwards, not even by SQL."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from common import audit
from common.actors import Actor
from common.models import AuditEntry

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_what_and_from_where(cast):
    by = Actor(user=cast.clerk, source="api", address="10.0.0.1")
    audit.record(by=by, action="x.y.changed", obj=cast.officer, before={"a": 1}, after={"a": 2})
    entry = AuditEntry.objects.get()
    assert (entry.user, entry.who, entry.source, entry.address) == (
        cast.clerk,
        str(cast.clerk),
        "api",
        "10.0.0.1",
    )
    assert (entry.object_type, entry.object_id) == ("organizations.user", str(cast.officer.pk))
    assert (entry.before, entry.after) == ({"a": 1}, {"a": 2})


def test_the_system_is_an_author_too(cast):
    audit.record(by=Actor.system("beat"), action="x.y.checked", obj=cast.officer)
    assert AuditEntry.objects.values_list("user", "who", "source").get() == (None, "系统", "beat")


@pytest.mark.real_audit
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE common_auditentry SET who = 'nobody'",
        "DELETE FROM common_auditentry",
        pytest.param("TRUNCATE common_auditentry", marks=pytest.mark.postgres_only),
    ],
)
def test_the_database_refuses_a_change(cast, statement):
    audit.record(by=Actor.system("test"), action="x.y.z", obj=cast.officer)
    if connection.vendor == "postgresql":
        # As if committed: with deferred checks pending, TRUNCATE is refused for their sake.
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEntry.objects.get().who == "系统"
    audit.record(by=Actor.system("test"), action="x.y.z", obj=cast.officer)
    assert AuditEntry.objects.count() == 2


def test_the_migrations_leave_the_triggers_there(tmp_path):
    """A fresh SQLite database made by the migrations alone."""
    environment = {**os.environ, "VAR_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"}
    command = [sys.executable, "manage.py", "migrate", "common", "--verbosity", "0"]
    subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True, capture_output=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "x.sqlite3")) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    assert {name for (name,) in names} == {"audit_no_update", "audit_no_delete"}
