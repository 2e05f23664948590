"""Party-building brands (党建品牌): a tree of brands and the dated, sourced facts about them.

A sub-brand is a brand with a parent; a list of brands means the top level in its set order. Facts keep their
qualifier (100余名 is 100, 名, 余) and are never added up.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Prefetch, Q


class Field(models.TextChoices):
    """The eight fields (领域) of the source article."""

    REGIONAL = "regional", "区域党建"
    AGENCY = "agency", "机关党建"
    PRIVATE_ENTERPRISE = "private_enterprise", "非公党建"
    SOCIAL_ORGANIZATION = "social_organization", "社会组织党建"
    BUSINESS_DISTRICT = "business_district", "商圈党建"
    COMMUNITY = "community", "党建引领社区治理"
    GRID = "grid", "网格党建"
    EFFICIENCY = "efficiency", "效能党建"


class Tier(models.TextChoices):
    """The ladder (梯队) on which projects and brands are grown."""

    EMERGING = "emerging", "新生项目"
    PREMIUM = "premium", "精品项目"
    ESTABLISHED = "established", "既有品牌"


class BrandQuerySet(models.QuerySet["Brand"]):
    def top_level(self) -> BrandQuerySet:
        return self.filter(parent=None).order_by("position", "id")

    def with_facts(self) -> BrandQuerySet:
        """Brands with their own and their sub-brands' facts, in a constant number of queries."""
        figures, honours = Figure.objects.select_related("source"), Honour.objects.select_related("source")
        facts = (Prefetch("figures", figures), Prefetch("honours", honours))
        return self.prefetch_related(*facts, Prefetch("sub_brands", Brand.objects.prefetch_related(*facts)), "features")


