"""Imports (导入): a workbook is read into rows first, written when it is confirmed, and can be undone as a whole.

Nothing but the batch's own rows is written before the confirmation; writing and undoing are one transaction each.
The uploaded file is deleted once its rows are read: it may hold columns that must not be kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count

from common import audit, files, jobs
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.importers import SKIP, Importer
from common.models import ImportBatch, ImportRow
from common.text import clean_text
from common.workbooks import sniff

State, Status = ImportBatch.State, ImportRow.Status
IMPORTERS: dict[str, Importer] = {}
MESSAGE_LIMIT = 300


def register(importer: Importer) -> Importer:
    """Make a kind of import known; its app does so when it is ready."""
    IMPORTERS[importer.kind] = importer
    return importer


def importer_of(batch: ImportBatch) -> Importer:
    return IMPORTERS[batch.kind]


def importers_for(user: Any) -> list[Importer]:
    """The kinds that the person may import."""
    return [importer for importer in IMPORTERS.values() if importer.may(user)]


def may_see(user: Any, batch: ImportBatch) -> bool:
    return batch.kind in IMPORTERS and importer_of(batch).may(user)


def start_import(*, kind: str, file: UploadedFile, params: Mapping[str, Any], by: Actor) -> ImportBatch:
    """Keep the file and have it read in the background.

    Raises ActionError under `kind`, `file` or a parameter (a file that cannot be read says how to save it), Forbidden.
    """
    importer = IMPORTERS.get(kind)
    if importer is None:
        raise ActionError("没有这种导入。", fields={"kind": ["没有这种导入。"]})
    _require(importer, by)
    assert by.user is not None
    known = importer.check_params(params)
    sniff(file)  # type: ignore[arg-type]
    with transaction.atomic():
        stored = files.receive_file(file=file, by=by, kinds=files.WORKBOOKS)
        batch = ImportBatch.objects.create(kind=kind, owner=by.user, file=stored, params=known)
        _send(batch, "import_read", by)
        after = {"kind": kind, "file": stored.original_name, "sha256": stored.sha256, **known}
        audit.record(by=by, action="common.import.started", obj=batch, after=after)
    return batch


@transaction.atomic
def choose(*, batch: ImportBatch, choices: Mapping[str, str], by: Actor) -> ImportBatch:
    """Say what names of the sheet mean, then have its rows judged again.

    `choices`: question → one of its options, "skip", "" (open again), or the name or code of something else.
    Raises ActionError under the question, Conflict outside the preview, Forbidden.
    """
    batch = _locked(batch, by)
    _refuse_unless(batch, State.PREVIEW)
    errors: dict[str, list[str]] = {}
    kept = dict(batch.choices)
    for key, given in choices.items():
        question = kept.get(key)
        chosen = _chosen(batch, question, clean_text(given)) if question else None
        if question is None or chosen is None:
            errors[key] = [f"没有找到“{clean_text(given)[:30]}”，请写全称或代码。" if question else "没有这一项。"]
        else:
            kept[key] = {**question, "chosen": chosen[0], "label": chosen[1]}
    if errors:
        raise ActionError("有的名称没有找到。", fields=errors)
    if kept != batch.choices:
        batch.choices, batch.state, batch.message = kept, State.READING, ""
        batch.save(update_fields=["choices", "state", "message"])
        _send(batch, "import_judge", by)
    return batch


@transaction.atomic
def confirm_import(*, batch: ImportBatch, by: Actor, ignore_wrong: bool = False) -> ImportBatch:
    """Have the rows written, all or none. Again is nothing.

    Raises ActionError (`ignore_wrong`) while wrong rows remain that the person has not said to leave out, ActionError
    if there is nothing to write, Conflict in another state, Forbidden.
    """
    batch = _locked(batch, by)
    if batch.state in (State.WRITING, State.DONE):
        return batch
    _refuse_unless(batch, State.PREVIEW)
    counts = counts_of(batch)
    if counts[Status.WRONG] and not ignore_wrong:
        message = f"还有 {counts[Status.WRONG]} 行有误。请改好表格重新导入，或选择“忽略有误的行”。"
        raise ActionError(message, code="wrong_rows", fields={"ignore_wrong": [message]})
    if not counts[Status.NEW] + counts[Status.CHANGED]:
        raise ActionError("没有需要新增或变更的行，不用导入。", code="nothing_to_write")
    batch.state, batch.message = State.WRITING, ""
    batch.save(update_fields=["state", "message"])
    _send(batch, "import_write", by)
    audit.record(by=by, action="common.import.confirmed", obj=batch, after={**counts, "ignore_wrong": ignore_wrong})
    return batch


@transaction.atomic
def undo_import(*, batch: ImportBatch, by: Actor) -> ImportBatch:
    """Have everything that the import wrote taken back, all or nothing. Again is nothing.

    Raises Conflict naming the rows that were changed since, or in another state; Forbidden.
    """
    from common.import_writing import changed_since, refuse_changed

    batch = _locked(batch, by)
    if batch.state == State.UNDONE:
        return batch
    _refuse_unless(batch, State.DONE)
    refuse_changed(changed_since(batch))
    batch.message = ""
    batch.save(update_fields=["message"])
    _send(batch, "import_undo", by)
    return batch


@transaction.atomic
def discard_import(*, batch: ImportBatch, by: Actor) -> ImportBatch:
    """Give up what was read; nothing was written. Raises Conflict once it is being written, Forbidden."""
    batch = _locked(batch, by)
    if batch.state == State.DISCARDED:
        return batch
    _refuse_unless(batch, State.PREVIEW, State.FAILED, State.READING)
    batch.state = State.DISCARDED
    batch.save(update_fields=["state"])
    forget_file(batch)
    audit.record(by=by, action="common.import.discarded", obj=batch)
    return batch


def counts_of(batch: ImportBatch) -> dict[str, int]:
    """How many rows are new, changed, same and wrong."""
    found = dict(batch.rows.order_by().values_list("status").annotate(n=Count("id")))
    return {status: found.get(status, 0) for status in Status.values}


def open_questions(batch: ImportBatch) -> list[str]:
    return [key for key, question in batch.choices.items() if not question["chosen"]]


def forget_file(batch: ImportBatch) -> None:
    """Delete the uploaded bytes once the transaction commits; their name and SHA-256 stay."""
    path = files.path_of(batch.file)
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def say(batch: ImportBatch, message: str) -> None:
    batch.message = message if len(message) <= MESSAGE_LIMIT else f"{message[: MESSAGE_LIMIT - 1]}…"


def _chosen(batch: ImportBatch, question: Mapping[str, Any], given: str) -> tuple[str, str] | None:
    """What is meant, as (value, words); None if it is not known."""
    options = dict(question["options"])
    if given in ("", SKIP):
        return given, "不导入这些行" if given else ""
    if given in options:
        return given, options[given]
    if given == question["chosen"]:
        return given, question["label"]
    return importer_of(batch).resolve(question, given, batch.params)


def _send(batch: ImportBatch, kind: str, by: Actor) -> None:
    batch.job = jobs.enqueue(kind=kind, args={"batch": str(batch.pk)}, by=by, key=str(batch.pk))
    batch.save(update_fields=["job"])


def _require(importer: Importer, by: Actor) -> None:
    if by.user is None or not importer.may(by.user):
        raise Forbidden("由区委组织部办理导入。")


def _locked(batch: ImportBatch, by: Actor) -> ImportBatch:
    batch = ImportBatch.objects.select_for_update(of=("self",)).select_related("file").get(pk=batch.pk)
    _require(importer_of(batch), by)
    return batch


def _refuse_unless(batch: ImportBatch, *states: str) -> None:
    if batch.state not in states:
        raise Conflict(f"这次导入“{batch.get_state_display()}”，不能办理这一步。", code="illegal_step")


def shown_rows(batch: ImportBatch, status: str = "") -> Any:
    rows = batch.rows.order_by("number")
    return rows.filter(status=status) if status in Status.values else rows
