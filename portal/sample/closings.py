"""Closing a sample project: figures, evidence and report by its secretary, the verdict by the department."""

from __future__ import annotations

import io
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile
from docx import Document

from common.actors import Actor
from organizations.models import User
from projects import closing
from projects.models import ExpectedFigure, Project

FIGURES = (("服务居民群众", 800, "余", "人次"), ("开展活动", 10, "", "场"))
OUTCOMES = (
    "提前完成全部里程碑，服务覆盖全部楼组，急事难事当日有回应。（示例）",
    "建成六个服务点，全年办结诉求两百余件，群众满意率明显上升。（示例）",
    "组建三支党员先锋队，攻下四个老大难问题。（示例）",
    "形成一套看得懂、学得会的做法，已有五个单位来学习。（示例）",
    "服务从“等上门”变成“送上门”，惠及老人、孩子和骑手。（示例）",
)
TEXTS = {
    "practice": "党员亮身份、每周一巡、问题当日回。（示例）",
    "shortfall": "青年党员参与还不够。（示例）",
    "next": "固化为长效机制。（示例）",
}
VERDICTS = {
    "excellent": "佐证齐全，目标完成。（示例）",
    "qualified": "目标基本完成，佐证齐全。（示例）",
    "failed": "主要目标没有完成。（示例）",
}


def ask(project: Project, secretary: User) -> None:
    """The secretary's report against two promised figures, sent today."""
    by = Actor.person(secretary, "sample")
    project.reports.filter(state="submitted").delete()
    figures = ExpectedFigure.objects.bulk_create(
        ExpectedFigure(project=project, name=name, value=Decimal(value), qualifier=qualifier, unit=unit, position=turn)
        for turn, (name, value, qualifier, unit) in enumerate(FIGURES)
    )
    report = closing.open_closing(project=project, by=by)
    closing.attach_evidence(closing=report, file=paper(f"{project.title}结项佐证"), by=by)
    closing.save_closing(
        closing=report,
        texts={**TEXTS, "outcome": OUTCOMES[project.pk % len(OUTCOMES)]},
        figures=[
            closing.FigureInput(figures[0].pk, Decimal(900), "余", "签到表和服务台账"),
            closing.FigureInput(figures[1].pk, Decimal(12), "", "活动照片和通知"),
        ],
        revision=None,
        by=by,
    )
    closing.submit_closing(closing=report, by=by)


def accept(project: Project, level: str, officer: User, bar_reason: str = "") -> None:
    """The department's verdict, today; with `bar_reason` the project may not stand in the vote."""
    closing.accept_closing(
        closing=project.closing,
        level=level,
        verdict=VERDICTS[level],
        bar_reason=bar_reason,
        by=Actor.person(officer, "sample"),
    )


def paper(title: str) -> SimpleUploadedFile:
    """A one-page Word document, so that a sample file opens like a real one."""
    document, target = Document(), io.BytesIO()
    document.add_heading(title, level=1)
    document.add_paragraph("本文件为示例，内容为虚构。")
    document.save(target)
    return SimpleUploadedFile(f"{title}.docx", target.getvalue())
