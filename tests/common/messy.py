"""Workbooks as departments send them, made byte by byte where no library writes them."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

SECTOR = 512
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def xlsx(
    rows: Sequence[Sequence[Any]], merge: Sequence[str] = (), hide: Sequence[int] = (), title: str = "Sheet"
) -> bytes:
    """A workbook of one sheet, with these ranges merged and these rows hidden."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for area in merge:
        sheet.merge_cells(area)
    for number in hide:
        sheet.row_dimensions[number].hidden = True
    return saved(book)


def saved(book: Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def compound(streams: dict[str, bytes]) -> bytes:
    """An OLE2 file with these streams, each of at least 4096 bytes so that none lies in the mini stream."""
    padded = {
        name: content.ljust(max(4096, -(-len(content) // SECTOR) * SECTOR), b"\0") for name, content in streams.items()
    }
    sizes = [len(content) // SECTOR for content in padded.values()]
    fat = [FAT, END] + [n for size in sizes for n in [*([0] * (size - 1)), END]]
    starts, place = [], 2
    for size in sizes:
        starts.append(place)
        for turn in range(place, place + size - 1):
            fat[turn] = turn + 1
        place += size
    assert len(fat) <= SECTOR // 4, "one sector of the allocation table is enough for a test"
    table = struct.pack(f"<{SECTOR // 4}I", *fat, *([FREE] * (SECTOR // 4 - len(fat))))
    entries = [_entry("Root Entry", 5, child=1, start=END, size=0)]
    for turn, (name, content) in enumerate(padded.items()):
        right = turn + 2 if turn + 1 < len(padded) else FREE
        entries.append(_entry(name, 2, right=right, start=starts[turn], size=len(content)))
    directory = b"".join(entries).ljust(SECTOR, b"\0")
    assert len(directory) == SECTOR
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, END, 0, END, 0, 0)
    header += struct.pack("<108I", *([FREE] * 108))
    return header[:SECTOR] + table + directory + b"".join(padded.values())


def _entry(name: str, kind: int, *, right: int = FREE, child: int = FREE, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le")
    return struct.pack("<64sHBBIII16x4x16xIII", text, len(text) + 2, kind, 1, FREE, right, child, start, size, 0)


def xls(
    rows: Sequence[Sequence[Any]], merge: Sequence[tuple[int, int, int, int]] = (), hide: Sequence[int] = ()
) -> bytes:
    """An Excel 97–2003 workbook: texts, numbers and `Day` cells; `merge` as (row, row, column, column) from 0."""
    return compound({"Workbook": _globals_and_sheet(_sheet(rows, merge, hide))})


class Day(int):
    """A serial number in a cell that shows it as a day."""


def encrypted_xls() -> bytes:
    """An Excel 97–2003 workbook with a password: its second record says so."""
    content = _bof(0x0005) + _record(0x002F, struct.pack("<HHH", 1, 1, 1) + bytes(48)) + _record(0x000A, b"")
    return compound({"Workbook": content})


def _globals_and_sheet(sheet: bytes) -> bytes:
    font = _record(0x0031, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 134, 0) + b"\x05\x00Arial")
    styles = b"".join(
        _record(0x00E0, struct.pack("<HHHBBBBIIH", 0, number, kind, 0x20, 0, 0, 0, 0, 0, 0x20C0))
        for number, kind in ((0, 0xFFF5), (0, 0x0001), (14, 0x0001))
    )
    name = "表".encode("utf-16-le")
    head = _bof(0x0005) + _record(0x0042, struct.pack("<H", 1200)) + font + styles
    bound = 4 + 4 + 2 + 2 + len(name)
    offset = len(head) + bound + 4
    listing = _record(0x0085, struct.pack("<IBBBB", offset, 0, 0, 1, 1) + name)
    return head + listing + _record(0x000A, b"") + sheet


def _sheet(rows: Sequence[Sequence[Any]], merge: Sequence[tuple[int, int, int, int]], hide: Sequence[int]) -> bytes:
    width = max(len(row) for row in rows)
    found = [_bof(0x0010), _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))]
    for number in range(len(rows)):
        flags = 0x00000100 | (0x20 if number + 1 in hide else 0)
        found.append(_record(0x0208, struct.pack("<HHHHHHI", number, 0, width, 255, 0, 0, flags)))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, str):
                text = value.encode("utf-16-le")
                found.append(_record(0x0204, struct.pack("<HHHHB", number, column, 1, len(value), 1) + text))
            elif value is not None:
                style = 2 if isinstance(value, Day) else 1
                found.append(_record(0x0203, struct.pack("<HHHd", number, column, style, value)))
    if merge:
        areas = b"".join(struct.pack("<HHHH", *area) for area in merge)
        found.append(_record(0x00E5, struct.pack("<H", len(merge)) + areas))
    return b"".join(found) + _record(0x000A, b"")


def _bof(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 0x06))


def _record(number: int, content: bytes) -> bytes:
    return struct.pack("<HH", number, len(content)) + content
