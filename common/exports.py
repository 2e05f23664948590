"""Exports (导出): files made in the background under the permission of who asked, kept for some days.

A kind of export is registered by the app that owns what it shows. The permission is asked three times: on the
request, by the worker before it builds, and at each download.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from common import audit, days, jobs
from common.actors import Actor
from common.errors import ActionError, Forbidden
from common.models import Job

KIND = "export"
TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
Params = Mapping[str, Any]


@dataclass(slots=True)
class ExportContext:
    """What a builder gets: who asked for what, where to write, and whom to tell how far it is."""

    user: Any
    params: Params
    path: Path
    day: date
    job: Job

    def advance(self, done: int, total: int) -> None:
        """Tell how far it is. Raises jobs.LostClaim if another worker has it by now."""
        jobs.advance(self.job, min(done, total), total)


@dataclass(frozen=True, slots=True)
class Export:
    """A kind of export. `name` is the file's Chinese name; `may` and `clean` judge the parameters of a request."""

    kind: str
    title: str
    suffix: str
    may: Callable[[Any, Params], bool]
    build: Callable[[ExportContext], None]
    name: Callable[[Params], str] | None = None
    clean: Callable[[Any, Params], dict[str, Any]] | None = None


EXPORTS: dict[str, Export] = {}


def register(export: Export) -> Export:
    EXPORTS[export.kind] = export
    return export


@transaction.atomic
def request_export(*, kind: str, params: Params, by: Actor) -> Job:
    """Ask for a file. Raises ActionError under `kind` or by parameter, Forbidden."""
    export = EXPORTS.get(kind)
    if export is None:
        raise ActionError("没有这种导出。", fields={"kind": ["没有这种导出。"]})
    given = export.clean(by.user, params) if export.clean else {}
    if by.user is None or not export.may(by.user, given):
        raise Forbidden(f"您不能导出“{export.title}”。")
    asked = json.dumps([by.user.pk, kind, given], sort_keys=True)  # a second click waits for the first one's file
    key = hashlib.sha256(asked.encode()).hexdigest()
    job = jobs.enqueue(kind=KIND, args={"export": kind, "params": given}, by=by, key=key)
    audit.record(by=by, action="common.export.requested", obj=job, after={"export": kind, "params": given})
    return job


@jobs.handler(KIND)
def build(job: Job) -> dict[str, Any]:
    """Write the file under its final name in one step; again, it is written again.

    The result is the file's name, size and SHA-256, or under `refused` in Chinese why there is none.
    """
    export, user, params = EXPORTS.get(job.args["export"]), job.requested_by, job.args["params"]
    if export is None:
        return {"refused": "这种导出已经停用。"}
    if user is None or not user.is_active or not export.may(user, params):
        # A run that was killed after the renaming may have left one.
        path_of(job).unlink(missing_ok=True)
        return {"refused": "您现在没有导出这些内容的权限。"}
    root = Path(settings.EXPORT_ROOT)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = root / f".{job.pk}-{uuid.uuid4().hex}"
    try:
        export.build(ExportContext(user=user, params=params, path=half, day=days.today(), job=job))
        digest, size = _digest(half)
        jobs.advance(job, max(job.total, 1), max(job.total, 1))
        os.replace(half, path_of(job))
    except ActionError as error:
        return {"refused": error.message}
    finally:
        half.unlink(missing_ok=True)
    title = _NOT_IN_NAMES.sub("", export.name(params) if export.name else export.title)[:80]
    name = f"{title}{days.today():%Y%m%d}.{export.suffix}"
    return {"name": name, "size": size, "sha256": digest}


def exports_of(user: Any) -> QuerySet[Job]:
    """The person's own exports that are not older than they are kept, latest first."""
    since = days.now() - timedelta(days=settings.EXPORT_DAYS)
    return Job.objects.filter(kind=KIND, requested_by=user, created_at__gte=since).order_by("-created_at")


def expires_on(job: Job) -> date:
    return days.day_of(job.created_at) + timedelta(days=settings.EXPORT_DAYS)


def path_of(job: Job) -> Path:
    return Path(settings.EXPORT_ROOT) / f"{job.pk}.{EXPORTS[job.args['export']].suffix}"


def is_ready(job: Job) -> bool:
    done = job.kind == KIND and job.state == Job.State.DONE and "name" in job.result
    kept = job.args.get("export") in EXPORTS and expires_on(job) >= days.today()
    return done and kept and path_of(job).exists()


def fetch(job: Job, by: Actor) -> tuple[Path, str, str] | None:
    """Path, name and content type for a download, which is recorded; None if it is gone or not the person's.

    The right is asked again: what a person may no longer see cannot be fetched from an old export.
    """
    export = EXPORTS.get(job.args.get("export", ""))
    if export is None or by.user is None or job.requested_by_id != by.user.pk or not is_ready(job):
        return None
    if not export.may(by.user, job.args["params"]):
        return None
    audit.record(by=by, action="common.export.downloaded", obj=job, after={"name": job.result["name"]})
    return path_of(job), job.result["name"], TYPES.get(export.suffix, "application/zip")


def sweep_exports() -> int:
    """Delete files that are older than they are kept, and half files of killed workers; how many."""
    root, swept = Path(settings.EXPORT_ROOT), 0
    if not root.exists():
        return 0
    old = time.time() - settings.EXPORT_DAYS * 86400
    half = time.time() - 86400
    for path in root.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < (half if path.name.startswith(".") else old):
                _mark_expired(path.stem)
                path.unlink()
                swept += 1
    return swept


def _mark_expired(job_id: str) -> None:
    """Say in the job's result that its file is gone; before it goes, so that a crash in between repeats both."""
    with contextlib.suppress(ValueError):
        for job in Job.objects.filter(pk=uuid.UUID(job_id), state=Job.State.DONE):
            Job.objects.filter(pk=job.pk).update(result={**job.result, "expired": True})


def _digest(path: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest(), path.stat().st_size
