"""Applications (申报): the clerk drafts, the secretary sends; locked after the deadline unless reopened.

Errors name the field that they speak of (`projects.application_fields`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from brands.models import Brand
from common import audit, days, files, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.models import StoredFile
from organizations import people
from organizations.models import Organization, User
from projects import actions, plans, rules
from projects import application_fields as fields
from projects.application_window import admitting, why_closed
from projects.models import (
    Application,
    ApplicationVersion,
    Attachment,
    ExpectedFigure,
    Project,
    Season,
    TeamMember,
)
from projects.states import WRITABLE

State = Project.State
STUDY_RECORD_LIMIT = 6
GONE = (State.WITHDRAWN, State.REJECTED)


@transaction.atomic
def open_application(
    *, season: Season, organization: Organization, by: Actor, continues: Project | None = None
) -> Application:
    """A new draft for the organization, filled in from the project that it continues, if any.

    Raises Forbidden, or ActionError while applications are closed, no track admits the organization, it has no
    secretary, or already applies where one project each is the rule.
    """
    if by.user is None or not rules.can_apply_for(by.user, organization.pk):
        raise Forbidden("由本党组织的书记或党务干事申报。")
    if message := why_closed(season, organization):
        raise ActionError(message, code="closed", fields={"season": [message]})
    organization = Organization.objects.select_for_update().get(pk=organization.pk)
    _refuse_second(season, organization)
    if continues is not None and continues not in continuable(season, organization):
        raise ActionError("这个项目不能延续。", fields={"continues": ["只能延续本党组织往年立项、尚未延续的项目。"]})
    track = admitting(season, organization).first()
    if track is None:
        raise ActionError(f"{season.name}没有接受这类党组织（{organization.get_kind_display()}）的赛道。")
    secretary = people.secretary_of(organization.pk)
    if secretary is None:
        raise ActionError("本党组织现在没有在任书记，不能申报；请先由组织部维护任职。", code="no_secretary")
    project = actions.create_project(
        track=track,
        lead_organization=organization,
        lead_secretary=secretary,
        by=by,
        title=f"{organization.label}书记项目",
        starts_on=season.starts_on,
        ends_on=season.ends_on,
        continues=continues,
    )
    return Application.objects.create(project=project, content=_prefilled(project, continues), saved_by=by.user)


@transaction.atomic
def save_application(
    *, application: Application, content: Mapping[str, Any], revision: int | None, by: Actor
) -> Application:
    """Save the draft as it is, complete or not; fields that `content` leaves out stay.

    `revision` is the one that the person's page was made from. Raises Conflict (`stale_draft`) if somebody saved
    meanwhile, or if it can no longer be edited, and Forbidden.
    """
    application = _locked(application)
    _refuse_edit(application, by)
    if revision is not None and revision != application.revision:
        when = application.saved_at.astimezone(days.SHANGHAI)
        raise Conflict(
            f"{application.saved_by or '另一处'}已在 {when:%H:%M} 保存过这份申报书。"
            "您填写的内容还在本页，请核对后再保存。",
            code="stale_draft",
        )
    before = application.content
    application.content = fields.tidy(content, before)
    application.revision += 1
    application.saved_by, application.saved_at = by.user, days.now()
    application.save(update_fields=["content", "revision", "saved_by", "saved_at"])
    _follow(application)
    changed = {name: value for name, value in application.content.items() if before.get(name) != value}
    audit.record(
        by=by,
        action="projects.application.saved",
        obj=application.project,
        before={name: before.get(name) for name in changed},
        after=changed,
    )
    return application


@transaction.atomic
def hand_over(*, application: Application, by: Actor) -> Application:
    """The clerk gives the draft to the secretary."""
    application = _locked(application)
    project = application.project
    if by.user is None or not rules.is_clerk(by.user, project):
        raise Forbidden("由牵头党组织的党务干事提交书记审定。")
    if application.with_secretary:
        return application
    _refuse_edit(application, by)
    _set_with_secretary(application, True, by)
    _notify(project, "application_handed_over", people.accounts_of([project.lead_secretary_id]), "请审定申报书")
    return application


@transaction.atomic
def give_back(*, application: Application, by: Actor, reason: str = "") -> Application:
    """The secretary gives the draft back to the clerk."""
    application = _locked(application)
    project = application.project
    if by.user is None or not rules.is_lead_secretary(by.user, project):
        raise Forbidden("由领题书记退给党务干事修改。")
    if not application.with_secretary:
        return application
    _set_with_secretary(application, False, by)
    clerks = people.clerks_of(project.lead_organization_id)
    _notify(project, "application_given_back", clerks, "书记退回修改申报书", reason)
    return application


@transaction.atomic
def submit_application(*, application: Application, by: Actor) -> ApplicationVersion:
    """The lead secretary sends the application; what was sent is kept word for word as a version.

    Raises Forbidden, Conflict, or ActionError naming everything that is missing or wrong.
    """
    application = _locked(application)
    project = application.project
    if by.user is None or not rules.is_lead_secretary(by.user, project):
        raise Forbidden("申报书由领题书记本人报送，党务干事请“提交书记审定”。")
    if project.state == State.SUBMITTED:
        return project.versions.order_by("-number")[0]
    _refuse_edit(application, by)
    parsed = fields.read(application.content, project.season)
    errors = parsed.errors | _incomplete(application)
    if errors:
        raise ActionError("申报书还不完整，请按提示补充。", code="incomplete", fields=errors)
    organization = Organization.objects.select_for_update().get(pk=project.lead_organization_id)
    _refuse_second(project.season, organization, but=project)
    _follow(application)
    _write_rows(project, parsed, by)
    version = ApplicationVersion.objects.create(
        project=project,
        number=project.versions.count() + 1,
        content={**application.content, "study_record": _study_record(project)},
        submitted_by=by.user,
        submitted_at=days.now(),
    )
    actions.change_state(project=project, to=State.SUBMITTED, by=by)
    if application.with_secretary:
        _set_with_secretary(application, False, by)
    title = f"新申报：{project}" if version.number == 1 else f"修改后再报：{project}"
    notices.send(
        kind="application_submitted",
        obj=project,
        period=str(version.number),
        recipients=people.officers(),
        title=title,
        url=reverse("projects:screening", args=[project.code]),
    )
    return version


@transaction.atomic
def withdraw_application(*, application: Application, reason: str, by: Actor) -> Project:
    """The secretary takes the application back for good; possible until it is in review."""
    application = _locked(application)
    return actions.change_state(project=application.project, to=State.WITHDRAWN, by=by, reason=reason)


@transaction.atomic
def attach_study_record(*, application: Application, file: UploadedFile, by: Actor) -> Attachment:
    """Add the record of the collective study (集体研究记录). Raises ActionError under `study_record`."""
    application = _locked(application)
    _refuse_edit(application, by)
    project = application.project
    purpose = Attachment.Purpose.STUDY_RECORD
    if project.attachments.filter(purpose=purpose).count() >= STUDY_RECORD_LIMIT:
        message = f"集体研究记录最多 {STUDY_RECORD_LIMIT} 个文件。"
        raise ActionError(message, fields={"study_record": [message]})
    stored = files.receive_file(file=file, by=by, field="study_record")
    attachment = Attachment.objects.create(project=project, purpose=purpose, file=stored)
    audit.record(by=by, action="projects.application.file_added", obj=project, after=_about(stored))
    return attachment


@transaction.atomic
def remove_study_record(*, attachment: Attachment, by: Actor) -> None:
    """Take a file out of a draft. Raises Conflict for one that was sent with a version."""
    application = _locked(attachment.project.application)
    _refuse_edit(application, by)
    stored = attachment.file
    if application.project.versions.filter(submitted_at__gte=stored.uploaded_at).exists():
        raise Conflict("这个文件已随申报书报送，不能删除；可以另外补充。", code="sent_file")
    audit.record(by=by, action="projects.application.file_removed", obj=application.project, before=_about(stored))
    attachment.delete()
    files.remove_file(stored)


@transaction.atomic
def adopt(*, project: Project, by: Actor) -> Application:
    """The application of a draft whose columns were written otherwise (an import); what it alone holds stays."""
    content = {
        **{name: getattr(project, name) for name in ("title", "field", "tier", *fields.TEXTS)},
        "track": project.track.code,
        "starts_on": str(project.starts_on),
        "ends_on": str(project.ends_on),
        "brands": list(project.brands.values_list("code", flat=True)),
    }
    application, created = Application.objects.get_or_create(
        project=project, defaults={"content": fields.tidy(content), "saved_by": by.user}
    )
    if not created:
        application.content = fields.tidy(content, application.content)
        application.revision += 1  # whoever has the page open is told
        application.saved_by, application.saved_at = by.user, days.now()
        application.save(update_fields=["content", "revision", "saved_by", "saved_at"])
    return application


def continuable(season: Season, organization: Organization) -> QuerySet[Project]:
    """Projects of earlier seasons that this organization may carry on in `season` (延续), latest first."""
    rows = Project.objects.in_library().filter(lead_organization=organization, season__starts_on__lt=season.starts_on)
    carried = Project.objects.filter(season=season).exclude(state__in=GONE).exclude(continues=None)
    rows = rows.exclude(state__in=[State.TERMINATED, State.WITHDRAWN]).exclude(pk__in=carried.values("continues"))
    return rows.order_by("-season__starts_on", "-id")


def _refuse_second(season: Season, organization: Organization, but: Project | None = None) -> None:
    if not season.one_project_per_organization:
        return
    others = Project.objects.filter(season=season, lead_organization=organization).exclude(state__in=GONE)
    if but is not None:
        others = others.exclude(pk=but.pk)
    if other := others.first():
        message = f"{season.name}每个党组织限报一个项目，贵组织已有“{other}”。"
        raise Conflict(message, code="one_each", fields={"season": [message]})


def _locked(application: Application) -> Application:
    """The application under its project's lock: everything that moves a project takes that one first."""
    Project.objects.select_for_update().get(pk=application.project_id)
    rows = Application.objects.select_related("project__season", "project__track", "project__lead_organization")
    return rows.select_related("project__lead_secretary", "saved_by__person").get(pk=application.pk)


