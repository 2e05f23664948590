"""Pages of the holiday tables: read by everybody logged in, loaded by whom the rule lets."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from common import calendar, days
from common.actors import Actor
from common.errors import ActionError
from common.forms import CleanCharField, add_action_error
from common.models import CalendarYear

# Addresses of other years lead nowhere.
YEARS = range(2000, 2100)
DESK = ("我的工作台", "workspace:desk")


class YearForm(forms.Form):
    """A year's table as lines of text; the field names are those of the action's errors."""

    source = CleanCharField(
        label="依据",
        max_length=calendar.SOURCE_LIMIT,
        help_text="国务院办公厅通知的名称和文号",
        error_messages={"required": "请写明依据，例如国务院办公厅通知的名称和文号。"},
    )
    lines = forms.CharField(
        label="放假和调休上班",
        help_text="一行一项，例如“10月1日至7日 国庆节 放假”“10月10日 调休上班”；也可以粘贴通知原文。",
        widget=forms.Textarea(attrs={"rows": 16}),
        error_messages={"required": "请至少写一个节假日。"},
    )


@require_GET
def years_page(request: HttpRequest) -> HttpResponse:
    """The years that are loaded, and which of this and the next one is missing."""
    known = list(CalendarYear.objects.select_related("loaded_by__person").prefetch_related("days"))
    this, have = days.today().year, {row.year for row in known}
    context = {
        "years": [{"row": row, **_counts(row)} for row in known],
        "missing": [year for year in (this, this + 1) if year not in have],
        "may_load": calendar.may_load(request.user),
        "crumbs": [(DESK[0], reverse(DESK[1])), ("节假日", "")],
    }
    return render(request, "common/calendar.html", context)


@require_http_methods(["GET", "POST"])
def year_page(request: HttpRequest, year: int) -> HttpResponse:
    """A year's days, and for whoever may load them the form; a year that is not loaded exists only for these."""
    may = calendar.may_load(request.user)
    found = CalendarYear.objects.select_related("loaded_by__person").prefetch_related("days").filter(pk=year).first()
    if year not in YEARS or (found is None and not may):
        raise Http404
    if request.method == "POST" and not may:
        raise PermissionDenied
    form = YearForm(request.POST or None, initial=_initial(year, found)) if may else None
    if form is not None and form.is_bound and _saved(request, year, form):
        return redirect("common:calendar_year", year)
    context = {
        "year": year,
        "title": f"{year}年节假日与调休",
        "found": found,
        "months": _months(calendar.rows_of(found)) if found else [],
        "form": form,
        "prefilled": found is None and bool(calendar.proposed_days(year)),
        "crumbs": [(DESK[0], reverse(DESK[1])), ("节假日", reverse("common:calendar")), (f"{year}年", "")],
    }
    return render(request, "common/calendar_year.html", context, status=400 if form and form.errors else 200)


def _saved(request: HttpRequest, year: int, form: YearForm) -> bool:
    if not form.is_valid():
        return False
    try:
        rows = calendar.parse_days(year, form.cleaned_data["lines"])
        source, by = form.cleaned_data["source"], Actor.from_request(request)
        calendar.load_year(year=year, rows=rows, source=source, by=by)
    except ActionError as error:
        add_action_error(form, error)
        return False
    messages.success(request, f"已保存 {year} 年的节假日安排。")
    return True


def _initial(year: int, found: CalendarYear | None) -> dict[str, Any]:
    """What is loaded, else what the calendar library knows."""
    rows = calendar.rows_of(found) if found else calendar.proposed_days(year)
    source = found.source if found else calendar.PREFILL_SOURCE.format(year=year) if rows else ""
    return {"source": source, "lines": calendar.lines_of(rows)}


def _counts(row: CalendarYear) -> dict[str, int]:
    kinds = [day.kind for day in row.days.all()]
    return {"holidays": kinds.count(calendar.Kind.HOLIDAY), "workdays": kinds.count(calendar.Kind.WORKDAY)}


def _months(rows: list[calendar.DayInput]) -> list[dict[str, Any]]:
    """The days by the month in which they begin, a holiday's days in one entry."""
    entries = [
        {
            "month": run[0].day.month,
            "span": calendar.span_words(run),
            "first": run[0].day,
            "last": run[-1].day if len(run) > 1 else None,
            "name": run[0].name,
            "days": len(run),
            "works": run[0].kind == calendar.Kind.WORKDAY,
        }
        for run in calendar.runs_of(rows)
    ]
    return [{"month": month, "entries": list(group)} for month, group in groupby(entries, key=lambda e: e["month"])]
