"""Monthly reports (月报): the clerk drafts, the secretary sends, the department confirms or returns.

Every function is one use case in one transaction with one audit entry; notices are outbox rows of the same
transaction. Errors name the field that they speak of: `done`, `effect`, `difficulty`, `next`, `month`, `photos` or
`line:<milestone>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse

from common import audit, days, notices, uploads
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from common.transitions import move
from organizations import people
from organizations.models import User
from projects import rules
from projects.earned_value import due_day
from projects.facts import rules_of
from projects.models import (
    FieldComment,
    ProgressReport,
    Project,
    ReportLine,
    ReportPhoto,
    ReportStateChange,
)
from projects.plans import plan_in_force
from projects.states import REPORT_STEPS, TRACKED

State = ProgressReport.State
TEXTS = {"done": "做法", "effect": "成效", "difficulty": "困难", "next": "下一步"}
TEXT_LIMIT = 2000
EVIDENCE_LIMIT = 500
FALL_REASON_LIMIT = 200
COMMENT_LIMIT = 500
PHOTO_LIMIT = 12


@dataclass(frozen=True, slots=True)
class LineInput:
    """What a person says of one milestone; `percent` is whole. A text that is None stays as it was."""

    milestone_id: int
    percent: int
    fall_reason: str | None = None
    evidence: str | None = None


@transaction.atomic
def open_report(*, project: Project, month: date, by: Actor) -> ProgressReport:
    """The project's report for `month` (its first day), made as a draft if there is none.

    Its lines start from the latest earlier confirmed month; a draft gets those that a newer plan has brought.
    Raises Forbidden, or ActionError for a month that cannot be reported.
    """
    existing = project.reports.filter(month=month).first()
    if existing:
        existing = _locked(existing)
        if by.user is not None and rules.can_edit_report(by.user, existing):
            ReportLine.objects.bulk_create(missing_lines(existing))
        return existing
    if by.user is None or not rules.can_draft_report(by.user, project):
        raise Forbidden("只有本项目的领题书记和牵头党组织的党务干事可以填写月报。")
    _refuse_month(project, month)
    plan = plan_in_force(project, days.today())
    if plan is None:
        raise ActionError("这个项目还没有生效的计划，暂不能填写月报。", code="no_plan")
    report, created = ProgressReport.objects.get_or_create(project=project, month=month, defaults={"saved_by": by.user})
    if created:
        earlier = earlier_percents(report)
        ReportLine.objects.bulk_create(
            ReportLine(report=report, milestone_id=item.milestone_id, percent=earlier.get(item.milestone_id, 0))
            for item in plan.items.all()
        )
        audit.record(by=by, action="projects.report.opened", obj=report, after={"month": month.isoformat()})
    return report


@transaction.atomic
def save_report(
    *,
    report: ProgressReport,
    lines: Sequence[LineInput],
    texts: Mapping[str, str],
    revision: int | None,
    by: Actor,
) -> ProgressReport:
    """Save a draft as it is, complete or not. `revision` is the one that the person's page was made from.

    Raises Conflict (`stale_draft`) if somebody saved meanwhile, Forbidden, or ActionError by field.
    """
    report = _locked(report)
    if by.user is None or not rules.can_edit_report(by.user, report):
        raise _cannot_edit(report, by)
    if revision is not None and revision != report.revision:
        saved_by = f"{report.saved_by}" if report.saved_by else "另一处"
        when = report.saved_at.astimezone(days.SHANGHAI)
        raise Conflict(
            f"{saved_by}已在 {when:%H:%M} 保存过这份月报。您填写的内容还在本页，请核对后再保存。",
            code="stale_draft",
        )
    before = _content(report)
    ReportLine.objects.bulk_create(missing_lines(report))
    _save_lines(report, lines)
    _save_texts(report, texts)
    report.revision += 1
    report.saved_by, report.saved_at = by.user, days.now()
    report.save(update_fields=[*TEXTS, "revision", "saved_by", "saved_at"])
    audit.record(by=by, action="projects.report.saved", obj=report, before=before, after=_content(report))
    return report


@transaction.atomic
def hand_over(*, report: ProgressReport, by: Actor) -> ProgressReport:
    """The clerk gives the draft to the lead secretary."""
    report = _locked(report)
    if by.user is None or not rules.can_hand_over_report(by.user, report):
        raise Forbidden("由牵头党组织的党务干事提交书记审定。")
    if _step(report, State.HANDED_OVER, by):
        _notify_lead(report, "report_handed_over", f"请审定：{report}")
    return report


@transaction.atomic
def give_back(*, report: ProgressReport, by: Actor, reason: str = "") -> ProgressReport:
    """The secretary gives a handed-over draft back to the clerk."""
    report = _locked(report)
    if by.user is None or not rules.can_give_back_report(by.user, report):
        raise Forbidden("由领题书记退给党务干事修改。")
    if _step(report, State.DRAFT, by, reason=reason):
        _notify(
            report,
            "report_given_back",
            people.clerks_of(report.project.lead_organization_id),
            f"书记退回修改：{report}",
            reason,
        )
    return report


@transaction.atomic
def submit_report(*, report: ProgressReport, by: Actor) -> ProgressReport:
    """The lead secretary sends the report to the department. Raises ActionError naming what is incomplete."""
    report = _locked(report)
    if by.user is None or not rules.can_submit_report(by.user, report):
        raise Forbidden("月报由领题书记本人报送，党务干事请“提交书记审定”。")
    if report.state == State.SUBMITTED:
        return report
    _refuse_incomplete(report)
    in_time = _in_time(report)
    if _step(report, State.SUBMITTED, by, in_time=in_time, submitted_at=days.now(), submitted_by=by.user):
        _notify(report, "report_submitted", people.officers(), f"待确认：{report}", url=reverse("projects:inbox"))
    return report


@transaction.atomic
def confirm_report(*, report: ProgressReport, by: Actor) -> ProgressReport:
    """The department confirms; this is final, and from now on the report counts."""
    report = _locked(report)
    if by.user is None or not rules.can_decide_report(by.user, report):
        raise Forbidden("月报由区委组织部确认。")
    if _step(report, State.CONFIRMED, by, in_time=_was_in_time(report), confirmed_on=days.today()):
        _notify(report, "report_confirmed", _authors(report), f"已确认：{report}")
    return report


@transaction.atomic
def return_report(*, report: ProgressReport, comments: Mapping[str, str], reason: str, by: Actor) -> ProgressReport:
    """The department returns the report with comments at its fields (`reason` speaks of the whole)."""
    report = _locked(report)
    if by.user is None or not rules.can_decide_report(by.user, report):
        raise Forbidden("月报由区委组织部退回。")
    if report.state == State.RETURNED:
        return report
    said = {field: clean_text(text) for field, text in comments.items() if clean_text(text)}
    reason = clean_text(reason)
    if not said and not reason:
        message = "请写明退回的原因，或在具体栏目旁写意见。"
        raise ActionError(message, code="no_reason", fields={"reason": [message]})
    known = {*TEXTS, "photos", *(f"line:{line.milestone_id}" for line in report.lines.all())}
    if unknown := said.keys() - known:
        raise ActionError(f"没有这个栏目：{'、'.join(sorted(unknown))}", fields={"comments": ["没有这个栏目。"]})
    _step(report, State.RETURNED, by, reason=reason, in_time=_was_in_time(report))
    round_ = report.state_changes.filter(to_state=State.RETURNED).count()
    FieldComment.objects.bulk_create(
        FieldComment(report=report, field=field, text=text, by=by.user, round=round_) for field, text in said.items()
    )
    _notify(report, f"report_returned_{round_}", _authors(report), f"请修改：{report}", reason)
    return report


@transaction.atomic
def attach_photo(*, report: ProgressReport, file: UploadedFile, by: Actor) -> ReportPhoto:
    """Add a photo; it is shown once its job has stripped it. Raises ActionError under `file`."""
    report = _locked(report)
    if by.user is None or not rules.can_edit_report(by.user, report):
        raise _cannot_edit(report, by)
    count = report.photos.count()
    if count >= PHOTO_LIMIT:
        message = f"一份月报最多 {PHOTO_LIMIT} 张照片。"
        raise ActionError(message, code="too_many_photos", fields={"file": [message]})
    picture = uploads.receive(file=file, by=by)
    photo = ReportPhoto.objects.create(report=report, picture=picture, position=count + 1)
    audit.record(by=by, action="projects.report.photo_added", obj=report, after={"sha256": picture.sha256})
    return photo


@transaction.atomic
def remove_photo(*, photo: ReportPhoto, by: Actor) -> None:
    """Take a photo out of a report that may still be edited."""
    report = _locked(photo.report)
    if by.user is None or not rules.can_edit_report(by.user, report):
        raise _cannot_edit(report, by)
    picture = photo.picture
    audit.record(by=by, action="projects.report.photo_removed", obj=report, before={"sha256": picture.sha256})
    photo.delete()
    uploads.remove(picture)


def why_not_reportable(project: Project, month: date) -> str:
    """Why the month (its first day) of the project cannot be reported today, in words; empty if it can."""
    if project.state not in TRACKED:
        return f"项目当前为“{project.get_state_display()}”，不能填写月报。"
    if month != days.month_start(month):
        return "月份应写成该月第一天。"
    if month > days.today():
        return "不能填写以后月份的月报。"
    return "" if project.has_month(month) else "这个月不在项目起止日期之内。"


def earlier_percents(report: ProgressReport) -> dict[int, int]:
    """Each milestone's percent in the latest earlier month that is confirmed."""
    lines = ReportLine.objects.filter(
        report__project_id=report.project_id, report__state=State.CONFIRMED, report__month__lt=report.month
    )
    return dict(lines.order_by("report__month").values_list("milestone_id", "percent"))


