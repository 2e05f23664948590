"""The jobs that read a workbook into rows and judge them; both may run twice, late, or be killed half-way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from common import files, imports, jobs
from common.cells import CellProblem, text
from common.importers import ImportColumn, Importer, Judge, Line, Problem, Status, Values, Verdict, problem
from common.models import ImportBatch, ImportRow, Job
from common.sheet_rows import WorkbookError
from common.tables import TableRow, find_table
from common.workbooks import open_workbook

State = ImportBatch.State
SLICE = 50  # rows between two signs of progress
RAW_LIMIT = 500  # characters of a cell that are kept as they stood
OF_CELL = "cell"
PERSONAL = re.compile(r"(?<!\d)(\d{17}[\dXx]|1[3-9]\d{9})(?!\d)")


def _gave_up(job: Job) -> None:
    batch = ImportBatch.objects.select_related("file").get(pk=job.args["batch"])
    message = "读取多次中断，请重新上传；仍不成功请联系系统管理员。"
    if ImportBatch.objects.filter(pk=batch.pk, state=State.READING).update(state=State.FAILED, message=message):
        imports.forget_file(batch)


@jobs.handler("import_read", gave_up=_gave_up)
def read_rows(job: Job) -> dict[str, Any] | None:
    """Read the file into rows, then judge them."""
    batch = ImportBatch.objects.select_related("file", "owner").get(pk=job.args["batch"])
    if batch.state != State.READING:
        return None
    try:
        count = _read(batch, imports.importer_of(batch), job)
    except WorkbookError as error:
        _end(batch, job, State.FAILED, error.message)
        return {"problem": error.code}
    if not count:
        _end(batch, job, State.FAILED, "表头下面没有数据行。")
        return {"problem": "no_rows"}
    judge_all(batch, job, rows=count, done=count)
    return {"rows": count}


@jobs.handler("import_judge", gave_up=_gave_up)
def judge_rows(job: Job) -> dict[str, Any] | None:
    """Judge the rows anew, after the person has chosen what names mean."""
    batch = ImportBatch.objects.select_related("file", "owner").get(pk=job.args["batch"])
    if batch.state != State.READING:
        return None
    judge_all(batch, job, rows=batch.rows.count(), done=0)
    return None


def judge_all(batch: ImportBatch, job: Job, *, rows: int, done: int) -> None:
    """Write every row's verdict, then show the preview; `done` of the job's work was done before."""
    total = done + rows
    judge = imports.importer_of(batch).judge(batch)
    for part in slices(verdicts(batch, judge)):
        for row, verdict in part:
            set_verdict(row, verdict)
        done = min(done + len(part), total)
        with transaction.atomic():
            jobs.advance(job, done, total)
            fields = ["status", "label", "problems", "object_id", "before", "after"]
            ImportRow.objects.bulk_update([row for row, _ in part], fields)
    batch.choices = judge.questions
    _end(batch, job, State.PREVIEW, batch.message)


def verdicts(batch: ImportBatch, judge: Judge) -> Iterator[tuple[ImportRow, Verdict]]:
    """Each row with what it would do now; the rows' order."""
    for row in _in_order(batch):
        judge.meet(_line(row))
    for row in _in_order(batch):
        line = _line(row)
        verdict = judge.verdict(line)
        named = {fault["column"] for fault in line.faults}
        verdict.problems = [*line.faults, *(p for p in verdict.problems if p["column"] not in named)]
        if line.faults and not verdict.skipped:
            verdict.status = Status.WRONG
        yield row, verdict


def _in_order(batch: ImportBatch, size: int = 500) -> Iterator[ImportRow]:
    """The rows, some at a time: an open cursor would keep SQLite from letting its holder write."""
    part: list[ImportRow] = []
    last = 0
    while not last or len(part) == size:
        part = list(batch.rows.filter(number__gt=last).order_by("number")[:size])
        yield from part
        last = part[-1].number if part else 1


def set_verdict(row: ImportRow, verdict: Verdict) -> None:
    row.status, row.label, row.problems = verdict.status, verdict.label[:200], verdict.problems
    row.object_id, row.before, row.after = verdict.object_id, as_json(verdict.before), as_json(verdict.after)


def as_json(values: Mapping[str, Any]) -> Values:
    """The values as the database gives them back."""
    found: Values = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return found


def _read(batch: ImportBatch, importer: Importer, job: Job) -> int:
    """Replace the batch's rows by those of the file; how many."""
    with transaction.atomic():
        jobs.advance(job, 0, 0)
        batch.rows.all().delete()
    with open_workbook(files.path_of(batch.file)) as sheets:
        table = find_table(sheets, importer.titles)
        expected, done = max(1, table.count()), 0
        for part in slices(table.rows()):
            rows = [_row(batch, importer, found) for found in part]
            done += len(rows)
            with transaction.atomic():
                jobs.advance(job, done, max(2 * expected, done))
                ImportRow.objects.bulk_create(rows)
    batch.columns = table.columns
    imports.say(batch, "".join(table.notes))
    return done


def _row(batch: ImportBatch, importer: Importer, found: TableRow) -> ImportRow:
    """A row of the sheet as it stood and as its cells mean it."""
    cleaned: Values = {}
    raw: dict[str, str] = {}
    faults: list[Problem] = []
    for column in importer.columns:
        value = found.values.get(column.name)
        try:
            if shown := text(value):
                raw[column.title] = _masked(column, shown)[:RAW_LIMIT]
                if raw[column.title] != shown[:RAW_LIMIT]:
                    raise CellProblem("这一格里有证件号或手机号。", "请删去后重新导入。")
            parsed = column.parse(value) if shown else None
            if parsed not in (None, ""):
                cleaned[column.name] = _plain(parsed)
            elif column.needed:
                raise CellProblem(f"没有填写{column.title}。", "请补上后重新导入。")
        except CellProblem as fault:
            raw.setdefault(column.title, _masked(column, str(value or ""))[:RAW_LIMIT])
            told = problem(column.title, _masked(column, fault.reason), _masked(column, fault.proposal))
            faults.append({**told, "of": OF_CELL})
    return ImportRow(batch=batch, number=found.number, status=Status.WRONG, raw=raw, cleaned=cleaned, problems=faults)


def _masked(column: ImportColumn, text: str) -> str:
    """The text without identity and telephone numbers, which may have slipped into any column but that of a code."""
    return text if column.kind == "code" else PERSONAL.sub("（个人信息已略去）", text)


def _line(row: ImportRow) -> Line:
    return Line(row.number, row.cleaned, [fault for fault in row.problems if fault.get("of") == OF_CELL])


def _end(batch: ImportBatch, job: Job, state: str, message: str) -> None:
    """Leave the state of reading, unless the import was discarded meanwhile."""
    with transaction.atomic():
        jobs.advance(job, job.done, job.total)
        if ImportBatch.objects.select_for_update().get(pk=batch.pk).state != State.READING:
            return
        batch.state = state
        imports.say(batch, message)
        batch.save(update_fields=["state", "message", "columns", "choices"])
        imports.forget_file(batch)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def slices(found: Iterable[Any], size: int = SLICE) -> Iterator[list[Any]]:
    part: list[Any] = []
    for item in found:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
