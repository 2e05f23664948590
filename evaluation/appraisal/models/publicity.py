"""What of a vote the public is told (公告): the wording that went through the four steps."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from evaluation.appraisal.models.campaigns import Campaign


class CampaignAnnouncement(models.Model):
    """The announcement (评选公告) of a campaign as it was published last; written by `publishing` only.

    A table of its own, because a locked campaign's row does not change any more.
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, related_name="announcement")
    body = models.TextField("正文")
    published_on = models.DateField("发布日期")
    is_public = models.BooleanField("已公开", default=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "评选公告"
        constraints = [models.CheckConstraint(name="announcement_says_something", condition=~Q(body=""))]

    def __str__(self) -> str:
        return f"{self.campaign}公告"
