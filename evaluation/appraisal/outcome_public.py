"""Public pages of a vote's outcome: the notice with its objection form, the list of awards, certificates confirmed."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from common import throttle
from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from evaluation.appraisal import certificates, crockford, objections, outcome_pages
from evaluation.appraisal.models import PublicNotice
from evaluation.appraisal.outcome_forms import CodeForm, ObjectionForm

HOUR, MINUTE = 3600, 60
OBJECTIONS_AN_HOUR, LOOKS_A_MINUTE = 10, 30


@login_not_required
@require_http_methods(["GET", "POST"])
def notice(request: HttpRequest, code: str) -> HttpResponse:
    """The notice and how to object; POST is an objection, whose query code is shown once."""
    found = get_object_or_404(PublicNotice.objects.shown().select_related("campaign__season"), code=code)
    form = ObjectionForm(request.POST if request.method == "POST" else None, notice=found)
    context, status = outcome_pages.public_page(found), 200
    if request.method == "POST":
        try:
            by = Actor.from_request(request)
            throttle.spend("objection", by.address, times=OBJECTIONS_AN_HOUR, seconds=HOUR)
            if form.is_valid():
                made = objections.file_objection(notice=found, given=form.given, by=by)
                context["query_code"] = crockford.grouped(made.code)
                return _fresh(render(request, "appraisal/notice_received.html", context))
            status = 400
        except ActionError as error:
            form.is_valid()
            add_action_error(form, error)
            status = error.status
    # Typed words stay, even where the notice has ended meanwhile.
    context["form"] = form if form.is_bound or not context["closed"] else None
    return render(request, "appraisal/notice_public.html", context, status=status)


@login_not_required
@require_http_methods(["GET", "POST"])
def objection_status(request: HttpRequest) -> HttpResponse:
    """State and reply of an objection, for whoever holds its query code; sent by POST, so that it is in no log."""
    form = CodeForm(request.POST if request.method == "POST" else None, label="查询码")
    found, status = None, 200
    if request.method == "POST":
        try:
            throttle.spend("objection-status", request.META.get("REMOTE_ADDR"), times=LOOKS_A_MINUTE, seconds=MINUTE)
            found = objections.by_code(form.cleaned_data["code"]) if form.is_valid() else None
            if found is None:
                raise ActionError("没有这个查询码，请核对后再输入。", fields={"code": ["没有这个查询码，请核对。"]})
        except ActionError as error:
            add_action_error(form, error)
            status = error.status
    crumbs = [("首页", reverse("public:home")), ("异议查询", "")]
    context = {"form": form, "objection": found, "crumbs": crumbs}
    return _fresh(render(request, "appraisal/notice_status.html", context, status=status))


@login_not_required
@require_safe
def public_awards(request: HttpRequest) -> HttpResponse:
    """The list of awards (获奖榜)."""
    context = outcome_pages.public_awards(request.GET.get("season", ""))
    context["crumbs"] = [("首页", reverse("public:home")), ("获奖榜", "")]
    return render(request, "appraisal/award_public.html", context)


@login_not_required
@require_safe
def verify(request: HttpRequest, code: str = "") -> HttpResponse:
    """What a certificate's verification code stands for; the form sends `?code=` here."""
    typed = request.GET.get("code", "").strip()
    if typed and not code:
        code = certificates.read_code(typed) or typed
        return redirect("appraisal:verify", code=code) if "/" not in code else _verified(request, code)
    return _verified(request, code)


def _verified(request: HttpRequest, code: str) -> HttpResponse:
    asked = bool(code) or "code" in request.GET
    form = CodeForm({"code": code} if asked else None, label="验证码")
    award, status = None, 200
    if asked and not code:
        form.add_error("code", "请输入证书上的验证码。")
    elif code:
        try:
            throttle.spend("verify", request.META.get("REMOTE_ADDR"), times=LOOKS_A_MINUTE, seconds=MINUTE)
            award = certificates.find(code)
            status = 200 if award else 404
        except ActionError as error:
            form.is_valid()
            add_action_error(form, error)
            status = error.status
    context = {
        "form": form,
        "typed": code,
        "award": award,
        "unknown": status == 404,
        "verification_code": crockford.grouped(award.verification_code) if award else "",
        "crumbs": [("首页", reverse("public:home")), ("证书验证", "")],
    }
    return render(request, "appraisal/award_verify.html", context, status=status)


def _fresh(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
