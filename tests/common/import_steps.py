"""An import on its way: uploaded, its jobs run, its rows as plain values."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from common import imports, jobs
from common.actors import Actor
from common.models import ImportBatch

Found = list[tuple[int, str, str, str]]


def upload(content: bytes, name: str = "报表.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def start(kind: str, content: bytes, by: Actor, **params: Any) -> ImportBatch:
    return imports.start_import(kind=kind, file=upload(content), params=params, by=by)


def work(batch: ImportBatch) -> ImportBatch:
    """Do the batch's job as a worker would."""
    batch.refresh_from_db()
    assert jobs.run(str(batch.job_id)), batch.job and batch.job.message
    batch = ImportBatch.objects.get(pk=batch.pk)
    return batch


def preview(kind: str, content: bytes, by: Actor, **params: Any) -> ImportBatch:
    batch = work(start(kind, content, by, **params))
    assert batch.state == "preview", batch.message
    return batch


def written(batch: ImportBatch, by: Actor, *, ignore_wrong: bool = False) -> ImportBatch:
    return work(imports.confirm_import(batch=batch, by=by, ignore_wrong=ignore_wrong))


def undone(batch: ImportBatch, by: Actor) -> ImportBatch:
    return work(imports.undo_import(batch=batch, by=by))


def statuses(batch: ImportBatch) -> list[str]:
    return list(batch.rows.order_by("number").values_list("status", flat=True))


def problems(batch: ImportBatch) -> Found:
    """(row, column, reason, proposal) of everything that is wrong or warned of."""
    return [
        (row.number, fault["column"], fault["reason"], fault["proposal"])
        for row in batch.rows.order_by("number")
        for fault in row.problems
    ]


def question(batch: ImportBatch, text: str) -> tuple[str, list[list[str]]]:
    """The key and the options of what is asked about `text`."""
    return next((key, asked["options"]) for key, asked in batch.choices.items() if asked["text"] == text)
