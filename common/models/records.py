"""What happened and who was told: audit trail, state history, notices."""

from __future__ import annotations

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
