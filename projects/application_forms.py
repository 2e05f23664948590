"""The application as a form: every field as text, rows of tables as `milestones.0.weight`; shape only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from brands.models import Brand, Field, Tier
from common.errors import ActionError
from common.forms import add_action_error
from projects import application_fields as fields
from projects.application_window import admitting
from projects.models import Application, Season
from projects.screening import COMMENT_LIMIT

BLANK_ROWS = 3
PROMPTS = {
    "problem": "为什么要做：基层的实际情况，要破解的难题",
    "goal": "年内要达到什么",
    "measures": "准备怎么做：主要措施和分工",
    "expected_effect": "做成以后，群众、企业、基层有什么变化；数字填在下表",
}
EXAMPLES = {
    "figures": {"name": "服务居民群众", "amount": "例如 近5000", "unit": "人次"},
    "team": {"name": "姓名", "post": "单位及职务", "duty": "负责什么"},
    "milestones": {"title": "做到哪一步", "weight": "例如 25", "start": "2026-3-1", "due": "2026-6-30"},
}


def content_of(post: QueryDict) -> dict[str, Any]:
    """The content that a posted form holds; fields that it lacks are left out."""
    content: dict[str, Any] = {name: post[name] for name in fields.SINGLE if name in post}
    for name, (_, columns) in fields.ROWS.items():
        if f"{name}.rows" in post:
            content[name] = _rows(post, name, columns)
    if "brands.rows" in post:
        content["brands"] = post.getlist("brands")
    return content


def _rows(post: QueryDict, name: str, columns: Iterable[str]) -> list[dict[str, str]]:
    numbers = {key.split(".")[1] for key in post if key.startswith(f"{name}.") and key.count(".") == 2}
    ordered = sorted(int(number) for number in numbers if number.isdecimal())[: 2 * fields.ROW_LIMIT]
    return [{column: post.get(f"{name}.{number}.{column}", "") for column in columns} for number in ordered]


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A table of the form: its columns' labels, the rows' bound fields, and a blank row for the script."""

    name: str
    label: str
    columns: list[tuple[str, str]]
    rows: list[list[forms.BoundField]]
    blank: list[forms.BoundField]
    errors: list[str]


class ApplicationForm(forms.Form):
    """The draft as it stands; nothing is required while it is being written."""

    def __init__(self, content: Mapping[str, Any], *, application: Application) -> None:
        self.application, season = application, application.project.season
        data = {name: content.get(name, "") for name in fields.SINGLE} | {"brands": content.get("brands", [])}
        for name in fields.ROWS:
            for number, row in enumerate(content.get(name, [])):
                data |= {f"{name}.{number}.{column}": value for column, value in row.items()}
        super().__init__(data)
        self.counts = {name: len(content.get(name, [])) for name in fields.ROWS}
        self._add_single(season)
        for name, (_, columns) in fields.ROWS.items():
            for number in [*range(self.counts[name] + BLANK_ROWS), "__n__"]:
                for column, label in columns.items():
                    self.fields[f"{name}.{number}.{column}"] = _cell(name, column, label, number)

    def _add_single(self, season: Season) -> None:
        project = self.application.project
        tracks = [(track.code, track.name) for track in admitting(season, project.lead_organization)]
        self.fields["title"] = forms.CharField(label="项目名称", required=False, max_length=None)
        for name, choices in (
            ("track", tracks),
            ("field", [("", "未定"), *Field.choices]),
            ("tier", [("", "未定"), *Tier.choices]),
        ):
            # A choice that is no longer offered is told of when the application is sent, not while it is written.
            self.fields[name] = forms.CharField(
                label=fields.LABELS[name], required=False, widget=forms.Select(choices=choices)
            )
        self.fields["tier"].help_text = "梯队由组织部评定，这里是您的建议。"
        for name, label in fields.TEXTS.items():
            self.fields[name] = forms.CharField(
                label=label,
                required=False,
                widget=forms.Textarea(attrs={"rows": 5, "placeholder": PROMPTS[name]}),
            )
        for name in ("starts_on", "ends_on"):
            self.fields[name] = forms.CharField(
                label=fields.LABELS[name],
                required=False,
                widget=forms.TextInput(attrs={"placeholder": "2026-3-1", "inputmode": "numeric"}),
            )
        self.fields["ends_on"].help_text = f"本年度为 {season.starts_on} 至 {season.ends_on}。"
        brands = Brand.objects.top_level().values_list("code", "name")
        self.fields["brands"] = forms.MultipleChoiceField(
            label="关联品牌", required=False, choices=list(brands), widget=forms.CheckboxSelectMultiple
        )
        for name in ("study_record", "comments", "season"):  # errors of what is no text of the form
            self.fields[name] = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def groups(self) -> dict[str, RowGroup]:
        return {
            name: RowGroup(
                name=name,
                label=label,
                columns=list(columns.items()),
                rows=[
                    [self[f"{name}.{number}.{column}"] for column in columns]
                    for number in range(self.counts[name] + BLANK_ROWS)
                ],
                blank=[self[f"{name}.__n__.{column}"] for column in columns],
                errors=self.general.get(name, []),
            )
            for name, (label, columns) in fields.ROWS.items()
        }

    @property
    def general(self) -> dict[str, list[str]]:
        """Errors that speak of a whole table."""
        return getattr(self, "_general", {})

    def refuse(self, error: ActionError) -> None:
        """Show an action's errors: beside their field, above their table, or above the form."""
        self._general = {name: texts for name, texts in error.fields.items() if name in fields.ROWS}
        add_action_error(self, error)


def _cell(name: str, column: str, label: str, number: int | str) -> forms.CharField:
    shown = int(number) + 1 if isinstance(number, int) else number
    attrs = {
        "placeholder": EXAMPLES[name][column],
        "aria-label": f"{fields.ROWS[name][0]}第 {shown} 行：{label}",
    }
    if column == "weight":
        attrs |= {"data-summed": "", "inputmode": "decimal"}
    return forms.CharField(label=label, required=False, widget=forms.TextInput(attrs=attrs))


class ReasonForm(forms.Form):
    """A reason that a confirm dialog asks for."""

    reason = forms.CharField(required=False, max_length=COMMENT_LIMIT)
