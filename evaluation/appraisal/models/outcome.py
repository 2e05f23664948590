"""After the count: public notice (公示), objections (异议), awards (获奖) and what they propose."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from brands.models import Tier
from common import days
from common.codes import random_code
from evaluation.appraisal.models.campaigns import Campaign
from evaluation.appraisal.models.roll import Candidate
from projects.models import Project, Season, Track

CERTIFICATE_BODY = "{党组织}：\n　　你单位“{项目}”在{年度}书记项目评选中，被评为“{奖项}”。特发此证。"


class PublicNoticeQuerySet(models.QuerySet["PublicNotice"]):
    def shown(self) -> PublicNoticeQuerySet:
        """What everybody may read: published and not taken down since."""
        return self.filter(is_public=True)

    def running(self) -> PublicNoticeQuerySet:
        """Those to which anybody may object today."""
        rows = self.shown().filter(state="running", campaign__state=Campaign.State.NOTICED)
        return rows.filter(ends_on__gte=days.today()).order_by("ends_on", "pk")


class PublicNotice(models.Model):
    """One round of the public notice (公示) of a campaign's proposed awards; both days are working days.

    A changed result makes a new round, whose days count anew. What is public of it goes through
    `common.publication`; `starts_on` and `is_public` are written when it is published or taken down.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "待发布"
        RUNNING = "running", "公示中"
        SUPERSEDED = "superseded", "已被新一轮公示取代"
        DONE = "done", "公示结束"

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="notices")
    code = models.CharField(max_length=8, unique=True, default=random_code, editable=False)
    round = models.PositiveSmallIntegerField("第几轮")
    title = models.CharField("标题", max_length=120)
    body = models.TextField("正文")
    contact = models.CharField("受理方式", max_length=200)
    state = models.CharField("状态", max_length=12, choices=State, default=State.DRAFT)
    starts_on = models.DateField("公示开始", null=True)
    ends_on = models.DateField("公示截止", null=True)
    is_public = models.BooleanField("已公开", default=False, editable=False)

    objects = PublicNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公示"
        ordering = ["campaign", "round"]
        constraints = [
            models.UniqueConstraint(name="notice_round_once_a_campaign", fields=["campaign", "round"]),
            models.UniqueConstraint(
                name="one_current_notice_a_campaign",
                fields=["campaign"],
                condition=Q(state__in=["draft", "running"]),
            ),
            models.CheckConstraint(
                name="notice_runs_over_its_days",
                condition=Q(starts_on=None, ends_on=None, state__in=["draft", "superseded"])
                | Q(starts_on__isnull=False, ends_on__gte=F("starts_on"), state__in=["running", "superseded", "done"]),
            ),
            models.CheckConstraint(
                name="notice_public_once_it_runs", condition=Q(is_public=False) | Q(starts_on__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title


class NoticeItem(models.Model):
    """A proposed award within a notice; an open objection holds this item only.

    `naming_decision`: what the department decided where the organization was dissolved before the award.
    """

    class State(models.TextChoices):
        STANDING = "standing", "公示"
        STRUCK = "struck", "已取消"
        CARRIED = "carried", "转入新一轮公示"
        FINAL = "final", "已生效"

    notice = models.ForeignKey(PublicNotice, on_delete=models.PROTECT, related_name="items")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="notice_items")
    award_title = models.CharField("奖项", max_length=60)
    class_name = models.CharField("类别", max_length=40, blank=True)
    rank = models.PositiveSmallIntegerField("名次")
    state = models.CharField("状态", max_length=10, choices=State, default=State.STANDING)
    reason = models.CharField("原因", max_length=200, blank=True)
    naming_decision = models.CharField("党组织撤销后的决定", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "公示项"
        ordering = ["candidate__contest_class__contest__position", "candidate__contest_class__number", "rank", "id"]
        constraints = [
            models.UniqueConstraint(name="candidate_once_a_notice", fields=["notice", "candidate"]),
            models.CheckConstraint(name="struck_with_a_reason", condition=~Q(state="struck") | ~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.candidate}"


class Objection(models.Model):
    """An objection (异议) with real name and contact: received, then upheld, dismissed, not admitted or withdrawn.

    `code` lets the objector read the reply; name and contact are seen by the department and the administrator only.
    """

    class By(models.TextChoices):
        PERSON = "person", "个人"
        ORGANIZATION = "organization", "单位"

    class Via(models.TextChoices):
        ONLINE = "online", "网上"
        LETTER = "letter", "来信"
        CALL = "call", "来电"
        VISIT = "visit", "来访"

    class State(models.TextChoices):
        RECEIVED = "received", "已收到"
        UPHELD = "upheld", "异议成立"
        DISMISSED = "dismissed", "异议不成立"
        NOT_ADMITTED = "not_admitted", "不予受理"
        WITHDRAWN = "withdrawn", "已撤回"

    notice = models.ForeignKey(PublicNotice, on_delete=models.PROTECT, related_name="objections")
    item = models.ForeignKey(
        NoticeItem, on_delete=models.PROTECT, null=True, blank=True, related_name="objections", verbose_name="所指项目"
    )
    code = models.CharField("查询码", max_length=12, unique=True)
    by = models.CharField("异议人", max_length=12, choices=By)
    name = models.CharField("姓名或单位名称", max_length=80)
    contact = models.CharField("联系方式", max_length=120)
    stamped = models.BooleanField("已加盖公章", default=False)
    content = models.TextField("内容")
    via = models.CharField("渠道", max_length=10, choices=Via, default=Via.ONLINE)
    received_on = models.DateField("收到日期", default=days.today)
    dated_on = models.DateField("邮戳日期", null=True, blank=True, help_text="来信以邮戳为准")
    state = models.CharField("状态", max_length=12, choices=State, default=State.RECEIVED)
    reply = models.TextField("答复", blank=True)
    handled_at = models.DateTimeField("办结时间", null=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="经办人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "异议"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="objection_with_name_and_contact",
                condition=~Q(name="") & ~Q(contact="") & ~Q(content=""),
                violation_error_message="请实名提出，并留下联系方式。",
            ),
            models.CheckConstraint(
                name="objection_closed_with_its_reply",
                condition=Q(state="received", handled_at=None) | ~Q(state="received") & Q(handled_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        # Never the name: this is what the audit trail and notices call it.
        return f"第 {self.pk} 号异议"


class AwardQuerySet(models.QuerySet["Award"]):
    def shown(self) -> AwardQuerySet:
        """The awards of the public list: as long as the notice that they stood in is public."""
        return self.filter(
            candidate__notice_items__state=NoticeItem.State.FINAL, candidate__notice_items__notice__is_public=True
        )


class Award(models.Model):
    """An award that is in force (获奖); made by `awards` when its notice item has stood all its days."""

    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="awards", verbose_name="年度")
    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="awards", verbose_name="赛道")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="awards", verbose_name="项目")
    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, related_name="award")
    title = models.CharField("奖项", max_length=60)
    organization_name = models.CharField("获奖党组织", max_length=120, help_text="生效当日的名称")
    awarded_on = models.DateField("生效日期")
    basis = models.CharField("批准依据", max_length=160)
    certificate_number = models.CharField("证书编号", max_length=40, unique=True)
    verification_code = models.CharField("验证码", max_length=16, unique=True)

    objects = AwardQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "获奖"
        ordering = ["-awarded_on", "track__position", "certificate_number"]
        constraints = [
            models.UniqueConstraint(name="award_once_a_project_and_season", fields=["season", "project", "title"]),
            models.CheckConstraint(
                name="award_with_its_basis", condition=~Q(basis=""), violation_error_message="没有批准依据，不能生效。"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project}{self.title}"


class CertificateTemplate(models.Model):
    """How a campaign's certificates (证书) look; `body` may use {项目} {党组织} {奖项} {年度}.

    `number_format` names {序号} and {赛道}, and may name {年度} (`certificates.number_words`).
    """

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="certificate_template")
    heading = models.CharField("标题", max_length=20, default="荣誉证书")
    body = models.TextField("正文", default=CERTIFICATE_BODY)
    issuer = models.CharField("落款", max_length=60, default="中共雨花台区委组织部")
    landscape = models.BooleanField("横版", default=True)
    accent = models.CharField("主色", max_length=7, default="#B4131A")
    number_format = models.CharField("证书编号格式", max_length=40, default="{年度}-{赛道}-{序号}")

    class Meta:
        verbose_name = verbose_name_plural = "证书模板"
        constraints = [
            models.CheckConstraint(
                name="certificate_accent_is_a_colour",
                condition=Q(accent__regex=r"^#[0-9A-Fa-f]{6}$"),
                violation_error_message="主色请写成 #B4131A 这样的六位颜色值。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign}证书模板"


class TierProposal(models.Model):
    """That an award might lift a project on the ladder (梯队晋级); the officer decides, nothing moves by itself."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "待决定"
        ACCEPTED = "accepted", "已晋级"
        DECLINED = "declined", "暂不晋级"

    award = models.OneToOneField(Award, on_delete=models.PROTECT, related_name="tier_proposal")
    from_tier = models.CharField("现梯队", max_length=12, choices=Tier, blank=True)
    to_tier = models.CharField("拟晋级为", max_length=12, choices=Tier)
    state = models.CharField("状态", max_length=10, choices=State, default=State.PROPOSED)
    reason = models.CharField("理由", max_length=200, blank=True)
    decided_at = models.DateTimeField("决定时间", null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="决定人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "梯队晋级"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="tier_changes", condition=~Q(from_tier=F("to_tier"))),
            models.CheckConstraint(
                name="tier_decided_with_its_time",
                condition=Q(state="proposed", decided_at=None) | ~Q(state="proposed") & Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.award.project}晋级"


class CampaignPackage(models.Model):
    """The sealed file of a campaign at its end (票决归档包), a zip; written once by `archive`."""

    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, related_name="package")
    path = models.CharField(max_length=120, unique=True)
    size = models.PositiveBigIntegerField("大小（字节）")
    sha256 = models.CharField("摘要", max_length=64)
    files = models.PositiveIntegerField("文件数")
    made_at = models.DateTimeField("归档时间", default=days.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="归档人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "票决归档包"

    def __str__(self) -> str:
        return f"{self.campaign}归档包"
