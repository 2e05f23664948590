"""Form fields that understand what people type, and the bridge from an action's error to a form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

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
