"""Suspension, termination and the closing (结项): report against the promised figures, verdict, level, eligibility."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse

from brands.models import Qualifier
from common import audit, days, files, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from organizations import people
from projects import actions, plan_changes, rules
from projects.models import Attachment, Closing, ExpectedFigure, PlanChange, ProgressReport, Project

State = Project.State
Level = Closing.Level
TEXTS = {"outcome": "工作成效", "practice": "经验做法", "shortfall": "问题不足", "next": "下步打算"}
REQUIRED = ("outcome", "practice")
TEXT_LIMIT = 3000
EVIDENCE_LIMIT = 300
FILE_LIMIT = 20
REASON_LIMIT = 200
VERDICT_LIMIT = 1000
REACHED_LIMIT = 10**12  # what the column holds
# What the department decides about a project's course, and the state that this leads to.
COURSE = {
    "suspend": (State.SUSPENDED, "暂停"),
    "resume": (State.RUNNING, "恢复"),
    "terminate": (State.TERMINATED, "终止"),
    "withdraw": (State.WITHDRAWN, "撤项"),
}


@dataclass(frozen=True, slots=True)
class FigureInput:
    """What was reached of an expected figure; None while nothing was typed."""

    figure_id: int
    reached: Decimal | None
    qualifier: str = ""
    evidence: str = ""


@transaction.atomic
def change_course(*, project: Project, course: str, reason: str, by: Actor) -> Project:
    """Suspend (暂停: the clock stops), resume, terminate or withdraw a project of the library, with a reason."""
    project = _locked(project)
    if by.user is None or not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    if course not in COURSE:
        raise ActionError("请选择要办理的事项。", fields={"course": ["请选择暂停、恢复、终止或撤项。"]})
    to, word = COURSE[course]
    if project.state == to:
        return project
    if course == "resume" and project.state != State.SUSPENDED:
        raise Conflict("项目没有暂停，不用恢复。", code="illegal_step")
    if course == "withdraw" and project.archive_number is None:
        raise Conflict("还没有立项，由领题书记撤回申报。", code="illegal_step")
    reason = clean_text(reason)
    if not reason or len(reason) > REASON_LIMIT:
        message = f"最多 {REASON_LIMIT} 字。" if reason else f"请写明{word}的原因。"
        raise ActionError(message, fields={"reason": [message]})
    actions.change_state(project=project, to=to, by=by, reason=reason)
    if to in (State.TERMINATED, State.WITHDRAWN):
        plan_changes.drop_open_change(project=project, answer=f"项目{word}。", by=by)
    _tell_authors(project, f"{word}：{project}", reason)
    return project


@transaction.atomic
def open_closing(*, project: Project, by: Actor) -> Closing:
    """The project's closing report, made as a draft if there is none."""
    project = _locked(project)
    existing = Closing.objects.filter(project=project).first()
    if existing is not None:
        return existing
    _refuse_edit(project, by)
    closing = Closing.objects.create(project=project, saved_by=by.user, saved_at=days.now())
    audit.record(by=by, action="projects.closing.opened", obj=project)
    return closing


@transaction.atomic
def save_closing(
    *,
    closing: Closing,
    texts: Mapping[str, str],
    figures: list[FigureInput],
    revision: int | None,
    by: Actor,
) -> Closing:
    """Save the draft as it is, complete or not; texts and figures that are left out stay.

    Raises Conflict (`stale_draft`) if somebody saved meanwhile, Forbidden, or ActionError by field: the texts' names
    and `figure:<key>`.
    """
    closing = _locked_closing(closing)
    _refuse_edit(closing.project, by)
    if revision is not None and revision != closing.revision:
        when = closing.saved_at.astimezone(days.SHANGHAI)
        raise Conflict(
            f"{closing.saved_by or '另一处'}已在 {when:%H:%M} 保存过结项报告。您填写的内容还在本页，请核对后再保存。",
            code="stale_draft",
        )
    before, errors = _content(closing), {}
    for name in TEXTS.keys() & texts.keys():
        text = clean_text(texts[name])
        if len(text) > TEXT_LIMIT:
            errors[name] = [f"最多 {TEXT_LIMIT} 字，现在是 {len(text)} 字。"]
        setattr(closing, name, text)
    errors |= _save_figures(closing.project, figures)
    if errors:
        raise ActionError("结项报告有误，请按提示修改。", fields=errors)
    closing.revision += 1
    closing.saved_by, closing.saved_at = by.user, days.now()
    closing.save(update_fields=[*TEXTS, "revision", "saved_by", "saved_at"])
    audit.record(by=by, action="projects.closing.saved", obj=closing.project, before=before, after=_content(closing))
    return closing


