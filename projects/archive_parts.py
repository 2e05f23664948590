"""What an archive package (归档包) is made of: one list of parts, to which higher floors add theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from django.conf import settings

from common import files
from common.errors import ActionError
from common.models import Picture, PictureVariant
from common.packages import Part, file_name
from projects import archive_papers as papers
from projects import archive_records as records
from projects.models import Attachment, Project, ReportPhoto
from projects.project_documents import application_form, closing_form

APPLICATION, REVIEWS, PLANS = "01申报书", "02评审", "03计划"
REPORTS, CLOSING, RECORDS = "04月报", "05结项", "06办理记录"
# The reviewers are known to the department only; what others download lacks this folder.
INTERNAL = (REVIEWS,)

__all__ = ["Part", "file_name", "parts_of", "register_part"]

Source = Callable[[Project], Iterable[Part]]
_sources: list[Source] = []


def register_part(source: Source) -> Source:
    """Add what a higher floor has of a project, such as its liaison; called when a project is archived."""
    _sources.append(source)
    return source


def parts_of(project: Project) -> list[Part]:
    """Every part in the package's order. Raises ActionError if a photo is still being worked on."""
    own = (_application, _reviews, _plans, _reports, _closing, _records)
    return [part for source in (*own, *_sources) for part in source(project)]


def _application(project: Project) -> Iterable[Part]:
    for version in project.versions.select_related("submitted_by__person").order_by("number"):
        yield Part(APPLICATION, f"申报书第{version.number}稿.docx", partial(application_form, project, version))
    yield from _attachments(project, Attachment.Purpose.STUDY_RECORD, f"{APPLICATION}/集体研究记录")


def _reviews(project: Project) -> Iterable[Part]:
    if project.screenings.exists() or project.application_comments.exists():
        yield Part(REVIEWS, "意见与评分.docx", partial(papers.reviews, project))


def _plans(project: Project) -> Iterable[Part]:
    for plan in project.plans.order_by("version"):
        yield Part(PLANS, f"计划第{plan.version}版.docx", partial(papers.plan, project, plan))


def _reports(project: Project) -> Iterable[Part]:
    """What was sent at least once; a draft that never was is no record."""
    photos: dict[object, list[Path]] = {}
    rows = ReportPhoto.objects.filter(report__project=project).select_related("picture").order_by("position", "id")
    for photo in rows.prefetch_related("picture__variants"):
        photos.setdefault(photo.report_id, []).extend(_full_size(photo.picture))
    for report in project.reports.exclude(submitted_at=None).order_by("month"):
        folder = f"{REPORTS}/{report.month:%Y-%m}"
        yield Part(folder, "月报.docx", partial(papers.report, project, report))
        for number, path in enumerate(photos.get(report.pk, []), start=1):
            yield Part(folder, f"照片{number:02}{path.suffix}", path)


def _closing(project: Project) -> Iterable[Part]:
    if getattr(project, "closing", None) and project.closing.submitted_at:
        yield Part(CLOSING, "结项表.docx", partial(closing_form, project, project.closing))
    yield from _attachments(project, Attachment.Purpose.CLOSING_EVIDENCE, f"{CLOSING}/佐证材料")


def _records(project: Project) -> Iterable[Part]:
    yield Part(RECORDS, "办理记录.docx", partial(records.course, project))


def _attachments(project: Project, purpose: str, folder: str) -> Iterable[Part]:
    for attachment in project.attachments.filter(purpose=purpose).select_related("file").order_by("id"):
        yield Part(folder, attachment.file.original_name, files.path_of(attachment.file))


def _full_size(picture: Picture) -> list[Path]:
    """The stripped original; none of a picture that could not be read, which has no bytes left."""
    if picture.state == Picture.State.WAITING:
        raise ActionError("还有照片在处理，请稍后再归档。", code="pictures_waiting")
    sizes = [variant for variant in picture.variants.all() if variant.name == PictureVariant.Size.FULL]
    return [Path(settings.MEDIA_ROOT) / variant.path for variant in sizes]
