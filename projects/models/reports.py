"""Monthly progress reports (月报): one a project and month."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from common import days
from common.models import Picture, StateChange
from projects.models.plans import Milestone
from projects.models.projects import Project, in_scope


class ReportQuerySet(models.QuerySet["ProgressReport"]):
    def visible_to(self, user: Any) -> ReportQuerySet:
        """Reports of the projects that the person may see (`ProjectQuerySet.visible_to`)."""
        return self.filter(in_scope(user, "project__"))

    def waiting_for_department(self) -> ReportQuerySet:
        """First sent, first served."""
        return self.filter(state=ProgressReport.State.SUBMITTED).order_by("submitted_at", "id")


class ProgressReport(models.Model):
    """A project's report for a month. Written by `projects.reporting`; confirmed is final.

    `revision` counts saves: a save that names an older one is refused (two browsers on one draft).
    """

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        HANDED_OVER = "handed_over", "待书记审定"
        SUBMITTED = "submitted", "待组织部确认"
        RETURNED = "returned", "已退回"
        CONFIRMED = "confirmed", "已确认"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="reports", verbose_name="项目")
    month = models.DateField("月份", help_text="该月第一天")
    state = models.CharField("状态", max_length=12, choices=State, default=State.DRAFT)
    done = models.TextField("做法", blank=True)
    effect = models.TextField("成效", blank=True)
    difficulty = models.TextField("困难", blank=True)
    next = models.TextField("下一步", blank=True)
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField("创建时间", default=days.now)
    saved_at = models.DateTimeField("保存时间", default=days.now)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="保存人"
    )
    submitted_at = models.DateTimeField("报送时间", null=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="报送人"
    )
    confirmed_on = models.DateField("确认日期", null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "月报"
        ordering = ["-month"]
        constraints = [
            models.UniqueConstraint(
                name="one_report_a_project_and_month",
                fields=["project", "month"],
                violation_error_message="这个月的月报已经有了。",
            ),
            models.CheckConstraint(name="report_month_is_a_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="report_confirmed_has_its_day",
                condition=Q(state="confirmed", confirmed_on__isnull=False)
                | ~Q(state="confirmed") & Q(confirmed_on=None),
            ),
        ]
        indexes = [models.Index(fields=["state", "submitted_at"])]

    def __str__(self) -> str:
        return f"{self.project} {self.month:%Y年%-m月}月报"


class ReportLine(models.Model):
    """A milestone's completion in a report: a whole percent and its evidence."""

    report = models.ForeignKey(ProgressReport, on_delete=models.CASCADE, related_name="lines")
    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="report_lines")
    percent = models.PositiveSmallIntegerField("完成比例（%）")
    fall_reason = models.CharField("下调原因", max_length=200, blank=True)
    evidence = models.TextField("佐证", blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "里程碑进度"
        ordering = ["milestone__position", "id"]
        constraints = [
            models.UniqueConstraint(name="milestone_once_a_report", fields=["report", "milestone"]),
            models.CheckConstraint(
                name="line_percent_0_to_100",
                condition=Q(percent__gte=0, percent__lte=100),
                violation_error_message="完成比例应在 0 至 100 之间。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milestone} {self.percent}%"


class ReportPhoto(models.Model):
    """A photo of a report."""

    report = models.ForeignKey(ProgressReport, on_delete=models.CASCADE, related_name="photos")
    picture = models.OneToOneField(Picture, on_delete=models.PROTECT, related_name="report_photo")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = "月报照片"
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return str(self.picture)


class ReportStateChange(StateChange):
    """The report's state history. `in_time`: the sending (or the one that was returned) met the deadline."""

    report = models.ForeignKey(ProgressReport, on_delete=models.CASCADE, related_name="state_changes")
    in_time = models.BooleanField(default=False)

    class Meta(StateChange.Meta):
        indexes = [models.Index(fields=["report", "on"])]


class FieldComment(models.Model):
    """The department's comment at one field of a report (a field's name, or `line:<milestone id>`)."""

    report = models.ForeignKey(ProgressReport, on_delete=models.CASCADE, related_name="comments")
    field = models.CharField("栏目", max_length=30)
    text = models.TextField("意见")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("时间", default=days.now)
    round = models.PositiveSmallIntegerField("第几次退回", default=1)

    class Meta:
        verbose_name = verbose_name_plural = "退回意见"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:30]
