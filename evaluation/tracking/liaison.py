"""Liaison (联系机制): a case for each project behind its plan, visits, and closing by the rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import takewhile

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from evaluation.tracking import rules
from evaluation.tracking.models import LiaisonCase, LiaisonVisit, ScheduleCheck
from organizations import people
from organizations.models import Person, User
from projects.lights import reason_words
from projects.models import Project
from projects.models.projects import BEHIND, Light

TEXT_LIMIT = 2000


def follow(*, day: date, by: Actor) -> None:
    """Open cases for what is behind on `day`, and keep the open ones' light; safe to repeat.

    What a case that was closed after `day` has settled is not opened again by a repeated or late run.
    """
    behind = ScheduleCheck.objects.filter(day=day, light__in=BEHIND).select_related("project__season")
    settled = LiaisonCase.objects.filter(Q(closed_on=None) | Q(closed_on__gt=day)).values("project")
    for check in behind.exclude(project__in=settled).iterator(chunk_size=500):
        _open(check, by)
    _carry_lights()


@transaction.atomic
def record_visit(
    *, case: LiaisonCase, on: date, method: str, findings: str, agreed: str = "", by: Actor
) -> LiaisonVisit:
    """Log a contact with the project; the next is due an interval later. Raises ActionError by field."""
    case = LiaisonCase.objects.select_for_update().get(pk=case.pk)
    if by.user is None or not rules.can_visit(by.user, case):
        raise Forbidden("由联系人或组织部工作人员记录联系情况。")
    if case.closed_on is not None:
        raise Conflict("联系已经关闭，不能再记录。", code="closed")
    errors: dict[str, list[str]] = {}
    if on > days.today():
        errors["on"] = ["联系日期不能晚于今天。"]
    elif on < case.opened_on:
        errors["on"] = [f"联系日期不能早于建立日期 {case.opened_on}。"]
    if method not in LiaisonVisit.Method:
        errors["method"] = ["请选择联系方式。"]
    if not (findings := clean_text(findings)):
        errors["findings"] = ["请写明了解到的情况。"]
    for name, text in (("findings", findings), ("agreed", agreed)):
        if len(text) > TEXT_LIMIT:
            errors[name] = [f"最多 {TEXT_LIMIT} 字，现在是 {len(text)} 字。"]
    if errors:
        raise ActionError("联系记录不完整，请按提示修改。", fields=errors)
    visit = LiaisonVisit.objects.create(
        case=case, on=on, method=method, findings=findings, agreed=clean_text(agreed), by=by.user
    )
    case.next_visit_on = max(case.next_visit_on, on + timedelta(days=case.interval_days))
    case.save(update_fields=["next_visit_on"])
    audit.record(by=by, action="tracking.liaison.visited", obj=case, after={"on": on.isoformat()})
    return visit


@transaction.atomic
def assign_contact(*, case: LiaisonCase, person: Person, by: Actor) -> LiaisonCase:
    """Name the contact officer; a project cannot be its own contact."""
    case = LiaisonCase.objects.select_for_update(of=("self",)).select_related("project").get(pk=case.pk)
    if by.user is None or not rules.can_manage_case(by.user, case):
        raise Forbidden("由组织部指定联系人。")
    if case.closed_on is not None:
        raise Conflict("联系已经关闭，不能再指定联系人。", code="closed")
    if person.pk == case.contact_id:
        return case
    if person.pk == case.project.lead_secretary_id:
        message = "联系人不能是领题书记本人。"
        raise ActionError(message, fields={"contact": [message]})
    before, case.contact = str(case.contact or ""), person
    case.save(update_fields=["contact"])
    entry = audit.record(
        by=by,
        action="tracking.liaison.contact_assigned",
        obj=case,
        before={"contact": before},
        after={"contact": person.name},
    )
    # The entry's number: whoever is named again later is told again.
    _notify(case, "liaison_assigned", people.accounts_of([person.pk]), f"请联系：{case.project.title}", str(entry.pk))
    return case


@transaction.atomic
def close_case(*, case: LiaisonCase, note: str, by: Actor) -> LiaisonCase:
    """Close after the season's number of consecutive green readings, with the officer's note."""
    rows = LiaisonCase.objects.select_for_update(of=("self",))
    case = rows.select_related("project__season").get(pk=case.pk)
    if by.user is None or not rules.can_manage_case(by.user, case):
        raise Forbidden("由组织部工作人员关闭联系。")
    if case.closed_on is not None:
        return case
    note = clean_text(note)
    if not note:
        message = "请写明关闭的情况说明。"
        raise ActionError(message, fields={"note": [message]})
    if reason := why_not_closable(case):
        raise Conflict(reason, code="not_recovered")
    case.closed_on, case.closing_note = days.today(), note
    case.save(update_fields=["closed_on", "closing_note"])
    audit.record(by=by, action="tracking.liaison.closed", obj=case, after={"note": note})
    return case


def why_not_closable(case: LiaisonCase) -> str:
    """Why the case may not be closed yet, in words; empty if it may.

    A reading is the first snapshot of a new status date after the opening; the last so many must be green.
    """
    needed = case.project.season.liaison_green_readings
    green = green_readings(case)
    if green >= needed:
        return ""
    return f"需要连续 {needed} 次绿灯才能关闭，目前连续 {green} 次。"


def readings(case: LiaisonCase) -> list[ScheduleCheck]:
    """The first snapshot of each new status date since the opening, oldest first; the first one opened the case."""
    found: list[ScheduleCheck] = []
    for check in ScheduleCheck.objects.filter(project=case.project_id, day__gte=case.opened_on).order_by("day"):
        if not found or check.status_date != found[-1].status_date:
            found.append(check)
    return found


def green_readings(case: LiaisonCase) -> int:
    """How many of the latest readings after the opening are green without a break."""
    later = reversed(readings(case)[1:])
    return len(list(takewhile(lambda check: check.light == Light.GREEN, later)))


def _open(check: ScheduleCheck, by: Actor) -> None:
    project, season, light = check.project, check.project.season, str(check.light)
    case, created = LiaisonCase.objects.get_or_create(
        project=project,
        closed_on=None,
        defaults={
            "opened_on": check.day,
            "opened_light": light,
            "light": light,
            "contact_id": project.contact_id,
            "interval_days": season.liaison_interval_days,
            "next_visit_on": check.day + timedelta(days=season.liaison_interval_days),
        },
    )
    if not created:
        return
    audit.record(by=by, action="tracking.liaison.opened", obj=case, after={"light": light})
    body = f"{check.day} 快照：{reason_words(check.reason, check.schedule_variance)}。"
    involved = [pk for pk in (project.contact_id, project.lead_secretary_id) if pk is not None]
    recipients = [*people.accounts_of(involved), *people.officers()]
    _notify(case, "liaison_opened", recipients, f"建立联系机制：{project.title}", body=body)


def _carry_lights() -> None:
    """The light that each project carries; one that is not compared (suspended, closed) leaves the last."""
    carried = Project.objects.filter(pk=OuterRef("project")).values("light")
    LiaisonCase.objects.open().exclude(project__light=None).update(light=Subquery(carried))


def _notify(
    case: LiaisonCase, kind: str, recipients: Iterable[User], title: str, period: str = "", body: str = ""
) -> None:
    url = reverse("tracking:case", args=[case.pk])
    notices.send(kind=kind, obj=case, period=period, recipients=recipients, title=title, body=body, url=url)
