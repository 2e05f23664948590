"""What the voting pages share: how they are drawn, and the two cookies that the voter carries.

They are drawn without context processors, because those ask who is logged in.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse

from evaluation.appraisal import drafts, electors
from evaluation.appraisal.ballot_form import BallotForm
from evaluation.appraisal.drafts import Draft
from evaluation.appraisal.models import Voter

PASS_COOKIE, DRAFT_COOKIE = "ballot_pass", "ballot_draft"
PATH = "/vote/"


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page with a form: browsers send no Origin under `no-referrer`, and the check for forged requests needs it."""
    response = leaf(request, template, {**(context or {}), "csrf_token": get_token(request)}, status=status)
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def leaf(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page without a form."""
    shown = {
        **(context or {}),
        "large_text": request.COOKIES.get("text_size") == "large",
        "sample_notice": settings.SAMPLE_NOTICE,
    }
    return HttpResponse(render_to_string(template, shown), status=status)


def pass_of(request: HttpRequest) -> str:
    """The pass that came along; forms carry their own, for a cast that is sent again and for two voters' tabs."""
    return request.POST.get("pass") or request.COOKIES.get(PASS_COOKIE, "")


def voter_of(request: HttpRequest) -> Voter | None:
    return electors.of_pass(pass_of(request))


def give_pass(response: HttpResponse, token: str) -> None:
    _set(response, PASS_COOKIE, token)


def draft_of(request: HttpRequest, form: BallotForm) -> Draft:
    return form.draft(request.COOKIES.get(DRAFT_COOKIE, ""))


def keep_draft(response: HttpResponse, form: BallotForm, draft: Draft) -> None:
    _set(response, DRAFT_COOKIE, drafts.seal(draft, voter=form.voter, layout=form.layout))


def take_back(response: HttpResponse) -> None:
    """Nothing of the vote stays in the browser."""
    for name in (PASS_COOKIE, DRAFT_COOKIE):
        response.delete_cookie(name, path=PATH, samesite="Strict")


def check_address(request: HttpRequest, campaign_code: str, code: str) -> str:
    """The check page's full address; the number stands in the fragment, which no server sees."""
    return f"{request.build_absolute_uri(reverse('appraisal:check', args=[campaign_code]))}#{code}"


def _set(response: HttpResponse, name: str, value: str) -> None:
    """For this browser window only, the voting pages only, no script, no foreign site."""
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(name, value, path=PATH, httponly=True, samesite="Strict", secure=secure)
