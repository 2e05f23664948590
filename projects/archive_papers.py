"""Papers of an archive package (归档包) that nobody prints before: reviews, plan versions, monthly reports, as Word."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from common import days
from common.documents import OfficialDocument
from common.templatetags.ui import day_label, month_label, percent, points
from projects.application_fields import LABELS
from projects.application_pages import WHOLE
from projects.models import Plan, PlanChange, ProgressReport, Project
from projects.plan_changes import kind_words
from projects.reporting import TEXTS as REPORT_TEXTS
from projects.screening_context import Round, Said, rounds_of, said_to_department

NONE = "—"


def moment_words(moment: datetime | None) -> str:
    """“2026年5月3日 10:32” in Shanghai; the year is always told, because an archive is read much later."""
    if moment is None:
        return NONE
    local = moment.astimezone(days.SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def person_words(user: Any) -> str:
    return str(user) if user else "系统"


def reviews(project: Project) -> OfficialDocument:
    """Every round with the reviewers' names, scores and comments: for the department only."""
    document = _paper(project, "评审意见与评分")
    document.facts([[("项目名称", project.title)], [("牵头党组织", project.lead_organization.name)]])
    criteria = list(project.season.criteria.all())
    for found in rounds_of(project, criteria):
        _round(document, found, [f"{criterion.name}（{points(criterion.weight)}%）" for criterion in criteria])
    comments = said_to_department(project)
    if comments:
        document.heading(1, "栏目意见与答复")
        _comments(document, comments)
    return document


def plan(project: Project, version: Plan) -> OfficialDocument:
    """A plan version, and the request that it came from."""
    document = _paper(project, f"里程碑计划（第{version.version}版）")
    frozen = day_label(version.frozen_on) if version.frozen_on else "未冻结（没有实行）"
    document.facts(
        [
            [("项目名称", project.title)],
            [("生效日期", day_label(version.effective_from)), ("冻结日期", frozen)],
        ]
    )
    document.heading(1, "里程碑与权重")
    document.table(
        ["序号", "里程碑", "权重", "开始", "完成时限"],
        [
            [number, item.milestone.title, percent(item.weight), day_label(item.start), day_label(item.due)]
            for number, item in enumerate(version.items.select_related("milestone"), start=1)
        ],
        [14, 44, 22, 38, 38],
        centred=(0, 2, 3, 4),
    )
    change = PlanChange.objects.filter(plan=version).select_related("requested_by__person", "decided_by__person")
    for found in change:
        _plan_change(document, found)
    return document


def report(project: Project, found: ProgressReport) -> OfficialDocument:
    """A month's report with the department's comments on it."""
    document = _paper(project, f"{month_label(found.month)}月报")
    document.facts(
        [
            [("项目名称", project.title)],
            [("报送人", person_words(found.submitted_by)), ("报送时间", moment_words(found.submitted_at))],
            [("状态", found.get_state_display()), ("确认日期", day_label(found.confirmed_on))],
        ]
    )
    document.heading(1, "里程碑完成情况")
    document.table(
        ["里程碑", "完成比例", "佐证", "下调原因"],
        [
            [line.milestone.title, f"{line.percent}%", line.evidence, line.fall_reason]
            for line in found.lines.select_related("milestone")
        ],
        [44, 24, 54, 34],
        centred=(1,),
    )
    for name, label in REPORT_TEXTS.items():
        document.heading(1, label)
        document.paragraphs(getattr(found, name) or NONE)
    comments = list(found.comments.select_related("by__person"))
    if comments:
        document.heading(1, "退回意见")
        for comment in comments:
            when = moment_words(comment.at)
            document.paragraphs(f"第{comment.round}次（{person_words(comment.by)}，{when}）：{comment.text}")
    return document


def _paper(project: Project, title: str) -> OfficialDocument:
    return OfficialDocument(title, number=f"档号：{project.archive_number}")


def _round(document: OfficialDocument, found: Round, criteria: list[str]) -> None:
    screening = found.screening
    document.heading(1, f"第{screening.round}轮（第{screening.version.number}稿）")
    decision = screening.get_decision_display() or "未作决定"
    document.facts(
        [
            [("送评时间", moment_words(screening.opened_at)), ("预审人", person_words(screening.opened_by))],
            [("决定", decision), ("平均分", points(found.mean))],
            [("决定意见", screening.reason)],
            [("录入人", person_words(screening.decided_by)), ("决定时间", moment_words(screening.decided_at))],
        ]
    )
    if screening.scores_from:
        document.paragraph(f"沿用第{screening.scores_from.round}轮评分。")
        return
    for line in found.lines:
        document.heading(2, f"评审人{line.review.reviewer.name}：{points(line.review.total)}分")
        if line.review.opinion:
            document.paragraphs(line.review.opinion)
        scores = [
            [name, score.points if score else "", score.comment if score else ""]
            for name, score in zip(criteria, line.scores, strict=False)
        ]
        if scores:
            document.table(["评审标准", "得分", "评语"], scores, [48, 18, 90], centred=(1,))


def _comments(document: OfficialDocument, comments: Iterable[Said]) -> None:
    document.table(
        ["稿次", "栏目", "提出人", "意见", "答复"],
        [
            [f"第{said.version.number}稿", LABELS.get(said.field, WHOLE), said.said_by, said.text, said.answer]
            for said in comments
        ],
        [18, 24, 26, 46, 42],
        centred=(0,),
    )


def _plan_change(document: OfficialDocument, change: PlanChange) -> None:
    document.heading(1, f"{kind_words(change)}申请与审批")
    end = f"{day_label(change.old_end)}延至{day_label(change.new_end)}" if change.new_end else day_label(change.old_end)
    decided = person_words(change.decided_by) if change.decided_at else NONE
    document.facts(
        [
            [("申请人", person_words(change.requested_by)), ("申请时间", moment_words(change.requested_at))],
            [("变更原因", change.reason)],
            [("完成时限", end)],
            [("结果", change.get_state_display()), ("审批时间", moment_words(change.decided_at))],
            [("审批人", decided)],
            [("审批意见", change.answer)],
        ]
    )