@transaction.atomic
def submit_closing(*, closing: Closing, by: Actor) -> Closing:
    """The lead secretary asks to close (申请结项). Raises ActionError naming what is missing."""
    closing = _locked_closing(closing)
    project = closing.project
    if by.user is None or not rules.is_lead_secretary(by.user, project):
        raise Forbidden("结项由领题书记本人报送。")
    if project.state == State.CLOSING:
        return closing
    _refuse_edit(project, by)
    _refuse_incomplete(closing)
    closing.submitted_at, closing.submitted_by, closing.returned_at = days.now(), by.user, None
    closing.save(update_fields=["submitted_at", "submitted_by", "returned_at"])
    actions.change_state(project=project, to=State.CLOSING, by=by)
    notices.send(
        kind="closing_submitted",
        obj=closing,
        period=str(project.state_changes.count()),
        recipients=people.officers(),
        title=f"申请结项：{project}",
        url=reverse("projects:closing", args=[project.code]),
    )
    return closing


@transaction.atomic
def return_closing(*, closing: Closing, reason: str, by: Actor) -> Closing:
    """The department sends the closing report back; the project runs on. Raises ActionError under `verdict`."""
    closing = _locked_closing(closing)
    project = closing.project
    if by.user is None or not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    if project.state == State.RUNNING and closing.returned_at:
        return closing
    _refuse_undecidable(project)
    reason = clean_text(reason)
    if not reason or len(reason) > VERDICT_LIMIT:
        message = f"最多 {VERDICT_LIMIT} 字。" if reason else "请写明退回的原因。"
        raise ActionError(message, fields={"verdict": [message]})
    closing.verdict, closing.returned_at = reason, days.now()
    closing.save(update_fields=["verdict", "returned_at"])
    actions.change_state(project=project, to=State.RUNNING, by=by, reason=reason)
    _tell_authors(project, f"请修改结项报告：{project}", reason, reverse("projects:closing", args=[project.code]))
    return closing


@transaction.atomic
def accept_closing(*, closing: Closing, level: str, verdict: str, by: Actor, bar_reason: str = "") -> Closing:
    """The department closes the project (结项) with a level; a failed or barred one is not eligible for the vote.

    Raises Conflict, Forbidden, ActionError under `level` or `verdict`.
    """
    closing = _locked_closing(closing)
    project = closing.project
    if by.user is None or not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    if project.state == State.COMPLETED and closing.level == level:
        return closing
    _refuse_undecidable(project)
    verdict, bar_reason, errors = clean_text(verdict), clean_text(bar_reason), {}
    if level not in Level.values:
        errors["level"] = ["请选择等次。"]
    if not verdict or len(verdict) > VERDICT_LIMIT:
        errors["verdict"] = [f"最多 {VERDICT_LIMIT} 字。" if verdict else "请写明核验意见。"]
    if len(bar_reason) > REASON_LIMIT:
        errors["bar_reason"] = [f"最多 {REASON_LIMIT} 字。"]
    if errors:
        raise ActionError("还不能结项，请按提示补充。", fields=errors)
    actions.change_state(project=project, to=State.COMPLETED, by=by, reason=verdict)
    closing.level, closing.verdict, closing.bar_reason = level, verdict, bar_reason
    closing.eligible = level != Level.FAILED and not bar_reason
    closing.accepted_on, closing.accepted_by = days.today(), by.user
    closing.save(update_fields=["level", "verdict", "bar_reason", "eligible", "accepted_on", "accepted_by"])
    audit.record(
        by=by,
        action="projects.closing.accepted",
        obj=project,
        after={"level": level, "eligible": closing.eligible, "bar_reason": bar_reason},
    )
    _tell_authors(project, f"已结项（{closing.get_level_display()}）：{project}", verdict)
    return closing


@transaction.atomic
def attach_evidence(*, closing: Closing, file: UploadedFile, by: Actor) -> Attachment:
    """Add a document as evidence (佐证). Raises Forbidden, Conflict, or ActionError under `evidence`."""
    closing = _locked_closing(closing)
    project = closing.project
    _refuse_edit(project, by)
    purpose = Attachment.Purpose.CLOSING_EVIDENCE
    if project.attachments.filter(purpose=purpose).count() >= FILE_LIMIT:
        raise ActionError("佐证过多。", fields={"evidence": [f"佐证最多 {FILE_LIMIT} 个文件。"]})
    stored = files.receive_file(file=file, by=by, field="evidence")
    attachment = Attachment.objects.create(project=project, purpose=purpose, file=stored)
    audit.record(by=by, action="projects.closing.file_added", obj=project, after={"sha256": stored.sha256})
    return attachment


