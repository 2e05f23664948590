"""The annual vote (综合票决) as it is set up: campaign, contests, categories of voters, scrutineers, keys.

From the lock on nothing here changes but the state: triggers of both databases refuse it (`triggers`).
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from common import days
from common.codes import random_code
from common.models import StateChange
from evaluation.appraisal.layout import section_title
from organizations.access import Role, access_of
from organizations.models import Person
from projects.models import Season, Track
from projects.models.seasons import FULL


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def visible_to(self, user: Any) -> CampaignQuerySet:
        """The campaigns whose workbench pages the person may open; what is public is shown elsewhere."""
        access = access_of(user)
        if access.reads_everything or access.has(Role.EVALUATION_ADMINISTRATOR):
            return self.all()
        if access.has(Role.SCRUTINEER):
            return self.filter(scrutineers__person=access.person_id)
        return self.none()

    def running(self) -> CampaignQuerySet:
        """Locked and not yet at its end."""
        return self.exclude(state__in=["draft", "final", "archived", "voided"])


class Campaign(models.Model):
    """A vote of a season, or the run-off (再次票决) of one. `state` is moved by `campaigns.move_campaign` only.

    Quorums are fractions (`quorum_part`/`quorum_whole`); `weight_total` is written by the lock, 0.01 point.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "筹备中"
        LOCKED = "locked", "已锁定"
        OPEN = "open", "投票中"
        CLOSED = "closed", "已截止"
        MIXED = "mixed", "已混票"
        COUNTED = "counted", "已计票"
        CONFIRMED = "confirmed", "已签字确认"
        NOTICED = "noticed", "公示中"
        FINAL = "final", "结果生效"
        ARCHIVED = "archived", "已归档"
        VOIDED = "voided", "已作废"

    class Shortfall(models.TextChoices):
        """What happens where a category stays under its quorum or minimum."""

        DECIDE = "decide", "由管理员和监票人记录在案后决定"
        MERGE = "merge", "并入事先指定的类别，权重相加"

    class Detail(models.TextChoices):
        """Whether the counts by category are published."""

        NEVER = "never", "不公布分类别票数"
        SAFE = "safe", "各类有效票均不少于 10 张且没有一致票时公布"
        ALWAYS = "always", "经批准机关同意，各类不少于 10 人时公布"

    code = models.CharField("编号", max_length=8, unique=True, default=random_code, editable=False)
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="campaigns", verbose_name="年度")
    title = models.CharField("名称", max_length=80)
    runoff_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="runoffs", verbose_name="再次票决自"
    )
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name="重新组织自"
    )
    state = models.CharField("状态", max_length=10, choices=State, default=State.DRAFT)
    approval_number = models.CharField("批准文号", max_length=60, blank=True)
    approval_on = models.DateField("批准日期", null=True, blank=True)
    approval_body = models.CharField("批准机关", max_length=60, blank=True)
    opens_at = models.DateTimeField("投票开始", null=True, blank=True)
    closes_at = models.DateTimeField("投票截止", null=True, blank=True)
    quorum_part = models.PositiveSmallIntegerField("总投票率下限（分子）", default=2)
    quorum_whole = models.PositiveSmallIntegerField("总投票率下限（分母）", default=3)
    category_quorum_part = models.PositiveSmallIntegerField("各类投票率下限（分子）", default=1)
    category_quorum_whole = models.PositiveSmallIntegerField("各类投票率下限（分母）", default=2)
    category_minimum = models.PositiveSmallIntegerField("各类最少人数", default=5)
    signoff_below = models.PositiveSmallIntegerField("少于几人须书面同意", default=10)
    small_signoff = models.CharField("人数偏少的书面同意", max_length=200, blank=True)
    lot_size = models.PositiveSmallIntegerField("每批混票张数", default=10)
    shortfall_rule = models.CharField("人数不足时", max_length=10, choices=Shortfall, default=Shortfall.DECIDE)
    detail_rule = models.CharField("分类别票数", max_length=10, choices=Detail, default=Detail.SAFE)
    detail_signoff = models.CharField("公布分类别票数的批准意见", max_length=200, blank=True)
    notice_days = models.PositiveSmallIntegerField("公示工作日", default=5)
    weight_total = models.PositiveIntegerField("权重合计", default=0, editable=False)
    order_seed = models.CharField("抽签种子", max_length=64, blank=True)
    public_key = models.CharField("票箱公钥", max_length=64, blank=True, editable=False)
    keys_rehearsed_at = models.DateTimeField("开箱演练时间", null=True, editable=False)
    manifest = models.TextField("规则清单", blank=True, editable=False)
    manifest_sha256 = models.CharField("规则清单摘要", max_length=64, blank=True, editable=False)
    locked_at = models.DateTimeField("锁定时间", null=True, editable=False)
    is_sample = models.BooleanField("示例", default=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "票决"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="campaign_locked_with_its_manifest",
                condition=Q(state__in=["draft", "voided"])
                | Q(manifest_sha256__gt="", public_key__gt="", order_seed__gt="", weight_total=FULL)
                & Q(locked_at__isnull=False, keys_rehearsed_at__isnull=False),
                violation_error_message="锁定须有规则清单、票箱密钥、抽签种子，且权重合计正好 100。",
            ),
            models.CheckConstraint(
                name="campaign_draft_has_no_manifest", condition=~Q(state="draft") | Q(manifest_sha256="")
            ),
            models.CheckConstraint(name="campaign_weights_100_or_unset", condition=Q(weight_total__in=[0, FULL])),
            models.CheckConstraint(
                name="campaign_locked_with_its_approval",
                condition=Q(state__in=["draft", "voided"])
                | Q(approval_number__gt="", approval_body__gt="", approval_on__isnull=False),
                violation_error_message="没有批准依据（文号、日期、机关），不能锁定。",
            ),
            models.CheckConstraint(
                name="campaign_opens_before_it_closes",
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(opens_at__lt=F("closes_at")),
                violation_error_message="投票截止必须晚于投票开始。",
            ),
            models.CheckConstraint(
                name="campaign_quorums_are_fractions",
                condition=Q(quorum_part__gt=0, quorum_part__lte=F("quorum_whole"))
                & Q(category_quorum_part__gt=0, category_quorum_part__lte=F("category_quorum_whole")),
                violation_error_message="投票率下限应大于 0，不超过 1。",
            ),
            models.CheckConstraint(
                name="campaign_small_numbers_sane",
                condition=Q(category_minimum__gte=1, lot_size__gte=10, notice_days__gte=1)
                & Q(signoff_below__gte=F("category_minimum")),
                violation_error_message="每批至少 10 张，各类至少 1 人，公示至少 1 天；须书面同意人数不低于最少人数。",
            ),
            models.CheckConstraint(
                name="campaign_no_runoff_of_itself",
                condition=(Q(runoff_of=None) | ~Q(runoff_of=F("id"))) & (Q(replaces=None) | ~Q(replaces=F("id"))),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT


class CampaignStateChange(StateChange):
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="state_changes")


