"""Form fields that understand what people type, and the bridge from an action's error to a form."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms

from common import days
from common.cells import half_width
from common.errors import ActionError
from common.text import clean_text, parse_date


class CleanCharField(forms.CharField):
    """Text without the invisible characters that come with pasting."""

    def to_python(self, value: Any) -> str:
        return clean_text(super().to_python(value) or "")


class ChineseDateField(forms.DateField):
    """A day in any of the ways that people write one."""

    def to_python(self, value: Any) -> date | None:
        if not isinstance(value, str):
            return super().to_python(value)
        if not clean_text(value):
            return None
        try:
            return parse_date(value)
        except ValueError:
            raise forms.ValidationError("请按 2026-3-5 这样填写日期。", code="invalid") from None


class ChineseMomentField(forms.CharField):
    """A day and a time of Shanghai, aware: 2026-12-4 9:00, 2026年12月4日 9时30分; 24:00 is the end of that day.

    With `is_end` a midnight is shown as the 24:00 of the day that it ends.
    """

    widget = forms.TextInput(attrs={"placeholder": "2026-12-4 9:00"})
    _TIME = re.compile(r"(.+?)[\sT]*(\d{1,2})[:时点](?:(\d{1,2})分?)?")

    def __init__(self, *, is_end: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_end = is_end

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        moment = value.astimezone(days.SHANGHAI)
        if self.is_end and moment.time() == time():
            return f"{moment - timedelta(days=1):%Y-%m-%d} 24:00"
        return f"{moment:%Y-%m-%d} {moment.hour}:{moment:%M}"

    def to_python(self, value: Any) -> Any:
        typed = half_width(value or "")
        if not typed:
            return None
        try:
            match = self._TIME.fullmatch(typed)
            if match is None:
                raise ValueError(typed)
            day, hour, minute = parse_date(match[1]), int(match[2]), int(match[3] or 0)
            if (hour, minute) == (24, 0):
                return days.end_of(day)
            return datetime.combine(day, time(hour, minute), days.SHANGHAI)
        except ValueError:
            raise forms.ValidationError("请写明日期和时刻，例如 2026-12-4 9:00。", code="invalid") from None


class HundredthsField(forms.DecimalField):
    """Percentage points or points as people write them, an integer of 0.01 inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=5, decimal_places=2, min_value=0, max_value=100, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return f"{Decimal(value) / 100:f}" if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        number = super().clean(value)
        return None if number is None else int(number * 100)


def add_action_error(form: forms.BaseForm, error: ActionError) -> None:
    """Show an action's error: each message beside its field, the rest above the form."""
    left = []
    for name, messages in error.fields.items():
        if name in form.fields:
            form.add_error(name, messages)
        else:
            left += messages
    if left or not error.fields:
        form.add_error(None, left or [error.message])