class Brand(models.Model):
    """A brand or, with `parent`, a sub-brand (two levels). Owner and tier may be unknown (null, "")."""

    code = models.SlugField("代码", max_length=60, unique=True)
    name = models.CharField("名称", max_length=60)
    short_name = models.CharField("简称", max_length=30, blank=True)
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sub_brands",
        verbose_name="上级品牌",
    )
    position = models.PositiveSmallIntegerField("顺序", default=0)
    field = models.CharField("领域", max_length=24, choices=Field, blank=True)
    owner = models.ForeignKey(
        "organizations.Organization",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="brands",
        verbose_name="牵头党组织",
    )
    setting = models.CharField("所在范围", max_length=60, blank=True, help_text="不是党组织的，如“区级机关”")
    tier = models.CharField("梯队", max_length=12, choices=Tier, blank=True)
    open_list = models.BooleanField("子品牌未列尽", default=False, help_text="原文以“等”结尾")

    objects = BrandQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "党建品牌"
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(name="brand_name_unique_within_parent", fields=["parent", "name"]),
            models.UniqueConstraint(name="top_brand_name_unique", fields=["name"], condition=Q(parent=None)),
            models.CheckConstraint(
                name="brand_not_its_own_parent",
                condition=Q(parent=None) | ~Q(parent=F("id")),
                violation_error_message="品牌不能是自己的上级。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        return self.short_name or self.name

    @property
    def all_figures(self) -> list[Figure]:
        """Its own figures and its sub-brands', each with its subject; prefetch with `with_facts`."""
        return [f for brand in (self, *self.sub_brands.all()) for f in brand.figures.all()]

    @property
    def all_honours(self) -> list[Honour]:
        return [h for brand in (self, *self.sub_brands.all()) for h in brand.honours.all()]


class Source(models.Model):
    """Where a fact was published; date unknown where the publication does not say."""

    title = models.CharField("来源", max_length=120)
    published_text = models.CharField("发表时间", max_length=40, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "来源"

    def __str__(self) -> str:
        return self.title


class Fact(models.Model):
    """What every fact carries: its source, and whether the tie to its subject is inferred."""

    position = models.PositiveSmallIntegerField("顺序", default=0)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, verbose_name="来源")
    inferred = models.BooleanField("为推断", default=False, help_text="这一联系是推断，不是来源所述")
    as_of = models.DateField("截至日期", null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["position", "id"]


class Qualifier(models.TextChoices):
    EXACT = "", "（确数）"
    AND_MORE = "余", "余"
    OVER = "多", "多"
    NEARLY = "近", "近"


class FigureFact(Fact):
    """A number as printed: value, unit and qualifier stay together, and nothing sums them."""

    subject = models.CharField("主体", max_length=60, blank=True)
    what = models.CharField("事项", max_length=80)
    value = models.DecimalField("数值", max_digits=14, decimal_places=2)
    unit = models.CharField("单位", max_length=10)
    qualifier = models.CharField("约数", max_length=1, choices=Qualifier, blank=True, default="")
    cumulative = models.BooleanField("累计", default=False)
    period_text = models.CharField("时期（原文）", max_length=60, blank=True)
    period_year = models.PositiveSmallIntegerField("年份", null=True, blank=True)
    context = models.CharField("背景", max_length=80, blank=True)

    class Meta(Fact.Meta):
        abstract = True
        constraints = [
            models.CheckConstraint(name="%(class)s_value_not_negative", condition=Q(value__gte=0)),
            models.CheckConstraint(name="%(class)s_qualifier_known", condition=Q(qualifier__in=["", "余", "多", "近"])),
        ]

    def __str__(self) -> str:
        return f"{self.what}{self.text}"

    @property
    def number(self) -> str:
        return number_words(self.value)

    @property
    def text(self) -> str:
        return figure_words(self.value, self.unit, self.qualifier, self.cumulative)


def number_words(value: Decimal) -> str:
    """The value without needless zeros: “5000”, “2.5”."""
    return f"{value.normalize():f}"


def figure_words(value: Decimal, unit: str, qualifier: str, cumulative: bool) -> str:
    """A figure as printed: “近5000人次”, “100余名”, “累计32万元”. 余 and 多 stand before the unit."""
    near = "近" if qualifier == Qualifier.NEARLY else ""
    more = qualifier if qualifier in (Qualifier.AND_MORE, Qualifier.OVER) else ""
    return f"{'累计' if cumulative else ''}{near}{number_words(value)}{more}{unit}"


class Figure(FigureFact):
    """A figure of a brand."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="figures", verbose_name="品牌")

    class Meta(FigureFact.Meta):
        verbose_name = verbose_name_plural = "数据"


class Honour(Fact):
    """An honour (荣誉) with its year and level as stated."""

    class Level(models.TextChoices):
        NATIONAL = "national", "全国"
        PROVINCIAL = "provincial", "省级"
        MUNICIPAL = "municipal", "市级"
        DISTRICT = "district", "区级"

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="honours", verbose_name="品牌")
    title = models.CharField("荣誉", max_length=120)
    year = models.PositiveSmallIntegerField("年份", null=True, blank=True)
    level = models.CharField("级别", max_length=10, choices=Level, blank=True)
    holder = models.CharField("获得者", max_length=60, blank=True)

    class Meta(Fact.Meta):
        verbose_name = verbose_name_plural = "荣誉"

    def __str__(self) -> str:
        return self.title


class FeatureFact(Fact):
    """A named part of a brand or project in the article's words: a mechanism, platform, regulation, committee …"""

    class Kind(models.TextChoices):
        MECHANISM = "mechanism", "机制做法"
        COMMITTEE = "committee", "专委会"
        CHECKPOINT = "checkpoint", "同步环节"
        PLATFORM = "platform", "平台阵地"
        PROGRAMME = "programme", "示范工程"
        ACTION_PLAN = "action_plan", "行动计划"
        SITE = "site", "示范点、培育点"
        REGULATION = "regulation", "制度文件"
        TEAM = "team", "服务团队"
        SERVICE = "service", "服务事项"
        ACTIVITY = "activity", "活动"
        EFFECT = "effect", "成效"
        ECHELON = "echelon", "品牌梯队"

    kind = models.CharField("类别", max_length=12, choices=Kind)
    name = models.CharField("名称", max_length=120)
    detail = models.CharField("说明", max_length=200, blank=True)

    class Meta(Fact.Meta):
        abstract = True

    def __str__(self) -> str:
        return self.name


class Feature(FeatureFact):
    """A feature of a brand."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="features", verbose_name="品牌")

    class Meta(FeatureFact.Meta):
        verbose_name = verbose_name_plural = "构成"
        constraints = [
            models.UniqueConstraint(name="one_feature_a_name", fields=["brand", "kind", "name", "detail"]),
        ]
