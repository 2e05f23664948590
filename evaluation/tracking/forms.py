"""Forms of a liaison case and the filter of the behind-schedule list."""

from __future__ import annotations

from typing import Any

from django import forms

from common import days
from common.forms import ChineseDateField, CleanCharField
from evaluation.tracking.liaison import TEXT_LIMIT
from evaluation.tracking.models import LiaisonVisit
from organizations.access import access_of
from projects.models import Track
from projects.models.projects import Light


class VisitForm(forms.Form):
    """A contact with the project (联系记录)."""

    on = ChineseDateField(label="联系日期", help_text="可写 2026-3-5", widget=forms.TextInput)
    method = forms.ChoiceField(label="方式", choices=LiaisonVisit.Method.choices)
    findings = CleanCharField(label="了解到的情况", widget=forms.Textarea(attrs={"rows": 3}), max_length=TEXT_LIMIT)
    agreed = CleanCharField(
        label="议定措施", required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=TEXT_LIMIT
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"on": days.today().isoformat()})
        super().__init__(*args, **kwargs)


class CloseForm(forms.Form):
    note = CleanCharField(label="关闭说明", widget=forms.Textarea(attrs={"rows": 2}), max_length=TEXT_LIMIT)


class BehindForm(forms.Form):
    """The filter bar of the behind-schedule list."""

    search = forms.CharField(label="搜索", required=False, max_length=60)
    light = forms.ChoiceField(
        label="亮灯",
        required=False,
        choices=[
            ("", "滞后和严重滞后"),
            *((light.value, light.label) for light in (Light.RED, Light.YELLOW, Light.GREY)),
        ],
    )
    track = forms.ChoiceField(label="赛道", required=False)
    mine = forms.ChoiceField(label="联系", required=False)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["search"].widget = forms.TextInput(attrs={"type": "search", "placeholder": "项目、党组织"})
        track = self.fields["track"]
        assert isinstance(track, forms.ChoiceField)
        track.choices = [("", "全部"), *dict(Track.objects.values_list("code", "name")).items()]
        mine = self.fields["mine"]
        assert isinstance(mine, forms.ChoiceField)
        mine.choices = [("", "全部"), ("none", "未指定联系人"), ("due", "联系已到期")]
        if access_of(user).person_id is not None:
            mine.choices = [*mine.choices, ("me", "由我联系")]
