"""Forms of a project's course: another plan, the decision on it, another lead secretary; shape only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from common.errors import ActionError
from common.forms import ChineseDateField, CleanCharField, add_action_error
from common.text import clean_text, parse_date
from organizations.models import Appointment, Person
from projects import leads
from projects.application_fields import ROW_LIMIT, TITLE_LIMIT, weight_of
from projects.models import Milestone, Plan, Project
from projects.plan_changes import REASON_LIMIT, latest_end, why_no_extension
from projects.plans import ItemInput

BLANK_ROWS = 3
TYPED = ("weight", "start", "due")
COLUMNS = {"title": "里程碑", "weight": "权重（%）", "start": "开始", "due": "完成时限"}
EXAMPLES = {"title": "做到哪一步", "weight": "例如 25", "start": "2026-3-1", "due": "2026-6-30"}


@dataclass(frozen=True, slots=True)
class Row:
    """A milestone on the form; one of the plan in force keeps its identity and its name."""

    key: str
    milestone: Milestone | None
    title: forms.BoundField
    weight: forms.BoundField
    start: forms.BoundField
    due: forms.BoundField


class PlanChangeForm(forms.Form):
    """The plan as it is typed, prefilled with the one in force. Fields of a row are `items.0.weight`."""

    reason = CleanCharField(
        label="变更原因",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "为什么要变更：客观情况有什么变化，原计划哪里走不通"}),
    )
    new_end = ChineseDateField(label="延期至", required=False, widget=forms.TextInput(attrs={"inputmode": "numeric"}))

    def __init__(self, data: Any = None, *, project: Project, plan: Plan | None) -> None:
        self.project = project
        self.milestones = {str(milestone.pk): milestone for milestone in project.milestones.all()}
        self.given = _posted(data) if data is not None else _planned(plan)
        initial = {
            f"items.{key}.{name}": value for key, row in self.given.items() for name, value in row.items() if value
        }
        super().__init__(data, initial=initial)
        self.inputs: list[ItemInput] = []
        self.input_keys: list[str] = []
        self.table_errors: list[str] = []
        last = max((int(key) for key in self.given), default=-1)
        self.blanks = [str(last + 1 + turn) for turn in range(BLANK_ROWS)]
        for turn, key in enumerate([*self.given, *self.blanks], start=1):
            self._add_row(key, str(turn))
        self._add_row("__n__", "__n__")
        self.why_no_extension = why_no_extension(project)
        self.fields["new_end"].help_text = (
            self.why_no_extension
            or f"不延期请留空。现在的完成时限是 {project.ends_on}，最多延至 {latest_end(project)}。"
        )
        self.fields["new_end"].disabled = bool(self.why_no_extension)

    def _add_row(self, key: str, shown: str) -> None:
        for name, column in COLUMNS.items():
            label = f"第 {shown} 行{column}"
            attrs = {"placeholder": EXAMPLES[name], "aria-label": label}
            if name == "weight":
                attrs |= {"data-summed": "", "inputmode": "decimal"}
            widget = forms.TextInput(attrs=attrs)
            self.fields[f"items.{key}.{name}"] = forms.CharField(label=label, required=False, widget=widget)

    @property
    def rows(self) -> list[Row]:
        return [self._row(key) for key in [*self.given, *self.blanks]]

    @property
    def blank(self) -> Row:
        """The row that the script copies."""
        return self._row("__n__")

    def _row(self, key: str) -> Row:
        kept = self.milestones.get(self.given.get(key, {}).get("milestone", ""))
        return Row(key, kept, **{name: self[f"items.{key}.{name}"] for name in COLUMNS})

    def clean(self) -> dict[str, Any]:
        """Read the rows; a kept milestone without weight and dates, like an empty row, is left out."""
        for key, row in self.given.items():
            kept = self.milestones.get(row["milestone"])
            if any(row[name] for name in TYPED) or (row["title"] and kept is None):
                self._read(key, row, kept)
        if len(self.inputs) > ROW_LIMIT:
            self._refuse_table(f"里程碑最多 {ROW_LIMIT} 个。")
        return self.cleaned_data

    def _read(self, key: str, row: Mapping[str, str], kept: Milestone | None) -> None:
        title = kept.title if kept else " ".join(row["title"].split())
        weight = weight_of(row["weight"])
        if not title or len(title) > TITLE_LIMIT:
            message = f"最多 {TITLE_LIMIT} 字。" if title else "请填写里程碑名称。"
            self.add_error(f"items.{key}.title", message)
        if weight is None:
            self.add_error(f"items.{key}.weight", "应大于 0，不超过 100，最多两位小数。")
        days = {}
        for name in ("start", "due"):
            try:
                days[name] = parse_date(row[name])
            except ValueError:
                message = "请按 2026-3-5 这样填写日期。" if row[name] else f"请填写{COLUMNS[name]}。"
                self.add_error(f"items.{key}.{name}", message)
        if len(days) == 2 and weight is not None and title:
            self.inputs.append(ItemInput(title, weight, days["start"], days["due"], kept))
            self.input_keys.append(key)

    def refuse(self, error: ActionError) -> None:
        """Show an action's error beside its field; `items.2` speaks of the third row that was read."""
        named: dict[str, list[str]] = {}
        for name, texts in error.fields.items():
            number = name.removeprefix("items.")
            if number.isdecimal():
                named[f"items.{self.input_keys[int(number)]}.due"] = texts
            elif name in ("items", "weight"):
                self.table_errors += texts
                named.setdefault("", []).extend(texts)
            else:
                named[name] = texts
        add_action_error(self, ActionError(error.message, fields=named))

    def _refuse_table(self, message: str) -> None:
        self.table_errors.append(message)
        self.add_error(None, message)


