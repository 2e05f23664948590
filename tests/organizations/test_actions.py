"""Organizations, posts and roles: effect, repeat, refusals, audit."""

from datetime import date

import pytest

from common.actors import Actor
from common.errors import ActionError, Forbidden
from common.models import AuditEntry
from organizations import actions
from organizations.access import access_of
from organizations.models import Appointment, Organization, RoleGrant
from tests.conftest import fresh
from tests.factories import appoint, grant, make_org, make_person, make_project, make_user

TODAY = "2026-05-10"
SYSTEM = Actor.system("test")


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


def refused(code, call, field=None):
    with pytest.raises(ActionError) as caught:
        call()
    assert caught.value.code == code
    if field:
        assert list(caught.value.fields) == [field]
    assert caught.value.message
    return caught.value


def entries():
    return list(AuditEntry.objects.order_by("id").values_list("action", "who"))


def test_add(district, cast, actor):
    added = actions.add_organization(
        parent=district.street,
        name=" 示例商圈联合党支部\u200b",
        kind="joint_branch",
        sector="park",
        code="001002",
        by=actor(cast.officer),
    )
    assert (added.name, added.code, added.parent_path) == (
        "示例商圈联合党支部",
        "001002",
        district.street.path,
    )
    assert entries() == [("organizations.organization.added", "组织部工作人员")]


def test_add_refusals(district, cast, actor):
    by = actor(cast.officer)
    make_org(district.root, code="001")
    gone = make_org(district.root, dissolved_on=date(2026, 1, 1))
    add = actions.add_organization
    refused("invalid", lambda: add(parent=district.root, name="", kind="branch", by=by), "name")
    refused("invalid", lambda: add(parent=district.root, name="甲", kind="club", by=by), "kind")
    refused("invalid", lambda: add(parent=district.root, name="甲", kind="branch", code="001", by=by), "code")
    refused("dissolved", lambda: add(parent=gone, name="甲", kind="branch", by=by), "parent")
    assert entries() == []


@pytest.mark.parametrize("who", ["leader", "secretary", "clerk", "outsider", "evaladmin", "scrutineer", "auditor"])
def test_only_the_department_and_administrators_change_the_tree(district, cast, actor, who):
    by = actor(getattr(cast, who))
    day = date(2026, 5, 1)
    person = make_person()
    calls = [
        lambda: actions.add_organization(parent=district.root, name="甲", kind="branch", by=by),
        lambda: actions.edit_organization(organization=district.street, name="乙", by=by),
        lambda: actions.move_organization(organization=district.branch, parent=district.street, by=by),
        lambda: actions.dissolve_organization(organization=district.branch, on=day, by=by),
        lambda: actions.appoint(person=person, organization=district.branch, post="clerk", since=day, by=by),
        lambda: actions.grant_role(person=person, role="auditor", since=day, by=by),
        lambda: actions.create_account(person=person, username="x", password="Abc-12345", by=by),
        lambda: actions.deactivate_account(user=cast.officer, by=by),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            call()
    assert entries() == []


def test_rename_keeps_the_former_name_in_the_trail(district, cast, actor):
    by = actor(cast.officer)
    actions.rename_organization(organization=district.street, name="示例新街道党工委", by=by)
    actions.rename_organization(organization=district.street, name="示例新街道党工委", by=by)  # changes nothing
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"name": "示例一街道党工委"}, {"name": "示例新街道党工委"})


def test_move_takes_the_subtree_along(district, cast, actor):
    actions.move_organization(organization=district.community, parent=district.other_street, by=actor(cast.officer))
    names = {o.name for o in Organization.objects.visible_to(fresh(cast.outsider))}
    assert names == {"示例二街道党工委", "示例二社区党委", "示例社区党委", "示例社区第一党支部"}
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"parent": "示例一街道党工委"}, {"parent": "示例二街道党工委"})
    assert Organization.objects.find_problems() == ([], [], [], [], [])


def test_move_refuses_cycles_and_repeats_do_nothing(district, cast, actor):
    by = actor(cast.officer)
    move = actions.move_organization
    for below in (district.street, district.community, district.branch):
        error = refused("cycle", lambda b=below: move(organization=district.street, parent=b, by=by), "parent")
        assert error.message == "不能把党组织移到它自己或它的下级之下。"
    move(organization=district.community, parent=district.street, by=by)  # is there already
    assert entries() == []
    assert Organization.objects.find_problems() == ([], [], [], [], [])


def test_dissolve_keeps_it_and_ends_posts_and_grants(district, cast, actor):
    project = make_project(district.branch, cast.branchsec)
    later = appoint(make_person(), district.branch, "clerk", since=date(2026, 6, 1))
    scoped = grant(cast.evaladmin, "district_leader", district.branch)
    by, on = actor(cast.officer), date(2026, 5, 9)
    actions.dissolve_organization(organization=district.branch, on=on, by=by)
    actions.dissolve_organization(organization=district.branch, on=date(2026, 5, 10), by=by)  # again
    district.branch.refresh_from_db()
    later.refresh_from_db()
    scoped.refresh_from_db()
    assert district.branch.dissolved_on == on
    assert Appointment.objects.get(person=cast.branchsec.person).until == on
    assert later.until == later.since
    assert scoped.until == on
    assert not access_of(fresh(cast.branchsec)).secretary_of
    assert project.lead_organization == district.branch
    assert entries() == [("organizations.organization.dissolved", "组织部工作人员")]


