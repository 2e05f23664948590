"""Pages of the season set-up: a wizard of five steps that can be visited again, and the call for applications."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from common.pages import show_error
from common.text import clean_text
from common.working_days import MissingCalendar
from organizations.models import Person
from projects import application_window, rules, season_checks, seasons
from projects.models import Announcement, Review, Season
from projects.season_checks import Check
from projects.season_forms import (
    AnnouncementForm,
    CriteriaForm,
    NewSeasonForm,
    ReopenForm,
    RulesForm,
    TracksForm,
    next_season,
    reviewer_choices,
)
from projects.season_rows import KINDS, SECTORS, kind_lines

STEPS = (
    ("rules", "规则", "projects:season_rules"),
    ("tracks", "赛道", "projects:season_tracks"),
    ("criteria", "评审标准", "projects:season_criteria"),
    ("reviewers", "评审人库", "projects:season_reviewers"),
    ("announcement", "申报通知", "projects:season_announcement"),
)
SAVED = "已保存。"
HEADING = re.compile("[一二三四五六七八九十]+、[^。；]{1,30}")  # a line of its own


@require_GET
def seasons_list(request: HttpRequest) -> HttpResponse:
    _officer(request)
    rows = Season.objects.prefetch_related("tracks").select_related("announcement")
    return render(request, "projects/seasons.html", {"seasons": rows, "crumbs": _crumbs()})


@require_http_methods(["GET", "POST"])
def season_new(request: HttpRequest) -> HttpResponse:
    _officer(request)
    latest = Season.objects.order_by("-starts_on").first()
    form = NewSeasonForm(_typed(request), initial=next_season(latest))
    if form.is_valid():
        try:
            made = seasons.copy_season(**form.cleaned_data, by=Actor.from_request(request))
            return redirect("projects:season_rules", made.code)
        except ActionError as error:
            add_action_error(form, error)
    context = {"form": form, "crumbs": _crumbs("新的年度"), "title": "新的年度"}
    return render(request, "projects/season_new.html", context, status=400 if form.errors else 200)


@require_GET
def season(request: HttpRequest, code: str) -> HttpResponse:
    """What is set, what is missing, and who may still apply."""
    found = _season(request, code)
    return render(request, "projects/season.html", _overview(found, ReopenForm(season=found)))


@require_POST
def reopen(request: HttpRequest, code: str) -> HttpResponse:
    """Let one organization apply after the deadline."""
    found = _season(request, code)
    form = ReopenForm(request.POST, season=found)
    if form.is_valid():
        try:
            row = application_window.reopen_organization(
                season=found, **form.cleaned_data, by=Actor.from_request(request)
            )
            messages.success(request, f"已为“{row.organization}”开放至 {row.until}。")
            return redirect("projects:season", found.code)
        except ActionError as error:
            add_action_error(form, error)
    return render(request, "projects/season.html", _overview(found, form), status=400)


@require_http_methods(["GET", "POST"])
def season_rules(request: HttpRequest, code: str) -> HttpResponse:
    found = _season(request, code)
    form = RulesForm(_typed(request), initial={name: getattr(found, name) for name in seasons.RULES})
    calendar_year = None
    if form.is_valid():
        try:
            seasons.save_rules(season=found, values=form.cleaned_data, by=Actor.from_request(request))
            return _go_on(request, found, "rules")
        except ActionError as error:
            add_action_error(form, error)
            if isinstance(error.__cause__, MissingCalendar):
                calendar_year = error.__cause__.year
    issued = Announcement.objects.filter(season=found).exclude(issued_on=None).exists()
    return _step(request, found, "rules", form, calendar_year=calendar_year, issued=issued)


@require_http_methods(["GET", "POST"])
def season_tracks(request: HttpRequest, code: str) -> HttpResponse:
    found = _season(request, code)
    rows = TracksForm.posted(request.POST) if request.method == "POST" else TracksForm.of(found)
    form = TracksForm(rows, found)
    if request.method == "POST":
        try:
            inputs, wrong = TracksForm.inputs(rows)
            if wrong:
                raise ActionError("准入的党组织有误，请按提示修改。", fields=wrong)
            seasons.set_tracks(season=found, rows=inputs, by=Actor.from_request(request))
            return _go_on(request, found, "tracks")
        except ActionError as error:
            add_action_error(form, error)
    return _step(request, found, "tracks", form, kinds=list(KINDS), sectors=list(SECTORS))


@require_http_methods(["GET", "POST"])
def season_criteria(request: HttpRequest, code: str) -> HttpResponse:
    found = _season(request, code)
    rows = CriteriaForm.posted(request.POST) if request.method == "POST" else CriteriaForm.of(found)
    form = CriteriaForm(rows)
    if request.method == "POST":
        try:
            seasons.set_criteria(season=found, rows=CriteriaForm.inputs(rows), by=Actor.from_request(request))
            return _go_on(request, found, "criteria")
        except ActionError as error:
            add_action_error(form, error)
    scored = Review.objects.filter(screening__project__season=found).sent().exists()
    return _step(request, found, "criteria", form, scored=scored)


@require_http_methods(["GET", "POST"])
def season_reviewers(request: HttpRequest, code: str) -> HttpResponse:
    """The pool; looking for somebody (`do=find`) saves nothing and keeps what is ticked."""
    found = _season(request, code)
    search = clean_text(request.POST.get("q", ""))[:50]
    picked = set(found.reviewers.values_list("person", flat=True))
    status = 200
    if request.method == "POST":
        picked = {int(key) for key in request.POST.getlist("person") if key.isdecimal() and len(key) < 19}
        if request.POST.get("do") != "find":
            try:
                persons = Person.objects.filter(pk__in=picked)
                seasons.set_reviewers(season=found, persons=persons, by=Actor.from_request(request))
                return _go_on(request, found, "reviewers")
            except ActionError as error:
                show_error(request, error)
                status = error.status
    choices = reviewer_choices(found, picked, search)
    return _step(request, found, "reviewers", None, status, choices=choices, search=search)


@require_http_methods(["GET", "POST"])
def season_announcement(request: HttpRequest, code: str) -> HttpResponse:
    """Write and issue the call; `do=refill` shows the text of today's rules and saves nothing."""
    found = _season(request, code)
    row = Announcement.objects.filter(season=found).first()
    if row is not None and row.issued_on:
        return redirect("projects:announcement", found.code)
    texts, do = seasons.announcement_text(found), request.POST.get("do", "")
    kept = {name: getattr(row, name) for name in texts} if row and do != "refill" else texts
    form = AnnouncementForm(None if do == "refill" else _typed(request), initial=kept)
    if form.is_valid():
        by = Actor.from_request(request)
        try:
            seasons.write_announcement(season=found, values=form.cleaned_data, by=by)
            if do == "issue":
                seasons.issue_announcement(season=found, by=by)
                messages.success(request, "已印发，各有关党组织会收到通知。")
                return redirect("projects:announcement", found.code)
            messages.success(request, SAVED)
            return redirect("projects:season", found.code)
        except ActionError as error:
            add_action_error(form, error)
    unsaid = season_checks.unsaid(found, form["body"].value() or "")
    return _step(request, found, "announcement", form, missing=season_checks.missing(found), unsaid=unsaid)


