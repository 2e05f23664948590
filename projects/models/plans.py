"""Plan versions (计划): weighted milestones. Weights are integers of 0.01 percentage point."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from projects.models.projects import Project
from projects.models.seasons import FULL


class Milestone(models.Model):
    """A milestone (里程碑) that keeps its identity across plan versions; report lines point here."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="milestones")
    title = models.CharField("里程碑", max_length=120)
    position = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "里程碑"
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.title


class Plan(models.Model):
    """One version of a project's plan; in force from `effective_from` once frozen, never changed after that."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="plans")
    version = models.PositiveSmallIntegerField("版本", default=1)
    effective_from = models.DateField("生效日期")
    frozen_on = models.DateField("冻结日期", null=True)
    weight_total = models.PositiveIntegerField("权重合计", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "计划"
        ordering = ["project", "version"]
        constraints = [
            models.UniqueConstraint(name="plan_version_once", fields=["project", "version"]),
            models.UniqueConstraint(
                name="plan_one_a_day", fields=["project", "effective_from"], condition=~Q(frozen_on=None)
            ),
            models.CheckConstraint(
                name="frozen_plan_weighs_exactly_100",
                condition=Q(frozen_on=None) | Q(weight_total=FULL),
                violation_error_message="里程碑权重合计必须正好是 100。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} 第{self.version}版计划"


class PlanItem(models.Model):
    """A milestone's weight and dates in one plan version."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="items")
    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="plan_items")
    weight = models.PositiveIntegerField("权重（0.01 个百分点）")
    start = models.DateField("开始日期")
    due = models.DateField("完成时限")

    class Meta:
        verbose_name = verbose_name_plural = "计划项"
        ordering = ["plan", "milestone__position", "id"]
        constraints = [
            models.UniqueConstraint(name="milestone_once_a_plan", fields=["plan", "milestone"]),
            models.CheckConstraint(
                name="plan_item_start_before_due",
                condition=Q(start__lte=F("due")),
                violation_error_message="里程碑的完成时限不能早于开始日期。",
            ),
            models.CheckConstraint(
                name="plan_item_weight_over_0_to_100",
                condition=Q(weight__gt=0, weight__lte=FULL),
                violation_error_message="里程碑权重应大于 0，不超过 100。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milestone} {self.weight}"