class Contest(models.Model):
    """What one track decides in a campaign: how, and the award (奖项) that the chosen get."""

    class Method(models.TextChoices):
        STAGE = "stage", "上台述评"
        COMPILATION = "compilation", "汇编展评"
        CLASSIFIED = "classified", "分类选评"

    class TieRule(models.TextChoices):
        RUNOFF = "runoff", "并列者再次票决"
        RATES = "rates", "依次比较指定类别的赞成率，仍相同的再次票决"

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="contests")
    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="contests", verbose_name="赛道")
    code = models.SlugField("代码", max_length=20)
    award_title = models.CharField("奖项", max_length=60)
    method = models.CharField("方式", max_length=12, choices=Method)
    over_half = models.BooleanField("得分须超过 50", default=False)
    must_fill = models.BooleanField("须选满名额", default=False)
    tie_rule = models.CharField("末位并列时", max_length=10, choices=TieRule, default=TieRule.RUNOFF)
    position = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "评选项目"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(name="contest_code_once_a_campaign", fields=["campaign", "code"]),
            models.UniqueConstraint(name="contest_track_once_a_campaign", fields=["campaign", "track"]),
        ]

    def __str__(self) -> str:
        return self.award_title


class ContestClass(models.Model):
    """A class (类别) of a contest with its own seats; a contest without classes has one, without a name."""

    contest = models.ForeignKey(Contest, on_delete=models.CASCADE, related_name="classes")
    number = models.PositiveSmallIntegerField("序号")
    name = models.CharField("类别", max_length=40, blank=True)
    seats = models.PositiveSmallIntegerField("名额")

    class Meta:
        verbose_name = verbose_name_plural = "评选类别"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(name="class_number_once_a_contest", fields=["contest", "number"]),
            models.UniqueConstraint(name="class_name_once_a_contest", fields=["contest", "name"]),
            models.CheckConstraint(
                name="class_has_seats", condition=Q(seats__gte=1), violation_error_message="名额至少为 1。"
            ),
        ]

    def __str__(self) -> str:
        return section_title(self.contest.award_title, self.name)