class DecisionForm(forms.Form):
    """The department's answer to a plan change."""

    answer = CleanCharField(
        label="审批意见",
        required=False,
        help_text="不同意时请写明原因。",
        widget=forms.Textarea(attrs={"rows": 3, "data-counter": REASON_LIMIT}),
    )


class LeadForm(forms.Form):
    """Who leads from when; only secretaries in office are offered, those of the lead organization first."""

    person = forms.ModelChoiceField(label="新任领题书记", queryset=Person.objects.none(), empty_label="请选择")
    since = ChineseDateField(label="任期起始", widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    reason = CleanCharField(
        label="变更原因",
        required=False,
        max_length=leads.REASON_LIMIT,
        widget=forms.TextInput(attrs={"placeholder": "例如 换届、工作调动"}),
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["person"]
        field.queryset = leads.successors(project)
        posts = Appointment.objects.filter(post=Appointment.Post.SECRETARY).in_force().select_related("organization")
        places: dict[int, list[str]] = {}
        for post in posts:
            places.setdefault(post.person_id, []).append(post.organization.name)
        # People of the same name are told apart by where they are secretary.
        field.label_from_instance = lambda person: f"{person}（{'、'.join(places.get(person.pk, []))}）"


class PublicationForm(forms.Form):
    """The wording that is proposed for the public; its length is the action's rule."""

    summary = CleanCharField(
        label="公开简介",
        required=False,
        help_text="一段话：做什么、怎么做、见了什么效。只写可以公开的内容，不得出现涉密信息和个人信息。",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


def _planned(plan: Plan | None) -> dict[str, dict[str, str]]:
    items = plan.items.select_related("milestone") if plan else []
    return {
        str(turn): {
            "milestone": str(item.milestone_id),
            "title": item.milestone.title,
            "weight": f"{item.weight / 100:g}",
            "start": item.start.isoformat(),
            "due": item.due.isoformat(),
        }
        for turn, item in enumerate(items)
    }


def _posted(data: Any) -> dict[str, dict[str, str]]:
    """The typed rows by number; empty ones are left out."""
    found: dict[str, dict[str, str]] = {}
    for number in _numbers(data):
        names = ("milestone", *COLUMNS)
        row = {name: clean_text(data.get(f"items.{number}.{name}", "")) for name in names}
        if any(row.values()):
            found[str(number)] = row
    return found


def _numbers(names: Iterable[str]) -> list[int]:
    parts = (name.split(".") for name in names if name.startswith("items."))
    return sorted({int(p[1]) for p in parts if len(p) == 3 and p[1].isdecimal() and len(p[1]) < 4})[: 3 * ROW_LIMIT]
