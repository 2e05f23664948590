"""The jobs that write a confirmed import and take one back: each one transaction, and safe to run twice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, RestrictedError

from common import audit, days, imports, jobs
from common.actors import Actor
from common.errors import ActionError, Conflict
from common.import_reading import as_json, judge_all, set_verdict, slices, verdicts
from common.importers import Status, listed, same_values
from common.models import ImportBatch, ImportRow, Job

State = ImportBatch.State
WRITTEN = (Status.NEW, Status.CHANGED)
SLICE = 500
TURN = "_turn"  # in `cleaned`: which row was written first


class Outdated(Exception):
    """What the preview showed is no longer so; the rows that differ."""

    def __init__(self, rows: Sequence[tuple[int, str]]) -> None:
        super().__init__(rows)
        self.rows = rows


def _gave_up_writing(job: Job) -> None:
    ImportBatch.objects.filter(pk=job.args["batch"], state__in=[State.WRITING, State.READING]).update(
        state=State.PREVIEW, message="写入多次中断，什么都没有写入。请再试一次；仍不成功请联系系统管理员。"
    )


def _gave_up_undoing(job: Job) -> None:
    ImportBatch.objects.filter(pk=job.args["batch"], state=State.DONE).update(
        message="撤销多次中断，什么都没有撤销。请再试一次；仍不成功请联系系统管理员。"
    )


@jobs.handler("import_write", gave_up=_gave_up_writing)
def write_rows(job: Job) -> dict[str, Any] | None:
    """Write the batch, or send it back to its preview with the reason."""
    batch = ImportBatch.objects.select_related("owner", "file").get(pk=job.args["batch"])
    try:
        with transaction.atomic():
            written = _write(batch, _actor(job))
        if written is not None:
            return {"rows": written}
    except Outdated as outdated:
        message = f"{listed(outdated.rows)}在预览之后有了变化，什么都没有写入。已重新核对，请看过后再确认。"
        batch = _back(batch, State.READING, message)
    except ActionError as error:
        _back(batch, State.PREVIEW, f"什么都没有写入：{error.message}")
        return {"problem": error.code}
    if batch.state == State.READING:  # also if a worker was killed just here
        judge_all(batch, job, rows=batch.rows.count(), done=0)
        return {"problem": "outdated"}
    return None


@jobs.handler("import_undo", gave_up=_gave_up_undoing)
def undo_rows(job: Job) -> dict[str, Any] | None:
    """Take everything back that the batch wrote, or say why not."""
    batch = ImportBatch.objects.get(pk=job.args["batch"])
    try:
        with transaction.atomic():
            _undo(batch, _actor(job))
        return None
    except ActionError as error:
        ImportBatch.objects.filter(pk=batch.pk, state=State.DONE).update(message=error.message[:300])
        return {"problem": error.code}


def changed_since(batch: ImportBatch) -> list[tuple[int, str]]:
    """The written rows whose object is gone or no longer what the import made of it."""
    importer, found = imports.importer_of(batch), []
    rows = batch.rows.filter(status__in=WRITTEN).exclude(object_id="").order_by("number")
    for part in slices(rows.values_list("number", "label", "object_id", "after"), SLICE):
        now = importer.snapshots([row[2] for row in part])
        for number, label, object_id, after in part:
            if object_id not in now or not same_values(as_json(now[object_id]), after):
                found.append((number, label))
    return found


def refuse_changed(rows: Sequence[tuple[int, str]]) -> None:
    if rows:
        raise Conflict(f"{listed(rows)}在导入之后又有改动，不能整批撤销。", code="changed_since")


def _write(batch: ImportBatch, by: Actor) -> int | None:
    """Judge every row again, under locks; write those of the preview if all is still so. How many rows."""
    batch = ImportBatch.objects.select_for_update(of=("self",)).select_related("owner").get(pk=batch.pk)
    if batch.state != State.WRITING:
        return None
    importer = imports.importer_of(batch)
    shown = batch.rows.filter(status__in=WRITTEN)
    for ids in slices(shown.exclude(object_id="").values_list("object_id", flat=True), SLICE):
        importer.lock(ids)
    order, outdated = [], []
    for row, verdict in verdicts(batch, importer.judge(batch)):
        before = (row.status, row.object_id, row.before, row.after)
        set_verdict(row, verdict)
        if (row.status, row.object_id, row.before, row.after) != before:
            outdated.append((row.number, row.label))
        elif row.status in WRITTEN:
            order.append((verdict.rank, row.number))
    if outdated:
        raise Outdated(outdated)
    order.sort()
    _write_in_order(batch, [number for _, number in order], by)
    batch.state, batch.written_at = State.DONE, days.now()
    batch.save(update_fields=["state", "written_at"])
    audit.record(by=by, action="common.import.written", obj=batch, after=imports.counts_of(batch))
    return len(order)


def _write_in_order(batch: ImportBatch, numbers: Sequence[int], by: Actor) -> None:
    importer = imports.importer_of(batch)
    writer = importer.writer(batch, by)
    turns = count(1)
    for part in slices(numbers, SLICE):
        rows = {row.number: row for row in batch.rows.filter(number__in=part)}
        for number in part:
            row = rows[number]
            try:
                row.object_id = writer.write(row)
            except ActionError as error:
                raise ActionError(f"第 {number} 行“{row.label}”：{error.message}", code=error.code) from error
            row.cleaned[TURN] = next(turns)
        ImportRow.objects.bulk_update(rows.values(), ["object_id", "cleaned"])
    # Once all is written: a later row may have changed what an earlier one points to.
    for part in slices(numbers, SLICE):
        found = list(batch.rows.filter(number__in=part))
        now = importer.snapshots([row.object_id for row in found])
        for row in found:
            row.after = as_json(now[row.object_id])
        ImportRow.objects.bulk_update(found, ["after"])


def _undo(batch: ImportBatch, by: Actor) -> None:
    batch = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if batch.state != State.DONE:
        return
    importer = imports.importer_of(batch)
    rows = [row for row in batch.rows.filter(status__in=WRITTEN) if row.object_id]
    for part in slices([row.object_id for row in rows], SLICE):
        importer.lock(part)
    refuse_changed(changed_since(batch))
    for row in sorted(rows, key=lambda row: -row.cleaned.get(TURN, 0)):
        try:
            importer.undo(row, by)
        except ActionError as error:
            message = f"第 {row.number} 行“{row.label}”不能撤销：{error.message}"
            raise Conflict(message, code="changed_since") from error
        except (ProtectedError, RestrictedError):
            message = f"第 {row.number} 行“{row.label}”已被其他内容引用，不能整批撤销。"
            raise Conflict(message, code="changed_since") from None
    batch.state = State.UNDONE
    batch.save(update_fields=["state"])
    audit.record(by=by, action="common.import.undone", obj=batch, before=imports.counts_of(batch))


def _back(batch: ImportBatch, state: str, message: str) -> ImportBatch:
    """Out of writing, with the reason; a batch that is no longer being written stays as it is."""
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update(of=("self",)).select_related("file", "owner").get(pk=batch.pk)
        if batch.state == State.WRITING:
            batch.state = state
            imports.say(batch, message)
            batch.save(update_fields=["state", "message"])
    return batch


def _actor(job: Job) -> Actor:
    return Actor(user=job.requested_by, source="import")
