"""The record of a project's course (办理记录): states, leads, decisions and publication, with name and time."""

from __future__ import annotations

from common import publication
from common.documents import OfficialDocument
from common.templatetags.ui import day_label
from projects.archive_papers import NONE, moment_words, person_words
from projects.models import Project

State = Project.State


def course(project: Project) -> OfficialDocument:
    document = OfficialDocument("办理记录", number=f"档号：{project.archive_number}")
    document.facts(
        [
            [("项目名称", project.title)],
            [("编号", project.code), ("档号", project.archive_number or NONE)],
            [("年度", project.season.name), ("赛道", project.track.name)],
            [("牵头党组织", project.lead_organization.name)],
            [("领题书记", project.lead_secretary.name), ("联系人", str(project.contact or NONE))],
            [("立项日期", day_label(project.approved_on)), ("完成时限", day_label(project.ends_on))],
        ]
    )
    _states(document, project)
    _leads(document, project)
    _decisions(document, project)
    _publication(document, project)
    return document


def _states(document: OfficialDocument, project: Project) -> None:
    document.heading(1, "状态沿革")
    document.table(
        ["时间", "由", "至", "办理人", "原因"],
        [
            [
                *(moment_words(step.at), State(step.from_state).label, State(step.to_state).label),
                *(person_words(step.by), step.reason),
            ]
            for step in project.state_changes.select_related("by__person").order_by("id")
        ],
        [36, 24, 24, 28, 44],
        centred=(1, 2),
    )


def _leads(document: OfficialDocument, project: Project) -> None:
    document.heading(1, "领题书记任期")
    document.table(
        ["姓名", "起", "止"],
        [
            [term.person.name, day_label(term.since), day_label(term.until)]
            for term in project.lead_terms.select_related("person").order_by("since", "id")
        ],
        [60, 48, 48],
        centred=(1, 2),
    )


def _decisions(document: OfficialDocument, project: Project) -> None:
    """Every decision of the department with its reason."""
    rows = [
        [moment_words(row.decided_at), f"第{row.round}轮评审", row.get_decision_display(), row.decided_by, row.reason]
        for row in project.screenings.exclude(decided_at=None).select_related("decided_by__person").order_by("round")
    ]
    changes = project.plan_changes.exclude(decided_at=None).select_related("decided_by__person").order_by("id")
    rows += [
        [moment_words(row.decided_at), "计划变更", row.get_state_display(), row.decided_by, row.answer]
        for row in changes
    ]
    closing = getattr(project, "closing", None)
    if closing and closing.accepted_on:
        level = closing.get_level_display()
        rows.append([day_label(closing.accepted_on), "结项核验", level, closing.accepted_by, closing.verdict])
    document.heading(1, "审批决定")
    if rows:
        document.table(["时间", "事项", "决定", "办理人", "意见"], rows, [36, 26, 26, 24, 44], centred=(1, 2))
    else:
        document.paragraph("没有记录。")


def _publication(document: OfficialDocument, project: Project) -> None:
    document.heading(1, "公开审查")
    rows = [
        [
            moment_words(step.at),
            publication.STEP_WORDS[publication.State(step.to_state)],
            person_words(step.by),
            step.reason,
        ]
        for step in publication.steps_of(project)
    ]
    if not rows:
        document.paragraph("没有提出公开。")
        return
    document.table(["时间", "步骤", "办理人", "原因"], rows, [40, 34, 34, 48], centred=(1,))
    if project.summary:
        document.paragraph(f"公开简介：{project.summary}")