def missing_lines(report: ProgressReport) -> list[ReportLine]:
    """Unsaved lines for what the plan in force has and the report lacks: a plan change (计划变更) brings them."""
    plan = plan_in_force(report.project, days.today())
    known = ReportLine.objects.filter(report=report).values("milestone")
    missing = plan.items.exclude(milestone__in=known).select_related("milestone") if plan else ()
    earlier = earlier_percents(report) if missing else {}
    return [ReportLine(report=report, milestone=i.milestone, percent=earlier.get(i.milestone_id, 0)) for i in missing]


def previous_report(report: ProgressReport) -> ProgressReport | None:
    """The latest earlier report, whose texts the form offers."""
    return report.project.reports.filter(month__lt=report.month).order_by("-month").first()


def _locked(report: ProgressReport) -> ProgressReport:
    """The report's row under a lock: reports of one project are written one at a time."""
    rows = ProgressReport.objects.select_for_update(of=("self",))
    return rows.select_related("project__season", "project__lead_secretary", "saved_by__person").get(pk=report.pk)


def _refuse_month(project: Project, month: date) -> None:
    if message := why_not_reportable(project, month):
        raise ActionError(message, code="month", fields={"month": [message]})


def _cannot_edit(report: ProgressReport, by: Actor) -> ActionError:
    if by.user is not None and rules.can_draft_report(by.user, report.project):
        return Conflict(f"这份月报“{report.get_state_display()}”，现在不能修改。", code="not_editable")
    return Forbidden("只有本项目的领题书记和牵头党组织的党务干事可以填写月报。")


