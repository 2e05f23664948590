"""Ledgers (台账) as spreadsheets that staff print: title, unit line, frozen header, borders, one page wide.

What people typed stays what they typed and is never a formula, whatever it begins with, so that an exported
ledger can be imported again unchanged.
"""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any, Literal

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from common import days
from common.office import PRODUCER, legal_text, printed_width

Kind = Literal["text", "code", "day", "integer", "points", "amount", "light"]
Advance = Callable[[int, int], None]
FORMATS = {"code": "@", "day": "yyyy-mm-dd", "integer": "0", "points": "0.00", "amount": "#,##0.00"}
PAPERS = {"A3": 8, "A4": 9}
# Shape and word say it in a black and white print; the colour only helps.
LIGHTS = {
    "green": ("● 正常", "1E7B34"),
    "yellow": ("▲ 滞后", "8A6100"),
    "red": ("■ 严重滞后", "B3121D"),
    "grey": ("○ 未报", "5F5F5F"),
}
HEADER_ROW = 3
LINE_HEIGHT, HEIGHT_LIMIT = 15, 409  # points; Excel has no higher rows
ADVANCE_ROWS = 200
TOTAL = "合计"
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
# Programs read _x0041_ in a text as the letter A, unless its first sign is itself written that way.
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
_LINE = Side(style="thin", color="808080")
_BORDER = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_MIDDLE = {"integer": "center", "day": "center", "light": "center", "points": "right", "amount": "right"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column (栏目). Values of `points` are integers of 0.01 percentage point; `width` is in Latin characters.

    `total` is for units that can be added up; a text among the values (近5000) leaves the total out.
    """

    title: str
    width: float
    kind: Kind = "text"
    total: bool = False
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """A sheet: its title, the line of unit and date (单位、日期) below it, and its columns."""

    title: str
    note: str
    columns: Sequence[Column]
    paper: Literal["A4", "A3"] = "A4"
    sheet_name: str = ""

    def __post_init__(self) -> None:
        if self.columns[0].total:
            raise ValueError("the first column holds the word 合计 and cannot have a total")


def write_ledger(
    path: str | os.PathLike[str], ledger: Ledger, rows: Iterable[Sequence[Any]], advance: Advance | None = None
) -> None:
    """Write one ledger; `rows` hold a value a column, None for an empty cell."""
    write_workbook(path, [(ledger, rows)], advance)


def write_workbook(
    path: str | os.PathLike[str],
    ledgers: Sequence[tuple[Ledger, Iterable[Sequence[Any]]]],
    advance: Advance | None = None,
) -> None:
    """Write several ledgers as sheets of one file; `advance(done, total)` counts rows of all of them."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    workbook.properties.creator = workbook.properties.lastModifiedBy = PRODUCER
    workbook.properties.created = datetime.combine(days.today(), time(), tzinfo=UTC).replace(tzinfo=None)
    done, total = 0, sum(operator.length_hint(rows, 0) for _, rows in ledgers)
    for ledger, rows in ledgers:
        sheet = workbook.create_sheet(_sheet_name(ledger, workbook.sheetnames))
        _set_page(sheet, ledger)
        _write_head(sheet, ledger)
        sums = _Sums(ledger)
        styles = [_cell_style(sheet, column) for column in ledger.columns]
        row_number = HEADER_ROW
        for row_number, values in enumerate(rows, start=HEADER_ROW + 1):
            sums.add(values)
            _write_row(sheet, row_number, ledger, values, styles)
            done += 1
            if advance and done % ADVANCE_ROWS == 0:
                advance(done, max(done, total))
        sheet.auto_filter.ref = f"A{HEADER_ROW}:{_last_letter(ledger)}{row_number}"
        if sums.wanted:
            _write_total(sheet, row_number + 1, ledger, sums, styles)
    workbook.save(str(Path(path)))
    if advance:
        advance(done, done)


class _Sums:
    """Totals of the columns that ask for one."""

    def __init__(self, ledger: Ledger) -> None:
        self.wanted = [index for index, column in enumerate(ledger.columns) if column.total]
        self.values: dict[int, Any] = dict.fromkeys(self.wanted, 0)

    def add(self, values: Sequence[Any]) -> None:
        for index in self.wanted:
            value = values[index]
            if isinstance(value, str) and value:
                self.values[index] = None
            elif value not in (None, "") and self.values[index] is not None:
                self.values[index] += value


def _write_head(sheet: Any, ledger: Ledger) -> None:
    last = len(ledger.columns)
    lines = ((ledger.title, "方正小标宋简体", 20, "center", 36), (ledger.note, "仿宋_GB2312", 12, "left", 22))
    for number, (text, face, size, side, height) in enumerate(lines, start=1):
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=last)
        cell = sheet.cell(number, 1)
        _set_text(cell, text)
        cell.font, cell.alignment = Font(name=face, size=size), Alignment(horizontal=side, vertical="center")
        sheet.row_dimensions[number].height = height
    for index, column in enumerate(ledger.columns, start=1):
        cell = sheet.cell(HEADER_ROW, index)
        _set_text(cell, column.title)
        cell.font, cell.border = Font(name="黑体", size=11), _BORDER
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        cell.fill = PatternFill("solid", fgColor="F2F2F2")
        sheet.column_dimensions[get_column_letter(index)].width = column.width
    sheet.row_dimensions[HEADER_ROW].height = 30
    sheet.freeze_panes = f"A{HEADER_ROW + 1}"


