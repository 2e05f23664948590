"""Pages of imports: the list and the upload, the preview of one import with its steps."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common import imports
from common.actors import Actor
from common.errors import ActionError
from common.files import EXCEL
from common.import_templates import write_template
from common.importers import SKIP, Importer
from common.models import ImportBatch, ImportRow, Job
from common.pages import page_of, show_error
from common.text import clean_text

State, Status = ImportBatch.State, ImportRow.Status
ACCEPT = ".xlsx,.xls,.et,.csv"
# Status → (shape, class): never colour alone.
MARKS = {"new": ("＋", "tag-good"), "changed": ("△", "tag-gold"), "same": ("＝", ""), "wrong": ("✕", "tag-late")}
QUESTIONS = 100  # at a time: the rest follow once these are answered


@require_http_methods(["GET", "POST"])
def imports_page(request: HttpRequest) -> HttpResponse:
    """What was imported, and the upload of a workbook."""
    found = _importers(request)
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            file = request.FILES.get("file")
            if file is None:
                raise ActionError("请选择文件。", fields={"file": ["请选择文件。"]})
            params = {name: value for name, value in request.POST.items() if isinstance(value, str)}
            batch = imports.start_import(
                kind=request.POST.get("kind", ""), file=file, params=params, by=Actor.from_request(request)
            )
            return redirect("common:import_batch", batch.pk)
        except ActionError as error:
            errors = error.fields or {"file": [error.message]}
    rows = ImportBatch.objects.filter(kind__in=[importer.kind for importer in found])
    page = page_of(request, rows.select_related("file", "owner__person"))
    context = {
        "importers": found,
        "params": _asked(request, found),
        "kind": request.POST.get("kind", ""),
        "errors": errors,
        "accept": ACCEPT,
        "page": page,
        "rows": [(batch, imports.importer_of(batch).title) for batch in page],
        "crumbs": [("我的工作台", reverse("workspace:desk")), ("导入", "")],
    }
    return render(request, "common/imports.html", context, status=400 if errors else 200)


@require_GET
def import_batch(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """One import: how far it is, its rows, what can be done with it."""
    batch = _batch(request, batch_id)
    importer = imports.importer_of(batch)
    status = request.GET.get("status", "")
    page = page_of(request, imports.shown_rows(batch, status))
    counts = imports.counts_of(batch)
    job = batch.job if batch.job and batch.job.state in (Job.State.QUEUED, Job.State.RUNNING) else None
    questions = _questions(batch)
    context = {
        "batch": batch,
        "importer": importer,
        "back": importer.back(batch.params),
        "job": job,
        "undoing": bool(job) and batch.state == State.DONE,
        "page": page,
        "rows": [{"row": row, "mark": MARKS[row.status], "changes": _changes(importer, row)} for row in page],
        "status": status,
        "tabs": [("", "全部", sum(counts.values()), "")]
        + [(value, label, counts[value], MARKS[value][0]) for value, label in Status.choices],
        "counts": counts,
        "to_write": counts[Status.NEW] + counts[Status.CHANGED],
        "questions": questions[:QUESTIONS],
        "open_questions": sum(1 for question in questions if not question["chosen"]),
        "crumbs": [
            ("我的工作台", reverse("workspace:desk")),
            ("导入", reverse("common:imports")),
            (importer.title, ""),
        ],
    }
    response = render(request, "common/import_batch.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def choose(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """What names of the sheet mean: `choice:<question>` from the list, `other:<question>` as typed."""
    batch = _batch(request, batch_id)
    given: dict[str, str] = {}
    for key in batch.choices:
        typed = clean_text(request.POST.get(f"other:{key}", ""))
        if typed or f"choice:{key}" in request.POST:
            given[key] = typed or request.POST[f"choice:{key}"]
    try:
        imports.choose(batch=batch, choices=given, by=Actor.from_request(request))
    except ActionError as error:
        show_error(request, error)
    return redirect("common:import_batch", batch.pk)


@require_POST
def confirm(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    batch = _batch(request, batch_id)
    ignore = request.POST.get("ignore_wrong") == "1"
    return _step(request, batch, "正在写入。", imports.confirm_import, ignore_wrong=ignore)


@require_POST
def undo(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    return _step(request, _batch(request, batch_id), "正在撤销。", imports.undo_import)


@require_POST
def discard(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    return _step(request, _batch(request, batch_id), "已放弃这次导入，什么都没有写入。", imports.discard_import)


@require_GET
def template(request: HttpRequest, kind: str) -> FileResponse:
    """The workbook to fill in; `?filled=1` with what is there already."""
    importer = next((importer for importer in _importers(request) if importer.kind == kind), None)
    if importer is None:
        raise Http404
    filled = request.GET.get("filled") == "1"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "template.xlsx")
        try:
            write_template(path, importer, request.GET.dict(), filled=filled)
        except ActionError:
            raise Http404 from None
        content = path.read_bytes()
    name = f"{importer.title}{'现有数据' if filled else '导入模板'}.xlsx"
    served = FileResponse(io.BytesIO(content), as_attachment=True, filename=name, content_type=EXCEL)
    served["Cache-Control"] = "private, no-store"
    return served


def _step(request: HttpRequest, batch: ImportBatch, said: str, action: Any, **options: Any) -> HttpResponse:
    try:
        action(batch=batch, by=Actor.from_request(request), **options)
        messages.success(request, said)
    except ActionError as error:
        show_error(request, error)
    return redirect("common:import_batch", batch.pk)


def _importers(request: HttpRequest) -> list[Importer]:
    found = imports.importers_for(request.user)
    if not found:
        raise Http404
    return found


def _batch(request: HttpRequest, batch_id: UUID) -> ImportBatch:
    rows = ImportBatch.objects.select_related("file", "owner__person", "job")
    batch: ImportBatch = get_object_or_404(rows, pk=batch_id)
    if not imports.may_see(request.user, batch):
        raise Http404
    return batch


def _asked(request: HttpRequest, importers: list[Importer]) -> list[dict[str, Any]]:
    """What some kinds ask beside the file, and which kinds they are."""
    params = {param.name: param for importer in importers for param in importer.params}
    return [
        {
            "name": param.name,
            "label": f"{param.label}（{'、'.join(i.title for i in importers if param in i.params)}）",
            "options": param.options(),
            "chosen": request.POST.get(param.name, ""),
        }
        for param in params.values()
    ]


def _questions(batch: ImportBatch) -> list[dict[str, Any]]:
    """What the person is asked, open questions first; an answer from outside the list is one of its options."""
    found = []
    for key, question in batch.choices.items():
        options = [tuple(option) for option in question["options"]]
        chosen = question["chosen"]
        if chosen not in ("", SKIP) and chosen not in dict(options):
            options.append((chosen, question["label"]))
        found.append({**question, "key": key, "options": options, "is_open": not chosen})
    return sorted(found, key=lambda question: not question["is_open"])


def _changes(importer: Importer, row: ImportRow) -> list[tuple[str, str, str]]:
    return importer.changes(row) if row.status == Status.CHANGED else []
