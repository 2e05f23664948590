"""The table on a sheet: its header wherever it stands, and the rows that are data.

Departments put a title and a unit above the header, write it in two rows, merge cells, hide rows, and close with a
total; each of these is understood, and what was left out is told in `notes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from common.cells import half_width
from common.sheet_rows import Sheet, SheetRow, WorkbookError

HEADER_WITHIN = 15
MAX_ROWS = 20_000
TOTAL_WITHIN = 3  # of the first columns that hold anything
_TOTAL = re.compile(r"(合计|总计|小计|共计|累计|本页合计|总合计)([:：(].*)?")
_NOTE = re.compile(
    r"(注|备注|说明|填表说明|填表人|填报人|制表人?|审核人?|负责人|填表单位|填报单位|联系人|联系电话)[:：].*"
)
_BRACKETS = re.compile(r"[(\[【].*?[)\]】]")


@dataclass(frozen=True, slots=True)
class Titles:
    """How the columns may be headed: field → its titles; columns that must not be kept; fields that must be there."""

    known: Mapping[str, Sequence[str]]
    private: Sequence[str] = ()
    required: Sequence[str] = ()


@dataclass(slots=True)
class TableRow:
    number: int
    values: dict[str, Any]


@dataclass(slots=True)
class Table:
    """A table found on a sheet. `columns`: the header's text → field; `notes` is whole after the rows were read."""

    sheet: Sheet
    fields: dict[int, str]
    columns: dict[str, str]
    starts_after: int
    header: dict[int, str]
    header_rows: int = 1
    notes: list[str] = field(default_factory=list)

    @property
    def worth(self) -> tuple[int, int]:
        """The header with more known titles is the better one, among equals the shorter one."""
        return len(self.fields), -self.header_rows

    def count(self) -> int:
        return self.sheet.count()

    def rows(self) -> Iterator[TableRow]:
        """The data rows. Raises WorkbookError if there are too many."""
        hidden: list[int] = []
        totals: list[int] = []
        number = 0
        for row in self.sheet.rows():
            if row.number <= self.starts_after or not row.own:
                continue
            if row.hidden:
                hidden.append(row.number)
            elif _is_total(row):
                totals.append(row.number)
            elif not self._is_header_again(row) and not _is_note(row):
                values = {name: row.cells[column] for column, name in self.fields.items() if column in row.cells}
                if any(str(value).strip() for value in values.values()):
                    number += 1
                    if number > MAX_ROWS:
                        raise WorkbookError(f"表格超过 {MAX_ROWS} 行，请分成几个文件导入。", "too_many_rows")
                    yield TableRow(row.number, values)
        if hidden:
            self.notes.append(f"{_numbers(hidden)}被隐藏，没有读取；需要导入的请先取消隐藏。")
        if totals:
            self.notes.append(f"{_numbers(totals)}是合计，没有读取。")

    def _is_header_again(self, row: SheetRow) -> bool:
        """A header that is repeated at the top of each printed page."""
        same = [column for column in self.fields if title_key(row.cells.get(column)) == self.header[column]]
        return len(same) >= max(2, len(self.fields) - 1)


def find_table(sheets: Sequence[Sheet], titles: Titles) -> Table:
    """The first sheet's table that has every required column, else the best one's fault is told.

    That other sheets have such a table too is told in its notes: one sheet a category would lose all but the first.

    Raises WorkbookError if no sheet has a header that is known.
    """
    if not sheets:
        raise WorkbookError("文件里没有可以读取的工作表。", "no_sheet")
    found = [table for sheet in sheets if (table := _find(sheet, titles)) is not None]
    whole = [table for table in found if not _missing(table, titles)]
    if whole:
        if others := "、".join(f"“{table.sheet.name}”" for table in whole[1:]):
            whole[0].notes.append(
                f"只读取了工作表“{whole[0].sheet.name}”，没有读取{others}；需要导入的请另存后分别导入。"
            )
        return whole[0]
    if not found:
        known = "、".join(names[0] for names in titles.known.values())
        message = f"没有找到表头。表的前 {HEADER_WITHIN} 行里应有：{known}。请对照模板检查。"
        raise WorkbookError(message, "no_header")
    best = max(found, key=lambda table: len(table.fields))
    words = "、".join(f"“{titles.known[name][0]}”" for name in _missing(best, titles))
    raise WorkbookError(f"表里没有{words}这一列，请对照模板补上。", "missing_column")


