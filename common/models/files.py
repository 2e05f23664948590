"""Uploaded documents that are kept as they are: minutes, evidence, workbooks."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from common import days


class StoredFile(models.Model):
    """A document (附件) that somebody uploaded, checked by content (`common.files`) and always served as a download.

    What it belongs to points here; who may read it follows from that (a guard of the owning app).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="上传人"
    )
    original_name = models.CharField("原文件名", max_length=255)
    content_type = models.CharField("文件类型", max_length=100)
    size = models.PositiveIntegerField("大小（字节）")
    sha256 = models.CharField("文件摘要", max_length=64, help_text="去除照片定位等信息之后")
    path = models.CharField(max_length=120, unique=True)
    uploaded_at = models.DateTimeField("上传时间", default=days.now)

    class Meta:
        verbose_name = verbose_name_plural = "附件"
        constraints = [models.CheckConstraint(name="stored_file_not_empty", condition=Q(size__gt=0))]

    def __str__(self) -> str:
        return self.original_name
