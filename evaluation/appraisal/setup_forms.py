"""The forms of a vote's set-up; shape only, the actions hold the rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from common.cells import half_width
from common.forms import ChineseDateField, ChineseMomentField, CleanCharField
from common.row_forms import RowsForm
from common.templatetags.ui import points
from common.text import clean_text
from evaluation.appraisal.campaigns import FLOORS
from evaluation.appraisal.categories import CategoryInput
from evaluation.appraisal.contests import ClassInput, ContestInput
from evaluation.appraisal.models import Campaign, Contest, VoterCategory
from projects.application_fields import weight_of
from projects.models import Season, Track

FRACTION = re.compile(r"(\d{1,3})\s*/\s*(\d{1,3})")
SEATS = re.compile(r"(.*?)[:\s]*(\d{1,4})\s*个?")
SEVERAL = re.compile(r"\d\s*个?\s*[,、;]")  # a number within a name: seats of another class
DATE = {"placeholder": "2026-11-2", "inputmode": "numeric"}


class FractionField(forms.CharField):
    """A share as people write it in rules: 2/3; a pair of integers inside, above 0 and at most 1."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value[0]}/{value[1]}" if isinstance(value, tuple) else value

    def to_python(self, value: Any) -> Any:
        match = FRACTION.fullmatch(half_width(value or ""))
        if match is None or not 0 < int(match[1]) <= int(match[2]):
            raise forms.ValidationError("请写成 2/3 这样的分数，大于 0、不超过 1。", code="invalid")
        return int(match[1]), int(match[2])


class NewCampaignForm(forms.Form):
    """Which vote is copied, for which season, under which name."""

    source = forms.ModelChoiceField(
        label="沿用哪一次的规则",
        queryset=Campaign.objects.none(),
        to_field_name="code",
        required=False,
        empty_label="不沿用，从空白开始",
        help_text="沿用规则、评选项目、人员类别和权重、证书样式；不沿用人员、候选项目、密钥和批准依据。",
    )
    season = forms.ModelChoiceField(
        label="年度", queryset=Season.objects.all(), to_field_name="code", empty_label="请选择"
    )
    title = CleanCharField(label="名称", max_length=80, help_text="例如 2026年度书记项目综合票决")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["source"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Campaign.objects.filter(runoff_of=None).order_by("-pk")

    @staticmethod
    def proposed(source: Campaign | None, season: Season | None) -> dict[str, Any]:
        title = f"{season.name}书记项目综合票决" if season else ""
        return {
            "source": source.code if source else None,
            "season": season.code if season else None,
            "title": title,
        }


class BasicsForm(forms.Form):
    """Name, approval, times, quorums, what is published."""

    title = CleanCharField(label="名称", max_length=80)
    approval_number = CleanCharField(label="批准文号", max_length=60, required=False)
    approval_on = ChineseDateField(label="批准日期", required=False, widget=forms.TextInput(attrs=DATE))
    approval_body = CleanCharField(label="批准机关", max_length=60, required=False)
    opens_at = ChineseMomentField(label="投票开始", required=False)
    closes_at = ChineseMomentField(
        label="投票截止", required=False, is_end=True, help_text="到点一秒也不再收票；24:00 即当日结束"
    )
    quorum = FractionField(label="总投票率下限", help_text="投票人数占名册的比例，例如 2/3")
    category_quorum = FractionField(label="各类投票率下限", help_text="每一类都要达到，例如 1/2")
    category_minimum = forms.IntegerField(
        label="各类最少人数",
        min_value=FLOORS["category_minimum"],
        max_value=100,
        help_text="名册少于此数不能锁定；至少 5 人",
    )
    signoff_below = forms.IntegerField(
        label="少于几人须书面同意",
        min_value=FLOORS["signoff_below"],
        max_value=100,
        help_text="人少时容易看出个人投票；至少 10 人",
    )
    small_signoff = CleanCharField(
        label="人数偏少的书面同意",
        max_length=200,
        required=False,
        help_text="有的类别人数偏少时填写，例如：区委组织部 11月20日书面同意",
    )
    shortfall_rule = forms.ChoiceField(
        label="投票后某类人数不足时", choices=Campaign.Shortfall.choices, widget=forms.RadioSelect
    )
    lot_size = forms.IntegerField(label="每批混票张数", min_value=10, max_value=1000, help_text="至少 10 张")
    detail_rule = forms.ChoiceField(
        label="分类别票数公布到什么程度", choices=Campaign.Detail.choices, widget=forms.RadioSelect
    )
    detail_signoff = CleanCharField(
        label="公布分类别票数的批准意见",
        max_length=200,
        required=False,
        help_text="选“经批准机关同意”时填写文号或意见",
    )
    notice_days = forms.IntegerField(
        label="公示工作日", min_value=1, max_value=30, help_text="发布当日计入，节假日和调休按国家规定"
    )

    GROUPS = (
        ("名称和批准依据", ("title", "approval_number", "approval_on", "approval_body")),
        ("投票时间", ("opens_at", "closes_at")),
        (
            "人数和投票率",
            ("quorum", "category_quorum", "category_minimum", "signoff_below", "small_signoff", "shortfall_rule"),
        ),
        ("保密和公布", ("lot_size", "notice_days", "detail_rule", "detail_signoff")),
    )
    PAIRS = {
        "quorum": ("quorum_part", "quorum_whole"),
        "category_quorum": ("category_quorum_part", "category_quorum_whole"),
    }

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in self.GROUPS]

    @classmethod
    def of(cls, campaign: Campaign) -> dict[str, Any]:
        shown = {name: getattr(campaign, name) for name in cls.base_fields if name not in cls.PAIRS}
        return shown | {
            name: (getattr(campaign, part), getattr(campaign, whole)) for name, (part, whole) in cls.PAIRS.items()
        }

    @property
    def values(self) -> dict[str, Any]:
        """What the action takes: the fractions as their two integers."""
        found = {name: value for name, value in self.cleaned_data.items() if name not in self.PAIRS}
        for name, names in self.PAIRS.items():
            found |= dict(zip(names, self.cleaned_data[name], strict=True))
        return found