def _save_lines(report: ProgressReport, lines: Sequence[LineInput]) -> None:
    rows = {row.milestone_id: row for row in report.lines.all()}
    errors: dict[str, list[str]] = {}
    for line in lines:
        row, key = rows.get(line.milestone_id), f"line:{line.milestone_id}"
        if row is None:
            errors[key] = ["这个里程碑不在本项目的计划里。"]
            continue
        row.percent = line.percent
        row.evidence = row.evidence if line.evidence is None else clean_text(line.evidence)
        row.fall_reason = row.fall_reason if line.fall_reason is None else clean_text(line.fall_reason)
        if not 0 <= row.percent <= 100:
            errors[key] = [f"完成比例应在 0 至 100 之间，填写的是 {row.percent}。"]
        elif len(row.evidence) > EVIDENCE_LIMIT:
            errors[key] = [f"佐证最多 {EVIDENCE_LIMIT} 字。"]
        elif len(row.fall_reason) > FALL_REASON_LIMIT:
            errors[key] = [f"下调原因最多 {FALL_REASON_LIMIT} 字。"]
    if errors:
        raise ActionError("里程碑进度有误，请按提示修改。", fields=errors)
    ReportLine.objects.bulk_update(rows.values(), ["percent", "evidence", "fall_reason"])


