"""What waits for a person (待办), by due day; constant in queries however many projects there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse

from common import days
from evaluation.appraisal import electors
from evaluation.tracking.models import LiaisonCase
from organizations.access import access_of
from projects.earned_value import due_day
from projects.facts import rules_of
from projects.models import ProgressReport, Project
from projects.models.projects import authored_by
from projects.report_pages import address, month_words
from projects.states import TRACKED

State = ProgressReport.State
LIMIT = 30


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do: what, about which project, until when, where."""

    title: str
    about: str
    action: str
    url: str
    icon: str
    due: date | None = None
    note: str = ""


def todos(user: Any) -> list[Todo]:
    """What waits of reports and liaison, and the votes to cast by account, in no order."""
    return [*_reports(user), *_decisions(user), *_visits(user), *_ballots(user)]


def by_due_day(found: Iterable[Todo]) -> list[Todo]:
    """The most urgent first, what has no day last."""
    return sorted(found, key=lambda todo: todo.due or date.max)


def own_projects(user: Any) -> Any:
    """The projects for which the person writes reports: led, or as the lead organization's clerk."""
    return Project.objects.filter(authored_by(user), state__in=TRACKED).select_related("season", "lead_organization")


def _reports(user: Any) -> list[Todo]:
    access, today = access_of(user), days.today()
    projects = list(own_projects(user))
    reports: dict[int, dict[date, ProgressReport]] = {}
    for report in ProgressReport.objects.filter(project__in=projects).select_related("project"):
        reports.setdefault(report.project_id, {})[report.month] = report
    found = []
    for project in projects:
        leads = project.lead_secretary_id == access.person_id
        for month, written in open_months(project, reports.get(project.pk, {}), today):
            if todo := _report_todo(project, month, written, leads):
                found.append(todo)
    return found


def _ballots(user: Any) -> list[Todo]:
    """Open votes of an account that has not voted; gone once it has, without a word of when."""
    return [
        Todo(
            title="请投票",
            about=campaign.title,
            action="投票",
            url=reverse("appraisal:vote_account", args=[campaign.code]),
            icon="checkbox",
            due=days.day_of(campaign.closes_at - timedelta(seconds=1)) if campaign.closes_at else None,
        )
        for campaign in electors.ballots_waiting(user)
    ]


def open_months(
    project: Project, reports: dict[date, ProgressReport], today: date
) -> list[tuple[date, ProgressReport | None]]:
    """Finished months after the latest sent one, and every draft that was begun or returned."""
    sent = [m for m, r in reports.items() if r.state in (State.SUBMITTED, State.CONFIRMED)]
    last = max(sent, default=date.min)
    until = min(days.add_months(days.month_start(today), -1), project.ends_on)
    finished = days.months_between(project.starts_on, until) if until >= project.starts_on else []
    begun = [m for m, r in reports.items() if r.state in (State.DRAFT, State.HANDED_OVER, State.RETURNED)]
    wanted = {month for month in finished if month > last and month not in sent} | set(begun)
    return [(month, reports.get(month)) for month in sorted(wanted)]


def _report_todo(project: Project, month: date, report: ProgressReport | None, leads: bool) -> Todo | None:
    state = report.state if report else None
    words, action, icon = {
        None: ("填写", "填写", "edit"),
        State.DRAFT: ("继续填写", "继续", "edit"),
        State.RETURNED: ("组织部退回，请修改", "修改", "arrow-back-up"),
        State.HANDED_OVER: ("干事已提交，请审定报送", "审定", "user-check"),
    }.get(State(state) if state else None, ("", "", ""))
    if not words or (state == State.HANDED_OVER and not leads):
        return None
    url = address(report) if report else reverse("projects:report", args=[project.code, f"{month:%Y-%m}"])
    return Todo(
        title=f"{month_words(month)}：{words}",
        about=project.title,
        action=action,
        url=url,
        icon=icon,
        due=due_day(month, rules_of(project.season)),
    )


def _decisions(user: Any) -> list[Todo]:
    if not access_of(user).is_officer:
        return []
    waiting = ProgressReport.objects.waiting_for_department().select_related("project__lead_organization")
    return [
        Todo(
            title=f"{month_words(report.month)}：待确认",
            about=report.project.title,
            action="审阅",
            url=address(report),
            icon="inbox",
            due=days.day_of(report.submitted_at) if report.submitted_at else None,
            note=f"{report.project.lead_organization.name}报送",
        )
        for report in waiting[:LIMIT]
    ]


def _visits(user: Any) -> list[Todo]:
    """Contacts that are due within three days: one's own, and for the department those without a contact."""
    access = access_of(user)
    if access.person_id is None:
        return []
    mine = Q(contact=access.person_id) | (Q(contact=None) if access.is_officer else Q(pk__in=[]))
    soon = days.today() + timedelta(days=3)
    cases = LiaisonCase.objects.open().filter(mine, next_visit_on__lte=soon).select_related("project", "contact")
    return [
        Todo(
            title="联系滞后项目" if case.contact_id else "滞后项目还没有联系人",
            about=case.project.title,
            action="记录" if case.contact_id else "指定",
            url=reverse("tracking:case", args=[case.pk]),
            icon="phone" if case.contact_id else "user",
            due=case.next_visit_on,
        )
        for case in cases.order_by("next_visit_on", "id")[:LIMIT]
    ]
