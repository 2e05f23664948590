"""The workbench: my desk as a to-do list, a project's page, the year board."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from brands.models import Field
from common import days
from common.pages import page_of
from evaluation.tracking.models import LiaisonCase
from organizations.access import access_of
from portal.workspace import strips
from portal.workspace.todo import by_due_day, open_months, own_projects, todos
from portal.workspace.todo_outcome import outcome_todos
from portal.workspace.todo_projects import project_todos
from portal.workspace.todo_votes import vote_todos
from projects import archiving, rules
from projects import earned_value as ev
from projects.course_pages import course_panel
from projects.facts import curve_of, facts_of
from projects.filters import ProjectFilter
from projects.forms import ContactForm
from projects.lights import reason_words
from projects.models import Project, Season
from projects.models.projects import Light
from projects.plans import plan_in_force
from projects.states import TRACKED

FURTHEST = 5
LIGHT_WORDS = [(light.value, str(light.label)) for light in (Light.RED, Light.YELLOW, Light.GREY, Light.GREEN)]


@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """What waits for me first, then my projects with their lights; for readers of all, who is furthest behind."""
    access = access_of(request.user)
    season = Season.objects.latest_started(days.today())
    projects: list[Project] = []
    if season:
        mine = own_projects(request.user) if not access.reads_everything else Project.objects.none()
        projects = list(mine.filter(season=season).order_by("title", "id"))
    months = strips.months_of(season) if season else []
    context = {
        "todos": by_due_day(
            todo for waits in (todos, project_todos, vote_todos, outcome_todos) for todo in waits(request.user)
        ),
        "rows": strips.rows(projects, months) if projects else [],
        "furthest_behind": strips.rows(_furthest_behind(season), months) if access.reads_everything else [],
        "counts": _counts(request.user, season) if access.reads_projects else None,
        "season": season,
        "has_content": access.reads_projects,
    }
    return render(request, "workspace/desk.html", context)


class BoardForm(forms.Form):
    """The year board's filter bar."""

    search = forms.CharField(label="搜索", required=False, max_length=60)
    light = forms.ChoiceField(label="亮灯", required=False, choices=[("", "全部"), *LIGHT_WORDS])
    field = forms.ChoiceField(label="领域", required=False, choices=[("", "全部"), *Field.choices])
    track = forms.ChoiceField(label="赛道", required=False)
    season = forms.ChoiceField(label="年度", required=False)

    def __init__(self, *args: Any, season: Season | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["search"].widget = forms.TextInput(attrs={"type": "search", "placeholder": "项目、党组织"})
        tracks = season.tracks.values_list("code", "name") if season else []
        for name, choices in (
            ("track", [("", "全部"), *tracks]),
            ("season", Season.objects.values_list("code", "name")),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Projects × months as lights, for whoever has projects in scope."""
    access = access_of(request.user)
    if not access.reads_projects:
        raise Http404
    asked = request.GET.get("season", "")
    season = Season.objects.filter(code=asked).first() if asked else None
    season = season or Season.objects.latest_started(days.today())
    rows = Project.objects.visible_to(request.user).in_library().filter(season=season)
    rows = rows.select_related("lead_organization", "lead_secretary", "season")
    found = ProjectFilter(request.GET, queryset=rows).qs.order_by("lead_organization__path", "title", "id")
    page = page_of(request, found)
    months = strips.months_of(season) if season else []
    given = request.GET.copy()
    given.setdefault("season", season.code if season else "")
    context = {
        "form": BoardForm(given, season=season),
        "page": page,
        "months": months,
        "now": days.month_start(days.today()),
        "rows": strips.rows(page.object_list, months),
        "counts": _counts(request.user, season),
        "season": season,
        "export_params": {name: given[name] for name in ProjectFilter.base_filters if given.get(name)},
    }
    return render(request, "workspace/board.html", context)


@require_GET
def project(request: HttpRequest, code: str) -> HttpResponse:
    """All about a project for whoever has it in scope: standing, curve, plan, reports, liaison."""
    rows = Project.objects.visible_to(request.user).select_related(
        "season", "track", "lead_organization", "lead_secretary", "contact", "application"
    )
    found = get_object_or_404(rows.prefetch_related("brands", "lead_terms__person"), code=code)
    facts = facts_of(found)
    plan = plan_in_force(found, days.today())
    percents = ev.latest_confirmed(facts, days.today())
    reports = list(found.reports.order_by("-month"))
    waiting = open_months(found, {report.month: report for report in reports}, days.today())
    context = {
        "project": found,
        "reason": reason_words(found.light_reason, found.schedule_variance),
        "live": (live := ev.standing(facts, days.today())),
        "live_reason": reason_words(live.reason, live.schedule_variance),
        "spi": ev.spi(found.planned_value, found.earned_value),
        "curve": curve_of(facts),
        "today": days.today(),
        "items": [
            {"item": item, "percent": percents.get(item.milestone_id, 0)}
            for item in (plan.items.select_related("milestone") if plan else [])
        ],
        "plan": plan,
        "row": strips.rows([found], strips.months_of(found.season))[0],
        "reports": reports,
        "course": (course := course_panel(request.user, found)),
        "papers": {"params": {"project": found.code}, "has_closing": course["closing"] is not None},
        "archive": archiving.offer(request.user, found),
        "cases": LiaisonCase.objects.filter(project=found).select_related("contact"),
        "contact_form": (
            ContactForm(project=found, initial={"contact": found.contact_id})
            if rules.can_manage_project(request.user, found)  # type: ignore[arg-type]
            else None
        ),
        "may_report": found.state in TRACKED and rules.can_draft_report(request.user, found),  # type: ignore[arg-type]
        "report_month": waiting[0][0] if waiting else days.month_start(days.today()),
        "crumbs": [("我的工作台", reverse("workspace:desk")), (found.title, "")],
    }
    return render(request, "workspace/project.html", context)


def _furthest_behind(season: Season | None) -> list[Project]:
    """The few projects of the season that are furthest behind their plan."""
    behind = Project.objects.behind_schedule().filter(season=season).select_related("lead_organization")
    return list(behind.order_by("schedule_variance", "id")[:FURTHEST])


def _counts(user: Any, season: Season | None) -> dict[str, Any]:
    """How many projects in scope show which light, with addresses into the board."""
    rows = Project.objects.visible_to(user).in_library().filter(season=season)
    lights = {str(light): Count("pk", filter=Q(light=light)) for light in Light.values}
    counted = rows.aggregate(total=Count("pk"), **lights)
    address = reverse("workspace:board")
    return {
        "total": counted["total"],
        "url": address,
        "lights": [(light, word, counted[light], f"{address}?light={light}") for light, word in LIGHT_WORDS],
    }