def _refuse_edit(application: Application, by: Actor) -> None:
    project = application.project
    if by.user is None or not rules.can_draft_report(by.user, project):
        raise Forbidden("只有本项目的领题书记和牵头党组织的党务干事可以填写申报书。")
    if project.state not in WRITABLE:
        raise Conflict(f"申报书“{project.get_state_display()}”，现在不能修改。", code="not_editable")
    if not rules.can_edit_application(by.user, application):
        raise Conflict("申报书已提交书记审定，由书记修改或退回。", code="not_editable")
    # What the department itself sent back may come again after the deadline.
    if project.state == State.DRAFT and (message := why_closed(project.season, project.lead_organization)):
        raise Conflict(message, code="closed")


def _incomplete(application: Application) -> dict[str, list[str]]:
    """What the draft's text cannot tell: the file, the track, unanswered comments."""
    project, errors = application.project, {}
    if not project.attachments.filter(purpose=Attachment.Purpose.STUDY_RECORD).exists():
        errors["study_record"] = ["请上传集体研究记录。"]
    code = application.content.get("track", "")
    if not admitting(project.season, project.lead_organization).filter(code=code).exists():
        errors["track"] = ["请选择接受本党组织申报的赛道。"]
    open_comments = project.application_comments.exclude(released_at=None).filter(answer="")
    for name in open_comments.values_list("field", flat=True):
        errors.setdefault(name or "comments", []).append("这里的意见还没有答复。")
    return errors


