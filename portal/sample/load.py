"""Loading the sample year: in one transaction, so that a killed load leaves nothing behind."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from brands.loading import load_brands
from common import calendar, days
from common.actors import Actor
from common.models import Notice
from common.working_days import known_years
from evaluation.tracking import checks, liaison
from evaluation.tracking.models import LiaisonCase
from organizations.models import User
from portal.sample import applications, closings, last_year, open_vote, organizations, people, projects, reports
from projects.models import ProgressReport, Project

BY = Actor.system("load_sample")
APPOINTED = timedelta(days=400)
VISITS = (
    ("on_site", "实地查看进展，滞后的是跨部门事项。（示例）", "由组织部协调一次调度会。（示例）"),
    ("call", "电话了解，已完成分工，正在补进度。（示例）", ""),
    ("meeting", "会商明确了时间表和责任人。（示例）", "下月底前补齐里程碑。（示例）"),
)


def is_loaded() -> bool:
    """Whether a sample project is there already."""
    return Project.objects.filter(is_sample=True).exists()


@transaction.atomic
def load(today: date) -> int:
    """The whole sample year up to `today`; how many projects were made. Nothing is done a second time."""
    if is_loaded():
        return 0
    load_calendar(today)
    tree = organizations.create(BY)
    load_brands(by=BY)
    season = projects.create_season(today)
    cast = people.Cast(tree, season.starts_on - APPOINTED, BY)
    made = projects.create_projects(season, tree, cast, BY)
    reports.write(made, cast, today)
    close_early(made, cast)
    _check(season.starts_on, today)
    _visit(cast.accounts["officer"], today)
    _close_recovered(cast, today)
    coming = applications.create_coming_season(season, cast, today, BY)
    applications.apply(coming, tree, cast, today)
    applications.change_and_close(made, cast, today)
    last, former = last_year.create_last_season(season, tree, cast, BY)
    last_year.vote(last, cast)
    open_vote.create(season, cast, today)
    _read_old_notices()
    return len(made) + len(former)


def load_calendar(today: date) -> None:
    """The holidays of the years around today, as far as the calendar library knows them."""
    for year in range(today.year - 1, today.year + 2):
        rows = calendar.proposed_days(year)
        if rows and year not in known_years():
            calendar.load_year(year=year, rows=rows, source=calendar.PREFILL_SOURCE.format(year=year), by=BY)


def close_early(made: dict[Project, projects.Spec], cast: people.Cast) -> None:
    """The small ones that were done early; a project that is closed has no light any more."""
    for project, spec in made.items():
        if spec.story == "early":
            with days.pretend(project.ends_on + timedelta(days=8)):
                closings.ask(project, cast.secretary_of(spec.place))
            with days.pretend(project.ends_on + timedelta(days=12)):
                closings.accept(project, "excellent" if project.pk % 2 else "qualified", cast.accounts["officer"])


def _check(first: date, today: date) -> None:
    """Every night's check, each on the morning after its day."""
    day = first
    while day < today:
        if day.day == 1:
            _count_rows()
        with days.pretend(day + timedelta(days=1)):
            checks.run(day, BY)
        day += timedelta(days=1)


def _count_rows() -> None:
    """Let PostgreSQL know how full the tables are: nobody else does within this one long transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _visit(officer: User, today: date) -> None:
    """Contacts with the projects behind: some in good time, some overdue, with the newest none yet."""
    cases = list(LiaisonCase.objects.open().select_related("contact__user").order_by("opened_on", "id"))
    for turn, case in enumerate(cases[:-1]):
        by = Actor.person(case.contact.user if case.contact else officer, "sample")
        stop = today - timedelta(days=16 if turn % 4 == 0 else 2)
        day = case.opened_on + timedelta(days=6)
        visits = 0
        while day <= stop:
            method, findings, agreed = VISITS[(turn + visits) % len(VISITS)]
            with days.pretend(day):
                liaison.record_visit(case=case, on=day, method=method, findings=findings, agreed=agreed, by=by)
            day, visits = day + timedelta(days=case.interval_days - 1), visits + 1


def _close_recovered(cast: people.Cast, today: date) -> None:
    """Whoever caught up is let go; the latest one still waits for the department."""
    officer = Actor.person(cast.accounts["officer"], "sample")
    cases = LiaisonCase.objects.open().select_related("project__season").order_by("opened_on", "id")
    recovered = [case for case in cases if not liaison.why_not_closable(case)]
    for case in recovered[:-1]:
        with days.pretend(today - timedelta(days=2)):
            liaison.close_case(case=case, note="已连续两次达到序时进度，关闭联系。（示例）", by=officer)


def _read_old_notices() -> None:
    """What is settled is not news: only notices of open reports and open cases stay unread."""
    state = ProgressReport.State
    reports_open = ProgressReport.objects.filter(state__in=[state.SUBMITTED, state.RETURNED, state.HANDED_OVER])
    cases = LiaisonCase.objects.open()
    news = Q(object_id__in=[str(pk) for pk in reports_open.values_list("pk", flat=True)])
    news |= Q(object_id__in=[str(pk) for pk in cases.filter(visits=None).values_list("pk", flat=True)])
    Notice.objects.exclude(news).update(read_at=timezone.now())