class ContestsForm(forms.Form):
    """A block a track of the season, ticked if the vote has it; seats are text, a line a class. Always bound."""

    COLUMNS = ("held", "award_title", "method", "classes", "tie_rule", "must_fill", "over_half")

    def __init__(self, tracks: Iterable[Track], rows: Iterable[Mapping[str, str]]) -> None:
        self.tracks, self.shown = list(tracks), list(rows)
        data = {f"contests.{n}.{c}": row[c] for n, row in enumerate(self.shown) for c in self.COLUMNS if row.get(c)}
        super().__init__(data)
        for number, track in enumerate(self.tracks):
            for column, field in _contest_fields(track).items():
                self.fields[f"contests.{number}.{column}"] = field

    @property
    def blocks(self) -> list[tuple[Track, dict[str, forms.BoundField]]]:
        return [
            (track, {column: self[f"contests.{n}.{column}"] for column in self.COLUMNS})
            for n, track in enumerate(self.tracks)
        ]

    @classmethod
    def posted(cls, post: QueryDict, tracks: Iterable[Track]) -> list[dict[str, str]]:
        return [
            {column: clean_text(post.get(f"contests.{n}.{column}", "")) for column in cls.COLUMNS}
            for n, _ in enumerate(tracks)
        ]

    @classmethod
    def of(cls, campaign: Campaign, tracks: Iterable[Track]) -> list[dict[str, str]]:
        held = {row.track_id: row for row in campaign.contests.prefetch_related("classes")}
        return [cls._row(track, held.get(track.pk)) for track in tracks]

    @staticmethod
    def _row(track: Track, contest: Contest | None) -> dict[str, str]:
        if contest is None:
            return {"award_title": track.award_title, "tie_rule": Contest.TieRule.RUNOFF.value}
        lines = [f"{each.name}：{each.seats}" if each.name else f"{each.seats}" for each in contest.classes.all()]
        return {
            "held": "on",
            "award_title": contest.award_title,
            "method": contest.method,
            "classes": "\n".join(lines),
            "tie_rule": contest.tie_rule,
            "must_fill": "on" if contest.must_fill else "",
            "over_half": "on" if contest.over_half else "",
        }

    def inputs(self) -> tuple[list[ContestInput], dict[int, int], dict[str, list[str]]]:
        """The ticked rows as the action takes them, the block of each, and what is wrong with the seats by field."""
        found: list[ContestInput] = []
        places: dict[int, int] = {}
        errors: dict[str, list[str]] = {}
        for number, (track, row) in enumerate(zip(self.tracks, self.shown, strict=True)):
            if not row.get("held"):
                continue
            classes, wrong = classes_of(row.get("classes", ""))
            if wrong:
                errors[f"contests.{number}.classes"] = [wrong]
            places[len(found)] = number
            found.append(
                ContestInput(
                    track=track,
                    award_title=row.get("award_title", ""),
                    method=row.get("method", ""),
                    classes=classes,
                    over_half=bool(row.get("over_half")),
                    must_fill=bool(row.get("must_fill")),
                    tie_rule=row.get("tie_rule", ""),
                )
            )
        return found, places, errors

    @staticmethod
    def placed(fields: Mapping[str, list[str]], places: Mapping[int, int]) -> dict[str, list[str]]:
        """An action's errors under the blocks of its rows: a block that is not ticked is no row."""
        found = {}
        for name, texts in fields.items():
            match = re.fullmatch(r"contests\.(\d+)\.(\w+)", name)
            found[f"contests.{places[int(match[1])]}.{match[2]}" if match else name] = texts
        return found


