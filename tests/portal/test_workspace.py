"""The workbench: who reaches which page, what waits for whom, and constant query counts."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from evaluation.tracking import checks
from evaluation.tracking.models import LiaisonCase
from portal.workspace.todo import todos
from projects.leads import change_lead
from projects.models import Project
from tests import factories
from tests.conftest import fresh

EVERYBODY = [
    "officer",
    "leader",
    "secretary",
    "clerk",
    "branchsec",
    "outsider",
    "evaladmin",
    "scrutineer",
    "auditor",
    "sysadmin",
]
# Who gets which page; everybody else gets 404, and nobody is sent to the login.
REACH = {
    "workspace:desk": set(EVERYBODY),
    "workspace:board": {"officer", "leader", "secretary", "clerk", "branchsec", "outsider"},
    "tracking:behind": {"officer", "leader", "secretary", "clerk", "branchsec", "outsider"},
    "projects:inbox": {"officer"},
    "workspace:project": {"officer", "leader", "secretary", "clerk"},
    "projects:report": {"officer", "leader", "secretary", "clerk"},
    "tracking:case": {"officer", "leader", "secretary", "clerk", "contact"},
}


@pytest.fixture
def behind(project: Project, cast, today) -> Project:
    """The first street's project in May, red, with a liaison case and a contact."""
    cast.contact = factories.make_user("联系人", username="contact")
    Project.objects.filter(pk=project.pk).update(contact=cast.contact.person)
    factories.make_report(project, date(2026, 4, 1), [5, 0], state="submitted")
    today("2026-06-10")
    checks.run(date(2026, 6, 9))
    project.refresh_from_db()
    return project


def address(name: str, project: Project) -> str:
    arguments = {
        "workspace:project": [project.code],
        "projects:report": [project.code, "2026-04"],
    }
    if name == "tracking:case":
        return reverse(name, args=[LiaisonCase.objects.get(project=project).pk])
    return reverse(name, args=arguments.get(name, []))


@pytest.mark.parametrize("name", REACH)
def test_who_reaches_a_page(client, client_as, cast, behind: Project, name: str) -> None:
    reached = {
        person
        for person in [*EVERYBODY, "contact"]
        if client_as(getattr(cast, person)).get(address(name, behind)).status_code == 200
    }
    assert reached - {"contact"} == REACH[name] - {"contact"}
    assert ("contact" in reached) == (name in ("tracking:case", "workspace:desk"))
    answer = client.get(address(name, behind))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("accounts:login"))


@pytest.mark.parametrize("name", REACH)
def test_who_does_not_reach_a_page_gets_404(client_as, cast, behind: Project, name: str) -> None:
    for person in set(EVERYBODY) - REACH[name]:
        assert client_as(getattr(cast, person)).get(address(name, behind)).status_code == 404, person


def test_lists_show_an_outsider_nothing_of_another_committee(client_as, cast, behind: Project) -> None:
    browser = client_as(cast.outsider)
    for name in ("workspace:desk", "workspace:board", "tracking:behind"):
        assert behind.title not in browser.get(address(name, behind)).content.decode(), name


def test_what_waits_for_whom(cast, behind: Project) -> None:
    found = {name: [t.title for t in todos(fresh(getattr(cast, name)))] for name in (*EVERYBODY, "contact")}
    assert found == {
        "officer": ["2026年4月月报：待确认"],
        "leader": [],
        "secretary": ["2026年5月月报：填写"],
        "clerk": ["2026年5月月报：填写"],
        "branchsec": [],
        "outsider": [],
        "evaladmin": [],
        "scrutineer": [],
        "auditor": [],
        "sysadmin": [],
        "contact": [],
    }


def test_a_visit_waits_for_its_contact_three_days_before(cast, behind: Project, today) -> None:
    today("2026-06-20")
    assert [t.title for t in todos(fresh(cast.contact))] == ["联系滞后项目"]
    assert [t.title for t in todos(fresh(cast.officer))] == ["2026年4月月报：待确认"]
    LiaisonCase.objects.update(contact=None)
    assert "滞后项目还没有联系人" in [t.title for t in todos(fresh(cast.officer))]


def test_a_handed_over_report_waits_for_the_secretary_only(cast, project: Project, today) -> None:
    today("2026-02-03")
    factories.make_report(project, date(2026, 1, 1), [5, 0], state="handed_over")
    assert [t.title for t in todos(fresh(cast.secretary))] == ["2026年1月月报：干事已提交，请审定报送"]
    assert todos(fresh(cast.clerk)) == []


def test_who_reads_all_sees_on_the_desk_who_is_furthest_behind(client_as, cast, behind: Project) -> None:
    page = reverse("workspace:desk")
    for name in ("officer", "leader"):
        text = client_as(getattr(cast, name)).get(page).content.decode()
        assert text.count("落后最多的项目") == 1, name
        assert behind.title in text
    for name in ("secretary", "outsider", "auditor"):
        assert "落后最多的项目" not in client_as(getattr(cast, name)).get(page).content.decode(), name


def test_the_board_shows_the_light_in_words(client_as, cast, behind: Project) -> None:
    text = client_as(cast.officer).get(reverse("workspace:board")).content.decode()
    assert "6月：严重滞后，严重落后于序时进度" in text
    assert (
        client_as(cast.officer).get(reverse("workspace:board"), {"light": "green"}).context["page"].paginator.count == 0
    )


@pytest.mark.parametrize(
    ("name", "person", "queries"),
    [
        ("workspace:desk", "officer", 28),
        ("workspace:desk", "secretary", 22),
        ("workspace:board", "officer", 16),
        ("tracking:behind", "officer", 11),
        ("projects:inbox", "officer", 9),
    ],
)
def test_queries_do_not_grow(
    client_as, cast, behind: Project, assert_queries, name: str, person: str, queries: int
) -> None:
    browser = client_as(getattr(cast, person))
    with assert_queries(queries):
        browser.get(reverse(name))
    for _ in range(3):
        more = factories.make_project(behind.lead_organization, cast.secretary, track=behind.track)
        factories.make_report(more, date(2026, 4, 1), [5, 0], state="submitted")
    checks.run_until(date(2026, 6, 9))
    with assert_queries(queries):
        browser.get(reverse(name))


def test_the_project_page_names_who_led_before(client_as, cast, behind: Project, actor) -> None:
    page = address("workspace:project", behind)
    assert "历任" not in client_as(cast.officer).get(page).content.decode()
    change_lead(project=behind, person=cast.branchsec.person, since=date(2026, 6, 1), by=actor(cast.officer))
    text = client_as(cast.officer).get(page).content.decode()
    assert "示例一街道书记（2026年1月1日起）、示例第一党支部书记（2026年6月1日起）" in text


def test_queries_of_the_project_page_do_not_grow(client_as, cast, behind: Project, assert_queries) -> None:
    browser = client_as(cast.officer)
    with assert_queries(29):
        browser.get(address("workspace:project", behind))
    for month in (1, 2, 3):
        factories.make_report(behind, date(2026, month, 1), [5, 0])
    with assert_queries(29):
        browser.get(address("workspace:project", behind))
