"""The report form of a phone and the department's decision; shape only, the actions hold the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from common.errors import ActionError
from common.forms import CleanCharField, add_action_error
from organizations.models import Person
from projects.models import PlanItem, ProgressReport, Project, ReportLine
from projects.reporting import (
    COMMENT_LIMIT,
    FALL_REASON_LIMIT,
    TEXT_LIMIT,
    TEXTS,
    LineInput,
    earlier_percents,
    missing_lines,
)

PROMPTS = {
    "done": "做了什么：开展的工作、采取的措施",
    "effect": "见了什么效：群众、企业、基层的变化",
    "difficulty": "卡在哪里：需要协调解决的问题",
    "next": "下个月准备做什么",
}


@dataclass(frozen=True, slots=True)
class Card:
    """A milestone on the form: its line, its weight in force, what was confirmed before, its three fields."""

    line: ReportLine
    item: PlanItem | None
    floor: int
    percent: forms.BoundField
    evidence: forms.BoundField
    fall_reason: forms.BoundField

    @property
    def key(self) -> str:
        return str(self.line.milestone_id)

    @property
    def comment_key(self) -> str:
        return f"line:{self.line.milestone_id}"

    @property
    def is_done(self) -> bool:
        """Confirmed as complete and left so: the form folds it away."""
        return self.floor == 100 and str(self.percent.value()) == "100" and not self.percent.errors

    @property
    def falls(self) -> bool:
        """Whether the reason for a falling percent is asked for (a script shows it as the number moves)."""
        try:
            return int(self.percent.value()) < self.floor or bool(self.fall_reason.errors)
        except (TypeError, ValueError):
            return False


class ReportForm(forms.Form):
    """A report as it is typed, complete or not. Fields of a milestone end in its id: `percent_7`."""

    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, report: ProgressReport, items: Mapping[int, PlanItem]) -> None:
        self.report, self.items = report, items
        self.lines = list(report.lines.select_related("milestone"))
        if report.state != ProgressReport.State.SUBMITTED:
            self.lines += missing_lines(report)
        self.floors = earlier_percents(report)
        initial: dict[str, Any] = {"revision": report.revision}
        initial |= {name: getattr(report, name) for name in TEXTS}
        super().__init__(data, initial=initial)
        for line in self.lines:
            self._add_line(line)
        for name, label in TEXTS.items():
            attrs = {"rows": 4, "placeholder": PROMPTS[name]}
            # Length is the action's rule: it says how many characters are too many.
            self.fields[name] = CleanCharField(
                label=label,
                required=False,
                widget=forms.Textarea(attrs=attrs),
            )

    def _add_line(self, line: ReportLine) -> None:
        key, title = line.milestone_id, line.milestone.title
        self.fields[f"percent_{key}"] = forms.IntegerField(
            label=f"{title}完成比例",
            initial=line.percent,
            error_messages={"invalid": "请填写 0 至 100 的整数。", "required": "请填写完成比例。"},
        )
        self.fields[f"evidence_{key}"] = CleanCharField(
            label="佐证",
            required=False,
            initial=line.evidence,
            widget=forms.Textarea(attrs={"rows": 2, "placeholder": "完成了什么，有什么可以核实"}),
        )
        self.fields[f"fall_reason_{key}"] = CleanCharField(
            label="下调原因", required=False, initial=line.fall_reason, max_length=FALL_REASON_LIMIT
        )

    @property
    def cards(self) -> list[Card]:
        return [
            Card(
                line=line,
                item=self.items.get(line.milestone_id),
                floor=self.floors.get(line.milestone_id, 0),
                percent=self[f"percent_{line.milestone_id}"],
                evidence=self[f"evidence_{line.milestone_id}"],
                fall_reason=self[f"fall_reason_{line.milestone_id}"],
            )
            for line in self.lines
        ]

    @property
    def line_inputs(self) -> list[LineInput]:
        given = self.cleaned_data
        return [
            LineInput(
                milestone_id=key,
                percent=given[f"percent_{key}"],
                fall_reason=given[f"fall_reason_{key}"],
                evidence=given[f"evidence_{key}"],
            )
            for key in (line.milestone_id for line in self.lines)
        ]

    @property
    def texts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in TEXTS}

    def refuse(self, error: ActionError) -> None:
        """Show an action's error beside its field; `line:7` speaks of `percent_7`."""
        named = {name.replace("line:", "percent_"): texts for name, texts in error.fields.items()}
        add_action_error(self, ActionError(error.message, fields=named))


class DecisionForm(forms.Form):
    """The department's answer: one reason for the whole, a comment at any field."""

    reason = CleanCharField(
        label="退回原因", required=False, max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, data: Any = None, *, lines: Iterable[ReportLine]) -> None:
        super().__init__(data)
        for field, label in self.places(lines):
            self.fields[f"comment_{field}"] = CleanCharField(
                label=f"对“{label}”的意见",
                required=False,
                max_length=COMMENT_LIMIT,
                widget=forms.Textarea(attrs={"rows": 1}),
            )

    @staticmethod
    def places(lines: Iterable[ReportLine]) -> list[tuple[str, str]]:
        """The fields that can be commented, with their labels."""
        return [
            *((f"line:{line.milestone_id}", line.milestone.title) for line in lines),
            *TEXTS.items(),
            ("photos", "照片"),
        ]

    @property
    def comments(self) -> dict[str, str]:
        named = {n.removeprefix("comment_"): text for n, text in self.cleaned_data.items() if n != "reason"}
        return {name: text for name, text in named.items() if text}


class ContactForm(forms.Form):
    """Who keeps contact; only people with an account can be told and can record."""

    contact = forms.ModelChoiceField(label="联系人", queryset=Person.objects.none(), empty_label="请选择")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Person.objects.filter(user__is_active=True).exclude(pk=project.lead_secretary_id)
        field = self.fields["contact"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = people.order_by("name")
