"""Screening (筛选): pre-check, reviewers who score apart, comments at the fields, the board's decision.

The ranking and its spread are shown to the department; nothing decides by itself. The three outcomes of the board
are 绿 通过, 黄 修改完善, 红 退回重拟.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Sum
from django.urls import reverse

from common import audit, days, notices
from common.actors import Actor
from common.errors import ActionError, Conflict, Forbidden
from common.text import clean_text
from organizations import people
from projects import actions, assigning, library, rules
from projects.application_fields import LABELS
from projects.models import (
    ApplicationComment,
    ApplicationVersion,
    Criterion,
    Project,
    Review,
    ReviewScore,
    Screening,
    Season,
)
from projects.models.seasons import FULL

State = Project.State
Decision = Screening.Decision
COMMENT_LIMIT = 500
OPINION_LIMIT = 2000
# Comments can speak of any field, or (with the empty name) of the whole.
PLACES = {**LABELS, "": "整体"}
MOVES = {
    Decision.REVISE: State.RETURNED_REVISE,
    Decision.REDRAFT: State.RETURNED_REDRAFT,
    Decision.REJECT: State.REJECTED,
}


@transaction.atomic
def start_review(*, project: Project, by: Actor, keep_scores: bool = False) -> Screening:
    """The pre-check passes (预审通过): a new round with reviewers, or with the last round's scores.

    Raises Forbidden, Conflict, or ActionError if the season's criteria are not set, too few reviewers are free,
    or there is no scored round to keep.
    """
    project = _locked(project)
    if by.user is None or not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    if project.state == State.IN_REVIEW:
        return project.screenings.get(decision="")
    earlier = scored_round(project)
    if keep_scores and earlier is None:
        raise ActionError("还没有评过分，不能沿用。", fields={"keep_scores": ["还没有评过分，不能沿用。"]})
    if not criteria_complete(project.season):
        raise ActionError(f"{project.season}还没有设置评审标准，请先由组织部设置。", code="no_criteria")
    actions.change_state(project=project, to=State.IN_REVIEW, by=by, reason="预审通过")
    screening = Screening.objects.create(
        project=project,
        version=latest_version(project),
        round=project.screenings.count() + 1,
        scores_from=earlier if keep_scores else None,
        opened_at=days.now(),
        opened_by=by.user,
    )
    if not keep_scores:
        assigning.assign(screenings=[screening], by=by)
    return screening


@transaction.atomic
def send_back(
    *, project: Project, comments: Mapping[str, str], reason: str, by: Actor, reject: bool = False
) -> Project:
    """The pre-check fails (预审退回): back to the applicant with comments at the fields, or rejected for good."""
    project = _locked(project)
    if by.user is None or not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    to = State.REJECTED if reject else State.RETURNED_REVISE
    if project.state == to:
        return project
    if project.state != State.SUBMITTED:
        raise Conflict(f"项目当前为“{project.get_state_display()}”，不在预审。", code="illegal_step")
    reason, said = clean_text(reason), _cleaned(comments)
    if errors := _too_long(reason, "reason") | _wrong_comments(said):
        raise ActionError("意见有误，请按提示修改。", fields=errors)
    if not said and not reason:
        message = "请写明原因，或在具体栏目旁写意见。"
        raise ActionError(message, code="no_reason", fields={"reason": [message]})
    _comment(latest_version(project), said, by, released=True)
    actions.change_state(project=project, to=to, by=by, reason=reason)
    _tell_applicant(project, "未通过预审" if reject else "请修改申报书", reason)
    return project


@transaction.atomic
def save_review(
    *,
    review: Review,
    points: Mapping[int, int | None],
    comments: Mapping[int, str],
    opinion: str,
    remarks: Mapping[str, str],
    by: Actor,
) -> Review:
    """Save a reviewer's draft: points (0–100) and a comment by criterion's key, remarks by field.

    Criteria that `points` leaves out stay. Raises Forbidden, Conflict once it is sent or the round is decided,
    ActionError by `points_<criterion>`, `comment_<criterion>`, `opinion`, or the field of a remark.
    """
    review = _own_review(review, by)
    _refuse_late(review)
    criteria = review.screening.project.season.criteria.in_bulk()
    words = {key: clean_text(text) for key, text in comments.items()}
    said, opinion = _cleaned(remarks), clean_text(opinion)
    errors = _wrong_scores(criteria, points, words) | _too_long(opinion, "opinion") | _wrong_comments(said)
    if errors:
        raise ActionError("评分有误，请按提示修改。", fields=errors)
    review.opinion = opinion
    review.save(update_fields=["opinion"])
    review.scores.filter(criterion__in=[key for key, value in points.items() if value is None]).delete()
    for key, value in points.items():
        if value is not None:
            ReviewScore.objects.update_or_create(
                review=review, criterion=criteria[key], defaults={"points": value, "comment": words.get(key, "")}
            )
    review.comments.all().delete()
    _comment(review.screening.version, said, by, review=review)
    audit.record(by=by, action="projects.review.saved", obj=review)
    return review


@transaction.atomic
def send_review(*, review: Review, by: Actor) -> Review:
    """Send the scores; they can't be changed after that. Raises ActionError naming what is missing."""
    review = _own_review(review, by)
    if review.sent_at is not None:
        return review
    _refuse_late(review)
    if not criteria_complete(review.screening.project.season):
        raise Conflict("评审标准正在调整，请稍后提交。", code="no_criteria")
    criteria = list(review.screening.project.season.criteria.all())
    scores = {score.criterion_id: score for score in review.scores.all()}
    errors = {}
    for criterion in criteria:
        score = scores.get(criterion.pk)
        if score is None:
            errors[f"points_{criterion.pk}"] = [f"请给“{criterion}”打分。"]
        elif not score.comment:
            errors[f"comment_{criterion.pk}"] = [f"请写“{criterion}”的评语。"]
    if errors:
        raise ActionError("还不能提交，请按提示补充。", code="incomplete", fields=errors)
    weighted = sum(criterion.weight * scores[criterion.pk].points for criterion in criteria)
    review.total = (weighted + 50) // 100  # weights and total are 0.01 units: round half up once
    review.sent_at = days.now()
    review.save(update_fields=["total", "sent_at"])
    audit.record(by=by, action="projects.review.sent", obj=review, after={"total": review.total})
    return review


