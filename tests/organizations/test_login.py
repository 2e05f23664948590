"""Login, lockout, logout and the change of the password, as people meet them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import fresh
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN, PASSWORD_PAGE = "/login/", "/password/"


def log_in(client, username="officer", password=PASSWORD, **more):
    return client.post(LOGIN, {"username": username, "password": password, **more})


def test_the_login_page_is_chinese_and_open(client):
    page = client.get(LOGIN)
    assert page.status_code == 200
    text = page.content.decode()
    assert '<h1 id="login-title">登录</h1>' in text
    assert 'autocomplete="current-password"' in text
    assert "no-store" in page["Cache-Control"]


def test_login_leads_to_the_desk(client, cast):
    assert log_in(client)["Location"] == reverse("workspace:desk")
    assert int(client.session["_auth_user_id"]) == cast.officer.pk


def test_full_width_letters_are_the_same_account(client, cast):
    assert log_in(client, username="ｏｆｆｉｃｅｒ").status_code == 302


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/password/", "/password/"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("javascript:alert(1)", None),
    ],
)
def test_next_is_followed_within_the_site_only(client, cast, wanted, leads_to):
    response = log_in(client, next=wanted)
    assert response["Location"] == (leads_to or reverse("workspace:desk"))


def test_a_page_asked_for_is_reached_after_login(client, cast):
    response = client.get(PASSWORD_PAGE)
    assert response["Location"] == "/login/?next=/password/"
    page = client.get(response["Location"]).content.decode()
    assert "登录后会回到原来的页面" in page
    assert 'name="next" value="/password/"' in page


def test_wrong_unknown_and_closed_read_the_same(client, cast):
    cast.leader.is_active = False
    cast.leader.save()
    texts = set()
    for username, password in (("officer", "wrong"), ("nobody", PASSWORD), ("leader", PASSWORD)):
        page = log_in(client, username, password)
        assert page.status_code == 200
        texts.add(str(page.context["form"].non_field_errors()))
    assert len(texts) == 1
    assert "账号或密码不对" in texts.pop()


def test_a_logged_in_person_is_sent_on(client_as, cast):
    assert client_as(cast.officer).get(LOGIN)["Location"] == reverse("workspace:desk")


def test_logout_by_post_only_and_twice_is_harmless(client_as, cast):
    client = client_as(cast.officer)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == reverse("public:home")
    assert "_auth_user_id" not in client.session
    assert client.post("/logout/")["Location"] == reverse("public:home")


def test_forms_need_a_csrf_token(cast):
    assert log_in(Client(enforce_csrf_checks=True)).status_code == 403


# --- lockout ---


@pytest.fixture
def locks(settings):
    settings.AXES_ENABLED = True


def test_five_wrong_passwords_lock_this_account_for_this_address(client, cast, locks):
    statuses = [log_in(client, password="wrong").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    page = log_in(client)  # the right one, too late
    assert page.status_code == 429
    assert "15 分钟" in page.content.decode()
    assert page["Retry-After"] == "900"
    assert log_in(client, username="leader").status_code == 302
    elsewhere = Client(REMOTE_ADDR="10.0.0.9")
    assert log_in(elsewhere).status_code == 302


def test_an_unknown_account_is_locked_in_the_same_words(client, cast, locks):
    pages = {}
    for username in ("officer", "nobody"):
        for _ in range(5):
            page = log_in(client, username, "wrong")
        pages[username] = (page.status_code, page.content)
    assert pages["officer"] == pages["nobody"]


def test_the_lock_ends_and_a_right_password_clears_the_count(client, cast, locks):
    from axes.models import AccessAttempt

    for _ in range(4):
        log_in(client, password="wrong")
    assert log_in(client).status_code == 302
    client.logout()
    for _ in range(5):
        page = log_in(client, password="wrong")
    assert page.status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert log_in(client).status_code == 302


def test_the_api_counts_and_locks_too(api_as, cast, locks, client):
    api = api_as()
    body = {"username": "officer", "password": "wrong"}
    statuses = [api.post("/api/v1/auth/token/", body).status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 400, 429]
    locked = api.post("/api/v1/auth/token/", {**body, "password": PASSWORD})
    assert locked.status_code == 429
    assert locked.json()["code"] == "locked_out"
    assert locked.json()["fields"] == {}
    assert log_in(client).status_code == 429  # one lock for both doors


# --- the own password ---


def change(client, old=PASSWORD, new="Lantern-42", again=None):
    fields = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return client.post(PASSWORD_PAGE, fields)


def test_change_of_password_keeps_this_session_and_ends_others(client_as, cast):
    here, there = client_as(cast.officer), client_as(cast.officer)
    assert change(here)["Location"] == reverse("workspace:desk")
    assert fresh(cast.officer).check_password("Lantern-42")
    assert here.get(PASSWORD_PAGE).status_code == 200
    assert there.get(PASSWORD_PAGE).status_code == 302


@pytest.mark.parametrize(
    ("fields", "name", "message"),
    [
        ({"old": "wrong"}, "old_password", "原密码不对"),
        ({"again": "Lantern-43"}, "new_password2", "不一样"),
        ({"new": PASSWORD}, "new_password1", "不能与原密码相同"),
        ({"new": "12345678"}, "new_password1", "三种"),
    ],
)
def test_password_refusals_stand_beside_the_field(client_as, cast, fields, name, message):
    page = change(client_as(cast.officer), **fields)
    assert page.status_code == 200
    assert message in "".join(page.context["form"].errors[name])
    assert fresh(cast.officer).check_password(PASSWORD)


def test_nobody_is_asked_to_log_in_for_the_password_page(client):
    assert client.get(PASSWORD_PAGE)["Location"] == "/login/?next=/password/"


def test_the_first_login_reaches_only_the_password_page(client_as, api_as, cast):
    cast.officer.must_change_password = True
    cast.officer.save()
    client = client_as(cast.officer)
    assert client.get(reverse("workspace:desk"))["Location"] == PASSWORD_PAGE
    assert "初始密码" in client.get(PASSWORD_PAGE).content.decode()
    api = api_as(cast.officer).get("/api/v1/organizations/")
    assert (api.status_code, api.json()["code"]) == (403, "password_change_required")
    token = api_as().post("/api/v1/auth/token/", {"username": "officer", "password": PASSWORD})
    assert (token.status_code, token.json()["code"]) == (403, "password_change_required")
    change(client)
    assert client.get("/api/v1/me/").status_code == 200
