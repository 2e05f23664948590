"""Forms of the screening: pre-check, decision, a reviewer's scores; shape only, the actions hold the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from common.errors import ActionError
from common.forms import CleanCharField, add_action_error
from organizations.models import Person
from projects.models import Criterion, Project, Review, Screening, Season, Track
from projects.screening import PLACES

STATES = [(state.value, str(state.label)) for state in Project.State if state != Project.State.DRAFT]


class ApplicationFilterForm(forms.Form):
    """The filter bar over a season's applications; `show` is the list that it stands over."""

    show = forms.CharField(required=False, widget=forms.HiddenInput)
    search = forms.CharField(label="搜索", required=False, max_length=60)
    track = forms.ChoiceField(label="赛道", required=False)
    state = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *STATES])
    season = forms.ChoiceField(label="年度", required=False)

    def __init__(self, *args: Any, seasons: Iterable[Season], tracks: Iterable[Track], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["search"].widget = forms.TextInput(attrs={"type": "search", "placeholder": "项目、党组织"})
        for name, choices in (
            ("track", [("", "全部"), *((track.code, track.name) for track in tracks)]),
            ("season", [(season.code, season.name) for season in seasons]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices


class RemarkForm(forms.Form):
    """A form with a field for a remark at every field of the application: `remark_goal`, `remark_` for the whole."""

    def add_remarks(self, initial: Mapping[str, str] | None = None) -> None:
        for place, label in PLACES.items():
            self.fields[f"remark_{place}"] = CleanCharField(
                label=f"对“{label}”的意见",
                required=False,
                initial=(initial or {}).get(place, ""),
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    @property
    def remarks(self) -> dict[str, str]:
        """What was written, by field. Only of a valid form."""
        return {place: self.cleaned_data[f"remark_{place}"] for place in PLACES}

    @property
    def remark_fields(self) -> dict[str, forms.BoundField]:
        return {place: self[f"remark_{place}"] for place in PLACES}

    def refuse(self, error: ActionError) -> None:
        """Show an action's error beside its field; the action names a remark by the field that it speaks of."""
        named = {f"remark_{name}" if name in PLACES else name: texts for name, texts in error.fields.items()}
        add_action_error(self, ActionError(error.message, fields=named))


class PrecheckForm(RemarkForm):
    """The department's pre-check: a reason for the whole, a comment at any field."""

    reason = CleanCharField(label="原因", required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.add_remarks()


class DecideForm(forms.Form):
    """The board's decision."""

    decision = forms.CharField(
        label="决定", required=False, widget=forms.RadioSelect(choices=Screening.Decision.choices)
    )
    reason = CleanCharField(
        label="决定意见", required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="绿灯通过时可以不填"
    )


class ReplaceForm(forms.Form):
    """Another reviewer; who must not be is the action's to say."""

    person = forms.ModelChoiceField(
        label="评审人", queryset=Person.objects.all(), error_messages={"required": "请选择评审人。"}
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A criterion on the form, with its two fields."""

    criterion: Criterion
    points: forms.BoundField
    comment: forms.BoundField


class ReviewForm(RemarkForm):
    """A reviewer's scores as they are typed. Fields of a criterion end in its key: `points_7`."""

    def __init__(self, data: Any = None, *, review: Review, criteria: Sequence[Criterion]) -> None:
        super().__init__(data)
        self.criteria = criteria
        scores = {score.criterion_id: score for score in review.scores.all()} if data is None else {}
        for criterion in criteria:
            score = scores.get(criterion.pk)
            self.fields[f"points_{criterion.pk}"] = forms.IntegerField(
                label=f"{criterion}得分",
                required=False,
                initial=score.points if score else None,
                widget=forms.NumberInput(attrs={"min": 0, "max": 100, "step": 1, "inputmode": "numeric"}),
                error_messages={"invalid": "得分应是 0 至 100 的整数。"},
            )
            self.fields[f"comment_{criterion.pk}"] = CleanCharField(
                label=f"{criterion}评语",
                required=False,
                initial=score.comment if score else "",
                widget=forms.Textarea(attrs={"rows": 2, "placeholder": "为什么这样打分"}),
            )
        self.fields["opinion"] = CleanCharField(
            label="总体意见", required=False, initial=review.opinion, widget=forms.Textarea(attrs={"rows": 4})
        )
        own = {} if data is not None else {comment.field: comment.text for comment in review.comments.all()}
        self.add_remarks(own)

    @property
    def rows(self) -> list[Row]:
        return [Row(c, self[f"points_{c.pk}"], self[f"comment_{c.pk}"]) for c in self.criteria]

    @property
    def points(self) -> dict[int, int | None]:
        return {c.pk: self.cleaned_data[f"points_{c.pk}"] for c in self.criteria}

    @property
    def comments(self) -> dict[int, str]:
        return {c.pk: self.cleaned_data[f"comment_{c.pk}"] for c in self.criteria}