def test_dissolve_refusals(district, cast, actor):
    by = actor(cast.officer)
    Organization.objects.filter(pk=district.branch.pk).update(founded_on=date(2026, 1, 1))
    dissolve = actions.dissolve_organization
    day = date(2026, 5, 1)
    refused("has_children", lambda: dissolve(organization=district.street, on=day, by=by), "dissolved_on")
    tomorrow, too_early = date(2026, 5, 11), date(2025, 12, 31)
    refused("invalid", lambda: dissolve(organization=district.branch, on=tomorrow, by=by), "dissolved_on")
    refused("invalid", lambda: dissolve(organization=district.branch, on=too_early, by=by), "dissolved_on")


def test_appoint_and_end(district, cast, actor):
    user, by = make_user("示例新书记"), actor(cast.officer)
    old = Appointment.objects.get(organization=district.branch)
    actions.end_appointment(appointment=old, until=date(2026, 5, 9), by=by)
    actions.end_appointment(appointment=old, until=date(2026, 5, 9), by=by)  # again
    actions.appoint(person=user.person, organization=district.branch, post="secretary", since=date(2026, 5, 10), by=by)
    assert access_of(fresh(user)).is_secretary_of(district.branch.pk)
    assert not access_of(fresh(cast.branchsec)).secretary_of
    assert [action for action, _ in entries()] == [
        "organizations.appointment.ended",
        "organizations.appointment.added",
    ]


def test_appoint_refusals(district, cast, actor):
    by, person, day = actor(cast.officer), make_person(), date(2026, 5, 10)
    gone = make_org(district.root, dissolved_on=date(2026, 1, 1))

    def appoint_to(organization, post, who=person, until=None):
        return lambda: actions.appoint(person=who, organization=organization, post=post, since=day, until=until, by=by)

    refused("post_taken", appoint_to(district.branch, "secretary"), "post")
    refused("dissolved", appoint_to(gone, "clerk"), "organization")
    refused("invalid", appoint_to(district.branch, "king"), "post")
    refused("invalid", appoint_to(district.branch, "clerk", until=date(2026, 5, 1)))
    with pytest.raises(Forbidden):
        appoint_to(district.branch, "clerk", who=cast.officer.person)()
    # An end that is set but still to come leaves no gap for a second secretary.
    Appointment.objects.filter(organization=district.branch).update(until=date(2026, 6, 30))
    refused("post_taken", appoint_to(district.branch, "secretary"), "post")
    old = Appointment.objects.get(organization=district.branch)
    end = lambda: actions.end_appointment(appointment=old, until=date(2019, 1, 1), by=by)  # noqa: E731
    refused("invalid", end, "until")


def test_grant_and_revoke_at_once(cast, actor):
    user, by = make_user(), actor(cast.sysadmin)
    early = actions.grant_role(person=user.person, role="department_officer", since=date(2026, 5, 1), by=by)
    same_day = actions.grant_role(person=user.person, role="scrutineer", since=date(2026, 5, 10), by=by)
    assert access_of(fresh(user)).district_roles == {"department_officer", "scrutineer"}
    for grant_ in (early, same_day):
        actions.revoke_role(grant=grant_, by=by)
    assert access_of(fresh(user)).district_roles == frozenset()
    early.refresh_from_db()
    assert early.until == date(2026, 5, 9)
    assert not RoleGrant.objects.filter(pk=same_day.pk).exists()
    actions.revoke_role(grant=early, by=by)  # again
    assert len(entries()) == 4


def test_grant_refusals(cast, actor):
    by, day = actor(cast.sysadmin), date(2026, 5, 10)

    def to(user, role):
        return lambda: actions.grant_role(person=user.person, role=role, since=day, by=by)

    with pytest.raises(Forbidden) as caught:
        to(cast.sysadmin, "department_officer")()
    assert caught.value.code == "own_grant"
    with pytest.raises(Forbidden):
        actions.grant_role(person=make_person(), role="auditor", since=day, by=actor(cast.officer))
    refused("role_held", to(cast.officer, "department_officer"), "role")
    refused("roles_apart", to(cast.officer, "system_administrator"), "role")
    refused("roles_apart", to(cast.officer, "auditor"), "role")
    refused("roles_apart", to(cast.auditor, "department_officer"), "role")
    refused("roles_apart", to(cast.evaladmin, "scrutineer"), "role")
    refused("roles_apart", to(cast.scrutineer, "evaluation_administrator"), "role")
    to(cast.officer, "evaluation_administrator")()


def test_the_last_administrator_stays(cast, actor):
    grant_ = RoleGrant.objects.get(person=cast.sysadmin.person)
    by = actor(cast.sysadmin)
    refused("last_administrator", lambda: actions.revoke_role(grant=grant_, by=by))
    refused("last_administrator", lambda: actions.deactivate_account(user=cast.sysadmin, by=by))
    closed, ended = make_user(is_active=False), make_user()
    grant(closed, "system_administrator")
    grant(ended, "system_administrator", until=date(2026, 5, 9))
    refused("last_administrator", lambda: actions.revoke_role(grant=grant_, by=by))
    grant(make_user(), "system_administrator")
    actions.revoke_role(grant=grant_, by=by)
    assert not access_of(fresh(cast.sysadmin)).is_system_administrator
