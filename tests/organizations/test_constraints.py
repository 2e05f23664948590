"""What the database itself refuses."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from organizations.models import Organization, RoleGrant, User
from tests.factories import appoint, grant, make_org, make_person, make_user


def refuses(name, call):
    """The call breaks the constraint of that name (SQLite names only the columns of a unique one)."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        call()
    assert name in str(caught.value) or "UNIQUE" in str(caught.value)


def test_codes_are_text_and_keep_their_zeros(district):
    first = make_org(district.root, code="001001")
    second = make_org(district.root, code="1001")
    assert set(Organization.objects.exclude(code=None).values_list("code", flat=True)) == {"001001", "1001"}
    assert (first.code, second.code) == ("001001", "1001")


def test_many_codes_may_be_unknown_but_none_is_empty_or_double(district):
    assert Organization.objects.filter(code=None).count() == 7
    make_org(district.root, code="001")
    refuses("organizations_organization_code", lambda: make_org(district.root, code="001"))
    refuses("organization_code_not_empty", lambda: make_org(district.root, code=""))


def test_days_and_known_values(district):
    early, late = date(2026, 1, 1), date(2026, 2, 1)
    refuses(
        "organization_dissolved_after_founded",
        lambda: make_org(district.root, founded_on=late, dissolved_on=early),
    )
    refuses("organization_kind_known", lambda: make_org(district.root, kind="club"))
    refuses("organization_sector_known", lambda: make_org(district.root, sector="moon"))
    person = make_person()
    refuses("appointment_since_before_until", lambda: appoint(person, district.street, "member", late, early))
    refuses("appointment_post_known", lambda: appoint(person, district.street, "king"))
    refuses("role_grant_since_before_until", lambda: grant(person, "auditor", None, late, early))
    refuses("role_grant_role_known", lambda: grant(person, "king"))


def test_one_open_secretary_an_organization(district):
    appoint(make_person(), district.street, "secretary", until=date(2025, 12, 31))
    appoint(make_person(), district.street, "secretary", since=date(2026, 1, 1))
    appoint(make_person(), district.street, "clerk")
    appoint(make_person(), district.street, "clerk")
    refuses("one_open_secretary_an_organization", lambda: appoint(make_person(), district.street))


def test_one_open_appointment_a_post(district):
    person = make_person()
    appoint(person, district.street, "clerk")
    appoint(person, district.street, "member")
    refuses("one_open_appointment_a_post", lambda: appoint(person, district.street, "clerk"))


def test_one_open_grant_of_a_role(district):
    person = make_person()
    grant(person, "department_officer", until=date(2025, 12, 31))
    grant(person, "department_officer")
    grant(person, "department_officer", district.street)
    refuses("one_open_grant_of_a_role_district", lambda: grant(person, "department_officer"))
    refuses("one_open_grant_of_a_role_organization", lambda: grant(person, "department_officer", district.street))
    assert RoleGrant.objects.filter(person=person).count() == 3


@pytest.mark.django_db
def test_one_account_a_person_and_a_name():
    user = make_user(username="same")
    refuses("username", lambda: make_user(username="same"))
    refuses("person_id", lambda: make_user(user.person))
    assert User.objects.count() == 1