def _follow(application: Application) -> None:
    """Let the project's columns follow what can be read of the draft; the rest of them stays."""
    project, content = application.project, application.content
    parsed = fields.read(content, project.season)
    if parsed.texts["title"] and "title" not in parsed.errors:
        project.title = parsed.texts["title"]
    for name in (*fields.TEXTS, "field", "tier"):
        if name not in parsed.errors or not parsed.texts[name]:
            setattr(project, name, parsed.texts[name])
    if parsed.starts_on and parsed.ends_on and not parsed.errors.keys() & {"starts_on", "ends_on"}:
        project.starts_on, project.ends_on = parsed.starts_on, parsed.ends_on
    admitted = admitting(project.season, project.lead_organization)
    project.track = admitted.filter(code=content.get("track", "")).first() or project.track
    project.save(update_fields=["title", *fields.TEXTS, "field", "tier", "starts_on", "ends_on", "track"])
    project.brands.set(Brand.objects.filter(code__in=parsed.brands))


def _write_rows(project: Project, parsed: fields.Parsed, by: Actor) -> None:
    project.team.all().delete()
    TeamMember.objects.bulk_create(
        TeamMember(project=project, position=turn, **row) for turn, row in enumerate(parsed.team, start=1)
    )
    project.expected_figures.all().delete()
    ExpectedFigure.objects.bulk_create(
        ExpectedFigure(project=project, name=f.name, value=f.value, qualifier=f.qualifier, unit=f.unit, position=turn)
        for turn, f in enumerate(parsed.figures, start=1)
    )
    plans.replace_draft(project=project, items=parsed.milestones, by=by)


def _prefilled(project: Project, continues: Project | None) -> fields.Content:
    """A first draft: what is known of the organization's track, and last year's words where it goes on."""
    content: fields.Content = {"track": project.track.code, "starts_on": str(project.starts_on)}
    content["ends_on"] = str(project.ends_on)
    if continues is None:
        return fields.tidy({**content, "milestones": [], "team": [], "figures": []})
    texts = {name: getattr(continues, name) for name in ("title", "field", "tier", *fields.TEXTS)}
    team = list(continues.team.values("name", "post", "duty"))
    figures = [
        {"name": f.name, "amount": f.text.removesuffix(f.unit), "unit": f.unit}
        for f in continues.expected_figures.all()
    ]
    brands = list(continues.brands.values_list("code", flat=True))
    return fields.tidy({**content, **texts, "team": team, "figures": figures, "brands": brands, "milestones": []})


def _study_record(project: Project) -> list[dict[str, str]]:
    rows = project.attachments.filter(purpose=Attachment.Purpose.STUDY_RECORD).select_related("file")
    return [_about(row.file) for row in rows]


def _about(stored: StoredFile) -> dict[str, str]:
    return {"name": stored.original_name, "sha256": stored.sha256}


def _set_with_secretary(application: Application, value: bool, by: Actor) -> None:
    application.with_secretary = value
    application.save(update_fields=["with_secretary"])
    step = "handed_over" if value else "taken_from_secretary"
    audit.record(by=by, action=f"projects.application.{step}", obj=application.project)


def _notify(project: Project, kind: str, to: Iterable[User], title: str, body: str = "") -> None:
    notices.send(
        kind=kind,
        obj=project,
        period=days.now().isoformat(timespec="seconds"),
        recipients=to,
        title=f"{title}：{project}",
        body=body,
        url=reverse("projects:application", args=[project.code]),
    )
