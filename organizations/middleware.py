"""Middleware: the first login changes the password."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from common.api import error_body, is_api

MESSAGE = "请先在网页登录，修改初始密码后再使用。"


class PasswordChangeMiddleware:
    """Whoever must change the password reaches only the page that does it (sample accounts never must)."""

    FREE = frozenset({"accounts:password", "accounts:logout", "accounts:login"})

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        if not request.user.is_authenticated or not request.user.must_change_password:
            return None
        if is_api(request):
            return JsonResponse(error_body("password_change_required", MESSAGE), status=403)
        match = request.resolver_match
        return None if match and match.view_name in self.FREE else redirect("accounts:password")
