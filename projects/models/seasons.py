"""Seasons (年度) with their rules, and the tracks (赛道) that end in awards. Seasons may overlap."""

from __future__ import annotations

from typing import Any, Protocol

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from common import days
from organizations.models import Organization, Person

FULL = 10000  # 100.00 percent


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
    apply_from = models.DateField("申报开始", null=True, blank=True)
    apply_until = models.DateField("申报截止", null=True, blank=True, help_text="当日 24 时锁定")
    one_project_per_organization = models.BooleanField("每个党组织限报一个项目", default=True)
    criteria_total = models.PositiveIntegerField("评审标准权重合计", default=0, editable=False)
    reviewers_needed = models.PositiveSmallIntegerField(
        "每个项目的评审人数", default=3, validators=[MinValueValidator(3)], help_text="至少 3 人"
    )
    outlier_from = models.PositiveIntegerField("离群分差（0.01 分）", default=2000, help_text="与平均分相差达到即提示")
    archive_number_format = models.CharField(
        "档号格式",
        max_length=60,
        default="YH-{year}-{track}-{number:03}",
        help_text="{year} 年份，{track} 赛道代号，{number:03} 三位流水号",
    )
    extension_months = models.PositiveSmallIntegerField("延期上限（月）", default=3, validators=[MinValueValidator(1)])

    objects = SeasonQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "年度"
        ordering = ["-starts_on", "-id"]
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
            models.CheckConstraint(
                name="season_application_window_whole",
                condition=Q(apply_from=None, apply_until=None)
                | Q(apply_from__isnull=False, apply_until__isnull=False, apply_from__lte=F("apply_until")),
                violation_error_message="申报开始和截止日期要同时填写，且截止不早于开始。",
            ),
            models.CheckConstraint(
                name="season_criteria_weigh_100",
                condition=Q(criteria_total__in=[0, FULL]),
                violation_error_message="评审标准的权重合计必须正好是 100。",
            ),
            models.CheckConstraint(
                name="season_at_least_three_reviewers",
                condition=Q(reviewers_needed__gte=3),
                violation_error_message="每个项目至少 3 名评审人。",
            ),
            models.CheckConstraint(
                name="season_extension_at_least_a_month",
                condition=Q(extension_months__gte=1),
                violation_error_message="延期上限至少为 1 个月。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def takes_applications(self, day: Any) -> bool:
        """Whether the application window (申报期) is open on `day`, both ends included."""
        return bool(self.apply_from and self.apply_from <= day <= self.apply_until)


class Kinded(Protocol):
    """What a track asks of an organization."""

    @property
    def kind(self) -> str: ...

    @property
    def sector(self) -> str: ...


class TrackQuerySet(models.QuerySet["Track"]):
    def admitting(self, organization: Kinded) -> TrackQuerySet:
        """The tracks that this kind of organization may enter (`Track.admits` says it of one)."""
        kinds = TrackKind.objects.filter(kind=organization.kind, sector__in=["", organization.sector])
        return self.filter(pk__in=kinds.values("track"))


class Track(models.Model):
    """A track of a season: which organizations may enter, how it is judged, what it awards."""

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="tracks", verbose_name="年度")
    code = models.SlugField("代码", max_length=20)
    name = models.CharField("名称", max_length=40)
    award_title = models.CharField("奖项", max_length=60)
    method = models.CharField("方式", max_length=60)
    archive_code = models.CharField("档号代号", max_length=10, blank=True, help_text="档号里代表本赛道的字母，例如 SQ")
    last_number = models.PositiveIntegerField("已用流水号", default=0, editable=False)
    position = models.PositiveSmallIntegerField("顺序", default=0)

    objects = TrackQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "赛道"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(name="track_code_unique_in_season", fields=["season", "code"]),
            models.UniqueConstraint(
                name="track_archive_code_unique_in_season",
                fields=["season", "archive_code"],
                condition=~Q(archive_code=""),
                violation_error_message="同一年度的赛道代号不能相同。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def admits(self, organization: Kinded) -> bool:
        """Whether this kind of organization may enter (`TrackQuerySet.admitting` asks the database)."""
        return any(
            kind.kind == organization.kind and kind.sector in ("", organization.sector) for kind in self.kinds.all()
        )


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


class Criterion(models.Model):
    """What applications are scored by (评审标准), 0–100 each; the weights of a season sum to 100."""

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="criteria")
    name = models.CharField("标准", max_length=20)
    hint = models.CharField("说明", max_length=200, blank=True)
    weight = models.PositiveIntegerField("权重（0.01 个百分点）")
    position = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "评审标准"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(name="criterion_once_a_season", fields=["season", "name"]),
            models.CheckConstraint(
                name="criterion_weight_over_0_to_100",
                condition=Q(weight__gt=0, weight__lte=FULL),
                violation_error_message="权重应大于 0，不超过 100。",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SeasonReviewer(models.Model):
    """A person whom the department may assign to review applications of the season (评审人库)."""

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="reviewers")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="reviewer_in")

    class Meta:
        verbose_name = verbose_name_plural = "评审人"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(name="reviewer_once_a_season", fields=["season", "person"])]

    def __str__(self) -> str:
        return str(self.person)


class Announcement(models.Model):
    """The call for applications (申报通知) of a season; a draft until it is issued."""

    season = models.OneToOneField(Season, on_delete=models.PROTECT, related_name="announcement")
    title = models.CharField("标题", max_length=120)
    number = models.CharField("文号", max_length=40, blank=True)
    addressee = models.CharField("主送", max_length=200, blank=True)
    body = models.TextField("正文")
    issued_on = models.DateField("印发日期", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "申报通知"

    def __str__(self) -> str:
        return self.title


class Reopening(models.Model):
    """One organization may apply after the deadline (个别开放), for a reason and until a day."""

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="reopenings")
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="reopenings", verbose_name="党组织"
    )
    until = models.DateField("开放至")
    reason = models.TextField("原因")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="操作人")
    at = models.DateTimeField("时间", default=days.now)

    class Meta:
        verbose_name = verbose_name_plural = "个别开放"
        ordering = ["-id"]
        constraints = [models.CheckConstraint(name="reopening_has_a_reason", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return f"{self.organization} {self.until}"
