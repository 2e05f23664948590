"""An export from the request to the file, as a person and a worker make it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
from openpyxl import load_workbook

from common import exports, jobs
from common.models import Job
from organizations.models import User
from tests.projects.screening_steps import by

HEADER = 3


def ask(user: User, kind: str, **params: str) -> Job:
    return exports.request_export(kind=kind, params=params, by=by(user))


def make(user: User, kind: str, **params: str) -> Job:
    """The job, done; a builder that fails fails the test."""
    job = ask(user, kind, **params)
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.message
    return job


def path(user: User, kind: str, **params: str) -> Path:
    return exports.path_of(make(user, kind, **params))


def sheet(user: User, kind: str, **params: str) -> Any:
    return load_workbook(path(user, kind, **params)).active


def rows(user: User, kind: str, **params: str) -> list[dict[str, Any]]:
    """The data rows of a ledger by title of column."""
    found = sheet(user, kind, **params)
    titles = [cell.value for cell in found[HEADER]]
    return [dict(zip(titles, values, strict=True)) for values in found.iter_rows(min_row=HEADER + 1, values_only=True)]


def words(user: User, kind: str, **params: str) -> list[str]:
    """Everything that a Word file says, in its order: paragraphs, and the cells of a table's row joined by “|”."""
    document = docx.Document(str(path(user, kind, **params)))
    found = []
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            found += ["|".join(_cells(row)) for row in block.rows]
        elif block.text.strip():
            found.append(block.text)
    return found


def _cells(row: Any) -> list[str]:
    seen = {cell._tc: cell.text for cell in row.cells}
    return list(seen.values())
