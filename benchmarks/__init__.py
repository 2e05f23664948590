"""Benchmarks: each measures the portal against a hand-written floor in the same run, and prints the ratio.

Seconds are printed for the reader and asserted nowhere: on a shared machine only the ratio means something.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

NAME = "red_matrix_bench"


@contextmanager
def scratch_database() -> Iterator[str]:
    """Set Django up on an empty, migrated database of the run's own, and drop it after; yields its vendor.

    `BENCH_DATABASE_URL` (default: `DATABASE_URL`) says which server; the database that it names is never written
    to. On PostgreSQL the scratch database is `red_matrix_bench`, on SQLite a temporary file.
    """
    if url := os.environ.get("BENCH_DATABASE_URL"):
        os.environ["DATABASE_URL"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.db import connection

    before = connection.settings_dict["NAME"]
    with tempfile.TemporaryDirectory() as folder:
        own = str(Path(folder) / f"{NAME}.sqlite3") if connection.vendor == "sqlite" else NAME
        connection.settings_dict["TEST"]["NAME"] = own
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield connection.vendor
        finally:
            connection.creation.destroy_test_db(before, verbosity=0)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of text in columns, the first aligned left and the others right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (head, ["-" * width for width in widths], *rows)
    ]
    return "\n".join(lines)
