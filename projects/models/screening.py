"""Screening (筛选): rounds of review of an application, scores by criterion, comments and their answers."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from common import days
from organizations.models import Person
from projects.models.applications import ApplicationVersion
from projects.models.projects import Project
from projects.models.seasons import FULL, Criterion


class Screening(models.Model):
    """One round from pre-check to decision, of one version. Written by `projects.screening`.

    `scores_from`: an earlier round whose reviews stand for this one (a revision that need not be scored anew).
    """

    class Decision(models.TextChoices):
        PASS = "pass", "绿 通过"
        REVISE = "revise", "黄 修改完善"
        REDRAFT = "redraft", "红 退回重拟"
        REJECT = "reject", "不予立项"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="screenings")
    version = models.OneToOneField(ApplicationVersion, on_delete=models.PROTECT, related_name="screening")
    round = models.PositiveSmallIntegerField("第几轮")
    scores_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField("送评时间", default=days.now)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="预审人"
    )
    decision = models.CharField("决定", max_length=10, choices=Decision, blank=True)
    reason = models.TextField("决定意见", blank=True)
    decided_at = models.DateTimeField("决定时间", null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="决定录入人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "评审轮次"
        ordering = ["project", "round"]
        constraints = [
            models.UniqueConstraint(name="screening_round_once", fields=["project", "round"]),
            models.UniqueConstraint(
                name="one_undecided_screening_a_project", fields=["project"], condition=Q(decision="")
            ),
            models.CheckConstraint(
                name="screening_decided_with_its_time",
                condition=Q(decision="", decided_at=None) | ~Q(decision="") & Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project}第 {self.round} 轮评审"

    @property
    def scored_round(self) -> int:
        """The key of the round whose reviews count for this one."""
        return self.scores_from_id or self.pk


class ReviewQuerySet(models.QuerySet["Review"]):
    def of_reviewer(self, user: Any) -> ReviewQuerySet:
        """The reviews that the person is assigned to: an assignment, not a role."""
        if not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        return self.filter(reviewer=user.person_id)

    def sent(self) -> ReviewQuerySet:
        return self.exclude(sent_at=None)


class Review(models.Model):
    """A reviewer's assignment in a round and, once sent, the total in 0.01 point (0–10000)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    screening = models.ForeignKey(Screening, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="reviews", verbose_name="评审人")
    opinion = models.TextField("总体意见", blank=True)
    total = models.PositiveIntegerField("总分（0.01 分）", null=True)
    assigned_at = models.DateTimeField("指派时间", default=days.now)
    sent_at = models.DateTimeField("提交时间", null=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "评审"
        ordering = ["screening", "assigned_at", "id"]
        constraints = [
            models.UniqueConstraint(name="reviewer_once_a_round", fields=["screening", "reviewer"]),
            models.CheckConstraint(
                name="review_total_once_sent",
                condition=Q(sent_at=None, total=None) | Q(sent_at__isnull=False, total__isnull=False, total__lte=FULL),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} {self.screening}"


class ReviewScore(models.Model):
    """A reviewer's points (0–100) for one criterion, and why."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="scores")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+")
    points = models.PositiveSmallIntegerField("得分")
    comment = models.TextField("评语", blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "评分"
        ordering = ["criterion__position", "id"]
        constraints = [
            models.UniqueConstraint(name="criterion_once_a_review", fields=["review", "criterion"]),
            models.CheckConstraint(
                name="score_points_0_to_100",
                condition=Q(points__gte=0, points__lte=100),
                violation_error_message="得分应在 0 至 100 之间。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion} {self.points}"


class ApplicationComment(models.Model):
    """A comment at one field of one version, by the department or a reviewer, and the applicant's answer.

    `field` is a name of `projects.application_fields`, or empty for the whole. A reviewer's comment reaches the
    applicant with the decision (`released_at`), without the reviewer's name.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="application_comments")
    version = models.ForeignKey(ApplicationVersion, on_delete=models.CASCADE, related_name="comments")
    review = models.ForeignKey(Review, on_delete=models.CASCADE, null=True, related_name="comments")
    field = models.CharField("栏目", max_length=30, blank=True)
    text = models.TextField("意见")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("时间", default=days.now)
    released_at = models.DateTimeField("反馈时间", null=True)
    answer = models.TextField("答复", blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField("答复时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "申报意见"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="application_comment_answer_with_its_time",
                condition=Q(answer="", answered_at=None) | ~Q(answer="") & Q(answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="application_comment_answered_once_released",
                condition=Q(answered_at=None) | Q(released_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:30]

    @property
    def answer_name(self) -> str:
        """The name of its answer's field in a form."""
        return f"answer_{self.pk}"