@transaction.atomic
def decide(*, project: Project, decision: str, reason: str, by: Actor) -> Project:
    """The board's decision, entered by the department: 绿 pass, 黄 revise, 红 redraft, or reject.

    Raises Conflict unless every review of the round is in, ActionError under `decision` or `reason`.
    """
    project = _locked(project)
    if by.user is None or not rules.can_manage_project(by.user, project):
        raise Forbidden(actions.STEP_OF_DEPARTMENT)
    if decision not in Decision.values:
        raise ActionError("请选择决定。", fields={"decision": ["请选择通过、修改完善、退回重拟或不予立项。"]})
    last = project.screenings.order_by("-round").first()
    if last is not None and last.decision == decision and project.state != State.IN_REVIEW:
        return project
    if project.state != State.IN_REVIEW or last is None:
        raise Conflict(f"项目当前为“{project.get_state_display()}”，不在评审。", code="illegal_step")
    reason = clean_text(reason)
    if decision != Decision.PASS and not reason:
        raise ActionError("请写明决定意见。", code="no_reason", fields={"reason": ["请写明决定意见。"]})
    if errors := _too_long(reason, "reason"):
        raise ActionError("决定意见太长。", fields=errors)
    _refuse_unscored(last)
    last.decision, last.reason = decision, reason
    last.decided_at, last.decided_by = days.now(), by.user
    last.save(update_fields=["decision", "reason", "decided_at", "decided_by"])
    # The reviewers' comments reach the applicant with the decision.
    unreleased = project.application_comments.filter(released_at=None, review__sent_at__isnull=False)
    unreleased.update(released_at=days.now())
    if decision == Decision.PASS:
        return library.approve_project(project=project, by=by, reason=reason)
    actions.change_state(project=project, to=MOVES[Decision(decision)], by=by, reason=reason)
    _tell_applicant(project, f"评审结果：{Decision(decision).label}", reason)
    return project


@transaction.atomic
def answer_comment(*, comment: ApplicationComment, text: str, by: Actor) -> ApplicationComment:
    """The applicant answers a comment; it can be rewritten until the application is sent again."""
    rows = ApplicationComment.objects.select_for_update(of=("self",)).select_related("project")
    comment = rows.get(pk=comment.pk)
    project = comment.project
    if by.user is None or not rules.can_draft_report(by.user, project):
        raise Forbidden("由本项目的领题书记或党务干事答复。")
    if comment.released_at is None:
        raise Conflict("这条意见还没有反馈。", code="not_released")
    if comment.answered_at and project.versions.filter(submitted_at__gte=comment.answered_at).exists():
        raise Conflict("答复已随申报书报送，不能再改。", code="answer_sent")
    text = clean_text(text)
    if not text or len(text) > COMMENT_LIMIT:
        message = _too_long_words(text, COMMENT_LIMIT) if text else "请填写答复。"
        raise ActionError(message, fields={"answer": [message]})
    comment.answer, comment.answered_by, comment.answered_at = text, by.user, days.now()
    comment.save(update_fields=["answer", "answered_by", "answered_at"])
    audit.record(by=by, action="projects.application.comment_answered", obj=project, after={"answer": text})
    return comment


