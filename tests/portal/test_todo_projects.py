"""What waits on the desk around projects: for whom at each step, behind which link, at constant query counts."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from organizations.models import Appointment
from portal.workspace.todo import Todo
from portal.workspace.todo_projects import project_todos
from projects import applications, closing, plan_changes
from projects.models import Application, Project, Season
from tests import factories
from tests.conftest import fresh
from tests.evaluation.appraisal import votes
from tests.projects import course_steps, screening_steps
from tests.projects.application_steps import SHUT, draft, make_open_season

OPENING = "申报已开始"


@pytest.fixture
def season(db, today) -> Season:
    """2026 on 10 February, while it takes applications from committees and branches."""
    today("2026-02-10")
    return make_open_season(name="2026年度")


@pytest.fixture
def application(season, district, cast, actor) -> Application:
    """The first street's complete draft, in the clerk's hands."""
    return draft(season, district, actor(cast.clerk))


@pytest.fixture
def sent(season, district, cast) -> Project:
    """The same as it waits for the pre-check."""
    return screening_steps.make_sent(season, district.street, cast.secretary)


@pytest.fixture
def waits(cast, client_as):
    """`waits()`: the titles that wait, by person; every link opens for whom it is shown."""

    def found() -> dict[str, list[str]]:
        by_name = {name: project_todos(fresh(user)) for name, user in vars(cast).items()}
        for name, todos in by_name.items():
            for url in {todo.url for todo in todos}:
                assert client_as(getattr(cast, name)).get(url).status_code == 200, (name, url)
        return {
            name: sorted(todo.title for todo in todos if OPENING not in todo.title)
            for name, todos in by_name.items()
            if any(OPENING not in todo.title for todo in todos)
        }

    return found


def openings(cast) -> list[str]:
    """Who is told that applications have opened."""
    return [name for name, user in vars(cast).items() if any(OPENING in t.title for t in project_todos(fresh(user)))]


# --- the application ---


def test_an_open_season_waits_for_whoever_may_apply(cast, season) -> None:
    assert openings(cast) == ["secretary", "clerk", "branchsec", "outsider"]
    assert project_todos(fresh(cast.clerk)) == [
        Todo(
            title="2026年度申报已开始",
            about="示例一街道党工委",
            action="申报",
            url="/desk/apply/",
            icon="pencil",
            due=SHUT,
        )
    ]


@pytest.mark.parametrize(("day", "told"), [("2026-01-31", 0), ("2026-02-01", 4), ("2026-02-27", 4), ("2026-02-28", 0)])
def test_a_season_waits_between_its_days_only(cast, season, today, day, told) -> None:
    today(day)
    assert len(openings(cast)) == told


def test_a_season_waits_for_the_kinds_that_it_admits(cast, season) -> None:
    season.tracks.get().kinds.filter(kind="branch").delete()
    assert openings(cast) == ["secretary", "clerk", "outsider"]


def test_who_has_an_application_is_not_told_again_until_it_is_withdrawn(cast, application) -> None:
    assert openings(cast) == ["branchsec", "outsider"]
    Project.objects.filter(pk=application.project_id).update(state="withdrawn")
    assert openings(cast) == ["secretary", "clerk", "branchsec", "outsider"]


def test_a_draft_waits_for_the_clerk_and_then_for_the_secretary(cast, application, waits, actor) -> None:
    assert waits() == {"secretary": ["申报书：继续填写"], "clerk": ["申报书：继续填写"]}
    assert [todo.due for todo in project_todos(fresh(cast.clerk))] == [SHUT]
    applications.hand_over(application=application, by=actor(cast.clerk))
    assert waits() == {"secretary": ["申报书：干事已提交，请审定报送"]}
    applications.submit_application(application=application, by=actor(cast.secretary))
    assert waits() == {"officer": ["申报书：待预审"]}


# --- the screening ---


def test_a_round_waits_for_its_reviewers_and_then_for_the_department(cast, sent, waits) -> None:
    cast.first, cast.second, cast.third = screening_steps.make_reviewers(sent.season, 3)
    screening_steps.open_round(sent, cast.officer)
    assert waits() == {"first": ["评审申报书"], "second": ["评审申报书"], "third": ["评审申报书"]}
    screening_steps.score(screening_steps.own_review(sent, cast.first), 80, 80, 80)
    assert waits() == {"second": ["评审申报书"], "third": ["评审申报书"]}
    for user in (cast.second, cast.third):
        screening_steps.score(screening_steps.own_review(sent, user), 80, 80, 80)
    assert waits() == {"officer": ["评审完成：待决定"]}
    screening_steps.decided(sent, cast.officer)
    assert waits() == {}


@pytest.mark.parametrize(
    ("decision", "title"),
    [("revise", "申报书退回，请修改并答复意见"), ("redraft", "申报书退回，请重新拟写"), ("reject", "")],
)
def test_what_was_returned_waits_for_the_applicant(cast, sent, waits, decision, title) -> None:
    screening_steps.make_reviewers(sent.season, 3)
    screening_steps.pass_all([sent], cast.officer)
    screening_steps.decided(sent, cast.officer, decision)
    assert waits() == ({"secretary": [title], "clerk": [title]} if title else {})


# --- the course ---


@pytest.mark.parametrize(("new_end", "title"), [(None, "计划变更：待审批"), (course_steps.EXTENDED, "延期：待审批")])
def test_a_plan_change_waits_for_the_department(cast, project, today, waits, actor, new_end, title) -> None:
    today("2026-05-10")
    change = course_steps.ask(project, actor(cast.secretary), new_end=new_end)
    assert waits() == {"officer": [title]}
    assert [todo.url for todo in project_todos(fresh(cast.officer))] == [plan_changes.address(change)]
    course_steps.decide(change, actor(cast.officer))
    assert waits() == {}


@pytest.mark.parametrize(("day", "waiting"), [("2026-11-30", False), ("2026-12-01", True), ("2027-01-05", True)])
def test_a_closing_report_waits_from_thirty_days_before_the_end(cast, project, today, waits, day, waiting) -> None:
    today(day)
    titles = ["已到期：请报送结项报告" if day > "2026-12-31" else "即将到期：请报送结项报告"]
    assert waits() == ({"secretary": titles, "clerk": titles} if waiting else {})


def test_a_closing_waits_from_hand_to_hand(cast, project, today, waits, actor) -> None:
    today("2026-12-10")
    report = course_steps.complete(project, actor(cast.secretary))
    closing.submit_closing(closing=report, by=actor(cast.secretary))
    assert waits() == {"officer": ["结项：待核验"]}
    closing.return_closing(closing=report, reason="请补充佐证。", by=actor(cast.officer))
    assert waits() == {"secretary": ["结项报告退回，请修改"], "clerk": ["结项报告退回，请修改"]}
    closing.submit_closing(closing=report, by=actor(cast.secretary))
    closing.accept_closing(closing=report, level="qualified", verdict="同意。", by=actor(cast.officer))
    assert waits() == {"officer": ["已办结：待归档"]}


def test_what_stands_in_a_vote_waits_for_its_end_before_the_archive(cast, district, waits) -> None:
    """It could not be archived before; the to-do would hide what waits of the vote."""
    vote = votes.make_vote(district, cast, each=5)
    Project.objects.exclude(pk=vote.campaign.candidates.first().project_id).update(state="archived")
    assert waits()["officer"] == ["已办结：待归档"]
    votes.lock(vote)
    assert "officer" not in waits()


@pytest.mark.parametrize(("state", "waiting"), [("terminated", True), ("archived", False), ("running", False)])
def test_only_what_is_over_and_has_a_number_waits_for_the_archive(cast, district, waits, state, waiting) -> None:
    number = {"archive_number": "2026-DGW-001", "archive_sequence": 1, "approved_on": date(2026, 1, 1)}
    factories.make_project(district.street, cast.secretary, state=state, **(number if waiting else {}))
    factories.make_project(district.street, cast.secretary, state="withdrawn")  # taken back before its approval
    assert waits() == ({"officer": ["已办结：待归档"]} if waiting else {})


def test_a_project_whose_secretary_has_left_waits_for_the_department(cast, project, today, waits) -> None:
    today("2026-05-10")
    assert waits() == {}
    Appointment.objects.filter(person=cast.secretary.person).update(until=date(2026, 5, 9))
    assert waits() == {"officer": ["领题书记已不在任，请变更"]}


# --- the desk ---


def test_the_desk_shows_it_to_its_person_only(cast, sent, client, client_as) -> None:
    desk = reverse("workspace:desk")
    texts = {name: client_as(user).get(desk).content.decode() for name, user in vars(cast).items()}
    assert [name for name, text in texts.items() if "申报书：待预审" in text] == ["officer"]
    assert sent.title not in texts["outsider"]
    assert client.get(desk).status_code == 302


def add_one_of_each(season: Season, cast, district, actor) -> None:
    """One more of everything: three entries of an applicant, six of the department, one of a reviewer."""
    track, lead, soon = season.tracks.get(), actor(cast.secretary), date(2026, 2, 20)
    for post, user in (("secretary", cast.secretary), ("clerk", cast.clerk)):
        factories.appoint(user, factories.make_org(district.root), post)
    _, returned, waiting, ready = (screening_steps.make_sent(season, district.street, cast.secretary) for _ in range(4))
    Project.objects.filter(pk=returned.pk).update(state="returned_revise")
    for project in (waiting, ready):
        screening_steps.open_round(project, cast.officer)
    screening_steps.score_all(ready, (80, 80, 80))
    factories.make_project(district.street, factories.make_person(), track=track)  # its secretary holds no post
    factories.make_project(district.street, cast.secretary, track=track, state="completed")
    factories.make_project(district.street, cast.secretary, track=track, ends_on=soon)
    ended = factories.make_project(district.street, cast.secretary, track=track, ends_on=soon)
    closing.submit_closing(closing=course_steps.complete(ended, lead), by=lead)
    course_steps.ask(factories.make_project(district.street, cast.secretary, track=track), lead)


def test_queries_do_not_grow(cast, season, district, actor, assert_queries) -> None:
    cast.reviewer, *_ = screening_steps.make_reviewers(season, 3)
    queries = {"officer": 9, "secretary": 11, "clerk": 11, "reviewer": 3}
    counts = []
    for more in (1, 2):
        for _ in range(more):
            add_one_of_each(season, cast, district, actor)
        for name, number in queries.items():
            user = fresh(getattr(cast, name))
            with assert_queries(number):
                counts.append(len(project_todos(user)))
    assert counts == [6, 3, 3, 1, 18, 9, 9, 3]
