"""A .xlsx file read row by row, in memory that does not grow with it.

openpyxl's streaming mode tells neither merged cells nor hidden rows and keeps every text in memory, so the parts are
read here: the texts go to a temporary file, the sheet is walked twice (first for what stands at its end).
"""

from __future__ import annotations

import posixpath
import re
import tempfile
import zipfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from common.sheet_rows import MAX_COLUMNS, Merge, SheetRow, WorkbookError, fill_merged

MAX_PART = 300 * 1024 * 1024  # bytes of one unpacked part
MAX_RATIO = 200
MAX_CELLS = 1_000_000  # empty ones that only have a format included
MAX_MERGES = 50_000
BROKEN = "文件已损坏，打不开。请用 WPS 或 Excel 打开检查，另存为 .xlsx 后再传。"
TOO_BIG = "表格太大，不能读取。请把要导入的行复制到一张新表，保存为 .xlsx 后再传。"
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


class XlsxSheet:
    """One visible sheet of an open XlsxBook."""

    def __init__(self, book: XlsxBook, name: str, part: str) -> None:
        self.name, self._book, self._part = name, book, part
        self._merges: list[Merge] | None = None
        self._count = 0

    def count(self) -> int:
        """How many rows hold anything."""
        self._scan()
        return self._count

    def rows(self) -> Iterator[SheetRow]:
        return fill_merged(self._read(), [Merge(m.top, m.left, m.bottom, m.right) for m in self._scan()])

    def _scan(self) -> list[Merge]:
        """Merged ranges stand behind the rows, so the sheet is walked once for them; limits are checked as well."""
        if self._merges is None:
            merges, cells, self._count, filled = [], 0, 0, False
            for element in self._book.walk(self._part, ("row", "c", "mergeCell")):
                name = _local(element)
                if name == "c":
                    cells, filled = cells + 1, filled or len(element) > 0
                elif name == "row":
                    self._count, filled = self._count + filled, False
                elif merge := _merge(element.get("ref", "")):
                    merges.append(merge)
                if cells > MAX_CELLS or len(merges) > MAX_MERGES:
                    raise WorkbookError(TOO_BIG, "too_large")
            self._merges = merges
        return self._merges

    def _read(self) -> Iterator[SheetRow]:
        number = 0
        for element in self._book.walk(self._part, ("row",)):
            number = _number(element.get("r"), number + 1)
            cells: dict[int, Any] = {}
            column = 0
            for cell in element:
                match = _REFERENCE.fullmatch(cell.get("r", ""))
                column = _column(match[1]) if match else column + 1
                if column <= MAX_COLUMNS and (value := self._book.value(cell)) not in (None, ""):
                    cells[column] = value
            yield SheetRow(number, cells, hidden=element.get("hidden") in ("1", "true"))


