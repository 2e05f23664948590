"""Rows that every floor needs and nobody owns: audit, pictures, notices, background jobs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from common import days


class AuditEntry(models.Model):
    """Who did what to which object, before and after. Written only by `common.audit.record`.

    Append-only: triggers of both databases refuse UPDATE and DELETE (migration 0002).
    """

    at = models.DateTimeField("时间", default=days.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="账号"
    )
    who = models.CharField("操作人", max_length=100, help_text="当时的姓名或“系统”")
    action = models.CharField("操作", max_length=80)
    object_type = models.CharField("对象类型", max_length=80)
    object_id = models.CharField("对象编号", max_length=40)
    object_label = models.CharField("对象", max_length=200)
    before = models.JSONField("操作前", default=dict)
    after = models.JSONField("操作后", default=dict)
    source = models.CharField("来源", max_length=40)
    address = models.GenericIPAddressField("网络地址", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "审计记录"
        ordering = ["-id"]
        indexes = [models.Index(fields=["object_type", "object_id"]), models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.who} {self.action}"


class StateChange(models.Model):
    """One step of a state machine; written by `common.transitions.move` together with the row it moves."""

    from_state = models.CharField("原状态", max_length=20)
    to_state = models.CharField("新状态", max_length=20)
    at = models.DateTimeField("时间", default=days.now)
    on = models.DateField("日期", help_text="该时刻所在的北京时间日期")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="操作人"
    )
    reason = models.TextField("原因", blank=True)

    class Meta:
        abstract = True
        ordering = ["id"]


class Picture(models.Model):
    """A picture that somebody uploaded, from private spool to stripped sizes (`common.uploads`).

    `spool_name` is empty exactly when the picture is ready or has failed: the original bytes are gone then.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "处理中"
        READY = "ready", "可用"
        FAILED = "failed", "无法处理"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="上传人"
    )
    state = models.CharField("状态", max_length=10, choices=State, default=State.WAITING)
    original_name = models.CharField("原文件名", max_length=255)
    content_type = models.CharField("文件类型", max_length=50)
    size = models.PositiveIntegerField("大小（字节）")
    width = models.PositiveIntegerField("宽（像素）")
    height = models.PositiveIntegerField("高（像素）")
    sha256 = models.CharField("原文件摘要", max_length=64)
    spool_name = models.CharField(max_length=80, blank=True)
    failure = models.CharField("失败原因", max_length=200, blank=True)
    uploaded_at = models.DateTimeField("上传时间", default=days.now)

    class Meta:
        verbose_name = verbose_name_plural = "图片"
        constraints = [
            models.CheckConstraint(
                name="picture_spooled_only_while_waiting",
                condition=Q(state="waiting") & ~Q(spool_name="") | ~Q(state="waiting") & Q(spool_name=""),
            ),
        ]

    def __str__(self) -> str:
        return self.original_name


class PictureVariant(models.Model):
    """One stored size of a picture, without EXIF; `full` keeps the picture's own dimensions."""

    class Size(models.TextChoices):
        FULL = "full", "原尺寸"
        LARGE = "large", "大"
        MEDIUM = "medium", "中"
        SMALL = "small", "小"

    picture = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="variants")
    name = models.CharField("规格", max_length=10, choices=Size)
    path = models.CharField(max_length=120)
    content_type = models.CharField(max_length=50)
    width = models.PositiveIntegerField("宽（像素）")
    height = models.PositiveIntegerField("高（像素）")
    size = models.PositiveIntegerField("大小（字节）")

    class Meta:
        constraints = [models.UniqueConstraint(name="one_variant_a_size", fields=["picture", "name"])]

    def __str__(self) -> str:
        return f"{self.picture_id}/{self.name}"


class Notice(models.Model):
    """One message to one person; the outbox row that makes a repeated task harmless.

    The key kind + object + period + recipient is unique: sending again is nothing (`common.notices.send`).
    """

    kind = models.CharField("类别", max_length=60)
    object_type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=40)
    period = models.CharField("期间", max_length=40, blank=True)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices", verbose_name="接收人"
    )
    title = models.CharField("标题", max_length=200)
    body = models.TextField("内容", blank=True)
    url = models.CharField("链接", max_length=300, blank=True)
    created_at = models.DateTimeField("时间", default=days.now)
    read_at = models.DateTimeField("阅读时间", null=True)
    mailed_at = models.DateTimeField("邮件发出时间", null=True)
    mail_claimed_at = models.DateTimeField(null=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = "通知"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="one_notice_a_kind_object_period_recipient",
                fields=["kind", "object_type", "object_id", "period", "recipient"],
            ),
        ]
        indexes = [
            models.Index(name="notice_unread", fields=["recipient"], condition=Q(read_at=None)),
            models.Index(name="notice_unmailed", fields=["id"], condition=Q(mailed_at=None)),
        ]

    def __str__(self) -> str:
        return self.title


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
        ordering = ["-created_at"]
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
