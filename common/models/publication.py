"""The four steps of party-affairs disclosure (党务公开): 提出, 保密审查, 审批, 发布."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from common.models.records import StateChange


class Publication(models.Model):
    """What is to be shown of an object, and how far its review is; moved by `common.publication` only.

    `content` is the wording that was proposed; the review speaks of exactly this wording.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", "已提出"
        CLEARED = "cleared", "已保密审查"
        APPROVED = "approved", "已审批"
        PUBLISHED = "published", "已发布"
        RETURNED = "returned", "已退回"
        TAKEN_DOWN = "taken_down", "已撤下"

    object_type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=40)
    state = models.CharField("状态", max_length=20, choices=State, default=State.PROPOSED)
    content = models.JSONField("拟公开内容", default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "公开审查"
        constraints = [
            models.UniqueConstraint(name="one_publication_an_object", fields=["object_type", "object_id"]),
            models.CheckConstraint(
                name="publication_state_known",
                condition=Q(state__in=["proposed", "cleared", "approved", "published", "returned", "taken_down"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id} {self.get_state_display()}"


class PublicationStep(StateChange):
    """Who took which step of a publication's review, and when."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="steps")
