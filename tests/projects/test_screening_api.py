"""The API of the screening: the right person and the wrong ones, bad input, nothing before its time."""

from __future__ import annotations

from uuid import uuid4

import pytest

from projects import screening
from projects.models import ApplicationComment, Project
from tests import factories
from tests.projects.answers import body, failed, of
from tests.projects.screening_steps import (
    by,
    decided,
    make_reviewers,
    make_sent,
    open_round,
    own_review,
    save,
    score,
    score_all,
    send_again,
)

State = Project.State
MINE = "/api/v1/reviews/"
SECRETS = ["61.0", "独特的评语", "独特的总评", "独特的意见", "示例专家2"]
# Who is told "not found", and who sees the project but must not take the step.
OUTSIDE = ["outsider", "branchsec", "sysadmin", "auditor"]
INSIDE = ["secretary", "clerk", "leader"]


def at(review, suffix=""):
    return f"{MINE}{review.pk}/{suffix}"


def ranking_of(season):
    return f"/api/v1/seasons/{season.code}/ranking/"


def told(response):
    return [word for word in SECRETS if word in response.content.decode()]


@pytest.fixture
def keys(season):
    return list(season.criteria.values_list("pk", flat=True))


@pytest.fixture
def second(in_review, panel, keys):
    """The second reviewer has sent, the third has a draft."""
    save(own_review(in_review, panel[2]), (11, 12, 13), opinion="没有写完", remarks={"team": "草稿意见"})
    given = {"comments": dict.fromkeys(keys, "独特的评语"), "opinion": "独特的总评", "remarks": {"goal": "独特的意见"}}
    return score(own_review(in_review, panel[1]), 61, 61, 61, **given)


# --- pre-check and decision ---


def test_the_department_pre_checks(sent, panel, api_as, cast):
    post = api_as(cast.officer).post
    shown = body(post(of(sent, "precheck/"), {"do": "review"}))
    assert shown == {
        "code": sent.code,
        "status": "in_review",
        "archive_number": None,
        "round": {"round": 1, "version": 1, "decision": ""},
    }
    assert body(post(of(sent, "precheck/"), {"do": "review"})) == shown
    failed(post(of(sent, "precheck/"), {"do": "return", "reason": "改"}), 409, "illegal_step")


def test_a_return_over_the_api_carries_comments(sent, api_as, cast):
    post = api_as(cast.officer).post
    failed(post(of(sent, "precheck/"), {"do": "return"}), 400, "no_reason", "reason")
    failed(post(of(sent, "precheck/"), {"do": "return", "comments": {"code": "改"}}), 400, "invalid", "code")
    given = {"do": "return", "reason": "改", "comments": {"goal": "写明数量", "": "可行"}}
    assert body(post(of(sent, "precheck/"), given))["status"] == "returned_revise"
    assert dict(ApplicationComment.objects.values_list("field", "text")) == {"goal": "写明数量", "": "可行"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "do"),
        ({"do": "pass"}, "do"),
        ({"do": "return", "reason": "字" * 2001}, "reason"),
        ({"do": "return", "comments": "改"}, "comments"),
        ({"do": "return", "comments": {"goal": "字" * 501}}, "comments.goal"),
    ],
)
def test_a_bad_pre_check_is_named(sent, api_as, cast, given, field):
    failed(api_as(cast.officer).post(of(sent, "precheck/"), given), 400, "invalid", field)


def test_the_department_decides(in_review, api_as, cast, today):
    today("2026-03-10")
    post = api_as(cast.officer).post
    failed(post(of(in_review, "decide/"), {"decision": "pass"}), 409, "reviews_missing")
    score_all(in_review, (80, 80, 80))
    failed(post(of(in_review, "decide/"), {"decision": "green"}), 400, "invalid", "decision")
    failed(post(of(in_review, "decide/"), {"decision": "revise", "reason": "\u200b"}), 400, "no_reason", "reason")
    shown = body(post(of(in_review, "decide/"), {"decision": "pass"}))
    assert shown == {
        "code": in_review.code,
        "status": "running",
        "archive_number": "YH-2026-DGW-001",
        "round": {"round": 1, "version": 1, "decision": "pass"},
    }


