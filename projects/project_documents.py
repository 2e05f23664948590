"""A project's own papers (申报表, 结项表) as Word, with room for the signature and the stamp.

They name no reviewer: applicants print them. A figure stands as it was promised or reported (100余名).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from common.documents import OfficialDocument
from common.errors import ActionError
from common.exports import Export, ExportContext, Params
from common.templatetags.ui import NONE, day_label
from projects import rules
from projects.application_fields import TEXTS, Content, tidy
from projects.application_pages import Section, sections
from projects.closing import TEXTS as CLOSING_TEXTS
from projects.closing_pages import figure_row
from projects.models import Application, ApplicationVersion, Attachment, Closing, PlanItem, Project
from projects.plans import percent_words

DEPARTMENT = "中共区委组织部"
Purpose = Attachment.Purpose
# Widths in mm; a page has 156.
TABLES = {"figures": (96, 60), "team": (26, 68, 62), "milestones": (60, 20, 38, 38)}
CENTRED = {"figures": (1,), "team": (0,), "milestones": (1, 2, 3)}
UNNUMBERED = "立项后编定"
UNFILLED, UNSENT = "未填", "草稿，尚未报送"


def application_form(project: Project, version: ApplicationVersion | None = None) -> OfficialDocument:
    """The application (申报表) as it was sent, or the working draft."""
    found = {section.name: section for section in _sections(project, version)}
    document = OfficialDocument(f"{project.season.name}书记项目申报表")
    lead = version.submitted_by.person if version and version.submitted_by else project.lead_secretary
    document.facts(
        [
            [("项目名称", found["title"].text)],
            [("编号", project.code), ("档号", project.archive_number or UNNUMBERED)],
            [("申报党组织", project.lead_organization.name), ("领题书记", lead.name)],
            _pair(found, "track", "field"),
            _pair(found, "tier", "brands"),
            _pair(found, "starts_on", "ends_on"),
            [("稿次", f"第{version.number}稿" if version else UNSENT), ("报送时间", _sent_words(version))],
            *([(found[name].label, found[name].text)] for name in TEXTS),
        ]
    )
    for name in TABLES:
        document.heading(1, found[name].label)
        if found[name].rows:
            document.table(found[name].head, found[name].rows, TABLES[name], centred=CENTRED[name])
        else:
            document.paragraph("没有填写。")
    _list_files(document, found["study_record"].label, [file.name for file in found["study_record"].files])
    _signatures(document, project)
    return document


def closing_form(project: Project, closing: Closing) -> OfficialDocument:
    """The closing (结项表): what was promised and what was reached, the verdict with its level."""
    document = OfficialDocument(f"{project.season.name}书记项目结项表")
    document.facts(
        [
            [("项目名称", project.title)],
            [("编号", project.code), ("档号", project.archive_number or NONE)],
            [("牵头党组织", project.lead_organization.name), ("领题书记", project.lead_secretary.name)],
            [("赛道", project.track.name), ("领域", project.get_field_display() or UNFILLED)],
            [("立项日期", day_label(project.approved_on)), ("完成时限", day_label(project.ends_on))],
            [("报送时间", day_label(closing.submitted_at) if closing.submitted_at else UNSENT)],
        ]
    )
    _compared(document, project)
    document.heading(1, "情况说明")
    document.facts([[(label, getattr(closing, name))] for name, label in CLOSING_TEXTS.items()])
    evidence = project.attachments.filter(purpose=Purpose.CLOSING_EVIDENCE).select_related("file")
    _list_files(document, "佐证材料", [attachment.file.original_name for attachment in evidence])
    _signatures(document, project)
    _verdict(document, closing)
    return document


def _compared(document: OfficialDocument, project: Project) -> None:
    """Each promised figure beside what was reached of it."""
    document.heading(1, "预期成效完成情况")
    rows = [figure_row(figure) for figure in project.expected_figures.all()]
    if not rows:
        document.paragraph("立项时没有填报数量指标。")
        return
    document.table(
        ["指标", "预期", "完成", "对照", "依据"],
        [
            [row["figure"].name, row["figure"].text, row["figure"].reached_text, row["word"], row["figure"].evidence]
            for row in rows
        ],
        (36, 29, 29, 22, 40),
        centred=(1, 2, 3),
    )


def _pair(found: dict[str, Section], *names: str) -> list[tuple[str, str]]:
    return [(found[name].label, found[name].text or UNFILLED) for name in names]


def _sections(project: Project, version: ApplicationVersion | None) -> list[Section]:
    if version is not None:
        return sections(version.content, season=project.season)
    application = Application.objects.filter(project=project).first()
    content = application.content if application else _content(project)
    files = project.attachments.filter(purpose=Purpose.STUDY_RECORD).select_related("file")
    return sections(content, season=project.season, files=list(files))


def _content(project: Project) -> Content:
    """What the project's own rows say, in the shape of an application: of one that came without."""
    names = ("title", "field", "tier", *TEXTS)
    figures = [
        {"name": f.name, "amount": f.text.removesuffix(f.unit), "unit": f.unit} for f in project.expected_figures.all()
    ]
    plan = project.plans.order_by("version").first()
    return tidy(
        {
            **{name: getattr(project, name) for name in names},
            "track": project.track.code,
            "starts_on": str(project.starts_on),
            "ends_on": str(project.ends_on),
            "figures": figures,
            "team": list(project.team.values("name", "post", "duty")),
            "milestones": [_typed(item) for item in plan.items.select_related("milestone")] if plan else [],
            "brands": list(project.brands.values_list("code", flat=True)),
        }
    )


