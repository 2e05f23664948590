"""A project with everything that an archive package holds, from its application to the department's verdict."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docx

from common import files, jobs, publication, uploads
from common.models import Job, Picture
from evaluation.tracking.models import LiaisonCase, LiaisonVisit
from projects import archiving, closing
from projects.models import ArchivePackage, Attachment, Project, ReportPhoto
from tests import factories
from tests.common.pictures import phone_photo, upload
from tests.projects import course_steps
from tests.projects.application_steps import pdf
from tests.projects.screening_steps import decided, score

FORMULA = '=HYPERLINK("http://evil.example","点我")'
MARCH, FINISHED = date(2026, 3, 1), date(2026, 12, 22)


def finish(project: Project, cast: SimpleNamespace, people: Callable[[str], Any], today: Any) -> Project:
    """An application in review becomes a completed project, each step on a day of its own."""
    today("2026-02-25")
    stored = files.receive_file(file=pdf("记录.pdf"), by=people("clerk"))
    Attachment.objects.create(project=project, purpose="study_record", file=stored)
    first = project.screenings.get().reviews.order_by("assigned_at", "id")[0]
    score(first, 90, 80, 85, opinion="思路清楚。", remarks={"goal": "请量化目标。"})
    score_rest(project)
    today("2026-03-02")
    project = decided(project, cast.officer)
    _report(project, people)
    today("2026-05-20")
    publication.propose(obj=project, content={"summary": "公开的简介。"}, by=people("clerk"))
    today("2026-06-03")
    course_steps.decide(ask_change(project, people("secretary")), people("officer"), answer="同意。")
    case = LiaisonCase.objects.create(
        project=project,
        opened_on=date(2026, 6, 1),
        opened_light="red",
        light="red",
        interval_days=14,
        next_visit_on=date(2026, 6, 15),
    )
    LiaisonVisit.objects.create(
        case=case, on=date(2026, 6, 10), method="on_site", findings="场地未落实。", by=cast.officer
    )
    today(FINISHED)
    course_steps.promise(project, value=100, unit="名", qualifier="余")
    sent = closing.submit_closing(closing=course_steps.complete(project, people("clerk")), by=people("secretary"))
    closing.accept_closing(closing=sent, level="excellent", verdict="情况属实。", by=people("officer"))
    return Project.objects.get(pk=project.pk)


def score_rest(project: Project) -> None:
    for review in project.screenings.get().reviews.filter(sent_at=None):
        score(review, 70, 70, 70)


def ask_change(project: Project, by: Any) -> Any:
    items = [
        course_steps.row(project, "摸底", 5000, MARCH, date(2026, 6, 30)),
        course_steps.row(project, "建成", 5000, date(2026, 7, 1), date(2026, 12, 20)),
    ]
    return course_steps.ask(project, by, items)


def _report(project: Project, people: Callable[[str], Any]) -> None:
    report = factories.make_report(project, MARCH, [50, 0], done="走访了三个小区。")
    for position in (1, 2):
        picture = uploads.receive(file=upload(phone_photo()), by=people("clerk"))
        ReportPhoto.objects.create(report=report, picture=picture, position=position)
    for job in Job.objects.filter(kind="make_variants"):
        jobs.run(str(job.pk))
    assert not Picture.objects.exclude(state="ready").exists()


def terminated(district: SimpleNamespace, cast: SimpleNamespace) -> Project:
    """A finished project with hardly anything to archive."""
    return factories.make_project(
        district.street,
        cast.secretary,
        state="terminated",
        title=FORMULA,
        archive_number="YH-9",
        archive_sequence=9,
        approved_on=MARCH,
    )


def paper(package: zipfile.ZipFile, name: str) -> str:
    """All text of a Word document in the package, tables included."""
    document = docx.Document(io.BytesIO(package.read(name)))
    lines = [paragraph.text for paragraph in document.paragraphs]
    lines += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join(lines)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def seal(project: Project, by: Any) -> Job:
    job = archiving.archive_project(project=project, by=by)
    jobs.run(str(job.pk))
    job.refresh_from_db()
    return job


def opened(project: Project) -> zipfile.ZipFile:
    return zipfile.ZipFile(archiving.path_of(ArchivePackage.objects.get(project=project)))