def classes_of(text: str) -> tuple[list[ClassInput], str]:
    """Seats as typed: “10”, or a class a line “园区企业：3”; and what is wrong with the first bad one.

    A line of several classes, each with its number, is read as several: “园区企业：3，社会组织：2”.
    """
    found: list[ClassInput] = []
    for line in _class_lines(text):
        match = SEATS.fullmatch(line)
        if match is None or SEVERAL.search(match[1]):
            return found, f"“{line[:20]}”看不出名额，请写成“10”，或一行一类“园区企业：3”。"
        found.append(ClassInput(clean_text(match[1]), int(match[2])))
    return found, ""


def _class_lines(text: str) -> Iterable[str]:
    for line in half_width(text).splitlines():
        parts = [part.strip() for part in re.split("[,、;]", line) if part.strip()]
        yield from parts if all(map(SEATS.fullmatch, parts)) else [line.strip()]


def _contest_fields(track: Track) -> dict[str, forms.Field]:
    def label(words: str) -> str:
        return f"{track.name}：{words}"

    return {
        "held": forms.BooleanField(label="本次评选这个赛道", required=False),
        "award_title": forms.CharField(label=label("奖项名称"), required=False),
        "method": forms.ChoiceField(
            label=label("评选方式"), choices=[("", "请选择"), *Contest.Method.choices], required=False
        ),
        "classes": forms.CharField(
            label=label("名额"),
            required=False,
            widget=forms.Textarea({"rows": 2, "placeholder": "10"}),
            help_text="写一个数；分类选评一行一类，例如“园区企业：3”",
        ),
        "tie_rule": forms.ChoiceField(label=label("末位并列时"), choices=Contest.TieRule.choices, required=False),
        "must_fill": forms.BooleanField(label="须选满名额（默认可以少选）", required=False),
        "over_half": forms.BooleanField(label="得分须超过 50 才能入选", required=False),
    }