def title_key(value: Any) -> str:
    """A header's text for comparison: no spaces, no signs, no brackets with remarks."""
    text = _BRACKETS.sub("", half_width(str(value))) if value is not None else ""
    return re.sub(r"[\s*＊:：、,，.。/\\_\-]+", "", text).casefold()


def _find(sheet: Sheet, titles: Titles) -> Table | None:
    by_key = {title_key(title): name for name, known in titles.known.items() for title in known}
    top = [row for row in islice(sheet.rows(), HEADER_WITHIN + 5) if row.number <= HEADER_WITHIN + 1 and not row.hidden]
    best: Table | None = None
    for turn, row in enumerate(top):
        below = top[turn + 1] if turn + 1 < len(top) else None
        for rows in ([row], [row, below] if below else []):
            table = _as_header(sheet, [r for r in rows if r], by_key, titles)
            if table and (best is None or table.worth > best.worth):
                best = table
    return best if best and len(best.fields) >= min(2, len(titles.known)) else None


def _as_header(sheet: Sheet, rows: list[SheetRow], by_key: Mapping[str, str], titles: Titles) -> Table | None:
    """The rows (one or two) read as a header; None if they are none."""
    if not rows or rows[0].number > HEADER_WITHIN:
        return None
    fields: dict[int, str] = {}
    header: dict[int, str] = {}
    columns: dict[str, str] = {}
    unknown: list[str] = []
    for column in sorted({column for row in rows for column in row.cells}):
        parts = list(dict.fromkeys(_shown(row.cells[column]) for row in rows if column in row.cells))
        keys = [title_key("".join(parts)), *(title_key(part) for part in reversed(parts))]
        name = next((by_key[key] for key in keys if key in by_key and by_key[key] not in fields.values()), None)
        if name is None:
            if not any(key in by_key for key in keys):  # else a title merged over two columns
                unknown.append("".join(parts))
            continue
        fields[column], header[column] = name, title_key(rows[-1].cells.get(column))
        columns["".join(parts)] = name
    if not fields:
        return None
    notes = _about_unknown(unknown, titles.private)
    return Table(sheet, fields, columns, rows[-1].number, header, len(rows), notes)


def _about_unknown(unknown: list[str], private: Sequence[str]) -> list[str]:
    shown = [text[:20] for text in dict.fromkeys(unknown) if text and title_key(text) not in ("序号", "编次")]
    kept_out = [text for text in shown if any(word in text for word in private)]
    rest = [text for text in shown if text not in kept_out]
    notes = []
    if kept_out:
        notes.append(f"含个人信息的列不导入、不保存：{'、'.join(kept_out)}。")
    if rest:
        notes.append(f"没有用到的列：{'、'.join(rest[:8])}{'等' if len(rest) > 8 else ''}。")
    return notes


def _missing(table: Table, titles: Titles) -> list[str]:
    return [name for name in titles.required if name not in table.fields.values()]


def _shown(value: Any) -> str:
    return re.sub(r"\s+", "", half_width(str(value)))


def _is_total(row: SheetRow) -> bool:
    first = sorted(row.own)[:TOTAL_WITHIN]
    return any(_TOTAL.fullmatch(_shown(row.cells[column])) for column in first)


def _is_note(row: SheetRow) -> bool:
    """A remark below the table: one cell over the whole width, or a lone “注：…”."""
    if len(row.own) != 1:
        return all(_NOTE.fullmatch(_shown(row.cells[column])) for column in row.own)
    column = next(iter(row.own))
    if _NOTE.fullmatch(_shown(row.cells[column])):
        return True
    return len(row.cells) > 2 and len({str(value) for value in row.cells.values()}) == 1


def _numbers(rows: list[int]) -> str:
    shown = "、".join(str(number) for number in rows[:10])
    return f"第 {shown} {'等 ' if len(rows) > 10 else ''}{f'共 {len(rows)} ' if len(rows) > 1 else ''}行"
