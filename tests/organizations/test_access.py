"""Access is what is in force today: posts, grants, subtrees."""

from datetime import date

import pytest

from organizations.access import access_of
from organizations.models import Organization
from projects.models import Project
from tests.conftest import fresh
from tests.factories import appoint, grant, make_org, make_project, make_user

NAMES = {
    "officer": {
        "示例区委",
        "示例区委组织部",
        "示例一街道党工委",
        "示例社区党委",
        "示例社区第一党支部",
        "示例二街道党工委",
        "示例二社区党委",
    },
    "secretary": {"示例一街道党工委", "示例社区党委", "示例社区第一党支部"},
    "clerk": {"示例一街道党工委", "示例社区党委", "示例社区第一党支部"},
    "branchsec": {"示例社区第一党支部"},
    "outsider": {"示例二街道党工委", "示例二社区党委"},
    "evaladmin": set(),
    "scrutineer": set(),
    "auditor": set(),
    "sysadmin": set(),
}
NAMES["leader"] = NAMES["officer"]


@pytest.mark.parametrize("who", NAMES)
def test_each_sees_the_own_subtree(cast, who):
    visible = Organization.objects.visible_to(getattr(cast, who))
    assert {organization.name for organization in visible} == NAMES[who]


@pytest.mark.parametrize(
    ("who", "seen"),
    [("officer", True), ("leader", True), ("secretary", True), ("clerk", True), ("branchsec", False)]
    + [(who, False) for who in ("outsider", "evaladmin", "scrutineer", "auditor", "sysadmin")],
)
def test_who_sees_the_street_project(cast, project, who, seen):
    assert Project.objects.visible_to(getattr(cast, who)).filter(pk=project.pk).exists() is seen


@pytest.mark.parametrize(
    ("since", "until", "has_access"),
    [
        (date(2026, 1, 1), None, True),
        (date(2026, 5, 10), date(2026, 5, 10), True),  # both days included
        (date(2026, 1, 1), date(2026, 5, 9), False),
        (date(2026, 5, 11), None, False),
    ],
)
def test_access_is_that_of_today(district, today, since, until, has_access):
    today("2026-05-10")
    secretary, officer = make_user(), make_user()
    appoint(secretary, district.branch, "secretary", since, until)
    grant(officer, "department_officer", None, since, until)
    assert access_of(secretary).is_secretary_of(district.branch.pk) is has_access
    assert access_of(officer).is_officer is has_access
    assert Organization.objects.visible_to(secretary).exists() is has_access


def test_access_ends_when_the_day_turns(district, today):
    """The same user object is asked again: what was kept is of yesterday."""
    user = make_user()
    appoint(user, district.street, "secretary", date(2026, 1, 1), date(2026, 5, 10))
    today("2026-05-10")
    assert access_of(user).is_secretary_of(district.street.pk)
    today("2026-05-11")
    assert not access_of(user).is_secretary_of(district.street.pk)


def test_a_former_secretary_does_not_see_the_former_projects(district, today):
    today("2026-05-10")
    former, present = make_user(), make_user()
    appoint(former, district.street, "secretary", date(2024, 1, 1), date(2026, 5, 9))
    appoint(present, district.street, "secretary", date(2026, 5, 10))
    project = make_project(district.street, present)
    assert not Project.objects.visible_to(former).exists()
    assert list(Project.objects.visible_to(present)) == [project]


def test_one_person_with_two_posts_sees_both_subtrees(cast, district):
    """一肩挑: the community's and another street's post add up."""
    user = make_user()
    appoint(user, district.community, "secretary")
    appoint(user, district.other_community, "clerk")
    names = {o.name for o in Organization.objects.visible_to(user)}
    assert names == {"示例社区党委", "示例社区第一党支部", "示例二社区党委"}
    access = access_of(user)
    assert access.is_secretary_of(district.community.pk)
    assert not access.is_clerk_of(district.community.pk)


def test_other_posts_open_nothing(district):
    user = make_user()
    appoint(user, district.street, "deputy_secretary")
    appoint(user, district.street, "member")
    assert not Organization.objects.visible_to(user).exists()


def test_a_role_over_one_organization_is_no_role_over_the_district(district):
    user = make_user()
    grant(user, "department_officer", district.street)
    access = access_of(user)
    assert not access.is_officer
    assert not access.reads_everything
    assert {o.name for o in Organization.objects.visible_to(user)} == NAMES["secretary"]


def test_a_dissolved_organization_gives_no_access_and_is_kept(cast, district):
    Organization.objects.filter(pk=district.branch.pk).update(dissolved_on=date(2026, 1, 1))
    grant(cast.evaladmin, "department_officer", district.branch)
    assert not Organization.objects.visible_to(fresh(cast.branchsec)).exists()
    assert not Organization.objects.visible_to(fresh(cast.evaladmin)).exists()
    assert Organization.objects.visible_to(cast.officer).filter(pk=district.branch.pk).exists()
    assert not Organization.objects.standing().filter(pk=district.branch.pk).exists()


def test_a_sibling_whose_path_is_longer_is_not_below(district):
    """A subtree is a prefix of whole steps: the tenth child is not below the first."""
    for _ in range(40):
        make_org(district.root, "committee")
    user = make_user()
    appoint(user, district.street, "secretary")
    assert Organization.objects.visible_to(user).count() == 3


def test_a_closed_account_has_no_access(cast):
    cast.officer.is_active = False
    assert not access_of(cast.officer).is_officer


def test_access_costs_two_queries_and_is_kept(cast, assert_queries):
    user = fresh(cast.secretary)
    with assert_queries(2):
        assert access_of(user).secretary_of
        assert not access_of(user).is_officer
