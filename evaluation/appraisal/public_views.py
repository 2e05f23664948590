"""Public pages of the votes (评选公告): nothing before the announcement, no result before the public notice."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from common.pages import page_of
from evaluation.appraisal import public_pages, publishing
from evaluation.appraisal.models import Campaign

PER_PAGE = 12
TYPES = {".json": "application/json", ".txt": "text/plain", ".py": "text/x-python", ".zip": "application/zip"}


@login_not_required
@require_safe
def public_votes(request: HttpRequest) -> HttpResponse:
    """Every announced vote, latest first."""
    page = page_of(request, publishing.announced(), PER_PAGE)
    return render(request, "appraisal/public_votes.html", {"page": page, **public_pages.listing(page)})


@login_not_required
@require_safe
def public_vote(request: HttpRequest, code: str) -> HttpResponse:
    """How the vote works, who stands, the result once it is public, and how anybody checks it."""
    found = get_object_or_404(publishing.announced(), code=code)
    return render(request, "appraisal/public_vote.html", public_pages.vote(found, _base(request)))


@login_not_required
@require_safe
def public_file(request: HttpRequest, code: str, name: str) -> HttpResponse:
    """One of the files, or all of them in a zip, byte by byte as they were hashed."""
    found: Campaign = get_object_or_404(publishing.announced(), code=code)
    files = publishing.files(found)
    contents: dict[str, Any] = {each.name: each.content for each in files}
    if files and name == publishing.package_name(found):
        contents[name] = publishing.package(files)
    if name not in contents:
        raise Http404
    kind = TYPES[name[name.rindex(".") :]]
    charset = "" if name.endswith(".zip") else "; charset=utf-8"
    answer = HttpResponse(contents[name], content_type=f"{kind}{charset}")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-cache"
    return answer


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri("/")[:-1]
