"""Tokens, who I am, organizations in scope."""

from datetime import date

import pytest
from rest_framework.authtoken.models import Token

from organizations.models import Organization
from tests.factories import PASSWORD, make_org

LIST = "/api/v1/organizations/"


def names(response):
    assert response.status_code == 200
    return [row["name"] for row in response.json()["results"]]


def test_a_token_opens_the_api_and_can_be_ended(api_as, cast):
    api = api_as()
    body = api.post("/api/v1/auth/token/", {"username": "secretary", "password": PASSWORD})
    assert body.status_code == 200
    assert body.json() == {"token": Token.objects.get(user=cast.secretary).key}
    api.credentials(HTTP_AUTHORIZATION=f"Token {body.json()['token']}")
    assert api.get("/api/v1/me/").json() == {
        "username": "secretary",
        "name": "示例一街道书记",
        "roles": "党组织书记",
    }
    assert api.delete("/api/v1/auth/token/own/").status_code == 204
    assert api.get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"username": "secretary", "password": "wrong"}, {"password": ["账号或密码不对。"]}),
        ({"username": "nobody", "password": PASSWORD}, {"password": ["账号或密码不对。"]}),
        ({"username": "secretary"}, {"password": ["该字段是必填项。"]}),
    ],
)
def test_wrong_credentials_have_the_error_shape(api_as, cast, body, fields):
    response = api_as().post("/api/v1/auth/token/", body)
    assert response.status_code == 400
    assert set(response.json()) == {"code", "message", "fields"}
    assert response.json()["fields"] == fields


@pytest.mark.parametrize("address", [LIST, "/api/v1/me/"])
def test_nobody_must_log_in(api_as, address):
    response = api_as().get(address)
    assert response.status_code == 401
    assert set(response.json()) == {"code", "message", "fields"}


def test_a_row(api_as, cast, district):
    Organization.objects.filter(pk=district.community.pk).update(code="001002", dissolved_on=date(2026, 1, 2))
    row = api_as(cast.secretary).get(f"{LIST}{district.community.public_id}/").json()
    assert row == {
        "public_id": district.community.public_id,
        "name": "示例社区党委",
        "short_name": "",
        "kind": "committee",
        "kind_display": "党委",
        "sector": "community",
        "code": "001002",
        "parent": district.street.public_id,
        "dissolved_on": "2026-01-02",
    }


def test_the_list_is_the_own_subtree_in_tree_order(api_as, cast, district):
    response = api_as(cast.secretary).get(LIST)
    assert names(response) == ["示例一街道党工委", "示例社区党委", "示例社区第一党支部"]
    assert set(response.json()) == {"next", "previous", "results"}
    # The parent of the top lies outside and is not named.
    assert response.json()["results"][0]["parent"] is None
    assert len(names(api_as(cast.leader).get(LIST))) == 7


@pytest.mark.parametrize("who", ["sysadmin", "auditor", "evaladmin", "scrutineer"])
def test_who_has_no_scope_sees_none(api_as, cast, who):
    assert names(api_as(getattr(cast, who)).get(LIST)) == []


def test_the_outsider_finds_nothing_under_a_guessed_id(api_as, cast, district):
    for organization in (district.root, district.street, district.community, district.branch):
        for who in (cast.outsider, cast.sysadmin):
            assert api_as(who).get(f"{LIST}{organization.public_id}/").status_code == 404
    assert api_as(cast.outsider).get(f"{LIST}{district.other_street.public_id}/").status_code == 200


def test_filters(api_as, cast, district):
    api = api_as(cast.officer)
    assert names(api.get(LIST, {"kind": "branch"})) == ["示例社区第一党支部"]
    assert names(api.get(LIST, {"sector": "community", "kind": "committee"})) == [
        "示例社区党委",
        "示例二社区党委",
    ]
    assert names(api.get(LIST, {"parent": district.street.public_id})) == ["示例社区党委"]
    assert names(api.get(LIST, {"search": "示例 二社区"})) == ["示例二社区党委"]
    assert names(api.get(LIST, {"search": "没有"})) == []
    # A parent out of scope is as unknown as none.
    assert names(api_as(cast.outsider).get(LIST, {"parent": district.street.public_id})) == []
    wrong = api.get(LIST, {"kind": "club"})
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["kind"])


def test_pages_by_cursor_lose_and_repeat_nothing(api_as, cast, district):
    api, seen, address = api_as(cast.officer), [], f"{LIST}?page_size=3&count=1"
    while address:
        page = api.get(address)
        assert page.json()["count"] == 7
        seen += names(page)
        address = page.json()["next"]
    assert seen == list(Organization.objects.values_list("name", flat=True))


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_rows(api_as, cast, district, assert_queries, rows):
    for _ in range(rows - 1):
        make_org(district.branch, "branch")
    api = api_as(cast.branchsec)
    with assert_queries(6):
        assert len(names(api.get(LIST))) == rows
