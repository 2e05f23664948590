"""Into the library: numbers without gap or double, the frozen plan, the start, nothing public by itself."""

from __future__ import annotations

from datetime import date
from threading import Barrier, Thread

import pytest
from django.db import connection

from common.actors import Actor
from projects import library, screening
from projects.models import Project, Track
from tests import factories
from tests.projects.application_steps import make_open_season
from tests.projects.refusals import refused
from tests.projects.reporting_steps import told
from tests.projects.screening_steps import by, decided, make_reviewers, make_sent, open_round, pass_all, score_all

State = Project.State


@pytest.fixture
def ready(in_review):
    """Scored, waiting for the board."""
    score_all(in_review, (80, 80, 80))
    return in_review


# --- the number's format ---


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("YH-{year}-{track}-{number:03}", "YH-2026-SQ-007"),
        ("{track}{number}", "SQ7"),
        ("〔{year}〕{track}第{number:2}号", "〔2026〕SQ第 7号"),
    ],
)
def test_a_number_follows_the_seasons_format(pattern, words):
    assert library.number_words(pattern, year=2026, track="SQ", number=7) == words


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "YH-2026",
        "YH-{year}-{track}",
        "YH-{year}-{number:03}",
        "{track}-{number:03}-{other}",
        "{track}-{number!r}",
        "{track.__class__}-{number}",
        "{track}-{number:09999999999}",
        "{track}-{number:03",
        "{track}-{number}-}",
        "{track:03}-{number}",
        "{track}-{number}-" + "长" * 40,
    ],
)
def test_a_format_that_gives_no_usable_number(pattern):
    number = lambda: library.number_words(pattern, year=2026, track="SQ", number=7)  # noqa: E731
    refused("archive_number_format", number, "archive_number_format")


# --- the approval ---


def test_an_approval_numbers_freezes_and_starts(ready, cast, today):
    today("2026-03-10")
    project = decided(ready, cast.officer)
    plan = project.plans.get()
    assert (project.archive_number, project.archive_sequence) == ("YH-2026-DGW-001", 1)
    assert (project.approved_on, project.state) == (date(2026, 3, 10), State.RUNNING)
    assert (plan.frozen_on, plan.weight_total, plan.effective_from) == (date(2026, 3, 10), 10000, date(2026, 3, 1))
    title = "已立项：小区党支部联建（YH-2026-DGW-001）"
    assert told("project_approved") == [("clerk", title), ("secretary", title)]
    changes = project.state_changes.order_by("id").values_list("to_state", "by__username")
    assert list(changes)[-2:] == [("approved", "officer"), ("running", None)]
    assert library.approve_project(project=ready, by=by(cast.officer)).archive_number == "YH-2026-DGW-001"
    assert Track.objects.get().last_number == 1


def test_before_its_first_day_a_project_waits(ready, cast, today):
    today("2026-02-20")
    assert decided(ready, cast.officer).state == State.APPROVED


def test_a_number_that_was_rolled_back_leaves_no_gap(season, district, cast, panel, today):
    today("2026-03-10")
    first = make_sent(season, district.street, cast.secretary)
    second = make_sent(season, district.other_street, cast.outsider)
    pass_all((first, second), cast.officer)
    first.plans.get().items.filter(weight=6000).update(weight=5000)
    refused("weights", lambda: decided(first, cast.officer), "weight")
    refused("forbidden", lambda: library.approve_project(project=first, by=by(cast.leader)))
    first.refresh_from_db()
    assert (first.state, first.archive_number, Track.objects.get().last_number) == (State.IN_REVIEW, None, 0)
    assert decided(second, cast.officer).archive_number == "YH-2026-DGW-001"
    first.plans.get().items.filter(weight=5000).update(weight=6000)
    assert decided(first, cast.officer).archive_number == "YH-2026-DGW-002"


def test_each_track_counts_by_itself(season, district, cast, panel):
    other = factories.make_track(season, "社区赛道", code="community", position=2)
    projects = [
        make_sent(season, district.street, cast.secretary),
        make_sent(season, district.other_street, cast.outsider, track=other),
    ]
    pass_all(projects, cast.officer)
    numbers = [decided(project, cast.officer).archive_number for project in projects]
    assert numbers == ["YH-2026-DGW-001", "YH-2026-COMMUNITY-001"]


