"""The secretary's project (书记项目): one row from first draft to archive."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.db.models import F, Q

from brands.models import FeatureFact, Field, FigureFact, Tier
from common import days
from common.codes import random_code
from common.models import StateChange
from organizations.access import access_of
from organizations.models import Organization, Person
from projects.models.seasons import Season, Track


class Light(models.TextChoices):
    """How a project stands (亮灯); null means that no plan is in force."""

    GREEN = "green", "正常"
    YELLOW = "yellow", "滞后"
    RED = "red", "严重滞后"
    GREY = "grey", "未报"


BEHIND = (Light.YELLOW, Light.RED)


def in_scope(user: Any, prefix: str = "") -> Q:
    """Rows whose project (reached by `prefix`, such as `project__`) the person may see.

    These are the projects of the own subtrees, and those that a secretary in office leads.
    """
    access = access_of(user)
    q = access.scope(f"{prefix}lead_organization")
    return q if access.reads_everything else q | led_by(user, prefix)


def led_by(user: Any, prefix: str = "") -> Q:
    """Rows whose project a secretary in office leads (`projects.rules.is_lead_secretary`)."""
    access = access_of(user)
    return Q(**{f"{prefix}lead_secretary": access.person_id}) if access.secretary_of else Q(pk__in=[])


def authored_by(user: Any, prefix: str = "") -> Q:
    """Rows whose project the person writes for: its secretary, or a clerk of exactly its lead organization."""
    clerk_of = [ref.id for ref in access_of(user).clerk_of]
    return led_by(user, prefix) | Q(**{f"{prefix}lead_organization__in": clerk_of})


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: Any) -> ProjectQuerySet:
        return self.filter(in_scope(user))

    def published(self) -> ProjectQuerySet:
        return self.exclude(published_on=None)

    def behind_schedule(self) -> ProjectQuerySet:
        return self.filter(light__in=BEHIND)

    def in_library(self) -> ProjectQuerySet:
        """The approved ones, whatever became of them: they have an archive number (建库立档)."""
        return self.exclude(archive_number=None)


class Project(models.Model):
    """A project. `state` is moved by `projects.actions`; the check columns are written by `tracking` only.

    Values are integers of 0.01 percentage point; `light_day` is the day of the snapshot that they are from.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        SUBMITTED = "submitted", "已申报"
        IN_REVIEW = "in_review", "评审中"
        RETURNED_REVISE = "returned_revise", "退回修改"
        RETURNED_REDRAFT = "returned_redraft", "退回重拟"
        REJECTED = "rejected", "未通过"
        APPROVED = "approved", "已立项"
        RUNNING = "running", "推进中"
        SUSPENDED = "suspended", "暂停"
        CLOSING = "closing", "结项中"
        COMPLETED = "completed", "已结项"
        TERMINATED = "terminated", "终止"
        WITHDRAWN = "withdrawn", "撤项"
        ARCHIVED = "archived", "已归档"

    code = models.CharField("编号", max_length=8, unique=True, default=random_code, editable=False)
    archive_number = models.CharField("档号", max_length=40, null=True, blank=True, unique=True)
    archive_sequence = models.PositiveIntegerField("流水号", null=True, editable=False)
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="projects", verbose_name="年度")
    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="projects", verbose_name="赛道")
    title = models.CharField("项目名称", max_length=120)
    field = models.CharField("领域", max_length=24, choices=Field, blank=True)
    lead_organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="projects", verbose_name="牵头党组织"
    )
    lead_secretary = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="led_projects", verbose_name="领题书记"
    )
    contact = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="contact_of_projects",
        verbose_name="联系人",
        help_text="组织部指定，项目滞后时负责联系",
    )
    brands = models.ManyToManyField("brands.Brand", blank=True, related_name="projects", verbose_name="关联品牌")
    state = models.CharField("状态", max_length=20, choices=State, default=State.DRAFT)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("完成时限")
    approved_on = models.DateField("立项日期", null=True, blank=True)
    tier = models.CharField("梯队", max_length=12, choices=Tier, blank=True)
    problem = models.TextField("背景与难题", blank=True)
    goal = models.TextField("目标", blank=True)
    measures = models.TextField("主要措施", blank=True)
    expected_effect = models.TextField("预期成效", blank=True)
    summary = models.CharField("公开简介", max_length=300, blank=True)
    published_on = models.DateField("公开日期", null=True, blank=True)
    continues = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="continued_by",
        verbose_name="延续自",
    )
    is_sample = models.BooleanField("示例", default=False)

    planned_value = models.PositiveIntegerField("计划进度", null=True, editable=False)
    earned_value = models.PositiveIntegerField("实际进度", null=True, editable=False)
    schedule_variance = models.IntegerField("进度差", null=True, editable=False)
    light = models.CharField("亮灯", max_length=6, choices=Light, null=True, editable=False)  # noqa: DJ001
    light_reason = models.CharField("亮灯原因", max_length=200, blank=True, editable=False)
    light_day = models.DateField("亮灯日期", null=True, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "书记项目"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["season", "light"]),
            models.Index(fields=["season", "title", "id"]),
        ]
        constraints = [
            models.CheckConstraint(
                name="project_starts_before_it_ends",
                condition=Q(starts_on__lte=F("ends_on")),
                violation_error_message="完成时限不能早于开始日期。",
            ),
            models.CheckConstraint(
                name="project_archive_number_not_empty",
                condition=Q(archive_number=None) | ~Q(archive_number=""),
            ),
            models.CheckConstraint(
                name="project_archive_number_with_its_sequence",
                condition=Q(archive_number=None, archive_sequence=None, approved_on=None)
                | Q(archive_number__isnull=False, archive_sequence__gte=1, approved_on__isnull=False),
            ),
            models.UniqueConstraint(name="project_archive_sequence_once_a_track", fields=["track", "archive_sequence"]),
            models.CheckConstraint(
                name="project_has_a_number_once_approved",
                condition=~Q(state__in=["approved", "running", "suspended", "closing", "completed"])
                | Q(archive_number__isnull=False),
                violation_error_message="立项的项目必须有档号。",
            ),
            models.CheckConstraint(
                name="project_does_not_continue_itself", condition=Q(continues=None) | ~Q(continues=F("id"))
            ),
            models.CheckConstraint(
                name="project_not_its_own_contact",
                condition=Q(contact=None) | ~Q(contact=F("lead_secretary")),
                violation_error_message="联系人不能是领题书记本人。",
            ),
            models.CheckConstraint(
                name="project_light_known",
                condition=Q(light=None) | Q(light__in=["green", "yellow", "red", "grey"]),
            ),
            models.CheckConstraint(
                name="project_variance_is_the_difference",
                condition=Q(schedule_variance=None) | Q(schedule_variance=F("earned_value") - F("planned_value")),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def has_month(self, month: date) -> bool:
        """Whether the month that begins on `month` is, at least partly, one of the project's."""
        return days.month_start(self.starts_on) <= month <= self.ends_on


class LeadTerm(models.Model):
    """Who led a project from when until when; the open term is `Project.lead_secretary`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="lead_terms")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="lead_terms")
    since = models.DateField("起始日期")
    until = models.DateField("截止日期", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "领题书记任期"
        ordering = ["since", "id"]
        constraints = [
            models.UniqueConstraint(name="one_open_lead_term_a_project", fields=["project"], condition=Q(until=None)),
            models.CheckConstraint(
                name="lead_term_since_before_until", condition=Q(until=None) | Q(until__gte=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.since}"


class ProjectStateChange(StateChange):
    """The project's state history; the check reads a past day's state from it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="state_changes")

    class Meta(StateChange.Meta):
        indexes = [models.Index(fields=["project", "on"])]


class ProjectFigure(FigureFact):
    """A published figure of a project that the article names."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="figures")

    class Meta(FigureFact.Meta):
        verbose_name = verbose_name_plural = "项目数据"


class ProjectFeature(FeatureFact):
    """A published feature of a project that the article names."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="features")

    class Meta(FeatureFact.Meta):
        verbose_name = verbose_name_plural = "项目构成"
