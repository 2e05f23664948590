"""Rows of a worksheet as its readers hand them out, and the filling of merged cells (合并单元格)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from common.errors import ActionError

MAX_COLUMNS = 120  # what stands further right is formatting, not a table
SAVE_AS = "请用 WPS 或 Excel 打开，点“文件 → 另存为”，类型选“Excel 工作簿（*.xlsx）”，保存后再传。"


class WorkbookError(ActionError):
    """The file cannot be read as a table; the message says how to get one that can."""

    def __init__(self, message: str, code: str = "unreadable") -> None:
        super().__init__(message, code=code, fields={"file": [message]})


@dataclass(slots=True)
class SheetRow:
    """A row: its number in the sheet (from 1) and its cells by column (from 1); empty ones are left out.

    `own` are the columns whose value stands in the row itself, the others got theirs from a merged cell above or
    to the left.
    """

    number: int
    cells: dict[int, Any]
    hidden: bool = False
    own: set[int] = field(default_factory=set)


class Sheet(Protocol):
    """A sheet to be read once or several times, row by row."""

    name: str

    def rows(self) -> Iterator[SheetRow]: ...

    def count(self) -> int: ...


@dataclass(slots=True)
class Merge:
    """A merged range (first and last row and column) and, once it was passed, the value of its top-left cell."""

    top: int
    left: int
    bottom: int
    right: int
    value: Any = None


def fill_merged(rows: Iterable[SheetRow], merges: Iterable[Merge]) -> Iterator[SheetRow]:
    """The same rows, in their order, every merged cell with the value of its top-left one."""
    waiting = sorted(merges, key=lambda merge: merge.top, reverse=True)
    active: list[Merge] = []
    for row in rows:
        row.own = {column for column, value in row.cells.items() if value not in (None, "")}
        while waiting and waiting[-1].top <= row.number:
            merge = waiting.pop()
            if merge.top == row.number:  # else its first row is empty, and so is the whole of it
                merge.value = row.cells.get(merge.left)
                active.append(merge)
        active = [merge for merge in active if merge.bottom >= row.number]
        for merge in active:
            if merge.value not in (None, ""):
                for column in range(merge.left, min(merge.right, MAX_COLUMNS) + 1):
                    row.cells[column] = merge.value
        yield row
