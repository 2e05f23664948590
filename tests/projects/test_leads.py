"""The lead secretary changes in mid-year: the terms are kept, drafts and duties pass on, all are told."""

from datetime import date

import pytest

from common.models import AuditEntry, Notice
from projects import leads, plan_changes, reporting
from projects.models import Application, Project
from tests.factories import POSTS, ROLES, appoint, make_person, make_project, make_report, make_user
from tests.projects.course_steps import ask
from tests.projects.refusals import refused

TODAY = date(2026, 5, 20)
SINCE = date(2026, 5, 18)


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


@pytest.fixture
def newcomer(district, cast):
    """The community's secretary, in office since Monday."""
    user = make_user("新任书记", username="newcomer")
    appoint(user, district.community, since=SINCE)
    return user


def change(project, person, by, since=SINCE, reason="换届"):
    return leads.change_lead(project=project, person=person, since=since, by=by, reason=reason)


def terms(project):
    return list(project.lead_terms.values_list("person__name", "since", "until"))


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_only_the_department_changes_the_lead(cast, project, people, newcomer, who):
    def call():
        return change(project, newcomer.person, people(who))

    if who != "officer":
        refused("forbidden", call)
        return
    call()
    call()  # the same again is nothing
    project.refresh_from_db()
    assert project.lead_secretary == newcomer.person
    assert terms(project) == [
        ("示例一街道书记", date(2026, 1, 1), date(2026, 5, 17)),
        ("新任书记", SINCE, None),
    ]
    entry = AuditEntry.objects.get(action="projects.project.lead_changed")
    assert (entry.user, entry.before) == (cast.officer, {"lead_secretary": "示例一街道书记"})
    assert entry.after == {"lead_secretary": "新任书记", "since": "2026-05-18", "reason": "换届"}


def test_all_are_told_and_the_new_one_what_to_take_over(project, people, newcomer):
    make_report(project, date(2026, 3, 1), [10, 0], state="returned")
    make_report(project, date(2026, 4, 1), [20, 0], state="handed_over")
    ask(project, people("secretary"))
    change(project, newcomer.person, people("officer"))
    rows = Notice.objects.filter(kind="project_lead_changed").order_by("recipient__username")
    assert [(n.recipient.username, n.body) for n in rows] == [
        ("clerk", "换届"),
        ("newcomer", "请接手：按月报送进展、审定2026年4月月报、修改2026年3月月报、等待审批的计划变更"),
        ("secretary", "换届"),
    ]
    assert {n.title for n in rows} == {f"领题书记由示例一街道书记变更为新任书记：{project}"}


@pytest.mark.parametrize(
    ("state", "with_secretary", "expected"),
    [
        ("draft", False, ["申报"]),
        ("draft", True, ["申报", "审定申报书"]),
        ("running", False, ["按月报送进展"]),
        ("closing", False, ["等待核验的结项"]),
    ],
)
def test_duties_follow_the_state(district, cast, state, with_secretary, expected):
    project = make_project(district.street, cast.secretary, state=state)
    Application.objects.create(project=project, with_secretary=with_secretary)
    assert leads.duties(project) == expected


def test_drafts_and_requests_pass_on(project, people, newcomer):
    report = make_report(project, date(2026, 4, 1), [20, 0], state="handed_over")
    request = ask(project, people("secretary"))
    change(project, newcomer.person, people("officer"))
    refused("forbidden", lambda: reporting.submit_report(report=report, by=people("secretary")))
    refused("forbidden", lambda: plan_changes.take_back(change=request, by=people("secretary")))
    by = type(people("clerk"))(user=newcomer, source="test")
    assert reporting.submit_report(report=report, by=by).state == "submitted"
    assert plan_changes.take_back(change=request, by=by).state == "taken_back"


def test_the_newcomer_sees_the_project_and_the_former_no_longer_by_leading_it(district, cast, people):
    project = make_project(district.other_street, cast.branchsec)
    assert Project.objects.visible_to(cast.branchsec).exists()
    change(project, cast.outsider.person, people("officer"))
    assert not Project.objects.visible_to(cast.branchsec).exists()
    assert Project.objects.visible_to(cast.outsider).exists()


def test_wrong_persons_and_days_are_refused(cast, project, people, newcomer):
    officer, person = people("officer"), newcomer.person
    refused("invalid", lambda: change(project, cast.clerk.person, officer), "person")
    refused("invalid", lambda: change(project, person, officer, since=date(2026, 1, 1)), "since")
    refused("invalid", lambda: change(project, person, officer, since=date(2026, 5, 21)), "since")
    refused("invalid", lambda: change(project, person, officer, reason="长" * 201), "reason")
    Project.objects.update(contact=person)
    refused("invalid", lambda: change(project, person, officer), "person")
    assert len(terms(project)) == 1


@pytest.mark.parametrize("state", ["completed", "terminated", "withdrawn", "rejected", "archived"])
def test_a_project_that_is_over_keeps_its_lead(district, cast, people, newcomer, state):
    project = make_project(district.street, cast.secretary, state=state)
    refused("illegal_step", lambda: change(project, newcomer.person, people("officer")))


def test_successors_are_secretaries_in_office_the_own_organizations_first(district, cast, newcomer):
    former = make_person("卸任书记")
    appoint(former, district.other_community, until=date(2026, 5, 19))
    project = make_project(district.community, cast.secretary)
    found = list(leads.successors(project).values_list("name", flat=True))
    assert found == ["新任书记", "示例二街道书记", "示例第一党支部书记"]


def test_projects_whose_secretary_left_are_found(district, cast, project, people):
    left = make_person("调任书记")
    post = appoint(left, district.other_community, until=date(2026, 6, 1))
    other = make_project(district.other_community, left)
    make_project(district.other_community, left, state="completed")
    assert list(leads.without_secretary(date(2026, 6, 1))) == []
    assert post.until == date(2026, 6, 1)
    assert list(leads.without_secretary(date(2026, 6, 2))) == [other]
