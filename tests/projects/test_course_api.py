"""API of a project's course: the same actions and rules as the pages, 404 out of scope, one error shape."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from common.models import StoredFile
from projects.models import Closing, PlanChange, Project
from projects.plan_changes import take_back
from tests.factories import make_person
from tests.projects.answers import body, failed, of
from tests.projects.course_steps import EXTENDED, HALF, JAN, JULY, YEAR_END, ask, complete, evidence, promise
from tests.projects.reporting_steps import told

TODAY = date(2026, 5, 20)


@pytest.fixture(autouse=True)
def _day(today):
    today(TODAY)


@pytest.fixture
def api(cast, api_as):
    return lambda who: api_as(getattr(cast, who))


def wanted(project: Project, **values: Any) -> dict[str, Any]:
    kept = project.milestones.get(title="建阵地")
    items = [
        {"milestone": kept.pk, "weight": "30", "start": str(JAN), "due": str(HALF)},
        {"title": "推广", "weight": 70, "start": str(JULY), "due": str(YEAR_END)},
    ]
    return {"items": items, "reason": "原场地拆迁", **values}


# --- plan changes ---


def test_a_plan_change_from_the_request_to_the_new_plan(api, project):
    change = body(api("secretary").post(of(project, "plan-changes/"), wanted(project), format="json"), 201)
    assert (change["state"], change["version"], change["effective_from"]) == ("requested", 2, None)
    assert [(i["title"], i["weight"]) for i in change["items"]] == [("建阵地", 30.0), ("推广", 70.0)]
    address = of(project, f"plan-changes/{change['id']}/")
    assert body(api("leader").get(address)) == change
    decided = body(api("officer").post(f"{address}decide/", {"approve": True, "answer": "同意"}, format="json"))
    assert (decided["state"], decided["effective_from"]) == ("approved", "2026-05-21")
    assert (decided["requested_by"], decided["decided_by"]) == ("示例一街道书记", "组织部工作人员")
    failed(api("secretary").post(f"{address}take-back/"), 409, "illegal_step")


def test_wrong_requests_name_their_fields(api, project):
    address, secretary = of(project, "plan-changes/"), api("secretary")

    def post(**values):
        return secretary.post(address, wanted(project, **values), format="json")

    items = wanted(project)["items"]
    failed(post(reason=""), 400, "invalid", "reason")
    failed(post(new_end="2027-12-31"), 400, "invalid", "new_end")
    failed(post(items=items[:1]), 400, "weights", "weight")
    failed(post(items=[items[0] | {"milestone": 987654}, items[1]]), 400, "invalid", "items.0.milestone")
    failed(post(items=[items[0], items[1] | {"title": ""}]), 400, "invalid", "items.1.title")
    failed(post(items=[items[0], items[1] | {"weight": "70.001"}]), 400, "invalid", "items.1.weight")
    failed(post(items=[items[0], items[1] | {"due": "2026-02-30"}]), 400, "invalid", "items.1.due")
    assert PlanChange.objects.count() == 0


def test_who_may_do_what_with_a_plan_change(api, api_as, project, people):
    address = of(project, "plan-changes/")
    failed(api("clerk").post(address, wanted(project), format="json"), 403, "forbidden")
    change = ask(project, people("secretary"), new_end=EXTENDED)
    one = f"{address}{change.pk}/"
    failed(api("clerk").post(f"{one}decide/", {"approve": True}, format="json"), 403, "forbidden")
    failed(api("officer").post(f"{one}decide/", {}, format="json"), 400, "invalid", "approve")
    failed(api("officer").post(f"{one}decide/", {"approve": False}, format="json"), 400, "invalid", "answer")
    assert body(api("secretary").post(f"{one}take-back/"))["state"] == "taken_back"
    for call in ("get", "post"):
        for url in (address, one, f"{one}decide/", f"{one}take-back/"):
            assert getattr(api_as(), call)(url).status_code == 401
    for url in (address, one):
        failed(api("outsider").get(url), 404, "not_found")
    failed(api("outsider").post(f"{one}decide/", {"approve": True}, format="json"), 404, "not_found")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_and_three(api, project, people, rows, assert_queries):
    for turn in range(rows):
        take_back(change=ask(project, people("secretary"), reason=f"原因{turn}"), by=people("secretary"))
    leader = api("leader")
    with assert_queries(9):
        answer = leader.get(of(project, "plan-changes/"))
    assert len(body(answer)["results"]) == rows


# --- closing ---


def test_a_closing_from_the_draft_to_the_verdict(api, project):
    figure = promise(project)
    address, clerk = of(project, "closing/"), api("clerk")
    failed(clerk.get(address), 404, "not_found")
    given = {"outcome": "办成了", "practice": "可推广", "figures": [{"id": figure.pk, "reached": "5100余"}]}
    saved = body(clerk.patch(address, given, format="json"))
    assert (saved["state"], saved["revision"], saved["files"]) == ("running", 1, [])
    assert saved["figures"] == [
        {"id": figure.pk, "name": "服务居民群众", "promised": "5000人次", "reached": "5100余人次", "evidence": ""}
    ]
    failed(clerk.patch(address, {"revision": 0, "next": "巩固"}, format="json"), 409, "stale_draft")
    kept = body(clerk.patch(address, {"figures": [{"id": figure.pk, "evidence": "签到表"}]}, format="json"))
    assert (kept["outcome"], kept["figures"][0]["reached"]) == ("办成了", "5100余人次")
    failed(api("secretary").post(of(project, "close/")), 400, "incomplete", "evidence")
    file = body(clerk.post(f"{address}evidence/", {"evidence": evidence()}, format="multipart"), 201)
    assert body(clerk.get(address))["files"] == [file]
    failed(clerk.post(of(project, "close/")), 403, "forbidden")
    assert body(api("secretary").post(of(project, "close/")))["state"] == "closing"
    failed(clerk.delete(f"{address}evidence/{file['id']}/"), 409, "not_editable")
    returned = body(api("officer").post(f"{address}return/", {"verdict": "补充"}, format="json"))
    assert (returned["state"], returned["verdict"]) == ("running", "补充")
    body(api("secretary").post(of(project, "close/")))
    given = {"level": "excellent", "verdict": "属实", "bar_reason": "数据不实"}
    done = body(api("officer").post(f"{address}accept/", given, format="json"))
    assert (done["state"], done["level"], done["eligible"]) == ("completed", "excellent", False)


def test_evidence_goes_again(api, project, people):
    complete(project, people("clerk"))
    file = StoredFile.objects.get()
    address = of(project, f"closing/evidence/{file.pk}/")
    failed(api("officer").delete(address), 403, "forbidden")
    failed(api("outsider").delete(address), 404, "not_found")
    assert api("clerk").delete(address).status_code == 204
    assert StoredFile.objects.count() == 0
    failed(api("clerk").post(of(project, "closing/evidence/"), {}, format="multipart"), 400, "invalid", "evidence")


@pytest.mark.parametrize("typed", ["约100", "-1", "100户", "5O"])
def test_a_figure_that_is_none_is_refused(api, project, typed):
    figure = promise(project)
    given = {"outcome": "办成了", "figures": [{"id": figure.pk, "reached": typed}]}
    failed(api("clerk").patch(of(project, "closing/"), given, format="json"), 400, "invalid", f"figure:{figure.pk}")
    assert Closing.objects.count() == 0


def test_who_may_do_what_with_a_closing(api, api_as, project, people):
    address = of(project, "closing/")
    failed(api("officer").patch(address, {"outcome": "…"}, format="json"), 403, "forbidden")
    complete(project, people("clerk"))
    failed(api("clerk").post(f"{address}accept/", {"level": "excellent"}, format="json"), 403, "forbidden")
    failed(api("officer").post(f"{address}accept/", {"level": "great"}, format="json"), 400, "invalid", "level")
    failed(api("officer").post(f"{address}return/", {"verdict": "…"}, format="json"), 409, "illegal_step")
    assert body(api("leader").get(address))["project"] == project.code
    failed(api("outsider").get(address), 404, "not_found")
    failed(api("outsider").post(of(project, "close/")), 404, "not_found")
    assert api_as().get(address).status_code == 401


# --- course, lead, publication ---


def test_the_course(api, api_as, project):
    address, given = of(project, "course/"), {"course": "suspend", "reason": "场地调整"}
    assert body(api("officer").post(address, given, format="json")) == {"code": project.code, "state": "suspended"}
    failed(api("officer").post(address, {"course": "resume"}, format="json"), 400, "invalid", "reason")
    failed(api("officer").post(address, {"course": "archive"}, format="json"), 400, "invalid", "course")
    failed(api("secretary").post(address, {**given, "course": "resume"}, format="json"), 403, "forbidden")
    failed(api("outsider").post(address, given, format="json"), 404, "not_found")
    assert api_as().post(address, given, format="json").status_code == 401


def test_the_lead_secretary(api, api_as, cast, project):
    address = of(project, "lead/")
    given = {"person": cast.branchsec.person_id, "since": "2026-05-18", "reason": "换届"}
    failed(api("clerk").post(address, given, format="json"), 403, "forbidden")
    failed(api("officer").post(address, given | {"since": "2026-06-01"}, format="json"), 400, "invalid", "since")
    nobody = make_person().pk
    failed(api("officer").post(address, given | {"person": nobody}, format="json"), 400, "invalid", "person")
    changed = body(api("officer").post(address, given, format="json"))
    assert changed == body(api("officer").post(address, given, format="json"))  # the same again is nothing
    assert (changed["lead_secretary"], [t["until"] for t in changed["terms"]]) == (
        "示例第一党支部书记",
        ["2026-05-17", None],
    )
    assert body(api("leader").get(address)) == changed
    failed(api("outsider").get(address), 404, "not_found")
    assert api_as().get(address).status_code == 401
    assert [name for name, _ in told("project_lead_changed")] == ["branchsec", "clerk", "secretary"]


def test_publication(api, api_as, project):
    address = of(project, "publication/")
    failed(api("clerk").get(address), 404, "not_found")
    failed(api("clerk").post(address, {"do": "propose"}, format="json"), 400, "invalid", "summary")
    failed(api("clerk").post(address, {"do": "show"}, format="json"), 400, "invalid", "do")
    body(api("clerk").post(address, {"do": "propose", "summary": "一句话简介"}, format="json"))
    failed(api("clerk").post(address, {"do": "clear"}, format="json"), 403, "forbidden")
    for do in ("clear", "approve", "publish"):
        shown = body(api("officer").post(address, {"do": do}, format="json"))
    assert (shown["state"], shown["summary"]) == ("published", "一句话简介")
    assert [(s["step"], s["by"]) for s in shown["steps"]] == [
        ("proposed", "示例一街道党务干事"),
        ("cleared", "组织部工作人员"),
        ("approved", "组织部工作人员"),
        ("published", "组织部工作人员"),
    ]
    failed(api("outsider").get(address), 404, "not_found")
    assert api_as().get(address).status_code == 401
