"""A project's public fields go through 提出 → 保密审查 → 审批 → 发布; before that nothing is public."""

from datetime import date

import pytest
from django.urls import reverse

from common import publication
from projects.models import Project
from tests.factories import POSTS, ROLES, make_project
from tests.projects.refusals import refused

TODAY = date(2026, 5, 20)
WORDS = "党员带头建设红色议事厅。"


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


def step(project, do, by, summary=WORDS, reason=""):
    return publication.take_step(obj=project, do=do, by=by, content={"summary": summary}, reason=reason)


def is_public(api_as, project):
    """Whether nobody finds the project, in the list and at its address; and what it says."""
    listed = [row["code"] for row in api_as().get("/api/v1/projects/").json()["results"]]
    answer = api_as().get(f"/api/v1/projects/{project.code}/")
    assert (project.code in listed) == (answer.status_code == 200)
    return answer.json()["summary"] if answer.status_code == 200 else None


def test_nothing_is_public_before_the_last_step(project, people, api_as):
    for who, do in (("clerk", "propose"), ("officer", "clear"), ("officer", "approve")):
        step(project, do, people(who))
        assert is_public(api_as, project) is None
    step(project, "publish", people("officer"))
    assert is_public(api_as, project) == WORDS
    steps = [(s.to_state, s.by.username, s.on) for s in publication.steps_of(project)]
    assert steps == [
        ("proposed", "clerk", TODAY),
        ("cleared", "officer", TODAY),
        ("approved", "officer", TODAY),
        ("published", "officer", TODAY),
    ]
    project.refresh_from_db()
    assert (project.summary, project.published_on) == (WORDS, TODAY)


@pytest.mark.parametrize("do", ["approve", "publish"])
def test_no_step_is_left_out(project, people, do, api_as):
    step(project, "propose", people("secretary"))
    refused("illegal_step", lambda: step(project, do, people("officer")))
    assert is_public(api_as, project) is None


@pytest.mark.parametrize("who", [*POSTS, *ROLES])
def test_authors_and_the_department_propose_the_department_reviews(project, people, who):
    if who not in ("secretary", "clerk", "officer"):
        refused("forbidden", lambda: step(project, "propose", people(who)))
    else:
        assert step(project, "propose", people(who)).state == "proposed"
    step(project, "propose", people("clerk"))
    for do in ("clear", "approve", "publish"):
        if who == "officer":
            step(project, do, people(who))
        else:
            refused("forbidden", lambda do=do: step(project, do, people(who)))


def test_an_officer_does_not_review_a_project_of_his_own(district, cast, people):
    project = make_project(district.street, cast.officer)
    step(project, "propose", people("clerk"))
    refused("forbidden", lambda: step(project, "clear", people("officer")))


@pytest.mark.parametrize("summary", ["", " \u200b", "长" * 301])
def test_a_wording_is_there_and_short(project, people, summary):
    refused("invalid", lambda: step(project, "propose", people("clerk"), summary=summary), "summary")


def test_an_application_is_not_public(district, cast, people):
    project = make_project(district.street, cast.secretary, state="submitted")
    refused("invalid", lambda: step(project, "propose", people("clerk")), "summary")


def test_a_returned_wording_is_proposed_again(project, people, api_as):
    step(project, "propose", people("clerk"))
    refused("invalid", lambda: step(project, "send_back", people("officer")), "reason")
    step(project, "send_back", people("officer"), reason="有个人信息")
    step(project, "propose", people("clerk"), summary="改过的")
    for do in ("clear", "approve", "publish"):
        step(project, do, people("officer"))
    assert is_public(api_as, project) == "改过的"


def test_the_former_wording_stays_until_the_new_one_is_published(project, people, api_as):
    for who, do in (("clerk", "propose"), ("officer", "clear"), ("officer", "approve"), ("officer", "publish")):
        step(project, do, people(who))
    step(project, "propose", people("clerk"), summary="新的说法")
    assert is_public(api_as, project) == WORDS
    for do in ("clear", "approve", "publish"):
        step(project, do, people("officer"))
    assert is_public(api_as, project) == "新的说法"


def test_taking_down_hides_at_once(project, people, api_as, client):
    for who, do in (("clerk", "propose"), ("officer", "clear"), ("officer", "approve"), ("officer", "publish")):
        step(project, do, people(who))
    page = reverse("catalogue:project", args=[project.code])
    assert client.get(page).status_code == 200
    step(project, "take_down", people("officer"), reason="内容有误")
    assert (is_public(api_as, project), client.get(page).status_code) == (None, 404)
    assert Project.objects.published().count() == 0
