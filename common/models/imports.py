"""An import from a workbook (导入): read into rows first, written only when it is confirmed, undone as a whole."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from common import days
from common.models.files import StoredFile
from common.models.jobs import Job


class ImportBatch(models.Model):
    """One uploaded workbook on its way into the database; moved by `common.imports` only."""

    class State(models.TextChoices):
        READING = "reading", "读取中"
        PREVIEW = "preview", "待确认"
        WRITING = "writing", "写入中"
        DONE = "done", "已导入"
        UNDONE = "undone", "已撤销"
        FAILED = "failed", "未成功"
        DISCARDED = "discarded", "已放弃"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("类别", max_length=40)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="导入人"
    )
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+", verbose_name="文件")
    params = models.JSONField("参数", default=dict, help_text="例如年度")
    state = models.CharField("状态", max_length=10, choices=State, default=State.READING)
    message = models.CharField("说明", max_length=300, blank=True)
    columns = models.JSONField("列对应", default=dict, help_text="表头 → 字段")
    choices = models.JSONField("对应选择", default=dict, help_text="表中写法 → 所选对象")
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField("时间", default=days.now)
    written_at = models.DateTimeField("写入时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "导入"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="import_state_known",
                condition=Q(state__in=["reading", "preview", "writing", "done", "undone", "failed", "discarded"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.file}"


class ImportRow(models.Model):
    """One row of the sheet: what stood there, what it means, what is wrong with it, what it changed."""

    class Status(models.TextChoices):
        NEW = "new", "新增"
        CHANGED = "changed", "变更"
        SAME = "same", "相同"
        WRONG = "wrong", "有误"

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField("行号", help_text="表中的行号，从 1 数起")
    status = models.CharField("结果", max_length=10, choices=Status)
    label = models.CharField("内容", max_length=200, blank=True)
    raw = models.JSONField("原样", default=dict)
    cleaned = models.JSONField("整理后", default=dict)
    problems = models.JSONField("问题", default=list, help_text="每项为列、原因、建议")
    object_id = models.CharField("对象编号", max_length=40, blank=True)
    before = models.JSONField("写入前", default=dict)
    after = models.JSONField("写入后", default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "导入行"
        ordering = ["batch", "number"]
        constraints = [
            models.UniqueConstraint(name="import_row_once", fields=["batch", "number"]),
            models.CheckConstraint(
                name="import_row_status_known", condition=Q(status__in=["new", "changed", "same", "wrong"])
            ),
        ]
        indexes = [models.Index(fields=["batch", "status", "number"])]

    def __str__(self) -> str:
        return f"第 {self.number} 行 {self.get_status_display()}"
