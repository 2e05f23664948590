"""The closing report as a form, and the department's verdict; shape only, the actions hold the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from common import cells
from common.errors import ActionError
from common.forms import CleanCharField, add_action_error
from projects.closing import REASON_LIMIT, TEXTS, FigureInput, Level
from projects.models import Closing, ExpectedFigure

PROMPTS = {
    "outcome": "对照立项时的目标，做成了什么，群众、企业、基层有什么变化",
    "practice": "哪些做法管用、可以推广",
    "shortfall": "哪些没有做到，原因是什么",
    "next": "结项以后怎么巩固、怎么接着做",
}
LEVELS = [
    (Level.EXCELLENT, "优秀：全面达到预期，做法可以推广"),
    (Level.QUALIFIED, "合格：主要指标达到预期"),
    (Level.FAILED, "不合格：主要指标没有达到，不能参加评选"),
]


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A promised figure on the form: what was reached, and what that is known from."""

    figure: ExpectedFigure
    reached: forms.BoundField
    evidence: forms.BoundField


class ClosingForm(forms.Form):
    """The closing report as it is typed, complete or not. Fields of a figure end in its key: `reached_7`."""

    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, closing: Closing, figures: Sequence[ExpectedFigure]) -> None:
        self.figures = figures
        self.file_errors: list[str] = []
        initial: dict[str, Any] = {"revision": closing.revision}
        initial |= {name: getattr(closing, name) for name in TEXTS}
        super().__init__(data, initial=initial)
        for figure in figures:
            self._add_figure(figure)
        for name, label in TEXTS.items():
            attrs = {"rows": 6, "placeholder": PROMPTS[name]}
            self.fields[name] = CleanCharField(label=label, required=False, widget=forms.Textarea(attrs=attrs))

    def _add_figure(self, figure: ExpectedFigure) -> None:
        typed = figure.reached_text.removesuffix(figure.unit)
        self.fields[f"reached_{figure.pk}"] = CleanCharField(
            label=f"{figure.name}完成",
            required=False,
            initial=typed,
            widget=forms.TextInput(attrs={"placeholder": "例如 100余、近5000"}),
        )
        self.fields[f"evidence_{figure.pk}"] = CleanCharField(
            label=f"{figure.name}依据",
            required=False,
            initial=figure.evidence,
            widget=forms.Textarea(attrs={"rows": 2, "placeholder": "数从哪里来，凭什么核实：台账、签到、通报"}),
        )

    @property
    def rows(self) -> list[FigureRow]:
        return [FigureRow(f, self[f"reached_{f.pk}"], self[f"evidence_{f.pk}"]) for f in self.figures]

    def clean(self) -> dict[str, Any]:
        """Read the figures as people write them; the unit is the promised one."""
        self.inputs = []
        for figure in self.figures:
            typed, evidence = (self.cleaned_data.get(f"{name}_{figure.pk}", "") for name in ("reached", "evidence"))
            try:
                self.inputs.append(figure_input(figure, typed, evidence))
            except cells.CellProblem as problem:
                self.add_error(f"reached_{figure.pk}", f"{problem.reason}{problem.proposal}")
        return self.cleaned_data

    @property
    def texts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in TEXTS}

    def refuse(self, error: ActionError) -> None:
        """Show an action's error beside its field; `figure:7` speaks of what is missing of that figure."""
        named: dict[str, list[str]] = {}
        for name, texts in error.fields.items():
            if name.startswith("figure:"):
                key = name.removeprefix("figure:")
                part = "evidence" if self.data.get(f"reached_{key}", "").strip() else "reached"
                named[f"{part}_{key}"] = texts
            else:
                named[name] = texts
        self.file_errors = error.fields.get("evidence", [])
        add_action_error(self, ActionError(error.message, fields=named))


def figure_input(figure: ExpectedFigure, typed: str, evidence: str) -> FigureInput:
    """What was typed of a figure, such as “100余” or “近5000人次”. Raises CellProblem, also for another unit."""
    if not typed.strip():
        return FigureInput(figure.pk, None, "", evidence)
    amount = cells.amount(typed)
    scaled = not amount.unit and any(scale in typed for scale in "万亿") and figure.unit[:1] in "万亿"
    if scaled or (amount.unit and amount.unit != figure.unit):
        raise cells.CellProblem(f"单位应为“{figure.unit}”。", "单位不用再写。")
    return FigureInput(figure.pk, amount.value, amount.qualifier, evidence)


class VerdictForm(forms.Form):
    """The department's check: a level with its opinion, or back to the secretary with a reason."""

    level = forms.ChoiceField(label="等次", required=False, choices=LEVELS, widget=forms.RadioSelect)
    verdict = CleanCharField(
        label="核验意见",
        required=False,
        help_text="退回时写明要补充什么。",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    bar = forms.BooleanField(label="取消评选资格", required=False)
    bar_reason = CleanCharField(
        label="取消资格的原因",
        required=False,
        max_length=REASON_LIMIT,
        help_text="例如 数据不实、有未整改的问题。不合格的项目本来就没有评选资格，不用填。",
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if self.data.get("do") == "return":
            return given
        if given.get("bar") and not given.get("bar_reason"):
            self.add_error("bar_reason", "请写明取消评选资格的原因。")
        elif given.get("bar_reason") and not given.get("bar"):
            self.add_error("bar", "写了原因，请勾选“取消评选资格”；不取消请删去原因。")
        return given
