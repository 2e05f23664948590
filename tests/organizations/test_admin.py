"""Django's admin: system administrators only, no project content, every change by an action."""

from datetime import date

import pytest

from common.models import AuditEntry
from organizations.models import Appointment, Organization, RoleGrant, User
from tests.conftest import fresh
from tests.factories import make_person

BASE = "/admin/organizations"
GOOD = "Lantern-42"


@pytest.fixture
def admin(client_as, cast):
    return client_as(cast.sysadmin)


def actions_of():
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


@pytest.mark.parametrize("who", ["officer", "leader", "secretary", "auditor", "evaladmin"])
def test_others_stay_outside(client_as, cast, who):
    assert client_as(getattr(cast, who)).get(f"{BASE}/user/").status_code == 302


@pytest.mark.parametrize("model", ["person", "user", "organization", "appointment", "rolegrant"])
def test_lists_and_forms_open(admin, model):
    assert admin.get(f"{BASE}/{model}/").status_code == 200
    assert admin.get(f"{BASE}/{model}/add/").status_code == 200


def test_no_content_groups_tokens_or_trail(admin, cast):
    index = admin.get("/admin/").content.decode()
    assert "/admin/organizations/user/" in index
    for part in (
        "/admin/projects/project/",
        "/admin/projects/progressreport/",
        "/admin/tracking/",
        "/admin/common/",
        "/admin/auth/",
        "/admin/authtoken/",
    ):
        assert part not in index
    assert not cast.sysadmin.has_perm("projects.view_project")
    assert cast.sysadmin.has_perm("projects.change_season")
    assert not cast.officer.has_perm("organizations.view_user")


def test_an_account_is_opened_reset_and_closed(admin, cast):
    person = make_person("新人")
    form = {"username": "new", "person": person.pk, "email": "", "initial_password": GOOD}
    assert admin.post(f"{BASE}/user/add/", form).status_code == 302
    user = User.objects.get(username="new")
    assert user.must_change_password
    page = f"{BASE}/user/{user.pk}/change/"
    assert admin.get(page).status_code == 200
    assert admin.post(page, {"email": "a@example.com", "initial_password": "Lantern-43"}).status_code == 302
    user = fresh(user)
    assert (user.email, user.is_active, user.check_password("Lantern-43")) == ("a@example.com", False, True)
    assert actions_of() == [
        f"organizations.account.{step}" for step in ("created", "edited", "password_reset", "deactivated")
    ]


def test_what_an_action_refuses_stands_in_the_form_and_nothing_is_written(admin, cast):
    form = {"username": "new", "person": make_person().pk, "email": "", "initial_password": "12345678"}
    page = admin.post(f"{BASE}/user/add/", form)
    assert page.status_code == 200
    assert "三种" in page.content.decode()
    assert 'value="new"' in page.content.decode()
    last = admin.post(f"{BASE}/user/{cast.sysadmin.pk}/change/", {"email": "x@example.com"})
    assert "最后一位系统管理员" in last.content.decode()
    assert fresh(cast.sysadmin).email == ""
    own = {"person": cast.sysadmin.person_id, "role": "department_officer", "since": "2026-01-01"}
    assert "不能给自己授权" in admin.post(f"{BASE}/rolegrant/add/", own).content.decode()
    assert actions_of() == []


def test_organizations_posts_and_roles(admin, cast, district):
    values = {"parent": district.street.pk, "name": "示例新支部", "kind": "branch", "sector": "community"}
    assert admin.post(f"{BASE}/organization/add/", values).status_code == 302
    branch = Organization.objects.get(name="示例新支部")
    assert branch.parent_path == district.street.path
    moved = {**values, "parent": district.community.pk, "name": "示例改名支部"}
    assert admin.post(f"{BASE}/organization/{branch.pk}/change/", moved).status_code == 302
    branch.refresh_from_db()
    assert (branch.name, branch.parent_path) == ("示例改名支部", district.community.path)
    person = make_person()
    post = {"person": person.pk, "organization": branch.pk, "post": "secretary", "since": "2026-01-01"}
    assert admin.post(f"{BASE}/appointment/add/", post).status_code == 302
    appointment = Appointment.objects.get(person=person)
    end = f"{BASE}/appointment/{appointment.pk}/change/"
    assert admin.post(end, {"until": "2026-02-01"}).status_code == 302
    appointment.refresh_from_db()
    assert (appointment.post, appointment.until) == ("secretary", date(2026, 2, 1))
    grant = {"person": person.pk, "role": "district_leader", "since": "2026-01-01"}
    assert admin.post(f"{BASE}/rolegrant/add/", grant).status_code == 302
    row = RoleGrant.objects.get(person=person)
    admin.post(f"{BASE}/rolegrant/", {"action": "revoke", "_selected_action": [row.pk]})
    assert not RoleGrant.objects.filter(person=person).in_force().exists()
    assert len(actions_of()) == 7


def test_nothing_is_deleted(admin, cast, district):
    assert admin.post(f"{BASE}/organization/{district.branch.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Organization.objects.filter(pk=district.branch.pk).exists()
