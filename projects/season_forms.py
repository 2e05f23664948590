"""The forms of the season set-up; shape only, `projects.seasons` holds the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Prefetch
from django.http import QueryDict

from common import days
from common.forms import ChineseDateField, CleanCharField, HundredthsField
from common.row_forms import RowsForm
from organizations.models import Appointment, Organization, Person
from projects.application_fields import weight_of
from projects.models import Review, Season
from projects.plans import percent_words
from projects.season_checks import admitted
from projects.season_rows import TRACK_COLUMNS, CriterionInput, TrackInput, kind_lines, kinds_of

SEARCH_LIMIT = 50
TRACK_LABELS = {"name": "名称", "code": "代码", "archive_code": "档号代号", "award_title": "奖项", "method": "方式"}
DATE = {"placeholder": "2026-3-1", "inputmode": "numeric"}


def _day(label: str, **kwargs: Any) -> ChineseDateField:
    return ChineseDateField(label=label, widget=forms.TextInput(attrs=DATE), **kwargs)


class NewSeasonForm(forms.Form):
    """Which season is copied, and the new one's own days."""

    source = forms.ModelChoiceField(
        label="沿用哪一年的规则", queryset=Season.objects.all(), required=False, empty_label="不沿用，用默认规则"
    )
    name = CleanCharField(label="名称", max_length=60, help_text="例如 2027年度")
    code = forms.SlugField(label="代码", max_length=20, help_text="用在网址里，例如 2027")
    starts_on = _day("开始日期")
    ends_on = _day("结束日期")


class RulesForm(forms.Form):
    """The windows, switches and thresholds of a season."""

    name = CleanCharField(label="名称", max_length=60)
    starts_on = _day("年度开始")
    ends_on = _day("年度结束")
    apply_from = _day("申报开始", required=False)
    apply_until = _day("申报截止", required=False, help_text="当日 24 时锁定，应为工作日")
    one_project_per_organization = forms.BooleanField(label="每个党组织限报一个项目", required=False)
    archive_number_format = CleanCharField(
        label="档号格式", max_length=60, help_text="{year} 年份，{track} 赛道代号，{number:03} 三位流水号"
    )
    reviewers_needed = forms.IntegerField(label="每个项目的评审人数", min_value=3, max_value=50)
    outlier_from = HundredthsField(label="离群分差（分）", help_text="与平均分相差达到即提示")
    report_due_day = forms.IntegerField(label="月报截止日", min_value=1, max_value=28, help_text="次月几日 24 时前")
    yellow_from = HundredthsField(label="黄灯起点（个百分点）", help_text="落后达到即黄灯")
    red_above = HundredthsField(label="红灯起点（个百分点）", help_text="落后超过即红灯")
    returned_grace_days = forms.IntegerField(label="退回修改宽限（天）", min_value=0, max_value=30)
    overdue_red_days = forms.IntegerField(
        label="里程碑逾期红灯（天）", min_value=1, max_value=365, required=False, help_text="留空不启用，常用 15"
    )
    step_on_due = forms.BooleanField(label="里程碑到期日一次计入计划（不按天折算）", required=False)
    liaison_interval_days = forms.IntegerField(label="联系间隔（天）", min_value=1, max_value=365)
    liaison_green_readings = forms.IntegerField(label="关闭联系所需连续绿灯次数", min_value=1, max_value=12)
    extension_months = forms.IntegerField(label="延期上限（月）", min_value=1, max_value=12)

    GROUPS = (
        ("年度和申报", ("name", "starts_on", "ends_on", "apply_from", "apply_until", "one_project_per_organization")),
        ("立项", ("archive_number_format", "reviewers_needed", "outlier_from")),
        (
            "序时进度和亮灯",
            ("report_due_day", "yellow_from", "red_above", "returned_grace_days", "overdue_red_days", "step_on_due"),
        ),
        ("联系和延期", ("liaison_interval_days", "liaison_green_readings", "extension_months")),
    )

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in self.GROUPS]


class CriteriaForm(RowsForm):
    name = "criteria"
    title = "评审标准"
    columns = {"name": "标准", "weight": "权重（%）", "hint": "说明"}

    def widget(self, column: str) -> forms.Widget:
        return forms.TextInput({"data-summed": "", "inputmode": "decimal"} if column == "weight" else None)

    @staticmethod
    def inputs(rows: Iterable[Mapping[str, str]]) -> list[CriterionInput]:
        """The rows as the action takes them; a weight that is none is 0, which it refuses."""
        return [CriterionInput(row["name"], weight_of(row["weight"]) or 0, row["hint"]) for row in rows]

    @staticmethod
    def of(season: Season) -> list[dict[str, str]]:
        return [{"name": c.name, "weight": percent_words(c.weight), "hint": c.hint} for c in season.criteria.all()]


