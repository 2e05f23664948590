"""Everything that the database holds, to say that it did not change, and to search it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from common.errors import ActionError

Rows = dict[str, list[str]]


def tables() -> list[type[Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]


def snapshot() -> Rows:
    """The rows of every table as text, by table."""
    found: Rows = {}
    with connection.cursor() as cursor:
        for model in tables():
            table = model._meta.db_table
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = sorted(" | ".join(map(text, row)) for row in cursor.fetchall())
    return found


def text(value: Any) -> str:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)


def changed(before: Rows, after: Rows) -> set[str]:
    """The tables whose rows differ."""
    return {table for table in before if before[table] != after[table]}


@contextmanager
def unchanged() -> Iterator[None]:
    """What happens inside leaves every table as it was."""
    before = snapshot()
    yield
    assert changed(before, snapshot()) == set()


def refusal(action: Callable[[], object]) -> ActionError:
    """What the action raises; nothing may have changed by it."""
    with unchanged(), pytest.raises(ActionError) as caught:
        action()
    return caught.value


def where(needle: str) -> set[str]:
    """The tables in which a text stands anywhere."""
    return {table for table, rows in snapshot().items() if any(needle in row for row in rows)}
