"""What waits for a person around projects: applications, reviews, plan changes, closings; constant in queries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.urls import reverse

from common import days
from evaluation.appraisal import candidates
from organizations.access import access_of
from organizations.models import Organization
from portal.workspace.todo import LIMIT, Todo
from projects import applications, leads, plan_changes
from projects.models import Application, Closing, PlanChange, Project, Reopening, Review, Screening, Season
from projects.models.projects import authored_by, led_by
from projects.states import WRITABLE

State = Project.State
CLOSE_BEFORE = timedelta(days=30)


def project_todos(user: Any) -> list[Todo]:
    """All of it, in no order."""
    access = access_of(user)
    found = _reviews(user)
    if access.secretary_of or access.clerk_of:
        found += [*_openings(user), *_applications(user), *_closings(user)]
    if access.is_officer:
        me = access.person_id  # nobody decides on a project of one's own
        found += [*_prechecks(me), *_boards(me), *_changes(me), *_closing_checks(me), *_archives(me), *_orphans()]
    return found


def _openings(user: Any) -> list[Todo]:
    """Seasons that take applications from an organization of mine that has none there yet, late ones included."""
    access, today = access_of(user), days.today()
    own = {ref.id for ref in (*access.secretary_of, *access.clerk_of)}
    organizations = list(Organization.objects.standing().filter(pk__in=own))
    granted = Reopening.objects.filter(organization__in=own, until__gte=today).order_by("until")
    late = {(season, place): until for season, place, until in granted.values_list("season", "organization", "until")}
    open_now = Q(apply_from__lte=today, apply_until__gte=today) | Q(pk__in={season for season, _ in late})
    seasons = list(Season.objects.filter(open_now).prefetch_related("tracks__kinds"))
    rows = Project.objects.filter(season__in=seasons, lead_organization__in=own).exclude(state__in=applications.GONE)
    taken = set(rows.values_list("season", "lead_organization"))
    return [
        Todo(
            title=f"{season.name}申报已开始",
            about=organization.name,
            action="申报",
            url=reverse("projects:apply"),
            icon="pencil",
            due=late.get((season.pk, organization.pk)) or season.apply_until,
        )
        for season in seasons
        for organization in organizations
        if (season.pk, organization.pk) not in taken
        and any(track.admits(organization) for track in season.tracks.all())
        and (season.takes_applications(today) or (season.pk, organization.pk) in late)
    ]


def _applications(user: Any) -> list[Todo]:
    mine = authored_by(user, "project__") & (led_by(user, "project__") | Q(with_secretary=False))
    rows = Application.objects.filter(mine, project__state__in=WRITABLE).select_related("project__season")
    words = {
        State.DRAFT: ("申报书：继续填写", "继续", "edit"),
        State.RETURNED_REVISE: ("申报书退回，请修改并答复意见", "修改", "arrow-back-up"),
        State.RETURNED_REDRAFT: ("申报书退回，请重新拟写", "修改", "arrow-back-up"),
    }
    found = []
    for row in rows:
        title, action, icon = words[State(row.project.state)]
        if row.with_secretary:
            title, action, icon = "申报书：干事已提交，请审定报送", "审定", "user-check"
        found.append(
            Todo(
                title=title,
                about=row.project.title,
                action=action,
                url=reverse("projects:application", args=[row.project.code]),
                icon=icon,
                due=row.project.season.apply_until if row.project.state == State.DRAFT else None,
            )
        )
    return found


def _closings(user: Any) -> list[Todo]:
    """My projects that end soon or have ended and are still running."""
    soon = days.today() + CLOSE_BEFORE
    rows = Project.objects.filter(authored_by(user), state=State.RUNNING, ends_on__lte=soon).select_related("closing")
    return [
        Todo(
            title=_closing_words(project),
            about=project.title,
            action="填写",
            url=reverse("projects:closing", args=[project.code]),
            icon="flag",
            due=project.ends_on,
        )
        for project in rows.order_by("ends_on", "pk")[:LIMIT]
    ]


def _closing_words(project: Project) -> str:
    closing: Closing | None = getattr(project, "closing", None)
    if closing is not None and closing.returned_at is not None:
        return "结项报告退回，请修改"
    return "已到期：请报送结项报告" if project.ends_on < days.today() else "即将到期：请报送结项报告"


def _reviews(user: Any) -> list[Todo]:
    rows = Review.objects.of_reviewer(user).filter(sent_at=None, screening__decision="")
    return [
        Todo(
            title="评审申报书",
            about=review.screening.project.title,
            action="评审",
            url=reverse("projects:review", args=[review.pk]),
            icon="clipboard-check",
            note=f"{days.day_of(review.assigned_at):%-m月%-d日}指派",
        )
        for review in rows.select_related("screening__project").order_by("assigned_at", "pk")[:LIMIT]
    ]


def _prechecks(me: int | None) -> list[Todo]:
    rows = Project.objects.filter(state=State.SUBMITTED, application__isnull=False).exclude(lead_secretary=me)
    rows = rows.select_related("lead_organization")
    return [
        Todo(
            title="申报书：待预审",
            about=project.title,
            action="预审",
            url=reverse("projects:screening", args=[project.code]),
            icon="clipboard-check",
            note=f"{project.lead_organization.name}申报",
        )
        for project in rows.order_by("pk")[:LIMIT]
    ]


def _boards(me: int | None) -> list[Todo]:
    """Rounds whose reviews are all in."""
    undecided = Screening.objects.filter(decision="", project__state=State.IN_REVIEW)
    rows = undecided.exclude(project__lead_secretary=me).annotate(
        asked=Count("reviews"), sent=Count("reviews", filter=Q(reviews__sent_at__isnull=False))
    )
    ready = rows.filter(Q(asked=F("sent"))).select_related("project__lead_organization")
    return [
        Todo(
            title="评审完成：待决定",
            about=row.project.title,
            action="决定",
            url=reverse("projects:screening", args=[row.project.code]),
            icon="clipboard-check",
            note=row.project.lead_organization.name,
        )
        for row in ready.order_by("pk")[:LIMIT]
    ]


def _changes(me: int | None) -> list[Todo]:
    rows = PlanChange.objects.filter(state=PlanChange.State.REQUESTED).exclude(project__lead_secretary=me)
    rows = rows.select_related("project__lead_organization")
    return [
        Todo(
            title="延期：待审批" if change.new_end else "计划变更：待审批",
            about=change.project.title,
            action="审批",
            url=plan_changes.address(change),
            icon="git-compare",
            note=f"{change.project.lead_organization.name}申请",
        )
        for change in rows.order_by("pk")[:LIMIT]
    ]


def _closing_checks(me: int | None) -> list[Todo]:
    rows = Closing.objects.filter(project__state=State.CLOSING).exclude(project__lead_secretary=me)
    rows = rows.select_related("project__lead_organization")
    return [
        Todo(
            title="结项：待核验",
            about=closing.project.title,
            action="核验",
            url=reverse("projects:closing", args=[closing.project.code]),
            icon="flag",
            note=f"{closing.project.lead_organization.name}申请",
        )
        for closing in rows.order_by("submitted_at", "pk")[:LIMIT]
    ]


def _archives(me: int | None) -> list[Todo]:
    rows = Project.objects.filter(state__in=[State.COMPLETED, State.TERMINATED, State.WITHDRAWN]).in_library()
    rows = rows.exclude(lead_secretary=me).exclude(pk__in=candidates.standing().values("project"))
    return [
        Todo(
            title="已办结：待归档",
            about=project.title,
            action="归档",
            url=reverse("workspace:project", args=[project.code]),
            icon="books",
        )
        for project in rows.order_by("pk")[:LIMIT]
    ]


def _orphans() -> list[Todo]:
    known = Q(application__isnull=False) | Q(archive_number__isnull=False)
    rows = leads.without_secretary(days.today()).filter(known)
    return [
        Todo(
            title="领题书记已不在任，请变更",
            about=project.title,
            action="变更",
            url=reverse("workspace:project", args=[project.code]),
            icon="user",
        )
        for project in rows[:LIMIT]
    ]
