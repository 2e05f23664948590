"""Workbench pages of the count: mix, open the box, read the result, sign it, decide ties, announce the vote."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common import publication
from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from common.models import Job
from common.pages import show_error
from evaluation.appraisal import (
    count_pages,
    count_runner,
    desk,
    mixing,
    publishing,
    rules,
    runoffs,
    signatures,
)
from evaluation.appraisal.count_forms import AbsenceForm, AnnouncementForm, SignForm
from evaluation.appraisal.models import Campaign
from evaluation.appraisal.secret_forms import SecretsForm

State = Campaign.State
SCRUTINEER_FILES = {"counts.json": "application/json", "salt.txt": "text/plain"}


@never_cache
@require_http_methods(["GET", "POST"])
@sensitive_post_parameters()
@sensitive_variables("form")
def count(request: HttpRequest, code: str) -> HttpResponse:
    """What is still to be done before the count, then the form for two holders' secrets, then how far it is."""
    found = _readable(request, code)
    form = SecretsForm(request.POST if request.method == "POST" else None, campaign=found)
    status = 200
    if form.is_valid():
        try:
            made = count_runner.count(campaign=found, secrets=form.secrets, by=Actor.from_request(request))
            if isinstance(made, Job):
                return redirect("appraisal:count", found.code)
            messages.success(request, "计票完成。请监票人核对后签字。")
            return redirect("appraisal:result", found.code)
        except ActionError as error:
            add_action_error(form, error)
            status = error.status
    context = desk.frame(request, found, "count") | count_pages.counting(found) | {"form": form}
    return render(request, "appraisal/count.html", context, status=400 if status == 200 and form.errors else status)


@require_POST
def mix(request: HttpRequest, code: str) -> HttpResponse:
    """Mix a closed vote now instead of waiting for the clock."""
    found = _readable(request, code)
    try:
        mixing.mix_all(campaign=found, by=Actor.from_request(request))
        messages.success(request, "已混票。请两位密钥保管人到场开箱。")
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:count", found.code)


@require_GET
def result(request: HttpRequest, code: str) -> HttpResponse:
    """The full result for those who run the vote; nothing before the count, nothing for anybody else."""
    found = _readable(request, code)
    return render(request, "appraisal/result.html", _result(request, found))


@never_cache
@require_POST
@sensitive_post_parameters()
def sign(request: HttpRequest, code: str) -> HttpResponse:
    """A scrutineer signs the result that the page showed, with the password again."""
    found = _readable(request, code)
    form = SignForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            signatures.sign(campaign=found, by=Actor.from_request(request), **form.cleaned_data)
            messages.success(request, "已签字。")
            return redirect("appraisal:result", found.code)
        except ActionError as error:
            add_action_error(form, error)
            status = error.status
    return render(request, "appraisal/result.html", _result(request, found, form), status=status)


@require_POST
def confirm_without(request: HttpRequest, code: str) -> HttpResponse:
    """Confirm a count that some of its scrutineers cannot sign any more, with the document that says so."""
    found = _readable(request, code)
    form = AbsenceForm(request.POST)
    status = 400
    if form.is_valid():
        try:
            signatures.confirm_without(campaign=found, by=Actor.from_request(request), **form.cleaned_data)
            messages.success(request, "已确认，原因印入计票记录。")
            return redirect("appraisal:result", found.code)
        except ActionError as error:
            add_action_error(form, error)
            status = error.status
    return render(request, "appraisal/result.html", _result(request, found) | {"absence_form": form}, status=status)


@require_POST
def runoff(request: HttpRequest, code: str) -> HttpResponse:
    """A draft between the tied projects, to be completed on its own pages."""
    found = _readable(request, code)
    try:
        made = runoffs.create_runoff(campaign=found, by=Actor.from_request(request))
        messages.success(request, "已建立再次票决的草稿：规则和名册沿用，请重新填写投票时间、生成密钥后锁定。")
        return redirect("appraisal:campaign", made.code)
    except ActionError as error:
        show_error(request, error)
    return redirect("appraisal:result", found.code)


@never_cache
@require_GET
def scrutineer_file(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """The counts, or their salt, for a recount by a scrutineer; each download is recorded."""
    found = _readable(request, code)
    if name not in SCRUTINEER_FILES or not rules.can_scrutinize(request.user, found):  # type: ignore[arg-type]
        raise Http404
    try:
        text = publishing.scrutineer_file(campaign=found, name=name, by=Actor.from_request(request))
    except ActionError as error:
        show_error(request, error)
        return redirect("appraisal:result", found.code)
    answer = HttpResponse(text, content_type=f"{SCRUTINEER_FILES[name]}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_http_methods(["GET", "POST"])
def announcement(request: HttpRequest, code: str) -> HttpResponse:
    """Propose what the public is told, and take it through its steps."""
    found = desk.campaign_of(request, code)
    form = AnnouncementForm(initial={"body": count_pages.proposed_body(found)})
    status = 200
    if request.method == "POST":
        do, by = request.POST.get("do", ""), Actor.from_request(request)
        given = AnnouncementForm(request.POST) if do == "propose" else None
        try:
            if given is None or given.is_valid():
                content = given.cleaned_data if given else None
                reason, seen = request.POST.get("reason", ""), request.POST.get("seen", "")
                publication.take_step(obj=found, do=do, content=content, reason=reason, seen=seen, by=by)
                return redirect("appraisal:announcement", found.code)
            status = 400
        except ActionError as error:
            status = error.status
            if given is None:
                show_error(request, error)
            else:
                add_action_error(given, error)
        form = given or form
    context = desk.frame(request, found, "announcement") | count_pages.announcing(found, request.user)
    return render(request, "appraisal/announcement.html", context | {"form": form}, status=status)


def _readable(request: HttpRequest, code: str) -> Campaign:
    """A campaign whose count the person may read. Raises Http404 for everybody else, the department included."""
    found = desk.campaign_of(request, code)
    if not rules.can_read_count(request.user, found):  # type: ignore[arg-type]
        raise Http404
    return found


def _result(request: HttpRequest, found: Campaign, form: SignForm | None = None) -> dict[str, Any]:
    context = desk.frame(request, found, "result") | count_pages.result(found, request.user)
    tally = context["tally"]
    context["form"] = form or SignForm(initial={"result_sha256": tally.result_sha256 if tally else ""})
    return context | {"absence_form": AbsenceForm()}
