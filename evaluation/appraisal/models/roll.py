"""Candidates (候选项目) and the roll (选民名册): who is voted on, who votes, who may not vote on whom."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from common import days
from common.codes import random_code
from evaluation.appraisal.models.campaigns import Campaign, ContestClass, VoterCategory
from organizations.models import Organization, Person
from projects.models import Project


class Candidate(models.Model):
    """A closed-out project that stands in a contest; `number` (on the ballot) and `dossier` are fixed by the lock.

    A withdrawal after the lock is an addendum: approvals are ignored, the ballots stay valid.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="candidates")
    contest_class = models.ForeignKey(
        ContestClass, on_delete=models.PROTECT, related_name="candidates", verbose_name="类别"
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="candidacies", verbose_name="项目")
    code = models.CharField("编号", max_length=8, unique=True, default=random_code, editable=False)
    number = models.PositiveSmallIntegerField("票面序号", null=True)
    presentation = models.PositiveSmallIntegerField("述评顺序", null=True)
    dossier = models.JSONField("材料", default=dict)
    withdrawn_on = models.DateField("退出日期", null=True)
    withdrawn_reason = models.CharField("退出原因", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "候选项目"
        ordering = ["contest_class__contest__position", "contest_class__number", "number", "id"]
        constraints = [
            models.UniqueConstraint(
                name="project_once_a_campaign",
                fields=["campaign", "project"],
                violation_error_message="这个项目已在候选名单中。",
            ),
            models.UniqueConstraint(name="ballot_number_once_a_class", fields=["contest_class", "number"]),
            models.CheckConstraint(
                name="candidate_withdrawn_with_its_reason",
                condition=Q(withdrawn_on=None, withdrawn_reason="")
                | Q(withdrawn_on__isnull=False) & ~Q(withdrawn_reason=""),
                violation_error_message="请写明退出原因。",
            ),
        ]

    def __str__(self) -> str:
        return self.project.title


class Voter(models.Model):
    """An elector on the roll of one campaign. `voted` is a flag without a time; only `casting` sets it.

    `channel` is how the person votes: by account, by a one-time code, or on paper. `paper` tells how far a
    paper ballot is; a returned one counts once its batch has been entered.
    """

    class Channel(models.TextChoices):
        ACCOUNT = "account", "账号登录"
        CODE = "code", "投票码"
        PAPER = "paper", "纸质票"

    class Paper(models.TextChoices):
        NONE = "", "未领票"
        ISSUED = "issued", "已领票"
        RETURNED = "returned", "已交票"

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="voters")
    category = models.ForeignKey(VoterCategory, on_delete=models.PROTECT, related_name="voters", verbose_name="类别")
    public_id = models.CharField(max_length=8, unique=True, default=random_code, editable=False)
    name = models.CharField("姓名", max_length=50)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="voter_in", verbose_name="人员"
    )
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="所在党组织"
    )
    workplace = models.CharField("单位及职务", max_length=120, blank=True)
    channel = models.CharField("投票方式", max_length=10, choices=Channel, default=Channel.CODE)
    voted = models.BooleanField("已投票", default=False, editable=False)
    paper = models.CharField("纸质票", max_length=10, choices=Paper, blank=True, default=Paper.NONE)

    class Meta:
        verbose_name = verbose_name_plural = "票决人员"
        ordering = ["category__position", "name", "public_id"]
        constraints = [
            models.UniqueConstraint(
                name="person_once_a_roll",
                fields=["campaign", "person"],
                violation_error_message="此人已在名册中，一人只能归入一个类别。",
            ),
            models.UniqueConstraint(
                name="name_and_workplace_once_a_roll",
                fields=["campaign", "name", "workplace"],
                violation_error_message="名册中已有同名且同单位的人员。",
            ),
            models.CheckConstraint(
                name="voter_by_account_has_a_person", condition=~Q(channel="account") | Q(person__isnull=False)
            ),
            models.CheckConstraint(name="paper_for_paper_voters", condition=Q(paper="") | Q(channel="paper")),
            models.CheckConstraint(
                name="paper_voter_votes_with_a_returned_ballot",
                condition=Q(voted=False) | ~Q(channel="paper") | Q(paper="returned"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Recusal(models.Model):
    """A candidate on whom a voter does not vote (回避), and why; computed before the lock, fixed by it."""

    voter = models.ForeignKey(Voter, on_delete=models.CASCADE, related_name="recusals")
    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="recusals")
    reason = models.CharField("原因", max_length=100)

    class Meta:
        verbose_name = verbose_name_plural = "回避"
        constraints = [models.UniqueConstraint(name="recused_once", fields=["voter", "candidate"])]

    def __str__(self) -> str:
        return self.reason


class Credential(models.Model):
    """The keyed hash of a voter's one-time code (投票码); a reissued one revokes the former."""

    voter = models.ForeignKey(Voter, on_delete=models.CASCADE, related_name="credentials")
    digest = models.CharField(max_length=64, unique=True)
    revoked = models.BooleanField("已作废", default=False)
    issued_on = models.DateField("发放日期", default=days.today)

    class Meta:
        verbose_name = verbose_name_plural = "投票码"
        constraints = [
            models.UniqueConstraint(name="one_valid_credential_a_voter", fields=["voter"], condition=Q(revoked=False))
        ]

    def __str__(self) -> str:
        return f"{self.issued_on}"


class ReminderList(models.Model):
    """Who had not voted when the list of a day (催票名单) was first asked for: at most one a day, never the hour."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="reminder_lists")
    day = models.DateField("日期")
    voters = models.ManyToManyField(Voter, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = "催票名单"
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(name="one_reminder_list_a_day", fields=["campaign", "day"])]

    def __str__(self) -> str:
        return f"{self.day}"
