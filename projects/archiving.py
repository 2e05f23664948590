"""Archiving (归档): everything of a finished project in one sealed zip, and the project read-only from then on.

A job builds the package; the department asks for it. The file is put in place under the project's lock in the
transaction that writes its row, so a package is there whole or not at all, however often the job runs or dies.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from common import audit, jobs, notices, packages
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.models import Job
from common.packages import Entry, file_name
from organizations import people
from projects import actions, rules
from projects.archive_parts import INTERNAL, parts_of
from projects.models import ArchivePackage, Project

KIND = "archive_project"
State = Project.State
FINISHED = (State.COMPLETED, State.TERMINATED, State.WITHDRAWN)
# Why a project cannot be archived yet, in words; empty if it can.
Hold = Callable[[Project], str]
_holds: list[Hold] = []


def register_hold(hold: Hold) -> Hold:
    """Let a higher floor keep a project from being archived, as a vote does in which it stands."""
    _holds.append(hold)
    return hold


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
        with packages.scratch(project.code) as folder:
            half = folder / "package.zip"
            note = f"档号：{project.archive_number}　项目：{project.title}　共 {{count}} 个文件"
            entries = packages.pack(parts_of(project), half, note=note, advance=partial(jobs.advance, job))
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
    served = path_of(package).open("rb") if whole else packages.shareable(path_of(package), INTERNAL)
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
    if reason := next(filter(None, (hold(project) for hold in _holds)), ""):
        raise Conflict(reason, code="held")


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
