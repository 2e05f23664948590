"""What pages share: an action run from a form, numbered paging, the error handlers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.api import error_response, is_api
from common.errors import ActionError

PAGE_ROWS = 50


def page_of(request: HttpRequest, rows: QuerySet[Any], per_page: int = PAGE_ROWS) -> Page[Any]:
    """The page that `?page=` asks for; the nearest one that exists if it is out of range."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


def show_error(request: HttpRequest, error: ActionError) -> None:
    """Flash an action's error where a page has no form to show it in."""
    details = [text for texts in error.fields.values() for text in texts]
    messages.error(request, "；".join(dict.fromkeys(details)) or error.message)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_response(404, "not_found") if is_api(request) else render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_response(403, "permission_denied") if is_api(request) else render(request, "403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_response(403, "csrf") if is_api(request) else render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    return error_response(500) if is_api(request) else render(request, "500.html", status=500)