def _write_row(sheet: Any, number: int, ledger: Ledger, values: Sequence[Any], styles: list[Any]) -> None:
    for index, (column, value, style) in enumerate(zip(ledger.columns, values, styles, strict=True), start=1):
        cell = sheet.cell(number, index)
        cell._style = copy(style)
        _set_value(cell, column.kind, value)
    sheet.row_dimensions[number].height = _height(ledger.columns, values)


def _write_total(sheet: Any, number: int, ledger: Ledger, sums: _Sums, styles: list[Any]) -> None:
    values = [sums.values.get(index) if index in sums.values else None for index in range(len(ledger.columns))]
    _write_row(sheet, number, ledger, values, styles)
    _set_text(sheet.cell(number, 1), TOTAL)
    for cell in sheet[number]:
        cell.font = Font(name="黑体", size=11)


def _set_value(cell: Any, kind: Kind, value: Any) -> None:
    """The value as its kind has it; a text in a column of numbers or days stays a text."""
    if value is None or value == "":
        return
    if kind == "light" and value in LIGHTS:
        word, colour = LIGHTS[value]
        _set_text(cell, word)
        cell.font = Font(name="宋体", size=11, color=colour)
    elif kind in ("text", "code", "light") or isinstance(value, str):
        _set_text(cell, str(value))
    elif kind == "day":
        cell.value = _day_of(value)
        cell.number_format = FORMATS["day"]
    elif kind == "points":
        cell.value = Decimal(value) / 100
    else:
        cell.value = value


def _set_text(cell: Any, text: str) -> None:
    """A text that no program takes for a formula, an error value or a number."""
    text = legal_text(text)
    cell.value, cell.data_type = _ESCAPE_LIKE.sub("_x005F_", text), "s"
    if text.startswith(_FORMULA_SIGNS):
        # Where the cell is edited, this keeps Excel and WPS from reading it anew as a formula.
        cell.quotePrefix = True


def _day_of(value: date) -> date:
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return value


def _cell_style(sheet: Any, column: Column) -> Any:
    """The style of a column's cells, made once: building it for each cell is what takes long."""
    cell = sheet.cell(1, len(FORMATS) + 1000)
    cell.font, cell.border = Font(name="宋体", size=11), _BORDER
    cell.alignment = Alignment(horizontal=_MIDDLE.get(column.kind, "left"), vertical="center", wrap_text=column.wrap)
    cell.number_format = FORMATS.get(column.kind, "General")
    style = cell._style
    del sheet._cells[(cell.row, cell.column)]
    return style


def _height(columns: Sequence[Column], values: Sequence[Any]) -> float:
    """The row's height in points: not every program finds it by itself when it opens the file."""
    lines = 1
    for column, value in zip(columns, values, strict=True):
        if column.wrap and isinstance(value, str):
            places = max(1.0, column.width - 1.5) / 2
            lines = max(lines, sum(max(1, ceil(printed_width(line) / places)) for line in value.splitlines()))
    return min(LINE_HEIGHT * lines + 5, HEIGHT_LIMIT)


def _set_page(sheet: Any, ledger: Ledger) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", PAPERS[ledger.paper]
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = f"1:{HEADER_ROW}"
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = 0.5
    margins.top, margins.bottom, margins.footer = 0.6, 0.7, 0.35
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"


def _sheet_name(ledger: Ledger, taken: list[str]) -> str:
    """A name that Excel admits and no other sheet has."""
    wanted = _NOT_IN_SHEET_NAMES.sub("", legal_text(ledger.sheet_name or ledger.title)).strip(" '") or "台账"
    name, number = wanted[:31], 2
    while name in taken:
        name, number = f"{wanted[:28]}{number}", number + 1
    return name


def _last_letter(ledger: Ledger) -> str:
    return get_column_letter(len(ledger.columns))