def test_the_wrong_person_takes_no_step(in_review, api_as, cast, panel):
    calls = [("precheck/", {"do": "reject", "reason": "不行"}), ("decide/", {"decision": "reject", "reason": "不行"})]
    for path, given in calls:
        for who in INSIDE:
            failed(api_as(getattr(cast, who)).post(of(in_review, path), given), 403, "forbidden")
        for user in (*(getattr(cast, who) for who in OUTSIDE), panel[0]):
            failed(api_as(user).post(of(in_review, path), given), 404, "not_found")
        failed(api_as().post(of(in_review, path), given), 401, "not_authenticated")
    in_review.refresh_from_db()
    assert in_review.state == State.IN_REVIEW


# --- a reviewer's own ---


def test_a_reviewer_writes_and_sends(in_review, panel, api_as, keys):
    api, review = api_as(panel[0]), own_review(in_review, panel[0])
    given = {
        "scores": [{"criterion": keys[0], "points": 90, "comment": "前\u200b瞻"}, {"criterion": keys[2], "points": 77}],
        "remarks": {"goal": "目标偏大"},
    }
    shown = body(api.patch(at(review), given))
    assert shown == {
        "id": str(review.pk),
        "project": in_review.code,
        "title": in_review.title,
        "round": 1,
        "version": 1,
        "reviewer": "示例专家1",
        "assigned_at": shown["assigned_at"],
        "sent_at": None,
        "total": None,
        "scores": [
            {"criterion": keys[0], "name": "前瞻", "weight": 30.0, "points": 90, "comment": "前瞻"},
            {"criterion": keys[2], "name": "实效", "weight": 40.0, "points": 77, "comment": ""},
        ],
        "opinion": "",
        "remarks": {"goal": "目标偏大"},
    }
    failed(api.post(at(review, "send/")), 400, "incomplete", f"points_{keys[1]}", f"comment_{keys[2]}")
    rest = [
        {"criterion": key, "points": points, "comment": "有据"} for key, points in zip(keys[1:], (85, 77), strict=True)
    ]
    later = body(api.patch(at(review), {"scores": rest, "opinion": "可行"}))
    assert (len(later["scores"]), later["opinion"], later["remarks"]) == (3, "可行", {"goal": "目标偏大"})
    sent = body(api.post(at(review, "send/")))
    assert (sent["total"], sent["sent_at"] is not None) == (83.3, True)
    assert body(api.post(at(review, "send/"))) == sent == body(api.get(at(review)))
    failed(api.patch(at(review), {"opinion": "再改"}), 409, "review_sent")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"scores": [{"criterion": 1, "points": 101}]}, "scores.0.points"),
        ({"scores": [{"criterion": 1, "points": -1}]}, "scores.0.points"),
        ({"scores": [{"criterion": 1, "points": "八十"}]}, "scores.0.points"),
        ({"scores": [{"criterion": 1}]}, "scores.0.points"),
        ({"scores": [{"points": 1}]}, "scores.0.criterion"),
        ({"scores": [{"criterion": 0, "points": 1}]}, "points_0"),
        ({"opinion": "字" * 2001}, "opinion"),
        ({"remarks": {"nowhere": "改"}}, "nowhere"),
        ({"remarks": []}, "remarks"),
    ],
)
def test_a_bad_review_is_named_and_changes_nothing(in_review, panel, api_as, given, field):
    review = save(own_review(in_review, panel[0]), (60, 60, 60))
    failed(api_as(panel[0]).patch(at(review), given), 400, "invalid", field)
    assert list(review.scores.values_list("points", flat=True)) == [60, 60, 60]