def _save_texts(report: ProgressReport, texts: Mapping[str, str]) -> None:
    errors = {}
    for name in TEXTS:
        if name in texts:
            text = clean_text(texts[name])
            if len(text) > TEXT_LIMIT:
                errors[name] = [f"最多 {TEXT_LIMIT} 字，现在是 {len(text)} 字。"]
            setattr(report, name, text)
    if errors:
        raise ActionError("文字过长，请按提示修改。", fields=errors)


def _refuse_incomplete(report: ProgressReport) -> None:
    errors: dict[str, list[str]] = {}
    if not report.done:
        errors["done"] = ["请填写做法。"]
    earlier, has_photo = earlier_percents(report), report.photos.exists()
    for line in report.lines.select_related("milestone"):
        was = earlier.get(line.milestone_id, 0)
        if line.percent < was and not line.fall_reason:
            errors[f"line:{line.milestone_id}"] = [f"比已确认的 {was}% 低，请写明下调原因。"]
        elif line.percent == 100 and was < 100 and not line.evidence and not has_photo:
            errors[f"line:{line.milestone_id}"] = ["报 100% 要有佐证：写一句说明，或上传照片。"]
    if errors:
        raise ActionError("月报还不完整，请按提示补充。", code="incomplete", fields=errors)


def _in_time(report: ProgressReport) -> bool:
    """Sent by the due day, or sent again within the grace after a return of one that was in time."""
    today = days.today()
    if today <= due_day(report.month, rules_of(report.project.season)):
        return True
    last = report.state_changes.filter(to_state=State.RETURNED).order_by("-id").first()
    grace = timedelta(days=report.project.season.returned_grace_days)
    return bool(last and last.in_time and today <= last.on + grace)


def _was_in_time(report: ProgressReport) -> bool:
    sent = report.state_changes.filter(to_state=State.SUBMITTED).order_by("-id").first()
    return bool(sent and sent.in_time)


def _step(
    report: ProgressReport, to: str, by: Actor, *, reason: str = "", in_time: bool = False, **values: Any
) -> bool:
    before = report.state
    moved = move(
        report,
        to,
        table=REPORT_STEPS,
        history=ReportStateChange,
        parent="report",
        by=by,
        reason=reason,
        history_values={"in_time": in_time},
        **values,
    )
    if moved:
        audit.record(
            by=by,
            action=f"projects.report.{to}",
            obj=report,
            before={"state": before},
            after={"state": to, "reason": reason},
        )
    return moved


def _content(report: ProgressReport) -> dict[str, object]:
    return {
        **{name: getattr(report, name) for name in TEXTS},
        "lines": {
            str(line.milestone_id): [line.percent, line.evidence, line.fall_reason]
            for line in ReportLine.objects.filter(report=report)
        },
    }


def _notify(report: ProgressReport, kind: str, to: Iterable[User], title: str, body: str = "", url: str = "") -> None:
    """One notice a step: sent again after a return, even unchanged, the report is told of again."""
    notices.send(
        kind=kind,
        obj=report,
        period=f"{report.month:%Y-%m}:{report.state_changes.count()}",
        recipients=to,
        title=title,
        body=body,
        url=url or reverse("projects:report", args=[report.project.code, f"{report.month:%Y-%m}"]),
    )


def _notify_lead(report: ProgressReport, kind: str, title: str) -> None:
    _notify(report, kind, people.accounts_of([report.project.lead_secretary_id]), title)


def _authors(report: ProgressReport) -> Iterable[User]:
    lead = people.accounts_of([report.project.lead_secretary_id])
    return [*lead, *people.clerks_of(report.project.lead_organization_id)]
