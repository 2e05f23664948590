"""What every page knows, and what it costs."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from organizations.models import Person, RoleGrant, User
from portal.workspace.context import desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    person = Person.objects.create(name="示例组织部干部")
    RoleGrant.objects.create(person=person, role=RoleGrant.Role.DEPARTMENT_OFFICER, since="2020-01-01")
    return User.objects.create_user("an-officer", "a-Password-1", person=person)


def context_of(user, path="/desk/"):
    request = RequestFactory().get(path)
    request.user = User.objects.get(pk=user.pk) if user.pk else user
    return desk(request)


def test_a_visitor_sees_the_public_pages_and_asks_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        context = context_of(AnonymousUser(), "/brands/")
        assert [item.label for item in context["site_nav"] if item.active] == ["品牌"]
    assert "desk_nav" not in context


def test_an_officer_has_the_inbox(officer, django_assert_num_queries):
    context = context_of(officer, "/desk/inbox/")
    with django_assert_num_queries(4):
        labels = {item.label: item.active for item in context["desk_nav"]}
    assert labels["待办收件箱"] is True
    assert labels["我的工作台"] is False
    assert str(context["desk_roles"]) == "组织部工作人员"


def test_who_has_no_role_has_neither_inbox_nor_board():
    person = Person.objects.create(name="示例人员")
    user = User.objects.create_user("nobody", "a-Password-1", person=person)
    assert [item.label for item in context_of(user)["desk_nav"]] == ["我的工作台", "通知", "书记项目"]
