"""Plan changes (计划变更, 延期), closing (结项) and the archive package (归档)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common import days
from projects.models.plans import Plan
from projects.models.projects import Project


class PlanChange(models.Model):
    """A request to run on another plan version; with `new_end` it is also an extension (延期), allowed once.

    Written by `projects.plan_changes`. `plan` is the unfrozen version that approval freezes.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", "待审批"
        APPROVED = "approved", "已同意"
        REFUSED = "refused", "未同意"
        TAKEN_BACK = "taken_back", "已撤回"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="plan_changes")
    plan = models.OneToOneField(Plan, on_delete=models.PROTECT, related_name="change")
    reason = models.TextField("变更原因")
    old_end = models.DateField("原完成时限")
    new_end = models.DateField("延期至", null=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.REQUESTED)
    requested_at = models.DateTimeField("申请时间", default=days.now)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="申请人"
    )
    answer = models.TextField("审批意见", blank=True)
    decided_at = models.DateTimeField("审批时间", null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="审批人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "计划变更"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_plan_change_a_project",
                fields=["project"],
                condition=Q(state="requested"),
                violation_error_message="这个项目已有一份待审批的变更申请。",
            ),
            models.UniqueConstraint(
                name="extended_once",
                fields=["project"],
                condition=Q(state="approved", new_end__isnull=False),
                violation_error_message="一个项目只能延期一次。",
            ),
            models.CheckConstraint(
                name="extension_ends_later",
                condition=Q(new_end=None) | Q(new_end__gt=F("old_end")),
                violation_error_message="延期后的完成时限应晚于原完成时限。",
            ),
            models.CheckConstraint(
                name="plan_change_decided_with_its_time",
                condition=Q(state__in=["requested", "taken_back"], decided_at=None)
                | Q(state__in=["approved", "refused"], decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project}计划变更"


class Closing(models.Model):
    """The closing report (结项报告) against what was promised, and the department's verdict.

    Written by `projects.closing`. `eligible`: may stand in the year's vote (评选资格).
    """

    class Level(models.TextChoices):
        EXCELLENT = "excellent", "优秀"
        QUALIFIED = "qualified", "合格"
        FAILED = "failed", "不合格"

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="closing")
    outcome = models.TextField("工作成效", blank=True)
    practice = models.TextField("经验做法", blank=True)
    shortfall = models.TextField("问题不足", blank=True)
    next = models.TextField("下步打算", blank=True)
    revision = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField("保存时间", default=days.now)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="保存人"
    )
    submitted_at = models.DateTimeField("报送时间", null=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="报送人"
    )
    verdict = models.TextField("核验意见", blank=True)
    returned_at = models.DateTimeField("退回时间", null=True)
    level = models.CharField("等次", max_length=10, choices=Level, blank=True)
    eligible = models.BooleanField("具备评选资格", default=False)
    bar_reason = models.CharField("不具备资格的原因", max_length=200, blank=True)
    accepted_on = models.DateField("结项日期", null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="核验人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "结项"
        constraints = [
            models.CheckConstraint(
                name="closing_accepted_with_a_level",
                condition=Q(accepted_on=None, level="", eligible=False) | Q(accepted_on__isnull=False) & ~Q(level=""),
            ),
            models.CheckConstraint(
                name="closing_failed_is_not_eligible",
                condition=Q(eligible=False) | Q(level__in=["excellent", "qualified"]),
                violation_error_message="结项不合格的项目不能参加评选。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project}结项"


class ArchivePackage(models.Model):
    """The sealed file of a finished project (归档包): a zip whose index names the SHA-256 of every part."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="package")
    path = models.CharField(max_length=120, unique=True)
    size = models.PositiveBigIntegerField("大小（字节）")
    sha256 = models.CharField("摘要", max_length=64)
    files = models.PositiveIntegerField("文件数")
    made_at = models.DateTimeField("归档时间", default=days.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="归档人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "归档包"

    def __str__(self) -> str:
        return f"{self.project}归档包"
