"""Rows of text fields that people add, fill and empty; static/portal/rows.js adds them in the browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from common.text import clean_text

BLANK_ROWS = 3
ROW_LIMIT = 60


class Cell(forms.CharField):
    """A field of a row: its label names the row too (above the form), `column` stands above the field itself."""

    def __init__(self, column: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.column = column


class RowsForm(forms.Form):
    """Rows of text fields `<name>.<number>.<column>`, with blank ones at the end; always bound to what is shown."""

    name: str
    title: str
    columns: Mapping[str, str]
    # What stands in a row without anybody having typed it, and so makes no row.
    given: tuple[str, ...] = ("position",)

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self.shown = list(rows)
        data = {f"{self.name}.{n}.{c}": row.get(c, "") for n, row in enumerate(self.shown) for c in self.columns}
        super().__init__(data)
        for number in [*range(len(self.shown) + BLANK_ROWS), "__n__"]:
            shown = int(number) + 1 if isinstance(number, int) else number
            for column, label in self.columns.items():
                field = Cell(label, label=f"第 {shown} 行{label}", required=False, widget=self.widget(column))
                field.widget.attrs["aria-label"] = f"{self.title}第 {shown} 行：{label}"
                self.fields[f"{self.name}.{number}.{column}"] = field

    def widget(self, column: str) -> forms.Widget:
        return forms.TextInput()

    def row(self, number: int | str) -> list[forms.BoundField]:
        return [self[f"{self.name}.{number}.{column}"] for column in self.columns]

    @property
    def rows(self) -> list[list[forms.BoundField]]:
        return [self.row(number) for number in range(len(self.shown))]

    @property
    def blanks(self) -> list[list[forms.BoundField]]:
        return [self.row(len(self.shown) + number) for number in range(BLANK_ROWS)]

    @property
    def blank(self) -> list[forms.BoundField]:
        return self.row("__n__")

    @classmethod
    def posted(cls, post: QueryDict) -> list[dict[str, str]]:
        """The rows as typed, empty ones left out."""
        numbers = {key.split(".")[1] for key in post if key.startswith(f"{cls.name}.") and key.count(".") == 2}
        ordered = sorted(int(number) for number in numbers if number.isdecimal() and len(number) < 5)[:ROW_LIMIT]
        rows = [{c: clean_text(post.get(f"{cls.name}.{n}.{c}", "")) for c in cls.columns} for n in ordered]
        return [row for row in rows if any(value for column, value in row.items() if column not in cls.given)]
