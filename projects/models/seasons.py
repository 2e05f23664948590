"""Seasons (年度) with their rules, and the tracks (赛道) that end in awards. Seasons may overlap."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from organizations.models import Organization


class SeasonQuerySet(models.QuerySet["Season"]):
    def latest_started(self, day: Any) -> Season | None:
        """The season that lists show by default: the one that started last."""
        return self.filter(starts_on__lte=day).order_by("-starts_on").first()


class Season(models.Model):
    """A year of the scheme. Percentages here are integers of 0.01 percentage point."""

    code = models.SlugField("代码", max_length=20, unique=True)
    name = models.CharField("名称", max_length=60)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期")
    report_due_day = models.PositiveSmallIntegerField(
        "月报截止日",
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(28)],
        help_text="次月几日 24 时前报送",
    )
    yellow_from = models.PositiveIntegerField("黄灯起点（0.01 个百分点）", default=1000, help_text="落后达到即黄灯")
    red_above = models.PositiveIntegerField("红灯起点（0.01 个百分点）", default=3000, help_text="落后超过即红灯")
    returned_grace_days = models.PositiveSmallIntegerField("退回修改宽限（天）", default=3)
    step_on_due = models.BooleanField("按到期日一次计入计划", default=False)
    overdue_red_days = models.PositiveSmallIntegerField(
        "里程碑逾期红灯（天）", null=True, blank=True, help_text="留空表示不启用，常用 15"
    )
    liaison_interval_days = models.PositiveSmallIntegerField(
        "联系间隔（天）", default=14, validators=[MinValueValidator(1)]
    )
    liaison_green_readings = models.PositiveSmallIntegerField(
        "关闭联系所需连续绿灯次数", default=2, validators=[MinValueValidator(1)]
    )

    objects = SeasonQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "年度"
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                name="season_starts_before_it_ends",
                condition=Q(starts_on__lt=F("ends_on")),
                violation_error_message="年度的结束日期必须晚于开始日期。",
            ),
            models.CheckConstraint(
                name="season_report_due_day_1_to_28",
                condition=Q(report_due_day__gte=1, report_due_day__lte=28),
                violation_error_message="月报截止日应在 1 至 28 日之间。",
            ),
            models.CheckConstraint(
                name="season_yellow_below_red",
                condition=Q(yellow_from__gt=0, yellow_from__lte=F("red_above"), red_above__lte=10000),
                violation_error_message="黄灯起点应大于 0，且不高于红灯起点。",
            ),
            models.CheckConstraint(
                name="season_overdue_red_after_a_day",
                condition=Q(overdue_red_days=None) | Q(overdue_red_days__gte=1),
                violation_error_message="里程碑逾期红灯至少为 1 天；不启用请留空。",
            ),
            models.CheckConstraint(
                name="season_liaison_positive",
                condition=Q(liaison_interval_days__gte=1, liaison_green_readings__gte=1),
                violation_error_message="联系间隔和绿灯次数至少为 1。",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Track(models.Model):
    """A track of a season: which organizations may enter, how it is judged, what it awards."""

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="tracks", verbose_name="年度")
    code = models.SlugField("代码", max_length=20)
    name = models.CharField("名称", max_length=40)
    award_title = models.CharField("奖项", max_length=60)
    method = models.CharField("方式", max_length=60)
    position = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "赛道"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(name="track_code_unique_in_season", fields=["season", "code"])]

    def __str__(self) -> str:
        return self.name


class TrackKind(models.Model):
    """A kind of organization (and, if set, its sector) that a track admits."""

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="kinds")
    kind = models.CharField("组织类型", max_length=20, choices=Organization.Kind)
    sector = models.CharField("领域类别", max_length=20, choices=Organization.Sector, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "赛道准入类型"
        constraints = [models.UniqueConstraint(name="track_kind_once", fields=["track", "kind", "sector"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_sector_display()}".strip()
