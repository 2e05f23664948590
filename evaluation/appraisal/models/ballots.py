"""Sealed ballots. Nothing in these tables, their order or their row versions leads to a voter (docs/threat-model.md).

A ballot is cast into the urn, moves in shuffled lots to the box under a new key, and at the close box and roll are
rewritten in random order. No column holds a time.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from evaluation.appraisal.models.campaigns import Campaign, VoterCategory


class SealedBallot(models.Model):
    """`sealed` is one length for all ballots of a campaign; `code` is the tracking number (追踪号)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(VoterCategory, on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField()
    code = models.CharField(max_length=16)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code


class UrnBallot(SealedBallot):
    """Just cast, waiting for the next lot; written by `casting` only."""

    class Meta:
        constraints = [models.UniqueConstraint(name="urn_code_once", fields=["campaign", "code"])]


class BoxBallot(SealedBallot):
    """In the box; written by `mixing` only."""

    class Meta:
        constraints = [models.UniqueConstraint(name="box_code_once", fields=["campaign", "code"])]


class CodeLot(models.Model):
    """The tracking numbers of one lot, sorted, one a line; `sha256` is chained to the lot before (`mixing`)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="lots")
    number = models.PositiveIntegerField("批次")
    codes = models.TextField("追踪号")
    sha256 = models.CharField("链式摘要", max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = "追踪号批次"
        ordering = ["number"]
        constraints = [models.UniqueConstraint(name="lot_number_once_a_campaign", fields=["campaign", "number"])]

    def __str__(self) -> str:
        return f"第 {self.number} 批"


class PaperBatch(models.Model):
    """Paper ballots of one category, keyed twice by two people; entered as sealed ballots when both agree.

    `keyed` is the first keying, encrypted, and is emptied with the entry (`paper`).
    """

    class State(models.TextChoices):
        KEYED = "keyed", "已录一遍"
        ENTERED = "entered", "已入箱"
        DROPPED = "dropped", "已撤销"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="paper_batches")
    category = models.ForeignKey(VoterCategory, on_delete=models.PROTECT, related_name="+", verbose_name="类别")
    ballots = models.PositiveIntegerField("张数")
    keyed = models.TextField(blank=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.KEYED)
    first_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="第一录入人"
    )
    second_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="第二录入人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "纸质票批次"
        constraints = [
            models.CheckConstraint(
                name="paper_batch_two_people",
                condition=Q(second_by=None) | ~Q(second_by=F("first_by")),
                violation_error_message="两遍录入须由两个人分别完成。",
            ),
            models.CheckConstraint(
                name="paper_batch_entered_by_two",
                condition=Q(state="entered", second_by__isnull=False, keyed="")
                | Q(state="keyed", second_by=None, keyed__gt="")
                | Q(state="dropped", keyed=""),
            ),
            models.CheckConstraint(name="paper_batch_not_empty", condition=Q(ballots__gte=1)),
            models.UniqueConstraint(
                name="one_open_paper_batch_a_category", fields=["category"], condition=Q(state="keyed")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.ballots} 张"


class Tally(models.Model):
    """The count (计票) of a campaign, written once by `counting`; triggers refuse every change.

    `counts` and `result` are canonical JSON texts (`manifest.canonical`); `counts_sha256` is of `counts` alone,
    `commitment` of salt and counts, published where the counts by category are withheld.
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, related_name="tally")
    counts = models.TextField("分类别计票")
    counts_sha256 = models.CharField(max_length=64)
    salt = models.CharField(max_length=64)
    commitment = models.CharField(max_length=64)
    result = models.TextField("结果")
    result_sha256 = models.CharField(max_length=64)
    detail_published = models.BooleanField("公布分类别票数")
    holders = models.CharField("开箱保管人", max_length=120)
    counted_at = models.DateTimeField("计票时间")
    counted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="计票人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "计票"

    def __str__(self) -> str:
        return f"{self.campaign}计票"


class TallySignature(models.Model):
    """A scrutineer's signature (监票人签字) under the count: the account, the moment and what was signed."""

    tally = models.ForeignKey(Tally, on_delete=models.PROTECT, related_name="signatures")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    result_sha256 = models.CharField(max_length=64)
    signed_at = models.DateTimeField("签字时间")

    class Meta:
        verbose_name = verbose_name_plural = "监票签字"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(name="signed_once", fields=["tally", "user"])]

    def __str__(self) -> str:
        return str(self.user)
