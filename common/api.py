"""What every endpoint shares: authentication, paging, rendering, and the one error shape.

Errors are `{"code": "…", "message": "中文", "fields": {"…": ["…"]}}` everywhere.
"""

from __future__ import annotations

import math
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import authentication, exceptions, renderers, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from common.actors import Actor
from common.cursors import CursorPagination
from common.errors import ActionError
from common.text import clean_text

__all__ = ["CursorPagination", "actor_of", "error_body", "exception_handler", "is_api"]

MESSAGES = {
    400: "提交的内容有误，请按提示修改。",
    401: "请先登录。",
    403: "您没有进行此操作的权限。",
    404: "没有找到。",
    405: "不支持这种请求方式。",
    406: "不支持要求的返回格式。",
    409: "内容已被他人更新，请刷新后再试。",
    415: "不支持这种内容格式。",
    429: "操作过于频繁，请稍后再试。",
    500: "系统出错，请稍后再试。",
}


class TokenAuthentication(authentication.TokenAuthentication):
    """`Authorization: Token …`."""


def actor_of(request: Request) -> Actor:
    """The actor of an API request, whether it came with a session or a token."""
    user = request.user if request.user.is_authenticated else None
    return Actor(user=user, source="api", address=request.META.get("REMOTE_ADDR"))


class OrjsonRenderer(renderers.BaseRenderer):
    """JSON in UTF-8. Decimals are numbers nowhere: views print them as they mean them."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        if data is None:
            return b""
        return orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS)


class CleanCharField(serializers.CharField):
    """Text without the invisible characters that come with pasting."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Clean first, so that a text of invisible characters only counts as blank."""
        return super().run_validation(clean_text(data) if isinstance(data, str) else data)


class ErrorSerializer(serializers.Serializer[Any]):
    """The shape of every error."""

    code = serializers.CharField()
    message = serializers.CharField()
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]


def error_body(code: str, message: str, fields: dict[str, list[str]] | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "fields": fields or {}}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: every error that a view raises, in the one shape; None lets a fault of ours be a fault."""
    if isinstance(error, ActionError):
        return Response(error_body(error.code, error.message, error.fields), status=error.status)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    message = MESSAGES.get(error.status_code, str(error.detail))
    fields = _fields(error.detail) if isinstance(error, exceptions.ValidationError) else {}
    code = "invalid" if fields else str(getattr(error, "default_code", "error"))
    return Response(error_body(code, message, fields), status=error.status_code, headers=headers)


def error_response(status_code: int, code: str = "error") -> JsonResponse:
    """The error shape outside DRF: handlers of 404 and 500 under /api/."""
    return JsonResponse(error_body(code, MESSAGES[status_code]), status=status_code)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _fields(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """DRF's nested details as flat names: `lines.0.percent`."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, value in detail.items():
            name = "" if name == api_settings.NON_FIELD_ERRORS_KEY else str(name)
            found |= _fields(value, ".".join(part for part in (prefix, name) if part))
        return found
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        found = {}
        for index, item in enumerate(detail):
            if item:
                found |= _fields(item, f"{prefix}.{index}" if prefix else str(index))
        return found
    messages = [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]
    return {prefix or "__all__": messages}
