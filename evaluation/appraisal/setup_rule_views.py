"""Pages on which a draft's rules are written: basics, contests, categories, scrutineers; read only once locked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from common.pages import show_error
from evaluation.appraisal import campaigns, categories, contests, desk, scrutineers
from evaluation.appraisal.models import Campaign
from evaluation.appraisal.setup_forms import BasicsForm, CategoriesForm, ContestsForm, MergeForm
from evaluation.appraisal.setup_views import SAVED
from organizations.models import Person


@require_http_methods(["GET", "POST"])
def basics(request: HttpRequest, code: str) -> HttpResponse:
    found = desk.campaign_of(request, code)
    stored = BasicsForm.of(found)
    form = BasicsForm(request.POST if request.method == "POST" else None, initial=stored)
    status = 0
    if form.is_valid():
        try:
            desk.refuse_stale(request, stored)
            campaigns.edit_basics(campaign=found, values=form.values, by=Actor.from_request(request))
            return _saved(request, found, "contests")
        except ActionError as error:
            status = _refused(form, error)
    return _page(request, found, "basics", form, status, made_from=desk.mark(stored))


@require_http_methods(["GET", "POST"])
def contests_page(request: HttpRequest, code: str) -> HttpResponse:
    found = desk.campaign_of(request, code)
    tracks = list(found.season.tracks.all())
    is_post = request.method == "POST"
    stored = ContestsForm.of(found, tracks)
    form = ContestsForm(tracks, ContestsForm.posted(request.POST, tracks) if is_post else stored)
    status = 0
    if is_post:
        rows, places, wrong = form.inputs()
        try:
            if wrong:
                others = ContestsForm.placed(contests.errors_in(found, rows), places)
                raise ActionError("评选项目有误，请按提示修改。", fields=others | wrong)
            desk.refuse_stale(request, stored)
            contests.set_contests(campaign=found, rows=rows, by=Actor.from_request(request))
            return _saved(request, found, "categories")
        except ActionError as error:
            error.fields = error.fields if wrong else ContestsForm.placed(error.fields, places)
            status = _refused(form, error)
    return _page(request, found, "contests", form, status, made_from=desk.mark(stored))


@require_http_methods(["GET", "POST"])
def categories_page(request: HttpRequest, code: str) -> HttpResponse:
    found = desk.campaign_of(request, code)
    rows = list(found.categories.annotate(roll=Count("voters")).select_related("merge_into").order_by("position", "pk"))
    is_post = request.method == "POST"
    form = CategoriesForm(CategoriesForm.posted(request.POST) if is_post else CategoriesForm.of(rows), rows)
    status = 0
    if is_post:
        given, wrong = form.inputs()
        try:
            if wrong:
                others = categories.errors_in(given, {row.code for row in rows})
                raise ActionError("人员类别有误，请按提示修改。", fields=others | wrong)
            desk.refuse_stale(request, CategoriesForm.of(rows))
            categories.set_categories(campaign=found, rows=given, by=Actor.from_request(request))
            return _saved(request, found, "candidates", categories.total_words([row.weight or 0 for row in given]))
        except ActionError as error:
            status = _refused(form, error)
    return _categories(request, found, rows, form, MergeForm(campaign=found), status)


@require_POST
def categories_merge(request: HttpRequest, code: str) -> HttpResponse:
    """Merge one category into another, whose weight grows by it."""
    found = desk.campaign_of(request, code)
    form = MergeForm(request.POST, campaign=found)
    status = 0
    if form.is_valid():
        try:
            kept = categories.merge_categories(**form.cleaned_data, by=Actor.from_request(request))
            messages.success(request, f"已并入“{kept}”，权重相加，人员随之转入。")
            return redirect("appraisal:categories", found.code)
        except ActionError as error:
            status = _refused(form, error)
    rows = list(found.categories.annotate(roll=Count("voters")).select_related("merge_into").order_by("position", "pk"))
    return _categories(request, found, rows, CategoriesForm(CategoriesForm.of(rows), rows), form, status)


@require_http_methods(["GET", "POST"])
def scrutineers_page(request: HttpRequest, code: str) -> HttpResponse:
    """Who holds the role is ticked; whoever has a stake in a candidate is shown with the reason."""
    found = desk.campaign_of(request, code)
    named = list(Person.objects.filter(scrutineer_in__campaign=found).order_by("name", "pk"))
    stored = [person.pk for person in named]
    picked, status = set(stored), 200
    if request.method == "POST":
        picked = {int(key) for key in request.POST.getlist("person") if key.isdecimal() and len(key) < 19}
        persons = Person.objects.filter(pk__in=picked)
        try:
            desk.refuse_stale(request, stored)
            scrutineers.set_scrutineers(campaign=found, persons=persons, by=Actor.from_request(request))
            return _saved(request, found, "keys", "" if picked else "还没有指定监票人，锁定前至少要有一位。")
        except ActionError as error:
            show_error(request, error)
            status = error.status
    people = list(dict.fromkeys([*named, *scrutineers.holders_of_the_role()]))
    stakes: dict[int, str] = {}
    for person, words, _ in scrutineers.stakes(found, people):
        stakes.setdefault(person.pk, words.rstrip("，"))
    choices = [(person, person.pk in picked, stakes.get(person.pk, "")) for person in people]
    context = desk.frame(request, found, "scrutineers")
    context |= {"choices": choices, "named": named, "made_from": desk.mark(stored)}
    return render(request, "appraisal/setup_scrutineers.html", context, status=status)


def _refused(form: forms.Form, error: ActionError) -> int:
    """Put an action's error into the form; the status to answer with."""
    add_action_error(form, error)
    return error.status


def _categories(
    request: HttpRequest, found: Campaign, rows: list[Any], form: CategoriesForm, merge: MergeForm, status: int
) -> HttpResponse:
    weights = [row.weight for row in rows]
    extra = {
        "rows": rows,
        "made_from": desk.mark(CategoriesForm.of(rows)),
        "merge_form": merge,
        "total": categories.total_words(weights),
        "is_proposal": categories.is_proposal(weights) and found.is_draft,
        "total_weight": sum(weights),
        "roll": sum(row.roll for row in rows),
    }
    return _page(request, found, "categories", form, status or (400 if merge.errors else 0), **extra)


def _saved(request: HttpRequest, found: Campaign, following: str, words: str = "") -> HttpResponse:
    messages.success(request, f"{SAVED}{words}")
    return redirect(f"appraisal:{following}", found.code)


def _page(
    request: HttpRequest, found: Campaign, part: str, form: forms.Form, status: int, **extra: Any
) -> HttpResponse:
    """A part's page with its form, which nobody can change once the vote is locked."""
    context = desk.frame(request, found, part)
    if not context["editable"]:
        for field in form.fields.values():
            field.widget.attrs["disabled"] = True
    status = status or (400 if form.errors else 200)
    return render(request, f"appraisal/setup_{part}.html", context | {"form": form} | extra, status=status)
