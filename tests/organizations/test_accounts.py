"""Accounts: opening, passwords, closing."""

import pytest
from django.contrib.auth import authenticate
from rest_framework.authtoken.models import Token

from common.errors import ActionError, Forbidden
from common.models import AuditEntry
from organizations import actions
from tests.conftest import fresh
from tests.factories import PASSWORD, grant, make_person, make_user

GOOD = "Lantern-42"


def refused(code, call, field=None):
    with pytest.raises(ActionError) as caught:
        call()
    assert caught.value.code == code
    if field:
        assert list(caught.value.fields) == [field]
    return caught.value


def test_a_new_account_must_change_its_password(cast, actor):
    user = actions.create_account(person=make_person("新人"), username="ｎｅｗ", password=GOOD, by=actor(cast.sysadmin))
    assert (user.username, user.must_change_password, user.check_password(GOOD)) == ("new", True, True)
    entry = AuditEntry.objects.get()
    assert entry.after == {"username": "new", "person": "新人", "is_sample": False}
    assert GOOD not in str(entry.__dict__)


def test_a_sample_account_need_not_and_may_have_any_password(cast, actor):
    user = actions.create_account(
        person=make_person(), username="demo", password="demo", is_sample=True, by=actor(cast.sysadmin)
    )
    assert not user.must_change_password


def test_create_refusals(cast, actor):
    by = actor(cast.sysadmin)

    def create(person=None, username="new", password=GOOD):
        return lambda: actions.create_account(
            person=person or make_person(), username=username, password=password, by=by
        )

    refused("invalid", create(username="officer"), "username")
    refused("invalid", create(username="不 行"), "username")
    refused("invalid", create(person=cast.officer.person), "person")
    refused("weak_password", create(password="12345678"), "password")
    with pytest.raises(Forbidden):
        actions.create_account(person=make_person(), username="x", password=GOOD, by=actor(cast.officer))
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("Aa1!", "8"),
        ("abcdefgh1234", "三种"),
        ("ABCDEFGH1234", "三种"),
        ("12345678!@", "三种"),
        ("Password1", "常见"),
        ("Officer-1", "相似"),
    ],
)
def test_weak_passwords(cast, actor, password, message):
    error = refused(
        "weak_password",
        lambda: actions.change_password(user=cast.officer, password=password, by=actor(cast.officer)),
        "password",
    )
    assert message in "".join(error.fields["password"])


@pytest.mark.parametrize("password", ["Lantern42", "abcdef1!", "ABCDEF1!", "Abcdefg!", "Abc-1234"])
def test_three_of_four_classes_are_enough(cast, actor, password):
    actions.change_password(user=cast.officer, password=password, by=actor(cast.officer))
    assert fresh(cast.officer).check_password(password)


def test_a_changed_password_ends_the_token_and_the_duty(cast, actor):
    cast.officer.must_change_password = True
    cast.officer.save()
    Token.objects.create(user=cast.officer)
    actions.change_password(user=cast.officer, password=GOOD, by=actor(cast.officer))
    user = fresh(cast.officer)
    assert user.check_password(GOOD)
    assert not user.must_change_password
    assert not Token.objects.exists()
    assert AuditEntry.objects.get().action == "organizations.account.password_changed"


def test_nobody_changes_another_ones_password_but_an_administrator_resets_it(cast, actor):
    with pytest.raises(Forbidden):
        actions.change_password(user=cast.officer, password=GOOD, by=actor(cast.sysadmin))
    with pytest.raises(Forbidden):
        actions.reset_password(user=cast.officer, password=GOOD, by=actor(cast.leader))
    actions.reset_password(user=cast.officer, password=GOOD, by=actor(cast.sysadmin))
    assert fresh(cast.officer).must_change_password


def test_a_closed_account_is_out_at_once(cast, actor, client_as, api_as):
    session, by = client_as(cast.officer), actor(cast.sysadmin)
    assert session.get("/api/v1/me/").status_code == 200
    Token.objects.create(user=cast.officer)
    actions.deactivate_account(user=cast.officer, by=by)
    actions.deactivate_account(user=cast.officer, by=by)  # again
    assert session.get("/api/v1/me/").status_code in (401, 403)
    assert authenticate(username="officer", password=PASSWORD) is None
    assert not Token.objects.exists()
    actions.activate_account(user=fresh(cast.officer), by=by)
    assert authenticate(username="officer", password=PASSWORD) == cast.officer
    assert [e.action.rpartition(".")[2] for e in AuditEntry.objects.order_by("id")] == [
        "deactivated",
        "activated",
    ]


def test_one_of_two_administrators_may_go(cast, actor):
    other = make_user("另一位管理员")
    grant(other, "system_administrator")
    actions.deactivate_account(user=cast.sysadmin, by=actor(other))
    assert not fresh(cast.sysadmin).is_active