class TracksForm(RowsForm):
    """Tracks in the order of their `position`; what each admits is text, a line a kind of organization."""

    name = "tracks"
    title = "赛道"
    columns = {"position": "顺序", **TRACK_LABELS, "kinds": "准入的党组织"}

    def __init__(self, rows: Iterable[Mapping[str, str]], season: Season) -> None:
        super().__init__(rows)
        used = set(season.tracks.exclude(projects=None).values_list("code", flat=True))
        numbered = set(season.tracks.exclude(last_number=0).values_list("code", flat=True))
        for number, row in enumerate(self.shown):
            if row["code"] in used:
                self._fix(number, "code", "已有项目，不能改")
            if row["code"] in numbered:
                self._fix(number, "archive_code", "已编过档号，不能改")

    def _fix(self, number: int, column: str, why: str) -> None:
        field = self.fields[f"tracks.{number}.{column}"]
        field.help_text = why
        field.widget.attrs["readonly"] = True

    def widget(self, column: str) -> forms.Widget:
        if column == "kinds":
            return forms.Textarea({"rows": 5, "placeholder": "党委：社区\n党总支：社区\n党支部：社区"})
        return forms.TextInput({"inputmode": "numeric"} if column == "position" else None)

    @classmethod
    def posted(cls, post: QueryDict) -> list[dict[str, str]]:
        """The rows as typed, in the order that their numbers ask for; one without a number stays last."""

        def place(row: Mapping[str, str]) -> int:
            typed = row["position"]
            return int(typed) if typed.isdecimal() and len(typed) < 5 else 10**4

        return sorted(super().posted(post), key=place)

    @staticmethod
    def inputs(rows: Iterable[Mapping[str, str]]) -> tuple[list[TrackInput], dict[str, list[str]]]:
        """The rows as the action takes them, and what is wrong with the kinds by field."""
        found, errors = [], {}
        for number, row in enumerate(rows):
            kinds, wrong = kinds_of(row["kinds"])
            if wrong:
                errors[f"tracks.{number}.kinds"] = wrong
            found.append(TrackInput(**{column: row[column] for column in TRACK_COLUMNS}, kinds=kinds))
        return found, errors

    @staticmethod
    def of(season: Season) -> list[dict[str, str]]:
        return [
            {
                "position": str(number),
                **{column: getattr(track, column) for column in TRACK_COLUMNS},
                "kinds": "\n".join(kind_lines(track)),
            }
            for number, track in enumerate(season.tracks.prefetch_related("kinds"), start=1)
        ]


class AnnouncementForm(forms.Form):
    title = CleanCharField(label="标题", max_length=120)
    number = CleanCharField(label="文号", max_length=40, required=False, help_text="没有正式文号请留空")
    addressee = CleanCharField(label="主送", max_length=200, required=False)
    body = CleanCharField(label="正文", max_length=10000, widget=forms.Textarea(attrs={"rows": 18}))


class ReopenForm(forms.Form):
    """One organization may apply after the deadline; offered are those that a track admits."""

    organization = forms.ModelChoiceField(
        label="党组织",
        queryset=Organization.objects.none(),
        empty_label="请选择",
        error_messages={"required": "请选择党组织。", "invalid_choice": "请选择可以申报的党组织。"},
    )
    until = _day("开放至", error_messages={"required": "请填写开放到哪一天。"})
    reason = CleanCharField(
        label="原因",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请写明开放的原因。"},
    )

    def __init__(self, *args: Any, season: Season) -> None:
        super().__init__(*args)
        field = self.fields["organization"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = admitted(season)


def next_season(latest: Season | None) -> dict[str, Any]:
    """What a new season is proposed to be called and when it is to run: the year after the latest one."""
    if latest is None:
        return {}
    starts_on = latest.ends_on + timedelta(days=1)
    code = f"{starts_on:%Y}" if starts_on.month == 1 else f"{starts_on:%Y%m}"
    ends_on = days.add_months(starts_on, 12) - timedelta(days=1)
    return {
        "source": latest,
        "name": f"{starts_on.year}年度",
        "code": code,
        "starts_on": starts_on,
        "ends_on": ends_on,
    }


def reviewer_choices(season: Season, picked: Set[int], search: str) -> list[dict[str, Any]]:
    """The pool and who is ticked first, then people with an account whose name has the search words.

    Each with their posts of today, and whether they have reviews to write and so must stay.
    """
    first = picked | set(season.reviewers.values_list("person", flat=True))
    busy = set(Review.objects.filter(screening__project__season=season).values_list("reviewer", flat=True))
    posts = Appointment.objects.in_force().select_related("organization").order_by("pk")
    people = Person.objects.order_by("name", "pk").prefetch_related(Prefetch("appointments", posts, "posts_today"))
    found = list(people.filter(pk__in=first))
    if search:
        matching = people.filter(user__is_active=True, name__icontains=search).exclude(pk__in=first)
        found += matching[:SEARCH_LIMIT]
    return [
        {
            "person": person,
            "checked": person.pk in picked,
            "busy": person.pk in busy,
            "posts": "、".join(f"{p.organization.label}{p.get_post_display()}" for p in person.posts_today),
        }
        for person in found
    ]
