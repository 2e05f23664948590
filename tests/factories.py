"""Rows for tests, made straight in the database: no rule is asked and no audit entry is written.

Weights are integers of 0.01 percentage point, as in the models; people are named by their post.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import count, pairwise
from types import SimpleNamespace
from typing import Any

from django.db.models import Max

from common import days
from organizations.models import Appointment, Organization, Person, RoleGrant, User
from projects.models import (
    LeadTerm,
    Milestone,
    Plan,
    PlanItem,
    ProgressReport,
    Project,
    ProjectStateChange,
    ReportLine,
    ReportStateChange,
    Season,
    Track,
    TrackKind,
)

PASSWORD = "Red-Matrix-2026"
LONG_AGO = date(2020, 1, 1)
FULL = 10000  # 100.00 percent
NUMBERED = ("approved", "running", "suspended", "closing", "completed", "archived")
POSTS = {
    "secretary": ("示例一街道书记", "street", "secretary"),
    "clerk": ("示例一街道党务干事", "street", "clerk"),
    "branchsec": ("示例第一党支部书记", "branch", "secretary"),
    "outsider": ("示例二街道书记", "other_street", "secretary"),
}
ROLES = {
    "officer": ("组织部工作人员", "department_officer"),
    "leader": ("区领导", "district_leader"),
    "evaladmin": ("年度评选管理员", "evaluation_administrator"),
    "scrutineer": ("监票人", "scrutineer"),
    "auditor": ("审计员", "auditor"),
    "sysadmin": ("系统管理员", "system_administrator"),
}
# (title, weight, start, due)
Item = tuple[str, int, date, date]
_numbers = count(1)


def make_person(name: str = "") -> Person:
    return Person.objects.create(name=name or f"示例人员{next(_numbers)}")


def make_user(
    person: Person | str | None = None, password: str = PASSWORD, *, username: str = "", **fields: Any
) -> User:
    """An account that need not change its password; `person` may be the name of a new person."""
    if not isinstance(person, Person):
        person = make_person(person or "")
    fields.setdefault("must_change_password", False)
    return User.objects.create_user(username or f"user{next(_numbers)}", password, person=person, **fields)


def make_org(
    parent: Organization | None = None,
    kind: str = "working_committee",
    name: str = "",
    sector: str = "",
    **fields: Any,
) -> Organization:
    values = {"kind": kind, "name": name or f"示例党组织{next(_numbers)}", "sector": sector, **fields}
    if parent is None:
        return Organization.objects.add_root(values)
    return Organization.objects.add_child(Organization.objects.get(pk=parent.pk), values)


def appoint(
    person: Person | User,
    org: Organization,
    post: str = "secretary",
    since: date = LONG_AGO,
    until: date | None = None,
) -> Appointment:
    person = person.person if isinstance(person, User) else person
    return Appointment.objects.create(person=person, organization=org, post=post, since=since, until=until)


def grant(
    person: Person | User,
    role: str,
    org: Organization | None = None,
    since: date = LONG_AGO,
    until: date | None = None,
) -> RoleGrant:
    person = person.person if isinstance(person, User) else person
    return RoleGrant.objects.create(person=person, role=role, organization=org, since=since, until=until)


def make_district() -> SimpleNamespace:
    """区委 over a department and two streets; below the first street a community committee and its branch."""
    root = make_org(None, "district_committee", "示例区委", "agency")
    street = make_org(root, "working_committee", "示例一街道党工委", "street")
    other_street = make_org(root, "working_committee", "示例二街道党工委", "street")
    community = make_org(street, "committee", "示例社区党委", "community")
    return SimpleNamespace(
        root=root,
        department=make_org(root, "department", "示例区委组织部", "agency"),
        street=street,
        community=community,
        branch=make_org(community, "branch", "示例社区第一党支部", "community"),
        other_street=other_street,
        other_community=make_org(other_street, "committee", "示例二社区党委", "community"),
    )


def make_cast(district: SimpleNamespace) -> SimpleNamespace:
    """One account for each role, named by it; `PASSWORD` opens all."""
    people = SimpleNamespace()
    for username, (name, place, post) in POSTS.items():
        user = make_user(name, username=username)
        appoint(user, getattr(district, place), post)
        setattr(people, username, user)
    for username, (name, role) in ROLES.items():
        user = make_user(name, username=username)
        grant(user, role)
        setattr(people, username, user)
    return people


def make_season(starts_on: date = date(2026, 1, 1), months: int = 12, **settings: Any) -> Season:
    number = next(_numbers)
    values = {"code": f"season-{number}", "name": f"{starts_on.year}年度（示例）", **settings}
    ends_on = days.add_months(starts_on, months) - timedelta(days=1)
    return Season.objects.create(starts_on=starts_on, ends_on=ends_on, **values)


def make_track(
    season: Season | None = None,
    name: str = "党（工）委赛道",
    kinds: Sequence[str] = ("working_committee", "committee"),
    **fields: Any,
) -> Track:
    """A track that admits these kinds of organization, of any sector."""
    values = {
        "code": f"track-{next(_numbers)}",
        "award_title": "十佳书记项目",
        "method": "综合票决",
        **fields,
    }
    track = Track.objects.create(season=season or make_season(), name=name, **values)
    TrackKind.objects.bulk_create(TrackKind(track=track, kind=kind) for kind in kinds)
    return track


def make_plan(
    project: Project,
    items: Sequence[Item],
    *,
    effective_from: date | None = None,
    frozen: bool = True,
    milestones: Mapping[str, Milestone] | None = None,
) -> Plan:
    """The next plan version; a title that is known (or in `milestones`) keeps its milestone."""
    known = {m.title: m for m in project.milestones.all()} | dict(milestones or {})
    day = effective_from or project.starts_on
    plan = Plan.objects.create(project=project, version=project.plans.count() + 1, effective_from=day)
    for position, (title, weight, start, due) in enumerate(items, start=1):
        milestone = known.get(title) or Milestone.objects.create(project=project, title=title, position=position)
        PlanItem.objects.create(plan=plan, milestone=milestone, weight=weight, start=start, due=due)
    if frozen:
        plan.weight_total, plan.frozen_on = sum(weight for _, weight, _, _ in items), day
        plan.save(update_fields=["weight_total", "frozen_on"])
    return plan


def make_project(
    org: Organization,
    secretary: Person | User,
    *,
    track: Track | None = None,
    state: str = "running",
    milestones: Sequence[Item] | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    **fields: Any,
) -> Project:
    """A project in `state` since its first day, with its history, lead term and a frozen plan.

    Without `milestones`: two halves of its time, 60 and 40 percent; `[]` leaves out the plan.
    """
    person = secretary.person if isinstance(secretary, User) else secretary
    track = track or make_track()
    starts_on, ends_on = starts_on or track.season.starts_on, ends_on or track.season.ends_on
    if state in NUMBERED:
        fields = _numbered(track, starts_on) | fields
    project = Project.objects.create(
        season=track.season,
        track=track,
        title=fields.pop("title", f"示例项目{next(_numbers)}"),
        lead_organization=org,
        lead_secretary=person,
        state=state,
        starts_on=starts_on,
        ends_on=ends_on,
        **fields,
    )
    LeadTerm.objects.create(project=project, person=person, since=starts_on)
    _project_history(project, state, starts_on)
    if milestones is None:
        half = starts_on + (ends_on - starts_on) / 2
        milestones = [("建阵地", 6000, starts_on, half), ("见成效", 4000, half + timedelta(days=1), ends_on)]
    if milestones:
        make_plan(project, milestones)
    return project


def make_report(
    project: Project,
    month: date,
    percents: Mapping[str, int] | Sequence[int] = (),
    *,
    state: str = "confirmed",
    submitted_on: date | None = None,
    decided_on: date | None = None,
    in_time: bool = True,
    **texts: str,
) -> ProgressReport:
    """A report in `state` with the history that leads there.

    `percents` by milestone title, or in the milestones' order; sent on the month's last day by default,
    decided (confirmed or returned) the day after.
    """
    submitted_on = submitted_on or days.month_end(month)
    decided_on = decided_on or submitted_on + timedelta(days=1)
    titles = [m.title for m in project.milestones.all()]
    by_title = dict(percents) if isinstance(percents, Mapping) else dict(zip(titles, percents, strict=False))
    report = ProgressReport.objects.create(
        project=project,
        month=month,
        state=state,
        confirmed_on=decided_on if state == "confirmed" else None,
        submitted_at=_noon(submitted_on) if state in ("submitted", "returned", "confirmed") else None,
        **{"done": "开展了示例工作。", **texts},
    )
    ReportLine.objects.bulk_create(
        ReportLine(report=report, milestone=m, percent=by_title.get(m.title, 0)) for m in project.milestones.all()
    )
    _report_history(report, state, submitted_on, decided_on, in_time)
    return report


def _numbered(track: Track, approved_on: date) -> dict[str, Any]:
    """The next archive number of the track."""
    track.last_number = (track.projects.aggregate(last=Max("archive_sequence"))["last"] or 0) + 1
    track.save(update_fields=["last_number"])
    number = f"YH-{track.pk}-{track.last_number:03}"
    return {"archive_number": number, "archive_sequence": track.last_number, "approved_on": approved_on}


def _project_history(project: Project, state: str, on: date) -> None:
    steps = ["draft"]
    if state not in ("draft", "submitted"):
        steps += ["submitted", "in_review", "approved"]
    if state not in steps:
        steps += ["running"] if state not in ("running", "submitted") else []
        steps.append(state)
    for before, after in pairwise(steps):
        ProjectStateChange.objects.create(
            project=project, from_state=before, to_state=after, at=_noon(on), on=on, by=None
        )


def _report_history(report: ProgressReport, state: str, submitted_on: date, decided_on: date, in_time: bool) -> None:
    steps = {
        "draft": [],
        "handed_over": [("draft", "handed_over", submitted_on)],
        "submitted": [("draft", "submitted", submitted_on)],
    }.get(state, [("draft", "submitted", submitted_on), ("submitted", state, decided_on)])
    for before, after, on in steps:
        ReportStateChange.objects.create(
            report=report,
            from_state=before,
            to_state=after,
            at=_noon(on),
            on=on,
            by=None,
            in_time=in_time and after != "handed_over",
        )


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), days.SHANGHAI)