def latest_version(project: Project) -> ApplicationVersion:
    return project.versions.order_by("-number")[0]


def criteria_complete(season: Season) -> bool:
    """Whether the season's criteria are set (their weights sum to 100)."""
    return season.criteria.aggregate(total=Sum("weight"))["total"] == FULL


def scored_round(project: Project) -> Screening | None:
    """The latest round that has sent reviews of its own."""
    rounds = project.screenings.filter(reviews__sent_at__isnull=False, scores_from=None)
    return rounds.order_by("-round").distinct().first()


def _locked(project: Project) -> Project:
    rows = Project.objects.select_for_update(of=("self",)).select_related("season", "track", "lead_organization")
    return rows.get(pk=project.pk)


def _own_review(review: Review, by: Actor) -> Review:
    """The review under its lock, after its project's: a replacement takes both in the same order."""
    Project.objects.select_for_update(of=("self",)).get(screenings=review.screening_id)
    rows = Review.objects.select_for_update(of=("self",)).filter(pk=review.pk)
    found = rows.select_related(
        "reviewer", "screening__version", "screening__project__season", "screening__project__lead_organization"
    ).first()
    if found is None or by.user is None or found.reviewer_id != by.user.person_id:
        raise Forbidden("只有被指派的评审人可以评分。")
    return found


def _refuse_late(review: Review) -> None:
    """Nothing is written to a review that is sent, decided upon, or whose reviewer must stand back by now."""
    if review.sent_at is not None:
        raise Conflict("评分已经提交，不能再改。", code="review_sent")
    if review.screening.decision:
        raise Conflict("这一轮评审已经决定，不能再评分。", code="round_decided")
    if reason := assigning.recusals(review.screening.project, [review.reviewer]).get(review.reviewer_id):
        raise Conflict(f"您{reason}，应当回避；请联系组织部更换评审人。", code="recused")


def _refuse_unscored(screening: Screening) -> None:
    reviews = Review.objects.filter(screening=screening.scored_round)
    waiting = reviews.filter(sent_at=None).count()
    if waiting:
        raise Conflict(f"还有 {waiting} 位评审人没有提交，暂不能决定。", code="reviews_missing")
    if not reviews.exists():
        raise Conflict("这一轮还没有人评分，暂不能决定。", code="reviews_missing")


def _wrong_scores(
    criteria: Mapping[int, Criterion], points: Mapping[int, int | None], comments: Mapping[int, str]
) -> dict[str, list[str]]:
    errors = {}
    for key, value in points.items():
        if key not in criteria:
            errors[f"points_{key}"] = ["没有这条评审标准。"]
        elif value is not None and not 0 <= value <= 100:
            errors[f"points_{key}"] = ["得分应是 0 至 100 的整数。"]
    for key, text in comments.items():
        if len(text) > COMMENT_LIMIT:
            errors[f"comment_{key}"] = [_too_long_words(text, COMMENT_LIMIT)]
        elif text and points.get(key) is None:
            errors.setdefault(f"points_{key}", ["写了评语，请同时打分再保存。"])
    return errors


def _cleaned(comments: Mapping[str, str]) -> dict[str, str]:
    cleaned = {field: clean_text(text) for field, text in comments.items()}
    return {field: text for field, text in cleaned.items() if text}


def _wrong_comments(said: Mapping[str, str]) -> dict[str, list[str]]:
    errors = {}
    for field, text in said.items():
        if field not in PLACES:
            errors[field] = ["没有这个栏目。"]
        elif len(text) > COMMENT_LIMIT:
            errors[field] = [_too_long_words(text, COMMENT_LIMIT)]
    return errors


def _too_long(text: str, name: str) -> dict[str, list[str]]:
    return {name: [_too_long_words(text, OPINION_LIMIT)]} if len(text) > OPINION_LIMIT else {}


def _too_long_words(text: str, limit: int) -> str:
    return f"最多 {limit} 字，现在是 {len(text)} 字。"


def _comment(
    version: ApplicationVersion,
    said: Mapping[str, str],
    by: Actor,
    *,
    review: Review | None = None,
    released: bool = False,
) -> None:
    assert by.user is not None
    moment = days.now()
    ApplicationComment.objects.bulk_create(
        ApplicationComment(
            project_id=version.project_id,
            version=version,
            review=review,
            field=field,
            text=text,
            by=by.user,
            at=moment,
            released_at=moment if released else None,
        )
        for field, text in said.items()
    )


def _tell_applicant(project: Project, title: str, body: str) -> None:
    notices.send(
        kind="application_decided",
        obj=project,
        period=str(project.state_changes.count()),
        recipients=people.authors_of(project.lead_organization_id, project.lead_secretary_id),
        title=f"{title}：{project}",
        body=body,
        url=reverse("projects:application", args=[project.code]),
    )
