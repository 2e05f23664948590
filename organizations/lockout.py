"""What a locked-out person sees after too many wrong passwords."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from common.api import error_body, is_api


def message() -> str:
    """How long the lock lasts, in minutes as people read them."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    return f"连续多次输错密码，账号已暂时锁定，请 {minutes} 分钟后再试，或联系系统管理员。"


def locked_out(
    request: HttpRequest, original_response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """Called by django-axes in place of the response; says nothing of whether the account exists."""
    response: HttpResponse
    if is_api(request):
        response = JsonResponse(error_body("locked_out", message()), status=429)
    else:
        response = render(request, "organizations/locked_out.html", {"message": message()}, status=429)
    response["Retry-After"] = str(round(settings.AXES_COOLOFF_TIME * 3600))
    response["Cache-Control"] = "no-store"
    return response
