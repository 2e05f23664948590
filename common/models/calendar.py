"""Holidays and makeup workdays (节假日与调休) of the years that somebody has loaded."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from common import days


class CalendarYear(models.Model):
    """A year whose holiday table is known; where working days count, any other year is refused."""

    year = models.PositiveSmallIntegerField("年份", primary_key=True)
    source = models.CharField("依据", max_length=120, help_text="例如国务院办公厅通知的名称和文号")
    loaded_at = models.DateTimeField("录入时间", default=days.now)
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="录入人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "节假日年度"
        ordering = ["-year"]

    def __str__(self) -> str:
        return f"{self.year}年"


class CalendarDay(models.Model):
    """A day that is not what its weekday says: a holiday, or a makeup workday (调休上班)."""

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", "放假"
        WORKDAY = "workday", "调休上班"

    year = models.ForeignKey(CalendarYear, on_delete=models.CASCADE, related_name="days")
    day = models.DateField("日期", unique=True)
    kind = models.CharField("安排", max_length=10, choices=Kind)
    name = models.CharField("节日", max_length=20, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "节假日"
        ordering = ["day"]
        constraints = [
            models.CheckConstraint(
                name="calendar_day_lies_in_its_year", condition=models.Q(day__year=models.F("year_id"))
            ),
            models.CheckConstraint(name="calendar_day_kind_known", condition=models.Q(kind__in=["holiday", "workday"])),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.get_kind_display()}"