def _typed(item: PlanItem) -> dict[str, str]:
    return {
        "title": item.milestone.title,
        "weight": percent_words(item.weight),
        "start": str(item.start),
        "due": str(item.due),
    }


def _sent_words(version: ApplicationVersion | None) -> str:
    moment: datetime | None = version.submitted_at if version else None
    return day_label(moment)


def _list_files(document: OfficialDocument, heading: str, names: list[str]) -> None:
    document.heading(1, heading)
    for turn, name in enumerate(names, start=1):
        document.paragraph(f"{turn}. {name}")
    if not names:
        document.paragraph("没有上传。")


def _signatures(document: OfficialDocument, project: Project) -> None:
    """Room to sign and to stamp; the day is written by hand with them."""
    document.paragraph("领题书记（签字）：")
    document.signature(project.lead_organization.name, None)


def _verdict(document: OfficialDocument, closing: Closing) -> None:
    document.heading(1, "核验意见")
    eligible = NONE
    if closing.accepted_on:
        eligible = "具备" if closing.eligible else f"不具备{f'：{closing.bar_reason}' if closing.bar_reason else ''}"
    document.facts(
        [
            [("等次", closing.get_level_display() or NONE), ("结项日期", day_label(closing.accepted_on))],
            [("评选资格", eligible)],
            [("核验意见", closing.verdict if closing.accepted_on else "")],
        ]
    )
    document.signature(DEPARTMENT, closing.accepted_on)


# --- exports ---


def _project_of(user: Any, params: Params) -> Project | None:
    rows = Project.objects.visible_to(user).filter(code=str(params.get("project", "")))
    return rows.select_related("season", "track", "lead_organization", "lead_secretary").first()


def _may(user: Any, params: Params) -> bool:
    return _project_of(user, params) is not None


def _clean(user: Any, params: Params) -> dict[str, Any]:
    return {"project": str(params.get("project", ""))}


def _clean_closing(user: Any, params: Params) -> dict[str, Any]:
    """Raises ActionError while the project has no closing report; of one out of scope it tells nothing."""
    project = _project_of(user, params)
    if project and not Closing.objects.filter(project=project).exists():
        raise ActionError("这个项目还没有结项报告。", code="no_closing")
    return _clean(user, params)


def _build_application(context: ExportContext) -> None:
    project = _found(context)
    application = Application.objects.filter(project=project).select_related("project").first()
    # Whoever writes it now prints what is being written, everybody else what was sent.
    writing = application is not None and rules.can_edit_application(context.user, application)
    version = None if writing else project.versions.select_related("submitted_by__person").order_by("-number").first()
    application_form(project, version).save(context.path)


def _build_closing(context: ExportContext) -> None:
    project = _found(context)
    closing = Closing.objects.filter(project=project).first()
    if closing is None:
        raise ActionError("这个项目还没有结项报告。", code="no_closing")
    closing_form(project, closing).save(context.path)


def _found(context: ExportContext) -> Project:
    """The project that `may` has just let pass. Raises ActionError if it has gone since."""
    project = _project_of(context.user, context.params)
    if project is None:
        raise ActionError("您现在看不到这个项目。", code="not_found")
    return project


def _name(title: str) -> Any:
    def name(params: Params) -> str:
        project = Project.objects.filter(code=params["project"]).values_list("title", flat=True).first()
        return f"{title}：{(project or '')[:40]}"

    return name


PAPERS = (
    Export(
        kind="application_form",
        title="申报表",
        suffix="docx",
        may=_may,
        build=_build_application,
        name=_name("申报表"),
        clean=_clean,
    ),
    Export(
        kind="closing_form",
        title="结项表",
        suffix="docx",
        may=_may,
        build=_build_closing,
        name=_name("结项表"),
        clean=_clean_closing,
    ),
)
