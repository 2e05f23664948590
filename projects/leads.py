"""A project's lead secretary changes in mid-year (换届、调任): the history is kept, drafts and duties pass on."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from organizations import people
from organizations.models import Appointment, Person
from projects import actions, rules
from projects.models import Application, Closing, LeadTerm, PlanChange, ProgressReport, Project

State = Project.State
OVER = (State.COMPLETED, State.TERMINATED, State.WITHDRAWN, State.REJECTED, State.ARCHIVED)
SECRETARY = Appointment.Post.SECRETARY
REASON_LIMIT = 200


@transaction.atomic
def change_lead(*, project: Project, person: Person, since: date, by: Actor, reason: str = "") -> Project:
    """Another secretary leads from `since`; the former term ends the day before and is kept.

    What lay with the former secretary (drafts to check, requests) lies with the new one, who is told what it is.
    Raises Forbidden, Conflict once the project is over, ActionError under `person`, `since` or `reason`.
    """
    project = Project.objects.select_for_update(of=("self",)).select_related("lead_secretary").get(pk=project.pk)
    if by.user is not None and not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    if person.pk == project.lead_secretary_id:
        return project
    if project.state in OVER:
        raise Conflict(f"项目“{project.get_state_display()}”，不再变更领题书记。", code="illegal_step")
    term, reason = project.lead_terms.select_for_update().get(until=None), clean_text(reason)
    _refuse_wrong(project, person, since, term, reason)
    term.until = since - timedelta(days=1)
    term.save(update_fields=["until"])
    LeadTerm.objects.create(project=project, person=person, since=since)
    former, project.lead_secretary = project.lead_secretary, person
    project.save(update_fields=["lead_secretary"])
    entry = audit.record(
        by=by,
        action="projects.project.lead_changed",
        obj=project,
        before={"lead_secretary": former.name},
        after={"lead_secretary": person.name, "since": since.isoformat(), "reason": reason},
    )
    title = f"领题书记由{former}变更为{person}：{project}"
    for to, body in (
        (people.accounts_of([person.pk]), "请接手：" + "、".join(duties(project))),
        ([*people.accounts_of([former.pk]), *people.clerks_of(project.lead_organization_id)], reason),
    ):
        notices.send(
            kind="project_lead_changed",
            obj=project,
            period=str(entry.pk),
            recipients=to,
            title=title,
            body=body,
            url=reverse("workspace:project", args=[project.code]),
        )
    return project


def duties(project: Project) -> list[str]:
    """What now lies with the project's secretary, in words."""
    if project.archive_number is None:
        found = ["申报"]
    else:
        found = ["等待核验的结项"] if project.state == State.CLOSING else ["按月报送进展"]
    if Application.objects.filter(project=project, with_secretary=True).exists():
        found.append("审定申报书")
    waiting = project.reports.filter(state=ProgressReport.State.HANDED_OVER).order_by("month")
    found += [f"审定{report.month:%Y年%-m月}月报" for report in waiting]
    returned = project.reports.filter(state=ProgressReport.State.RETURNED).order_by("month")
    found += [f"修改{report.month:%Y年%-m月}月报" for report in returned]
    if project.plan_changes.filter(state=PlanChange.State.REQUESTED).exists():
        found.append("等待审批的计划变更")
    if project.state == State.RUNNING and Closing.objects.filter(project=project).exists():
        found.append("审定结项报告")
    return found


def without_secretary(day: date) -> QuerySet[Project]:
    """Projects under way whose lead secretary holds no post as secretary on `day`: the department must act."""
    posts = Appointment.objects.filter(person=OuterRef("lead_secretary"), post=SECRETARY).in_force(day)
    return Project.objects.exclude(state__in=OVER).filter(~Exists(posts)).order_by("pk")


def successors(project: Project) -> QuerySet[Person]:
    """Who may lead the project: every secretary in office today, those of the lead organization first by name."""
    posts = Appointment.objects.filter(person=OuterRef("pk"), post=SECRETARY).in_force(days.today())
    own = posts.filter(organization=project.lead_organization_id)
    rows = Person.objects.filter(Exists(posts)).exclude(pk=project.lead_secretary_id)
    return rows.annotate(of_lead_organization=Exists(own)).order_by("-of_lead_organization", "name", "pk")


def _refuse_wrong(project: Project, person: Person, since: date, term: LeadTerm, reason: str) -> None:
    errors = {}
    if len(reason) > REASON_LIMIT:
        errors["reason"] = [f"最多 {REASON_LIMIT} 字。"]
    if person.pk == project.contact_id:
        errors["person"] = ["联系人不能兼任领题书记，请先另行指定联系人。"]
    elif not successors(project).filter(pk=person.pk).exists():
        errors["person"] = [f"{person}现在不任党组织书记，请先维护任职。"]
    if since <= term.since:
        errors["since"] = [f"应晚于前任的起始日期 {term.since}。"]
    elif since > days.today():
        errors["since"] = ["起始日期不能晚于今天；请到任当天再办理。"]
    if errors:
        raise ActionError(next(iter(errors.values()))[0], fields=errors)
