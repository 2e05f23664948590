"""Pre-check, scores given apart, comments and their answers, the board's decision."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from common import days
from common.models import AuditEntry
from projects import screening
from projects.models import ApplicationComment, Criterion, Project, Review, SeasonReviewer
from tests import factories
from tests.projects.refusals import refused
from tests.projects.reporting_steps import told
from tests.projects.screening_steps import by, decided, own_review, save, score, score_all, send_again

State = Project.State
NOT_OFFICERS = ["secretary", "clerk", "outsider", "leader", "sysadmin", "evaladmin", "auditor"]


def state(project):
    return Project.objects.get(pk=project.pk).state


# --- the pre-check ---


def test_the_pre_check_opens_a_round_with_reviewers(sent, panel, people):
    opened = screening.start_review(project=sent, by=people("officer"))
    assert (state(sent), opened.round, opened.version.number) == (State.IN_REVIEW, 1, 1)
    assert sorted(opened.reviews.values_list("reviewer__name", flat=True)) == ["示例专家1", "示例专家2", "示例专家3"]
    assert [name for name, _ in told("review_assigned")] == ["reviewer1", "reviewer2", "reviewer3"]
    assert screening.start_review(project=sent, by=people("officer")) == opened
    assert sent.screenings.count() == 1


@pytest.mark.parametrize("who", NOT_OFFICERS)
def test_only_the_department_pre_checks(sent, panel, people, who):
    refused("forbidden", lambda: screening.start_review(project=sent, by=people(who)))
    refused("forbidden", lambda: screening.send_back(project=sent, comments={}, reason="不行", by=people(who)))
    assert (state(sent), Review.objects.count()) == (State.SUBMITTED, 0)


def test_an_officer_does_not_judge_a_project_of_his_own(sent, panel, people, cast):
    factories.grant(cast.secretary, "department_officer")
    refused("forbidden", lambda: screening.start_review(project=sent, by=people("secretary")))
    refused("forbidden", lambda: screening.send_back(project=sent, comments={}, reason="改", by=people("secretary")))


def test_too_few_reviewers_open_nothing(sent, panel, people):
    SeasonReviewer.objects.filter(person=panel[0].person).delete()
    refused("too_few_reviewers", lambda: screening.start_review(project=sent, by=people("officer")))
    assert (state(sent), sent.screenings.count(), AuditEntry.objects.count()) == (State.SUBMITTED, 0, 0)


def test_without_criteria_nothing_can_be_scored(sent, panel, people, season):
    Criterion.objects.filter(season=season, name="实效").delete()
    refused("no_criteria", lambda: screening.start_review(project=sent, by=people("officer")))


def test_a_return_carries_comments_to_the_applicant(sent, people):
    said = {"goal": " 请写明数量\u200b ", "": "整体可行", "team": "  "}
    screening.send_back(project=sent, comments=said, reason="请修改", by=people("officer"))
    assert state(sent) == State.RETURNED_REVISE
    stored = ApplicationComment.objects.order_by("field").values_list("field", "text", "version__number")
    assert list(stored) == [("", "整体可行", 1), ("goal", "请写明数量", 1)]
    assert not ApplicationComment.objects.filter(released_at=None).exists()
    title = "请修改申报书：小区党支部联建"
    assert told("application_decided") == [("clerk", title), ("secretary", title)]
    again = partial(screening.send_back, project=sent, comments=said, reason="请修改", by=people("officer"))
    assert again() == sent
    assert ApplicationComment.objects.count() == 2


def test_a_rejection_at_the_pre_check_is_the_end(sent, panel, people):
    screening.send_back(project=sent, comments={}, reason="不符合范围", reject=True, by=people("officer"))
    assert (state(sent), told("application_decided")[0][1]) == (State.REJECTED, "未通过预审：小区党支部联建")
    refused("illegal_step", lambda: screening.start_review(project=sent, by=people("officer")))


def test_a_return_says_why(sent, people):
    back = partial(screening.send_back, project=sent, by=people("officer"))
    refused("no_reason", lambda: back(comments={"goal": " "}, reason="\u200b"), "reason")
    refused("invalid", lambda: back(comments={"code": "改"}, reason="改"), "code")
    refused("invalid", lambda: back(comments={"goal": "字" * 501}, reason="字" * 2001), "goal", "reason")
    assert state(sent) == State.SUBMITTED


# --- scores ---


def test_a_review_is_saved_sent_and_weighed(in_review, panel, season):
    review = own_review(in_review, panel[0])
    save(review, (90, None, 70), remarks={"goal": "目标偏大"})
    assert list(review.scores.values_list("points", "comment")) == [
        (90, f"评语{_key(season, 0)}"),
        (70, f"评语{_key(season, 2)}"),
    ]
    score(review, 90, 85, 77)
    sent = Review.objects.get(pk=review.pk)
    # 30 % of 90 and of 85, 40 % of 77
    assert (sent.total, sent.sent_at is not None) == (8330, True)
    assert not sent.comments.exists()


def _key(season, place):
    return season.criteria.values_list("pk", flat=True)[place]


@pytest.mark.parametrize(
    ("weights", "points", "total"),
    [
        ((3333, 3333, 3334), (100, 100, 100), 10000),
        ((3333, 3333, 3334), (0, 0, 0), 0),
        ((3333, 3333, 3334), (50, 51, 50), 5033),
        ((5, 9945, 50), (10, 0, 0), 1),  # 0.005 points round up, once
    ],
)
def test_the_total_is_rounded_once(in_review, panel, season, weights, points, total):
    for criterion, weight in zip(season.criteria.all(), weights, strict=True):
        Criterion.objects.filter(pk=criterion.pk).update(weight=weight)
    assert score(own_review(in_review, panel[0]), *points).total == total


def test_sending_again_is_nothing_and_changing_is_refused(in_review, panel):
    review = score(own_review(in_review, panel[0]), 80, 80, 80)
    entries = AuditEntry.objects.count()
    again = screening.send_review(review=review, by=by(panel[0]))
    assert (again.total, AuditEntry.objects.count()) == (8000, entries)
    refused("review_sent", lambda: save(review, (90, 90, 90)))
    assert Review.objects.get(pk=review.pk).total == 8000


@pytest.mark.parametrize("who", ["reviewer2", "officer", "secretary", "outsider"])
def test_only_the_assigned_reviewer_scores(in_review, panel, cast, who):
    review = own_review(in_review, panel[0])
    other = by({"reviewer2": panel[1]}.get(who) or getattr(cast, who))
    call = partial(screening.save_review, points={}, comments={}, opinion="", remarks={}, by=other)
    refused("forbidden", lambda: call(review=review))
    refused("forbidden", lambda: screening.send_review(review=review, by=other))


def test_a_reviewer_who_takes_a_post_there_stands_back(in_review, panel, district):
    review = own_review(in_review, panel[0])
    save(review, (80, 80, 80))
    factories.appoint(panel[0], district.street, "clerk")
    refused("recused", lambda: save(review, (100, 100, 100)))
    refused("recused", lambda: screening.send_review(review=review, by=by(panel[0])))


def test_an_incomplete_review_is_not_sent(in_review, panel, season):
    review = own_review(in_review, panel[0])
    save(review, (80, None, 90), comments={_key(season, 0): "好"})
    keys = [_key(season, place) for place in (1, 2)]
    send = partial(screening.send_review, review=review, by=by(panel[0]))
    refused("incomplete", send, f"points_{keys[0]}", f"comment_{keys[1]}")


def test_bad_scores_are_named(in_review, panel, season):
    review, (first, second, third) = own_review(in_review, panel[0]), [_key(season, place) for place in range(3)]
    save(review, (60, 60, 60))
    wrong = [
        ({"points": {first: 101}}, [f"points_{first}"]),
        ({"points": {first: -1, second: 50}}, [f"points_{first}"]),
        ({"points": {0: 50}}, ["points_0"]),
        ({"points": {}, "comments": {third: "只有评语"}}, [f"points_{third}"]),
        (
            {"points": {first: 50}, "comments": {first: "字" * 501}, "opinion": "字" * 2001},
            [f"comment_{first}", "opinion"],
        ),
        ({"remarks": {"nowhere": "改"}}, ["nowhere"]),
    ]
    for given, fields in wrong:
        refused("invalid", lambda given=given: save(review, (1, 1, 1), **{"comments": {}, **given}), *fields)
    assert list(review.scores.values_list("points", flat=True)) == [60, 60, 60]


def test_what_a_save_leaves_out_stays(in_review, panel, season):
    review = own_review(in_review, panel[0])
    save(review, (60, 70, 80))
    save(review, (None, None, None), points={_key(season, 1): 75}, comments={_key(season, 1): "改"})
    assert list(review.scores.values_list("points", flat=True)) == [60, 75, 80]


# --- the decision ---


def test_a_decision_waits_for_every_review(in_review, panel, cast):
    for user in panel[:2]:
        score(own_review(in_review, user), 80, 80, 80)
    refused("reviews_missing", lambda: decided(in_review, cast.officer))
    assert state(in_review) == State.IN_REVIEW


@pytest.mark.parametrize(
    ("decision", "to", "words"),
    [
        ("revise", State.RETURNED_REVISE, "黄 修改完善"),
        ("redraft", State.RETURNED_REDRAFT, "红 退回重拟"),
        ("reject", State.REJECTED, "不予立项"),
    ],
)
def test_what_the_board_can_decide(in_review, cast, decision, to, words):
    score_all(in_review, (80, 70, 60))
    decided(in_review, cast.officer, decision)
    row = in_review.screenings.get()
    assert (state(in_review), row.decision, row.reason) == (to, decision, "会议研究")
    assert row.decided_by == cast.officer
    title = f"评审结果：{words}：小区党支部联建"
    assert told("application_decided") == [("clerk", title), ("secretary", title)]
    decided(in_review, cast.officer, decision)
    assert in_review.state_changes.filter(to_state=to).count() == 1


def test_green_puts_the_project_into_the_library(in_review, cast, today):
    today("2026-03-10")
    score_all(in_review, (80, 70, 60))
    project = decided(in_review, cast.officer, "pass", "")
    assert (project.state, project.archive_number) == (State.RUNNING, "YH-2026-DGW-001")
    assert in_review.screenings.get().decision == "pass"
    assert decided(in_review, cast.officer, "pass", "").archive_number == "YH-2026-DGW-001"


def test_a_decision_is_explained_known_and_the_departments(in_review, panel, cast):
    score_all(in_review, (80, 70, 60))
    refused("no_reason", lambda: decided(in_review, cast.officer, "revise", " \u200b"), "reason")
    refused("invalid", lambda: decided(in_review, cast.officer, "revise", "字" * 2001), "reason")
    refused("invalid", lambda: decided(in_review, cast.officer, "maybe"), "decision")
    for who in NOT_OFFICERS:
        refused("forbidden", lambda who=who: decided(in_review, getattr(cast, who)))
    refused("forbidden", lambda: decided(in_review, panel[0]))
    assert state(in_review) == State.IN_REVIEW


def test_nothing_is_decided_before_the_review_or_twice(sent, panel, cast, people):
    refused("illegal_step", lambda: decided(sent, cast.officer, "revise"))
    screening.start_review(project=sent, by=people("officer"))
    score_all(sent, (80, 80, 80))
    decided(sent, cast.officer, "revise")
    refused("illegal_step", lambda: decided(sent, cast.officer, "pass"))


def test_reviewers_remarks_reach_the_applicant_with_the_decision(in_review, panel, cast):
    for user in panel:
        score(own_review(in_review, user), 80, 80, 80, remarks={"goal": f"{user.username}的意见"})
    assert not ApplicationComment.objects.exclude(released_at=None).exists()
    decided(in_review, cast.officer, "revise")
    assert ApplicationComment.objects.filter(released_at=None).count() == 0
    assert ApplicationComment.objects.count() == 3


def test_a_revision_keeps_the_scores_or_is_scored_anew(in_review, panel, cast, people):
    score_all(in_review, (80, 70, 60))
    decided(in_review, cast.officer, "revise")
    send_again(in_review, goal="更小的目标")
    kept = screening.start_review(project=in_review, keep_scores=True, by=people("officer"))
    assert (kept.round, kept.version.number, kept.scores_from.round, kept.reviews.count()) == (2, 2, 1, 0)
    decided(in_review, cast.officer, "redraft")
    send_again(in_review, goal="重拟的目标")
    anew = screening.start_review(project=in_review, by=people("officer"))
    assert (anew.round, anew.scores_from, anew.reviews.count()) == (3, None, 3)
    score_all(in_review, (90, 90, 90))
    decided(in_review, cast.officer, "revise")
    send_again(in_review)
    # The round that kept scores has none of its own: the latest scored one counts.
    last = screening.start_review(project=in_review, keep_scores=True, by=people("officer"))
    assert last.scores_from == anew


def test_there_must_be_scores_to_keep(sent, panel, people):
    keep = partial(screening.start_review, project=sent, keep_scores=True, by=people("officer"))
    refused("invalid", keep, "keep_scores")
    assert state(sent) == State.SUBMITTED


# --- answers ---


@pytest.fixture
def comment(sent, people):
    screening.send_back(project=sent, comments={"goal": "请写明数量"}, reason="", by=people("officer"))
    return ApplicationComment.objects.get()


@pytest.mark.parametrize("who", ["clerk", "secretary"])
def test_the_applicant_answers(comment, people, who):
    screening.answer_comment(comment=comment, text=" 已写明 ", by=people(who))
    again = screening.answer_comment(comment=comment, text="已写明 12 个", by=people(who))
    assert (again.answer, again.answered_by, again.answered_at is not None) == ("已写明 12 个", people(who).user, True)


@pytest.mark.parametrize("who", ["officer", "outsider", "branchsec", "leader"])
def test_nobody_else_answers(comment, people, who):
    refused("forbidden", lambda: screening.answer_comment(comment=comment, text="答", by=people(who)))


def test_an_answer_has_words(comment, people):
    answer = partial(screening.answer_comment, comment=comment, by=people("clerk"))
    refused("invalid", lambda: answer(text=" \u200b"), "answer")
    refused("invalid", lambda: answer(text="字" * 501), "answer")


def test_an_answer_stands_once_it_was_sent(comment, people, sent):
    screening.answer_comment(comment=comment, text="已写明", by=people("clerk"))
    version = send_again(sent)
    version.submitted_at = days.now() + timedelta(seconds=1)
    version.save()
    refused("answer_sent", lambda: screening.answer_comment(comment=comment, text="再改", by=people("clerk")))


def test_an_unreleased_comment_has_no_answer(in_review, panel, people):
    score(own_review(in_review, panel[0]), 80, 80, 80, remarks={"goal": "目标偏大"})
    comment = ApplicationComment.objects.get()
    refused("not_released", lambda: screening.answer_comment(comment=comment, text="答", by=people("clerk")))
