"""What the archive package of a project has from here: the log of its liaison (联系记录)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from common.documents import OfficialDocument
from common.templatetags.ui import day_label, light_label
from evaluation.tracking.models import LiaisonCase
from projects.archive_parts import Part
from projects.models import Project

FOLDER = "07联系记录"


def liaison_parts(project: Project) -> Iterable[Part]:
    if LiaisonCase.objects.filter(project=project).exists():
        yield Part(FOLDER, "联系记录.docx", partial(liaison_log, project))


def liaison_log(project: Project) -> OfficialDocument:
    """Every liaison case with its visits, first to last."""
    document = OfficialDocument("联系记录", number=f"档号：{project.archive_number}")
    document.facts([[("项目名称", project.title)], [("牵头党组织", project.lead_organization.name)]])
    cases = LiaisonCase.objects.filter(project=project).select_related("contact")
    for case in cases.prefetch_related("visits__by__person").order_by("opened_on", "pk"):
        document.heading(1, f"{day_label(case.opened_on)}建立")
        closed = day_label(case.closed_on) if case.closed_on else "没有关闭"
        document.facts(
            [
                [("建立时亮灯", light_label(case.opened_light)), ("联系人", str(case.contact or "未指定"))],
                [("联系间隔", f"{case.interval_days}天"), ("关闭日期", closed)],
                [("关闭说明", case.closing_note)],
            ]
        )
        visits = sorted(case.visits.all(), key=lambda visit: (visit.on, visit.pk))
        if visits:
            document.table(
                ["日期", "方式", "联系人", "情况", "议定措施"],
                [[day_label(v.on), v.get_method_display(), str(v.by), v.findings, v.agreed] for v in visits],
                [38, 20, 24, 38, 36],
                centred=(0, 1, 2),
            )
        else:
            document.paragraph("没有联系记录。")
    return document
