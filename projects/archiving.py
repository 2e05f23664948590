"""Archiving (归档): everything of a finished project in one sealed zip, and the project read-only from then on.

A job builds the package; the department asks for it. The file is put in place under the project's lock in the
transaction that writes its row, so a package is there whole or not at all, however often the job runs or dies.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from common import audit, days, jobs, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.models import Job
from common.sheets import Column, Ledger, write_ledger
from organizations import people
from projects import actions, rules
from projects.archive_parts import INTERNAL, Part, file_name, parts_of
from projects.models import ArchivePackage, Project

KIND = "archive_project"
State = Project.State
FINISHED = (State.COMPLETED, State.TERMINATED, State.WITHDRAWN)
INDEX, SUMS = "index.xlsx", "SHA256SUMS.txt"
COLUMNS = (
    *(Column("序号", 8, "integer"), Column("目录", 30, wrap=True), Column("文件", 44, wrap=True)),
    *(Column("大小（字节）", 16, "integer"), Column("SHA-256", 70, "code")),
)
CHUNK = 1 << 20
# Folder, name, size in bytes and SHA-256 of a file in the package.
Entry = tuple[str, str, int, str]


@transaction.atomic
def archive_project(*, project: Project, by: Actor) -> Job:
    """Ask for a finished project's package; the job seals it and archives the project.

    Asking again while it is being made returns the same job. Raises Forbidden, Conflict.
    """
    project = Project.objects.select_for_update().get(pk=project.pk)
    _refuse_archiving(project, by)
    job = jobs.enqueue(kind=KIND, args={"project": project.pk}, by=by, key=str(project.pk))
    if by.user is not None and job.requested_by_id != by.user.pk:
        raise Conflict(f"{job.requested_by}正在归档这个项目，请稍后再看。", code="being_archived")
    audit.record(by=by, action="projects.archive.requested", obj=project, after={"job": str(job.pk)})
    return job


@jobs.handler(KIND)
def seal(job: Job) -> dict[str, Any]:
    """Build the package and archive the project. Done again, it is the same package.

    The result leads to the package, or says under `refused` in Chinese why there is none.
    """
    project = _project(job.args["project"])
    if package := ArchivePackage.objects.filter(project=project).first():
        return _result(package)
    by = Actor(user=job.requested_by, source="archive")
    try:
        _refuse_archiving(project, by)
        with _scratch(project) as folder:
            half = folder / "package.zip"
            entries = _pack(project, folder, half, job)
            package = _put_in_place(project, half, entries, job, by)
    except ActionError as error:
        return {"refused": error.message}
    return _result(package)


def offer(user: Any, project: Project) -> dict[str, Any]:
    """What `projects/archive_panel.html` shows: the package, and whether the person may ask for or fetch it."""
    archived = project.state == State.ARCHIVED
    package = ArchivePackage.objects.filter(project=project).first() if archived else None
    return {
        "package": package,
        "may_archive": _is_finished(project) and rules.can_manage_project(user, project),
        "may_fetch": package is not None and rules.can_read_package(user, project),
    }


def fetch(package: ArchivePackage, by: Actor) -> tuple[IO[bytes], str] | None:
    """The package's bytes and its Chinese name, which is recorded; None for whoever may not have it.

    The department gets the sealed file, the project's own people what they may know of it: without `INTERNAL`.
    Raises FileNotFoundError if the bytes are gone.
    """
    project = package.project
    if by.user is None or not rules.can_read_package(by.user, project):
        return None
    whole = rules.can_manage_project(by.user, project)
    served = path_of(package).open("rb") if whole else _shareable(path_of(package))
    audit.record(by=by, action="projects.archive.downloaded", obj=project, after={"whole": whole})
    return served, file_name(f"{project.archive_number}{project.title}归档包.zip")


def path_of(package: ArchivePackage) -> Path:
    return Path(settings.MEDIA_ROOT) / package.path


def _project(key: int) -> Project:
    related = ("season", "track", "lead_organization", "lead_secretary", "contact")
    return Project.objects.select_related(*related).get(pk=key)


def _is_finished(project: Project) -> bool:
    return project.state in FINISHED and project.archive_number is not None


def _refuse_archiving(project: Project, by: Actor) -> None:
    if by.user is None or not by.user.is_active or not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    if project.state == State.ARCHIVED:
        raise Conflict("这个项目已经归档。", code="archived")
    if project.archive_number is None:
        raise Conflict("没有立项的申报没有档号，不用归档。", code="no_archive_number")
    if project.state not in FINISHED:
        message = f"项目当前为“{project.get_state_display()}”，结项、终止或撤项以后才能归档。"
        raise Conflict(message, code="illegal_step")


@contextmanager
def _scratch(project: Project) -> Iterator[Path]:
    """A private folder beside the packages; what a killed worker left of this project's goes first."""
    root = Path(settings.MEDIA_ROOT) / "archives"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in root.glob(f".{project.code}-*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=f".{project.code}-") as folder:
        yield Path(folder)


def _pack(project: Project, folder: Path, half: Path, job: Job) -> list[Entry]:
    """Write every part, then the index that names the SHA-256 of each, and the same for `sha256sum -c`."""
    parts, entries, taken = parts_of(project), list[Entry](), set[str]()
    with zipfile.ZipFile(half, "w") as package:
        for number, part in enumerate(parts, start=1):
            entries.append(_add(package, part.folder, _free_name(part, taken), _file_of(part, folder)))
            jobs.advance(job, number, len(parts) + 1)
        index = folder / INDEX
        note = f"档号：{project.archive_number}　项目：{project.title}　共 {len(entries)} 个文件"
        rows = [[number, *entry] for number, entry in enumerate(entries, start=1)]
        write_ledger(index, Ledger("归档文件目录", note, COLUMNS, sheet_name="目录"), rows)
        listed = [*entries, _add(package, "", INDEX, index)]
        sums = folder / SUMS
        sums.write_text("".join(f"{entry[3]}  {_path(entry)}\n" for entry in listed), encoding="utf-8")
        _add(package, "", SUMS, sums)
    return entries


def _path(entry: Entry) -> str:
    return f"{entry[0]}/{entry[1]}" if entry[0] else entry[1]


def _free_name(part: Part, taken: set[str]) -> str:
    """The part's name, numbered if the folder has it already, whatever its case."""
    name, number = file_name(part.name), 2
    stem, dot, ending = name.rpartition(".")
    while f"{part.folder}/{name}".lower() in taken:
        name, number = f"{stem}（{number}）{dot}{ending}" if stem else f"{ending}（{number}）", number + 1
    taken.add(f"{part.folder}/{name}".lower())
    return name


def _file_of(part: Part, folder: Path) -> Path:
    if isinstance(part.content, Path):
        return part.content
    made = folder / "paper.docx"
    part.content().save(made)
    return made


def _add(package: zipfile.ZipFile, folder: str, name: str, source: Path) -> Entry:
    """Copy a file in, uncompressed because nearly all are compressed already. Raises ActionError if it is gone."""
    today, digest, size = days.today(), hashlib.sha256(), 0
    info = zipfile.ZipInfo(f"{folder}/{name}" if folder else name, (today.year, today.month, today.day, 0, 0, 0))
    info.external_attr = 0o644 << 16
    try:
        with source.open("rb") as file, package.open(info, "w", force_zip64=True) as target:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
    except FileNotFoundError:
        message = f"“{info.filename}”的文件已经不在，不能归档，请联系系统管理员。"
        raise ActionError(message, code="file_missing") from None
    return folder, name, size, digest.hexdigest()


def _put_in_place(project: Project, half: Path, entries: list[Entry], job: Job, by: Actor) -> ArchivePackage:
    """The file, its row and the project's last state, or none of them."""
    with half.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with transaction.atomic():
        locked = Project.objects.select_for_update().get(pk=project.pk)
        _refuse_archiving(locked, by)
        # Whoever lost the claim must not replace the file of the one who has it.
        jobs.advance(job, len(entries) + 1, len(entries) + 1)
        path = f"archives/{project.code}.zip"
        final = Path(settings.MEDIA_ROOT) / path
        size = half.stat().st_size
        os.replace(half, final)
        try:
            package = ArchivePackage.objects.create(
                project=locked, path=path, size=size, sha256=digest, files=len(entries), made_by=by.user
            )
            actions.change_state(project=locked, to=State.ARCHIVED, by=by, reason="归档")
            audit.record(
                by=by, action="projects.archive.sealed", obj=locked, after={"sha256": digest, "files": len(entries)}
            )
            _tell_authors(locked)
        except BaseException:
            final.unlink(missing_ok=True)  # while the lock is still held
            raise
    return package


def _tell_authors(project: Project) -> None:
    notices.send(
        kind="project_archived",
        obj=project,
        period="",
        recipients=people.authors_of(project.lead_organization_id, project.lead_secretary_id),
        title=f"已归档：{project}（{project.archive_number}）",
        body="归档以后只能查看，不能修改。",
        url=reverse("workspace:project", args=[project.code]),
    )


def _result(package: ArchivePackage) -> dict[str, Any]:
    return {
        "url": reverse("projects:package", args=[package.project.code]),
        "label": "下载归档包",
        "size": package.size,
        "sha256": package.sha256,
        "files": package.files,
    }


def _shareable(path: Path) -> IO[bytes]:
    """A copy without what only the department may know; the other files are the same bytes."""
    # Unnamed, and gone when it is closed: the response does that.
    copy = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115
    with zipfile.ZipFile(path) as package, zipfile.ZipFile(copy, "w") as target:
        for info in package.infolist():
            if info.filename.split("/")[0] not in INTERNAL:
                with package.open(info) as source, target.open(info.filename, "w", force_zip64=True) as file:
                    shutil.copyfileobj(source, file, CHUNK)
    copy.seek(0)
    return copy
