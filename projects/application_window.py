"""When and in which tracks an organization may apply: the season's window, and what was granted to one (个别开放)."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Max, QuerySet
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Forbidden
from organizations import people
from organizations.models import Organization
from projects import rules
from projects.models import Application, Project, Reopening, Season, Track

REMIND_BEFORE = timedelta(days=3)


def admitting(season: Season, organization: Organization) -> QuerySet[Track]:
    """The tracks of the season that admit this kind of organization."""
    return Track.objects.filter(season=season).admitting(organization)


def deadline(season: Season, organization: Organization) -> date | None:
    """The last day on which this organization may apply: the season's, or a later one granted to it."""
    granted = Reopening.objects.filter(season=season, organization=organization).aggregate(last=Max("until"))["last"]
    known = [day for day in (season.apply_until, granted) if day]
    return max(known) if known else None


def why_closed(season: Season, organization: Organization) -> str:
    """Why the organization cannot apply today, in words; empty if it can."""
    today, last = days.today(), deadline(season, organization)
    if last is None:
        return f"{season.name}还没有开始申报。"
    if season.apply_from and today < season.apply_from:
        return f"{season.name}的申报从 {season.apply_from} 开始。"
    if today > last:
        return f"申报已于 {last} 24 时截止。确需补报的，请联系区委组织部开放。"
    return ""


@transaction.atomic
def reopen_organization(
    *, season: Season, organization: Organization, until: date, reason: str, by: Actor
) -> Reopening:
    """Let one organization apply after the deadline. Raises ActionError by field."""
    if by.user is None or not rules.can_manage_seasons(by.user):
        raise Forbidden("由区委组织部开放。")
    errors = {}
    if not admitting(season, organization).exists():
        errors["organization"] = ["本年度没有接受这类党组织的赛道。"]
    if until < days.today():
        errors["until"] = ["开放日期不能早于今天。"]
    if not reason.strip():
        errors["reason"] = ["请写明开放的原因。"]
    if errors:
        raise ActionError("还不能开放，请按提示修改。", fields=errors)
    row = Reopening.objects.create(
        season=season, organization=organization, until=until, reason=reason.strip(), by=by.user
    )
    audit.record(
        by=by,
        action="projects.season.reopened",
        obj=season,
        after={"organization": organization.name, "until": until.isoformat(), "reason": row.reason},
    )
    secretary = people.secretary_of(organization.pk)
    notices.send(
        kind="application_reopened",
        obj=row,
        period="",
        recipients=people.authors_of(organization.pk, secretary.pk if secretary else 0),
        title=f"已为贵组织开放申报至 {until}",
        body=row.reason,
        url=reverse("projects:apply"),
    )
    return row


def remind(day: date) -> int:
    """Remind whoever has an unsent draft, REMIND_BEFORE days before its deadline; how many drafts. Safe to run again.

    The notice's key holds the deadline, so a later one that is granted reminds anew.
    """
    drafts = Application.objects.filter(project__state=Project.State.DRAFT, project__season__ends_on__gte=day)
    reminded = 0
    for application in drafts.select_related("project__season", "project__lead_organization").iterator():
        project = application.project
        last = deadline(project.season, project.lead_organization)
        if last is None or not timedelta(0) <= last - day <= REMIND_BEFORE:
            continue
        notices.send(
            kind="application_due",
            obj=project,
            period=last.isoformat(),
            recipients=people.authors_of(project.lead_organization_id, project.lead_secretary_id),
            title=f"申报将于 {last} 截止，还没有报送：{project}",
            url=reverse("projects:application", args=[project.code]),
        )
        reminded += 1
    return reminded