def test_a_score_is_cleared_by_null(in_review, panel, api_as, keys):
    review = save(own_review(in_review, panel[0]), (60, 60, 60))
    shown = body(api_as(panel[0]).patch(at(review), {"scores": [{"criterion": keys[0], "points": None}]}))
    assert [row["criterion"] for row in shown["scores"]] == keys[1:]


def test_a_review_is_its_reviewers_alone(in_review, panel, api_as, cast):
    review = own_review(in_review, panel[0])
    for user in (panel[1], cast.officer, cast.leader, cast.secretary, cast.outsider):
        for answer in (
            api_as(user).get(at(review)),
            api_as(user).patch(at(review), {"opinion": "乱写"}),
            api_as(user).post(at(review, "send/")),
        ):
            failed(answer, 404, "not_found")
        assert str(review.pk) not in api_as(user).get(MINE).content.decode()
    failed(api_as().get(at(review)), 401, "not_authenticated")
    failed(api_as().get(MINE), 401, "not_authenticated")
    failed(api_as(panel[0]).get(f"{MINE}{uuid4()}/"), 404, "not_found")
    assert [row["id"] for row in body(api_as(panel[0]).get(MINE))["results"]] == [str(review.pk)]


# --- all reviews of a project ---


def test_before_sending_a_reviewer_gets_nothing_of_the_others(in_review, second, panel, api_as):
    api, own = api_as(panel[0]), own_review(in_review, panel[0])
    answers = [api.get(of(in_review, "reviews/")), api.get(MINE), api.get(at(own)), api.patch(at(own), {})]
    for answer in answers:
        assert told(answer) == []
        assert [word for word in ("没有写完", "草稿意见", str(second.pk)) if word in answer.content.decode()] == []
    assert [row["id"] for row in body(answers[0])] == [str(own.pk)]


def test_after_sending_the_others_come_without_names(in_review, second, panel, api_as):
    score(own_review(in_review, panel[0]), 80, 80, 80)
    answer = api_as(panel[0]).get(of(in_review, "reviews/"))
    assert told(answer) == SECRETS[:-1]
    assert [(row["id"], row["reviewer"], row["total"]) for row in body(answer)] == [
        (str(own_review(in_review, panel[0]).pk), "示例专家1", 80.0),
        (None, "评审人一", 61.0),
    ]
    assert "没有写完" not in answer.content.decode()


def test_the_department_gets_all_and_no_drafts(in_review, second, api_as, cast):
    rows = body(api_as(cast.officer).get(of(in_review, "reviews/")))
    assert [(row["reviewer"], row["total"], len(row["scores"])) for row in rows] == [
        ("示例专家1", None, 0),
        ("示例专家2", 61.0, 3),
        ("示例专家3", None, 0),
    ]
    answer = api_as(cast.officer).get(of(in_review, "reviews/")).content.decode()
    assert [word for word in ("没有写完", "草稿意见") if word in answer] == []


def test_nobody_else_gets_reviews(in_review, second, season, api_as, cast):
    stranger = make_reviewers(season, 1, first=9)[0]
    factories.grant(cast.secretary, "department_officer")  # his own project
    for user in (cast.leader, cast.secretary, cast.clerk, cast.outsider, stranger):
        failed(api_as(user).get(of(in_review, "reviews/")), 404, "not_found")
    failed(api_as().get(of(in_review, "reviews/")), 401, "not_authenticated")


# --- answers ---


def test_the_applicant_answers_over_the_api(sent, api_as, cast):
    screening.send_back(project=sent, comments={"goal": "写明数量"}, reason="", by=by(cast.officer))
    comment = ApplicationComment.objects.get()
    where = f"/api/v1/comments/{comment.pk}/answer/"
    shown = body(api_as(cast.clerk).post(where, {"answer": "已写明\u200b"}))
    assert shown == {
        "id": comment.pk,
        "version": 1,
        "field": "goal",
        "text": "写明数量",
        "answer": "已写明",
        "answered_at": shown["answered_at"],
    }
    for wrong in ({}, {"answer": " "}, {"answer": "字" * 501}):
        failed(api_as(cast.clerk).post(where, wrong), 400, "invalid", "answer")
    failed(api_as(cast.officer).post(where, {"answer": "答"}), 403, "forbidden")
    failed(api_as(cast.outsider).post(where, {"answer": "答"}), 404, "not_found")
    failed(api_as().post(where, {"answer": "答"}), 401, "not_authenticated")


