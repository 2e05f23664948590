"""Opening whatever departments send as a table: .xlsx, real .xls, WPS .et where it can be read, csv under any name.

The content decides, never the name. What cannot be read is refused with the way to make it readable.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import xlrd
from xlrd.compdoc import CompDoc

from common.sheet_rows import MAX_COLUMNS, SAVE_AS, Merge, Sheet, SheetRow, WorkbookError, fill_merged
from common.xlsx_reader import BROKEN, MAX_PART, MAX_RATIO, TOO_BIG, open_xlsx

OLE_HEAD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_XLS = 10 * 1024 * 1024  # xlrd holds the whole file in memory
ENCRYPTED = f"文件设了打开密码，系统读不出来。{SAVE_AS.replace('打开，', '打开并取消密码，')}"
WPS_OWN = f"这是 WPS 自有格式（.et）的文件，系统读不出来。{SAVE_AS}"
NOT_A_TABLE = f"这不是 Excel 表格。{SAVE_AS}"
WEB_PAGE = f"这是网页（改名成表格的 .xls），系统读不出来。{SAVE_AS}"


class Format(StrEnum):
    XLSX = "xlsx"
    XLS = "xls"
    CSV = "csv"


def sniff(source: BinaryIO) -> Format:
    """Which kind of table the open file is. Raises WorkbookError, whose message says what to do."""
    source.seek(0)
    head = source.read(4096)
    source.seek(0)
    if not head:
        raise WorkbookError("文件是空的（0 字节），请重新选择。", "empty_file")
    if head.startswith(b"PK"):
        return _sniff_zip(source)
    if head.startswith(OLE_HEAD):
        return _sniff_compound(source)
    if head.lstrip()[:1] == b"<":
        raise WorkbookError(WEB_PAGE, "web_page")
    if b"\0" in head or not any(mark in head for mark in (b",", b"\t", b";")) or _encoding(source) is None:
        raise WorkbookError(NOT_A_TABLE, "not_a_table")
    return Format.CSV


@contextmanager
def open_workbook(path: Path) -> Iterator[list[Sheet]]:
    """The visible sheets, to be read until the block ends. Raises WorkbookError, also while reading."""
    with open(path, "rb") as source:
        kind = sniff(source)
        if kind == Format.CSV:
            yield [CsvSheet(source)]
            return
    if kind == Format.XLSX:
        with open_xlsx(path) as book:
            yield list(book.sheets)
    else:
        with _open_xls(path.read_bytes()) as sheets:
            yield sheets


def _sniff_zip(source: BinaryIO) -> Format:
    try:
        with zipfile.ZipFile(source) as archive:
            parts = {info.filename: info for info in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, OSError):
        raise WorkbookError(BROKEN, "broken_file") from None
    finally:
        source.seek(0)
    if "xl/workbook.xml" not in parts:
        raise WorkbookError(NOT_A_TABLE, "not_a_table")
    for info in parts.values():
        if info.filename.endswith(".xml") and (
            info.file_size > MAX_PART or info.file_size > MAX_RATIO * max(info.compress_size, 50_000)
        ):
            raise WorkbookError(TOO_BIG, "zip_bomb")
    return Format.XLSX


def _sniff_compound(source: BinaryIO) -> Format:
    """An OLE2 file: a password-protected workbook, an Excel 97–2003 one, or something else."""
    content = source.read(MAX_XLS + 1)
    source.seek(0)
    names = _stream_names(content)
    if "EncryptedPackage" in names:
        raise WorkbookError(ENCRYPTED, "encrypted")
    if len(content) > MAX_XLS:
        raise WorkbookError(f"这个 .xls 文件超过 {MAX_XLS // 1024 // 1024} MB。{SAVE_AS}", "too_large")
    if not names & {"Workbook", "Book"}:
        raise WorkbookError(WPS_OWN, "wps")
    with _open_xls(content):
        return Format.XLS


def _stream_names(content: bytes) -> set[str]:
    try:
        return {entry.name for entry in CompDoc(content, logfile=io.StringIO()).dirlist}
    except Exception:  # whatever xlrd raises on bytes made to confuse it; a cut file still has its directory
        known = ("EncryptedPackage", "Workbook", "Book")
        return {name for name in known if name.encode("utf-16-le") + b"\0\0" in content}


@contextmanager
def _open_xls(content: bytes) -> Iterator[list[Sheet]]:
    try:
        book = xlrd.open_workbook(
            file_contents=content, on_demand=True, formatting_info=True, logfile=io.StringIO(), ragged_rows=True
        )
    except Exception as error:  # xlrd raises what it likes on bytes made to confuse it
        words = str(error).lower()
        if "encrypt" in words or "password" in words:
            raise WorkbookError(ENCRYPTED, "encrypted") from None
        raise WorkbookError(WPS_OWN if "workbook" in words else BROKEN, "broken_file") from None
    try:
        shown = [number for number in range(book.nsheets) if _is_visible(book, number)]
        yield [XlsSheet(book, number) for number in shown]
    finally:
        book.release_resources()


def _is_visible(book: xlrd.Book, number: int) -> bool:
    states: list[int] = getattr(book, "_sheet_visibility", [])
    return number >= len(states) or states[number] == 0


class XlsSheet:
    """One sheet of an Excel 97–2003 workbook."""

    def __init__(self, book: xlrd.Book, number: int) -> None:
        self._book, self._number = book, number
        self.name = book.sheet_names()[number]

    def count(self) -> int:
        return int(self._sheet().nrows)

    def rows(self) -> Iterator[SheetRow]:
        sheet = self._sheet()
        merges = [Merge(top + 1, left + 1, bottom, right) for top, bottom, left, right in sheet.merged_cells]
        return fill_merged(self._read(sheet), merges)

    def _sheet(self) -> Any:
        try:
            return self._book.sheet_by_index(self._number)
        except Exception:  # see _open_xls
            raise WorkbookError(BROKEN, "broken_file") from None

    def _read(self, sheet: Any) -> Iterator[SheetRow]:
        for index in range(sheet.nrows):
            cells = {}
            for column, cell in enumerate(sheet.row(index)[:MAX_COLUMNS], start=1):
                if (value := _xls_value(cell, self._book.datemode)) not in (None, ""):
                    cells[column] = value
            look = sheet.rowinfo_map.get(index)
            yield SheetRow(index + 1, cells, hidden=bool(look and look.hidden))


def _xls_value(cell: Any, datemode: Any) -> Any:
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return None
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "#N/A")
    if cell.ctype == xlrd.XL_CELL_DATE:
        with contextlib.suppress(xlrd.XLDateError, ValueError, OverflowError):
            return xlrd.xldate_as_datetime(cell.value, datemode)
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        number = float(cell.value)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    return cell.value


@dataclass(slots=True)
class CsvSheet:
    """A text table, whatever its encoding and separator."""

    source: BinaryIO
    name: str = ""

    def count(self) -> int:
        return sum(1 for row in self._read() if row.cells)

    def rows(self) -> Iterator[SheetRow]:
        return fill_merged(self._read(), ())

    def _read(self) -> Iterator[SheetRow]:
        encoding = _encoding(self.source)
        if encoding is None:
            raise WorkbookError(NOT_A_TABLE, "not_a_table")
        self.source.seek(0)
        text = io.TextIOWrapper(self.source, encoding=encoding, newline="")
        try:
            first = text.readline(100_000)
            text.seek(0)
            mark = max(",\t;，", key=first.count)
            for number, fields in enumerate(csv.reader(text, delimiter=mark), start=1):
                cells = {turn: value for turn, value in enumerate(fields[:MAX_COLUMNS], start=1) if value.strip()}
                yield SheetRow(number, cells)
        except (csv.Error, UnicodeError):
            raise WorkbookError(BROKEN, "broken_file") from None
        finally:
            text.detach()


def _encoding(source: BinaryIO) -> str | None:
    """The encoding in which the whole file can be read; None if there is none."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        source.seek(0)
        try:
            for part in iter(partial(source.read, 65536), b""):
                decoder.decode(part)
            decoder.decode(b"", final=True)
            return encoding
        except UnicodeDecodeError:
            continue
        finally:
            source.seek(0)
    return None
