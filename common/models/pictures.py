"""Uploaded pictures and their stored sizes."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from common import days


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