@require_GET
def announcement(request: HttpRequest, code: str) -> HttpResponse:
    """The call for applications, for everybody logged in once it was issued."""
    row = get_object_or_404(Announcement.objects.select_related("season"), season__code=code)
    may_manage = rules.can_manage_seasons(request.user)  # type: ignore[arg-type]
    if row.issued_on is None and not may_manage:
        raise Http404
    context = {
        "row": row,
        "lines": [(text, bool(HEADING.fullmatch(text))) for text in row.body.splitlines() if text.strip()],
        "export_params": {"season": row.season.code},
        "crumbs": _crumbs(row.season.name, reverse("projects:season", args=[row.season.code]), "申报通知")
        if may_manage
        else [("我的工作台", reverse("workspace:desk")), ("申报通知", "")],
    }
    return render(request, "projects/announcement.html", context)


def _typed(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _officer(request: HttpRequest) -> None:
    if not rules.can_manage_seasons(request.user):  # type: ignore[arg-type]
        raise Http404


def _season(request: HttpRequest, code: str) -> Season:
    _officer(request)
    return get_object_or_404(Season, code=code)


def _overview(found: Season, form: ReopenForm) -> dict[str, Any]:
    checks = season_checks.checks(found)
    return {
        "season": found,
        "season_params": {"season": found.code},
        "tracks": [(track, kind_lines(track)) for track in found.tracks.prefetch_related("kinds")],
        "criteria": found.criteria.all(),
        "reviewers": found.reviewers.select_related("person"),
        "announcement": Announcement.objects.filter(season=found).first(),
        "checks": [(check, _address(found, check.step)) for check in checks],
        "reopenings": found.reopenings.select_related("organization", "by__person"),
        "form": form,
        "steps": _steps(found, "", checks),
        "title": found.name,
        "crumbs": _crumbs(found.name),
    }


def _go_on(request: HttpRequest, found: Season, step: str) -> HttpResponse:
    """To the wizard's next step; the last one goes elsewhere."""
    messages.success(request, SAVED)
    names = [name for name, _, _ in STEPS]
    return redirect(STEPS[names.index(step) + 1][2], found.code)


def _step(
    request: HttpRequest, found: Season, step: str, form: forms.Form | None, status: int = 200, **extra: Any
) -> HttpResponse:
    word = next(word for name, word, _ in STEPS if name == step)
    context = {
        "season": found,
        "form": form,
        "step": step,
        "steps": _steps(found, step, season_checks.checks(found)),
        "title": f"{found.name}：{word}",
        "crumbs": _crumbs(found.name, reverse("projects:season", args=[found.code]), word),
        **extra,
    }
    wrong = form is not None and form.errors
    return render(request, f"projects/season_{step}.html", context, status=400 if wrong else status)


def _steps(found: Season, current: str, checks: Iterable[Check]) -> list[dict[str, Any]]:
    undone = {check.step for check in checks if not check.done}
    return [
        {"label": word, "url": reverse(url, args=[found.code]), "now": name == current, "done": name not in undone}
        for name, word, url in STEPS
    ]


def _address(found: Season, step: str) -> str:
    """Where a line of the checklist is mended."""
    if step == "calendar":
        return reverse("common:calendar")
    return reverse(next(url for name, _, url in STEPS if name == step), args=[found.code])


def _crumbs(*last: str) -> list[tuple[str, str]]:
    """The desk, the seasons, then a label or (label, address, label)."""
    start = [("我的工作台", reverse("workspace:desk")), ("年度设置", reverse("projects:seasons") if last else "")]
    if len(last) == 3:
        return [*start, (last[0], last[1]), (last[2], "")]
    return [*start, *((label, "") for label in last)]