class XlsxBook:
    """An open workbook; use `open_xlsx`."""

    def __init__(self, archive: zipfile.ZipFile, texts: IO[bytes]) -> None:
        self._archive, self._texts = archive, texts
        self._ends = array("Q", [0])
        self._epoch = CALENDAR_WINDOWS_1900
        self._parts = set(archive.namelist())
        self._dates = self._read_styles()
        self._keep_texts()
        self.sheets = self._read_sheets()
        self._text = lru_cache(maxsize=512)(self._fetch)

    def walk(self, part: str, names: tuple[str, ...]) -> Iterator[Element]:
        """The elements so named, each when it ends; then it is forgotten, unless it stands in another such one."""
        if part not in self._parts:
            return
        info = self._archive.getinfo(part)
        if info.file_size > MAX_PART or info.file_size > MAX_RATIO * max(info.compress_size, 50_000):
            raise WorkbookError(TOO_BIG, "zip_bomb")
        path: list[Element] = []
        inside = 0
        try:
            with self._archive.open(info) as source:
                for event, element in iterparse(source, ("start", "end"), forbid_dtd=True):
                    wanted = _local(element) in names
                    if event == "start":
                        path.append(element)
                        inside += wanted
                        continue
                    path.pop()
                    inside -= wanted
                    if wanted:
                        yield element
                    if not inside and path:
                        path[-1].clear()
        except (ParseError, DefusedXmlException, zipfile.BadZipFile, EOFError, OSError, NotImplementedError):
            raise WorkbookError(BROKEN, "broken_file") from None

    def value(self, cell: Element) -> Any:
        """What a cell holds: text, whole or broken number, day, truth, or None."""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return "".join(_texts(part) for part in cell if _local(part) == "is")
        raw = next((part.text for part in cell if _local(part) == "v"), None)
        if raw is None or raw == "":
            return None
        if kind == "s":
            return self._text(int(raw)) if raw.isdecimal() else None
        if kind == "b":
            return raw == "1"
        if kind in ("str", "e", "d"):
            return _unescaped(raw)
        return self._numeric(raw, _number(cell.get("s"), 0))

    def _numeric(self, raw: str, style: int) -> Any:
        try:
            number = float(raw)
        except ValueError:
            return raw
        if style in self._dates and 0 < number < 2_958_466:
            return from_excel(number, self._epoch)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number

    def _fetch(self, index: int) -> str | None:
        if index + 1 >= len(self._ends):
            return None
        start, end = self._ends[index], self._ends[index + 1]
        self._texts.seek(start)
        return self._texts.read(end - start).decode()

    def _keep_texts(self) -> None:
        """Write the shared texts one behind the other; only where each ends stays in memory."""
        for element in self.walk("xl/sharedStrings.xml", ("si",)):
            self._ends.append(self._ends[-1] + self._texts.write(_texts(element).encode("utf-8", "replace")))

    def _read_styles(self) -> set[int]:
        """The numbers of the cell styles that show a number as a day."""
        formats: dict[int, str] = dict(BUILTIN_FORMATS)
        dates: set[int] = set()
        for element in self.walk("xl/styles.xml", ("numFmt", "cellXfs")):
            if _local(element) == "numFmt":
                formats[_number(element.get("numFmtId"), -1)] = element.get("formatCode", "")
                continue
            for turn, style in enumerate(element):
                number = _number(style.get("numFmtId"), 0)
                # 27-36 and 50-58 are days in a Chinese Excel and stand in no table.
                if 27 <= number <= 36 or 50 <= number <= 58 or is_date_format(formats.get(number, "")):
                    dates.add(turn)
        return dates

    def _read_sheets(self) -> list[XlsxSheet]:
        targets: dict[str, str] = {}
        for element in self.walk("xl/_rels/workbook.xml.rels", ("Relationship",)):
            targets[element.get("Id", "")] = element.get("Target", "")
        found = []
        for element in self.walk("xl/workbook.xml", ("sheet", "workbookPr")):
            if _local(element) == "workbookPr":
                if element.get("date1904") in ("1", "true"):
                    self._epoch = CALENDAR_MAC_1904
            elif element.get("state", "visible") == "visible":
                target = targets.get(element.get(_RELATION) or element.get(_STRICT_RELATION) or "", "")
                part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
                if "worksheets/" in part and part in self._parts:
                    found.append(XlsxSheet(self, element.get("name", ""), part))
        return found


@contextmanager
def open_xlsx(path: Path) -> Iterator[XlsxBook]:
    """The workbook, until the block ends. Raises WorkbookError."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError):
        raise WorkbookError(BROKEN, "broken_file") from None
    with archive, tempfile.TemporaryFile() as texts:
        yield XlsxBook(archive, texts)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _texts(element: Element) -> str:
    """The text of an item, without the readings (phonetic runs) that may stand beside it."""
    found = []
    for part in element:
        name = _local(part)
        if name == "t":
            found.append(part.text or "")
        elif name == "r":
            found.append(_texts(part))
    return _unescaped("".join(found))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else default


def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column


def _merge(reference: str) -> Merge | None:
    first, _, last = reference.partition(":")
    start, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
    if start is None or end is None:
        return None
    return Merge(int(start[2]), _column(start[1]), int(end[2]), _column(end[1]))