class CategoriesForm(RowsForm):
    """A row a category, known by its code; new rows have none."""

    name = "categories"
    title = "人员类别"
    columns = {
        "code": "代码",
        "name": "类别",
        "weight": "权重（%）",
        "tie_order": "并列比较顺序",
        "merge_into": "人数不足时并入",
        "unconfirmed": "名称待确认",
    }
    # Whatever else stands in a row, one without name and weight is deleted, as the page says.
    given = ("code", "tie_order", "merge_into", "unconfirmed")

    def __init__(self, rows: Iterable[Mapping[str, str]], known: Iterable[VoterCategory]) -> None:
        self._known = [(row.code, str(row.name)) for row in known]
        super().__init__(rows)

    def widget(self, column: str) -> forms.Widget:
        if column == "code":
            return forms.HiddenInput()
        if column == "weight":
            return forms.TextInput({"data-summed": "", "inputmode": "decimal"})
        if column == "merge_into":
            return forms.Select(choices=[("", "不预先指定"), *self._known])
        if column == "unconfirmed":
            return forms.CheckboxInput()
        return forms.TextInput({"inputmode": "numeric"} if column == "tie_order" else None)

    def inputs(self) -> tuple[list[CategoryInput], dict[str, list[str]]]:
        """The rows as the action takes them, and orders that are no number by field."""
        found, errors = [], {}
        for number, row in enumerate(self.shown):
            typed = half_width(row["tie_order"])
            order = int(typed) if typed.isdecimal() and len(typed) < 4 else None
            if typed and order is None:
                errors[f"categories.{number}.tie_order"] = ["请写 1、2、3 这样的顺序，或留空。"]
            found.append(
                CategoryInput(
                    code=row["code"],
                    name=row["name"],
                    weight=weight_of(row["weight"]),
                    unconfirmed=bool(row["unconfirmed"]),
                    tie_order=order,
                    merge_into=row["merge_into"],
                )
            )
        return found, errors

    @staticmethod
    def of(rows: Iterable[VoterCategory]) -> list[dict[str, str]]:
        return [
            {
                "code": row.code,
                "name": row.name,
                "weight": points(row.weight),
                "tie_order": str(row.tie_order or ""),
                "merge_into": row.merge_into.code if row.merge_into else "",
                "unconfirmed": "on" if row.unconfirmed else "",
            }
            for row in rows
        ]


class MergeForm(forms.Form):
    """Which category goes into which."""

    source = forms.ModelChoiceField(label="把", queryset=VoterCategory.objects.none(), to_field_name="code")
    target = forms.ModelChoiceField(label="并入", queryset=VoterCategory.objects.none(), to_field_name="code")

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("source", "target"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = campaign.categories.all()
            field.empty_label = "请选择"


class HoldersForm(forms.Form):
    """The three holders of the box's key: people of three bodies."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for at in (1, 2, 3):
            self.fields[f"name_{at}"] = CleanCharField(label=f"第 {at} 位姓名", max_length=50)
            self.fields[f"body_{at}"] = CleanCharField(label=f"第 {at} 位单位", max_length=60)

    @property
    def lines(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"name_{at}"], self[f"body_{at}"]) for at in (1, 2, 3)]

    @property
    def holders(self) -> list[tuple[str, str]]:
        return [(self.cleaned_data[f"name_{at}"], self.cleaned_data[f"body_{at}"]) for at in (1, 2, 3)]


class SeedForm(forms.Form):
    """The seed of the lots."""

    order_seed = CleanCharField(
        label="抽签种子",
        max_length=64,
        required=False,
        help_text="可填事先约定的公开号码，例如某期福利彩票开奖号；留空由系统随机抽取。票面顺序和述评顺序都由它决定。",
    )


class ReasonForm(forms.Form):
    """Why; whether one is needed and how long it may be, the action says."""

    reason = CleanCharField(label="原因", required=False)