@transaction.atomic
def remove_evidence(*, attachment: Attachment, by: Actor) -> None:
    """Take a document out of a closing report that may still be written."""
    assert attachment.purpose == Attachment.Purpose.CLOSING_EVIDENCE
    project = _locked(attachment.project)
    _refuse_edit(project, by)
    stored = attachment.file
    audit.record(by=by, action="projects.closing.file_removed", obj=project, before={"sha256": stored.sha256})
    attachment.delete()
    files.remove_file(stored)


def _save_figures(project: Project, figures: list[FigureInput]) -> dict[str, list[str]]:
    rows, errors = project.expected_figures.in_bulk(), {}
    for figure in figures:
        row, key = rows.get(figure.figure_id), f"figure:{figure.figure_id}"
        if message := _wrong_figure(row, figure):
            errors[key] = [message]
        elif row is not None:
            row.reached, row.reached_qualifier = figure.reached, figure.qualifier
            row.evidence = clean_text(figure.evidence)
    if not errors:
        ExpectedFigure.objects.bulk_update(rows.values(), ["reached", "reached_qualifier", "evidence"])
    return errors


def _wrong_figure(row: ExpectedFigure | None, figure: FigureInput) -> str:
    if row is None:
        return "没有这项指标。"
    if figure.reached is not None and not 0 <= figure.reached < REACHED_LIMIT:
        return "不能是负数。" if figure.reached < 0 else "数值过大，请核对。"
    if figure.qualifier not in Qualifier.values:
        return "约数只能是余、多或近。"
    if len(clean_text(figure.evidence)) > EVIDENCE_LIMIT:
        return f"佐证说明最多 {EVIDENCE_LIMIT} 字。"
    return ""


def _content(closing: Closing) -> dict[str, object]:
    figures = closing.project.expected_figures.all()
    return {
        **{name: getattr(closing, name) for name in TEXTS},
        "figures": {str(figure.pk): [figure.reached_text, figure.evidence] for figure in figures},
    }


def _refuse_incomplete(closing: Closing) -> None:
    """The texts, every figure with its evidence, no report or request that still waits for the department."""
    project, errors = closing.project, {}
    for name in REQUIRED:
        if not getattr(closing, name):
            errors[name] = [f"请填写{TEXTS[name]}。"]
    for figure in project.expected_figures.all():
        if figure.reached is None:
            errors[f"figure:{figure.pk}"] = ["请填写完成情况，没有完成的填 0。"]
        elif not figure.evidence:
            errors[f"figure:{figure.pk}"] = ["请写明依据。"]
    if not project.attachments.filter(purpose=Attachment.Purpose.CLOSING_EVIDENCE).exists():
        errors["evidence"] = ["请至少上传一份佐证材料。"]
    if project.reports.filter(state=ProgressReport.State.SUBMITTED).exists():
        errors["closing"] = ["还有月报等待组织部确认，确认后再申请结项。"]
    elif project.plan_changes.filter(state=PlanChange.State.REQUESTED).exists():
        errors["closing"] = ["还有计划变更等待审批，审批后再申请结项。"]
    if errors:
        raise ActionError("结项报告还不完整，请按提示补充。", code="incomplete", fields=errors)


def _refuse_edit(project: Project, by: Actor) -> None:
    if by.user is None or not rules.can_draft_report(by.user, project):
        raise Forbidden("只有本项目的领题书记和牵头党组织的党务干事可以填写结项报告。")
    if project.state != State.RUNNING:
        raise Conflict(f"项目当前为“{project.get_state_display()}”，不能填写结项报告。", code="not_editable")


def _refuse_undecidable(project: Project) -> None:
    if project.state != State.CLOSING:
        raise Conflict(f"项目当前为“{project.get_state_display()}”，没有等待核验的结项申请。", code="illegal_step")


def _locked(project: Project) -> Project:
    return Project.objects.select_for_update(of=("self",)).select_related("season").get(pk=project.pk)


def _locked_closing(closing: Closing) -> Closing:
    Project.objects.select_for_update().get(pk=closing.project_id)
    return Closing.objects.select_related("project__season", "saved_by__person").get(pk=closing.pk)


def _tell_authors(project: Project, title: str, body: str, url: str = "") -> None:
    notices.send(
        kind="project_course",
        obj=project,
        period=str(project.state_changes.count()),
        recipients=people.authors_of(project.lead_organization_id, project.lead_secretary_id),
        title=title,
        body=body,
        url=url or reverse("workspace:project", args=[project.code]),
    )
