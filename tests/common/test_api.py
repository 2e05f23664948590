"""The API's base: one error shape, whoever raises it; 401 before 403; docs without foreign assets."""

from __future__ import annotations

import json
import os
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.authtoken.models import Token
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from common.api import OrjsonRenderer, exception_handler
from common.errors import ActionError, Conflict, Forbidden

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (ActionError("不行", fields={"percent": ["太大"]}), 400, ("invalid", "不行", {"percent": ["太大"]})),
        (Forbidden("不是您的"), 403, ("forbidden", "不是您的", {})),
        (Conflict("变了", code="stale_draft"), 409, ("stale_draft", "变了", {})),
        (exceptions.NotFound(), 404, ("not_found", "没有找到。", {})),
        (exceptions.PermissionDenied(), 403, ("permission_denied", "您没有进行此操作的权限。", {})),
        (exceptions.ParseError(), 400, ("parse_error", "提交的内容有误，请按提示修改。", {})),
        (exceptions.MethodNotAllowed("PUT"), 405, ("method_not_allowed", "不支持这种请求方式。", {})),
        (exceptions.Throttled(), 429, ("throttled", "操作过于频繁，请稍后再试。", {})),
        (
            exceptions.ValidationError({"lines": [{}, {"percent": ["太大"]}], "non_field_errors": ["都不对"]}),
            400,
            (
                "invalid",
                "提交的内容有误，请按提示修改。",
                {"lines.1.percent": ["太大"], "__all__": ["都不对"]},
            ),
        ),
        (
            exceptions.ValidationError("都不对"),
            400,
            ("invalid", "提交的内容有误，请按提示修改。", {"__all__": ["都不对"]}),
        ),
    ],
)
def test_one_shape_for_every_error(error, status, body):
    response = exception_handler(error, {})
    assert response.status_code == status
    assert response.data == dict(zip(("code", "message", "fields"), body, strict=True))


def test_waiting_time_is_told():
    assert exception_handler(exceptions.Throttled(wait=1.2), {})["Retry-After"] == "2"


def test_a_fault_of_ours_stays_a_fault():
    assert exception_handler(ZeroDivisionError(), {}) is None


def test_nobody_gets_401_and_its_challenge(api_as):
    response = api_as().get("/api/v1/notices/")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Token")
    assert response.json() == {"code": "not_authenticated", "message": "请先登录。", "fields": {}}


def test_a_wrong_token_gets_401(api_as):
    response = api_as().get("/api/v1/notices/", headers={"Authorization": "Token nonsense"})
    assert (response.status_code, response.json()["code"]) == (401, "authentication_failed")


def test_a_token_opens_and_an_inactive_account_does_not(api_as, cast):
    headers = {"Authorization": f"Token {Token.objects.create(user=cast.clerk).key}"}
    assert api_as().get("/api/v1/notices/", headers=headers).status_code == 200
    cast.clerk.is_active = False
    cast.clerk.save()
    assert api_as().get("/api/v1/notices/", headers=headers).status_code == 401


def test_an_address_that_is_not_there(api_as, cast):
    for api in (api_as(), api_as(cast.clerk)):
        response = api.get("/api/v1/nothing/")
        assert response.status_code == 404
        assert response.json() == {"code": "not_found", "message": "没有找到。", "fields": {}}


def test_a_session_without_the_csrf_token_is_refused(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.clerk)
    response = client.post("/api/v1/notices/1/read/")
    assert response.status_code == 403
    assert response.json() == {
        "code": "permission_denied",
        "message": "您没有进行此操作的权限。",
        "fields": {},
    }


def test_broken_json_has_the_shape(api_as):
    response = api_as().post("/api/v1/auth/token/", "{", content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


def test_schema_and_docs_are_public_and_local(client):
    schema = client.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert schema.status_code == 200
    docs = client.get("/api/v1/docs/")
    text = docs.content.decode()
    assert docs.status_code == 200
    assert "https://" not in text
    assert "<script>" not in text
    policy = docs["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy


def test_the_schema_says_everything_once():
    """No two shapes share a name; a warning of the generator fails this."""
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", os.devnull)


def test_json_of_what_serializers_return():
    """Serializers return subclasses of dict, list and str, which must stay what they are."""
    data = ReturnDict({"rows": ReturnList([1], serializer=None), "word": mark_safe("红")}, serializer=None)
    body = OrjsonRenderer().render({**data, "whole": data, "lazy": gettext_lazy("x"), "sum": Decimal("1.50")})
    assert json.loads(body) == {
        "rows": [1],
        "word": "红",
        "whole": {"rows": [1], "word": "红"},
        "lazy": "x",
        "sum": "1.50",
    }
    assert OrjsonRenderer().render(None) == b""