def test_a_number_that_is_taken_is_refused_and_not_used(ready, cast):
    """Another season of the same year with the same track codes."""
    twin = factories.make_track(ready.season, code="twin", position=2)
    factories.make_project(
        ready.lead_organization, cast.outsider, track=twin, archive_number="YH-2026-DGW-001", archive_sequence=1
    )
    refused("archive_number_taken", lambda: decided(ready, cast.officer), "archive_number_format")
    ready.refresh_from_db()
    assert (ready.state, ready.track.last_number) == (State.IN_REVIEW, 0)


def test_only_what_is_in_review_and_planned_is_approved(sent, ready, cast, season, district):
    other = make_sent(season, district.other_street, cast.outsider)
    refused("illegal_step", lambda: library.approve_project(project=other, by=by(cast.officer)))
    ready.plans.all().delete()
    refused("no_plan", lambda: decided(ready, cast.officer))
    assert Project.objects.in_library().count() == 0


def test_approved_is_not_public(ready, cast, client_as, api_as):
    project = decided(ready, cast.officer)
    assert (project.published_on, Project.objects.published().count()) == (None, 0)
    assert api_as().get(f"/api/v1/projects/{project.code}/").status_code == 404
    assert api_as().get("/api/v1/projects/").json()["results"] == []
    assert project.title not in client_as(cast.outsider).get("/projects/").content.decode()


def test_the_public_wording_is_one_paragraph_of_an_approved_project(ready, cast):
    clean = library.clean_public
    refused("invalid", lambda: clean(ready, {"summary": "很好"}), "summary")
    project = decided(ready, cast.officer)
    assert clean(project, {"summary": " 以党建引领\n小区\u200b治理 "}) == {"summary": "以党建引领 小区治理"}
    for wrong in ({}, {"summary": " \u200b"}, {"summary": "字" * 301}):
        refused("invalid", lambda wrong=wrong: clean(project, wrong), "summary")
    library.show_publicly(project, {"summary": "以党建引领小区治理"}, by(cast.officer))
    assert Project.objects.published().values_list("summary").get() == ("以党建引领小区治理",)
    library.take_down(project, by(cast.officer))
    assert not Project.objects.published().exists()


# --- the start ---


def test_due_projects_start_once(season, district, cast, panel, today):
    today("2026-02-20")
    projects = [
        make_sent(season, district.street, cast.secretary),
        make_sent(season, district.other_street, cast.outsider),
    ]
    pass_all(projects, cast.officer)
    for project in projects:
        decided(project, cast.officer)
    Project.objects.filter(pk=projects[1].pk).update(starts_on=date(2026, 3, 2))
    assert library.start_due_projects(date(2026, 2, 28)) == 0
    assert [library.start_due_projects(date(2026, 3, 1)) for _ in range(2)] == [1, 0]
    assert projects[0].state_changes.filter(to_state="running").count() == 1
    assert library.start_due_projects(date(2026, 3, 2)) == 1


# --- at once ---


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_twenty_approvals_at_once_leave_neither_gap_nor_double():
    district = factories.make_district()
    cast, season = factories.make_cast(district), make_open_season()
    make_reviewers(season, 3)
    projects = [make_sent(season, factories.make_org(district.root), factories.make_person()) for _ in range(20)]
    pass_all(projects, cast.officer)
    gate, problems = Barrier(20), []

    def approve(project: Project, officer: Actor) -> None:
        try:
            gate.wait(timeout=30)
            screening.decide(project=project, decision="pass", reason="", by=officer)
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [Thread(target=approve, args=(project, by(cast.officer))) for project in projects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert list(Project.objects.order_by("archive_sequence").values_list("archive_sequence", flat=True)) == list(
        range(1, 21)
    )
    numbers = Project.objects.order_by("archive_sequence").values_list("archive_number", flat=True)
    assert list(numbers) == [f"YH-2026-DGW-{number:03}" for number in range(1, 21)]
    assert Track.objects.get().last_number == 20


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_one_project_approved_twice_at_once_takes_one_number():
    district = factories.make_district()
    cast, season = factories.make_cast(district), make_open_season()
    make_reviewers(season, 3)
    project = make_sent(season, district.street, cast.secretary)
    open_round(project, cast.officer)
    score_all(project, (80, 80, 80))
    gate, numbers = Barrier(4), []

    def approve(officer: Actor) -> None:
        try:
            gate.wait(timeout=30)
            numbers.append(screening.decide(project=project, decision="pass", reason="", by=officer).archive_number)
        finally:
            connection.close()

    threads = [Thread(target=approve, args=(by(cast.officer),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers == ["YH-2026-DGW-001"] * 4
    assert Track.objects.get().last_number == 1