def test_an_unreleased_comment_does_not_exist_for_the_applicant(in_review, second, api_as, cast):
    comment = second.comments.get()
    answer = api_as(cast.clerk).post(f"/api/v1/comments/{comment.pk}/answer/", {"answer": "答"})
    failed(answer, 404, "not_found")


# --- the ranking ---


def test_the_ranking_is_the_departments(in_review, season, second, api_as, cast, panel):
    score(own_review(in_review, panel[0]), 100, 100, 100)
    shown = body(api_as(cast.officer).get(ranking_of(season)))
    assert shown == {
        "season": season.code,
        "track": "",
        "results": [
            {
                "place": 1,
                "code": in_review.code,
                "title": in_review.title,
                "track": "committee",
                "organization": str(in_review.lead_organization.public_id),
                "organization_name": "示例一街道党工委",
                "status": "in_review",
                "asked": 3,
                "sent": 2,
                "mean": 80.5,
                "low": 61.0,
                "high": 100.0,
                "spread": 39.0,
                "decision": "",
                "outliers": [],
            }
        ],
    }
    season.outlier_from = 1900
    season.save()
    rows = body(api_as(cast.officer).get(ranking_of(season)))["results"]
    assert rows[0]["outliers"] == [
        {"reviewer": "示例专家1", "distance": 19.5},
        {"reviewer": "示例专家2", "distance": -19.5},
    ]
    for user in (cast.leader, cast.secretary, cast.outsider, panel[0]):
        failed(api_as(user).get(ranking_of(season)), 404, "not_found")
    failed(api_as().get(ranking_of(season)), 401, "not_authenticated")
    failed(api_as(cast.officer).get("/api/v1/seasons/nowhere/ranking/"), 404, "not_found")


def test_the_ranking_of_a_track_and_without_ones_own(in_review, season, district, api_as, cast):
    factories.make_track(season, "社区赛道", code="community", position=2)
    officer = api_as(cast.officer)
    assert body(officer.get(ranking_of(season), {"track": "community"}))["results"] == []
    assert len(body(officer.get(ranking_of(season), {"track": "committee"}))["results"]) == 1
    failed(officer.get(ranking_of(season), {"track": "nowhere"}), 404, "not_found")
    factories.grant(cast.secretary, "department_officer")
    assert body(api_as(cast.secretary).get(ranking_of(season)))["results"] == []
    rows = body(officer.get(ranking_of(season)))["results"]
    assert [(row["place"], row["mean"]) for row in rows] == [(None, None)]


def test_the_same_queries_for_one_and_for_three(season, district, cast, panel, api_as, assert_queries):
    def fill(number):
        for _ in range(number):
            project = make_sent(season, factories.make_org(district.root), factories.make_person())
            open_round(project, cast.officer)
            score_all(project, (95, 90, 40))
        return project

    officer, reviewer, project = api_as(cast.officer), api_as(panel[0]), fill(1)
    for rounds in (1, 2):
        with assert_queries(8):
            body(officer.get(ranking_of(season)))
        with assert_queries(6):
            body(reviewer.get(MINE))
        with assert_queries(9):
            assert len(body(officer.get(of(project, "reviews/")))) == 3 * rounds
        with assert_queries(12):
            assert len(body(reviewer.get(of(project, "reviews/")))) == 3 * rounds
        fill(2)
        decided(project, cast.officer, "revise")
        send_again(project)
        open_round(project, cast.officer)
        score_all(project, (95, 90, 40))
