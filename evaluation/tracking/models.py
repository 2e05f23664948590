"""推 跟踪问效推: daily snapshots of every project, and liaison cases (联系机制) for those behind their plan."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common import days
from organizations.access import access_of
from organizations.models import Person
from projects.models import Plan, Project
from projects.models.projects import Light, in_scope


class CheckDay(models.Model):
    """A finished day whose snapshots are complete; days without a row are filled, oldest first."""

    day = models.DateField("日期", unique=True)
    finished_at = models.DateTimeField("完成时间", default=days.now)
    projects = models.PositiveIntegerField("项目数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "核对日"
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day}"


class ScheduleCheck(models.Model):
    """A project's standing as at the end of a finished Shanghai day (快照). Written once, by `checks.run`.

    Values are integers of 0.01 percentage point.
    """

    class Reason(models.TextChoices):
        ON_SCHEDULE = "on_schedule", "达到序时进度"
        BEHIND = "behind", "落后于序时进度"
        FAR_BEHIND = "far_behind", "严重落后于序时进度"
        OVERDUE = "overdue", "里程碑逾期"
        MISSING = "missing", "月报未报"
        MISSING_TWICE = "missing_twice", "连续两个月未报"
        NO_PLAN = "no_plan", "无生效计划"
        NOT_STARTED = "not_started", "未开始"
        SUSPENDED = "suspended", "暂停"
        CLOSED = "closed", "已结束"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="checks", verbose_name="项目")
    day = models.DateField("日期")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="计划")
    status_date = models.DateField("状态日期", null=True)
    planned_value = models.PositiveIntegerField("计划进度", null=True)
    earned_value = models.PositiveIntegerField("实际进度", null=True)
    schedule_variance = models.IntegerField("进度差", null=True)
    light = models.CharField("亮灯", max_length=6, choices=Light, null=True)  # noqa: DJ001
    reason = models.CharField("原因", max_length=16, choices=Reason)

    class Meta:
        verbose_name = verbose_name_plural = "进度快照"
        ordering = ["-day", "project"]
        constraints = [
            models.UniqueConstraint(name="one_check_a_project_and_day", fields=["project", "day"]),
            models.CheckConstraint(
                name="check_variance_is_the_difference",
                condition=Q(schedule_variance=None) | Q(schedule_variance=F("earned_value") - F("planned_value")),
            ),
            models.CheckConstraint(
                name="check_light_known",
                condition=Q(light=None) | Q(light__in=["green", "yellow", "red", "grey"]),
            ),
        ]
        indexes = [models.Index(fields=["day", "light"])]

    def __str__(self) -> str:
        return f"{self.project_id} {self.day} {self.light}"


class LiaisonQuerySet(models.QuerySet["LiaisonCase"]):
    def visible_to(self, user: Any) -> LiaisonQuerySet:
        """Cases of projects in scope, and those whose contact the person is."""
        access = access_of(user)
        q = in_scope(user, "project__")
        if access.person_id is not None and not access.reads_everything:
            q |= Q(contact=access.person_id)
        return self.filter(q)

    def open(self) -> LiaisonQuerySet:
        return self.filter(closed_on=None)


class LiaisonCase(models.Model):
    """The liaison (联系机制) of a project that fell behind: a contact officer, an interval, visits.

    Opened by the check at yellow or red; closed by an officer after the season's number of green readings.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="liaison_cases", verbose_name="项目")
    opened_on = models.DateField("建立日期", help_text="触发它的快照日期")
    opened_light = models.CharField("建立时亮灯", max_length=6, choices=Light)
    light = models.CharField("最近亮灯", max_length=6, choices=Light)
    contact = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="liaison_cases", verbose_name="联系人"
    )
    interval_days = models.PositiveSmallIntegerField("联系间隔（天）")
    next_visit_on = models.DateField("下次联系日期")
    closed_on = models.DateField("关闭日期", null=True)
    closing_note = models.TextField("关闭说明", blank=True)

    objects = LiaisonQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "联系机制"
        ordering = ["-opened_on", "id"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_liaison_case_a_project", fields=["project"], condition=Q(closed_on=None)
            ),
            models.CheckConstraint(
                name="liaison_closed_with_a_note",
                condition=Q(closed_on=None) | ~Q(closing_note=""),
                violation_error_message="关闭联系必须写明情况。",
            ),
            models.CheckConstraint(
                name="liaison_closed_after_opened",
                condition=Q(closed_on=None) | Q(closed_on__gte=F("opened_on")),
            ),
            models.CheckConstraint(name="liaison_interval_positive", condition=Q(interval_days__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.project} 联系机制"


class LiaisonVisit(models.Model):
    """One contact with the project: when, how, what was found and agreed."""

    class Method(models.TextChoices):
        ON_SITE = "on_site", "实地走访"
        MEETING = "meeting", "会商"
        CALL = "call", "电话沟通"

    case = models.ForeignKey(LiaisonCase, on_delete=models.CASCADE, related_name="visits")
    on = models.DateField("联系日期")
    method = models.CharField("方式", max_length=10, choices=Method)
    findings = models.TextField("情况")
    agreed = models.TextField("议定措施", blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("记录时间", default=days.now)

    class Meta:
        verbose_name = verbose_name_plural = "联系记录"
        ordering = ["-on", "-id"]

    def __str__(self) -> str:
        return f"{self.on} {self.get_method_display()}"