class VoterCategory(models.Model):
    """One of the categories of electors (票决人员类别); `weight` in 0.01 point, all of a campaign sum to 10000.

    `tie_order`: its turn in the comparison of rates that may break a tie; `unconfirmed`: a name that nobody
    has confirmed yet (待确认).
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="categories")
    code = models.SlugField("代码", max_length=10)
    name = models.CharField("类别", max_length=30)
    weight = models.PositiveIntegerField("权重（0.01 分）")
    unconfirmed = models.BooleanField("名称待确认", default=False)
    tie_order = models.PositiveSmallIntegerField("并列比较顺序", null=True, blank=True)
    merge_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged", verbose_name="人数不足时并入"
    )
    position = models.PositiveSmallIntegerField("顺序", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "票决人员类别"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(name="category_code_once_a_campaign", fields=["campaign", "code"]),
            models.UniqueConstraint(
                name="category_name_once_a_campaign",
                fields=["campaign", "name"],
                violation_error_message="类别名称不能重复。",
            ),
            models.UniqueConstraint(name="category_tie_order_once_a_campaign", fields=["campaign", "tie_order"]),
            models.CheckConstraint(
                name="category_weight_over_0_to_100",
                condition=Q(weight__gt=0, weight__lte=FULL),
                violation_error_message="权重应大于 0，不超过 100。",
            ),
            models.CheckConstraint(
                name="category_not_merged_into_itself", condition=Q(merge_into=None) | ~Q(merge_into=F("id"))
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The name as people read it: one that nobody has confirmed says so."""
        return f"{self.name}（待确认）" if self.unconfirmed else self.name


class EmptyCategory(models.Model):
    """A category in which the count found no valid ballot (没有有效票) and stopped; written by `counting` only."""

    category = models.OneToOneField(VoterCategory, on_delete=models.PROTECT, related_name="found_empty")

    class Meta:
        verbose_name = verbose_name_plural = "没有有效票的类别"

    def __str__(self) -> str:
        return str(self.category)


class CampaignScrutineer(models.Model):
    """A scrutineer (监票人) of a campaign: named before the lock, never of a candidate's organization."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="scrutineers")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="scrutineer_in", verbose_name="监票人")

    class Meta:
        verbose_name = verbose_name_plural = "监票人"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(name="scrutineer_once_a_campaign", fields=["campaign", "person"])]

    def __str__(self) -> str:
        return str(self.person)


class KeyHolder(models.Model):
    """Who keeps one of the three secrets of the ballot box; any two open it, none alone."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="key_holders")
    position = models.PositiveSmallIntegerField("序号")
    name = models.CharField("保管人", max_length=50)
    body = models.CharField("所在单位", max_length=60)

    class Meta:
        verbose_name = verbose_name_plural = "密钥保管人"
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(name="key_holder_position_once", fields=["campaign", "position"]),
            models.UniqueConstraint(
                name="key_holders_of_different_bodies",
                fields=["campaign", "body"],
                violation_error_message="三名保管人应来自不同单位。",
            ),
            models.CheckConstraint(name="three_key_holders", condition=Q(position__in=[1, 2, 3])),
        ]

    def __str__(self) -> str:
        return f"{self.name}（{self.body}）"


class WrappedKey(models.Model):
    """The box's private key under the secrets of one pair of holders, as hexadecimal text."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="wrapped_keys")
    first = models.PositiveSmallIntegerField()
    second = models.PositiveSmallIntegerField()
    nonce = models.CharField(max_length=24)
    wrapped = models.CharField(max_length=128)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="key_wrapped_once_a_pair", fields=["campaign", "first", "second"]),
            models.CheckConstraint(name="key_pair_in_order", condition=Q(first__lt=F("second"))),
        ]

    def __str__(self) -> str:
        return f"{self.first}+{self.second}"


class ShortfallDecision(models.Model):
    """What administrator and scrutineer decide about a category (or the whole) that stayed too small.

    It counts once a scrutineer has agreed; `extend` reopens the vote until `until`.
    """

    class Kind(models.TextChoices):
        EXTEND = "extend", "延长投票"
        MERGE = "merge", "并入另一类别，权重相加"
        DROP = "drop", "不计该类别，权重按比例分给其余各类"
        ACCEPT = "accept", "按实际票数计票"

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="shortfall_decisions")
    kind = models.CharField("决定", max_length=10, choices=Kind)
    category = models.ForeignKey(VoterCategory, on_delete=models.PROTECT, null=True, related_name="+")
    target = models.ForeignKey(VoterCategory, on_delete=models.PROTECT, null=True, related_name="+")
    until = models.DateTimeField("延长至", null=True)
    reason = models.CharField("理由", max_length=200)
    proposed_at = models.DateTimeField("提出时间", default=days.now)
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name="管理员")
    agreed_at = models.DateTimeField("同意时间", null=True)
    agreed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="监票人")

    class Meta:
        verbose_name = verbose_name_plural = "不足时的决定"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="shortfall_agreed_by_another",
                condition=Q(agreed_by=None, agreed_at=None)
                | Q(agreed_by__isnull=False, agreed_at__isnull=False) & ~Q(agreed_by=F("proposed_by")),
                violation_error_message="提出人和同意人不能是同一人。",
            ),
            models.CheckConstraint(
                name="shortfall_decision_whole",
                condition=Q(kind="extend", until__isnull=False)
                | Q(kind="merge", category__isnull=False, target__isnull=False)
                | Q(kind="drop", category__isnull=False)
                | Q(kind="accept"),
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
