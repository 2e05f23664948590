"""Background work as rows."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from common import days


class Job(models.Model):
    """A piece of background work as a row, so that a killed worker loses nothing (`common.jobs`).

    A worker claims it by compare-and-swap and keeps `heartbeat_at` fresh; the sweep sends it again otherwise.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "排队中"
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        FAILED = "failed", "未成功"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("类别", max_length=60)
    key = models.CharField(max_length=120, blank=True, help_text="同类同键的未完成任务只有一个")
    args = models.JSONField(default=dict)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="提出人"
    )
    state = models.CharField("状态", max_length=10, choices=State, default=State.QUEUED)
    done = models.PositiveIntegerField("已完成", default=0)
    total = models.PositiveIntegerField("总数", default=0)
    result = models.JSONField("结果", default=dict)
    message = models.CharField("说明", max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField("提出时间", default=days.now)
    sent_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True, help_text="占有该任务的一次执行")
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "后台任务"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_job_a_key",
                fields=["kind", "key"],
                condition=Q(state__in=["queued", "running"]) & ~Q(key=""),
            ),
            models.CheckConstraint(name="job_done_within_total", condition=Q(done__lte=models.F("total"))),
        ]
        indexes = [models.Index(name="job_open", fields=["state"], condition=Q(state__in=["queued", "running"]))]

    def __str__(self) -> str:
        return f"{self.kind} {self.get_state_display()}"
