"""Reading tables: what kind of file it is, where its header stands, which rows are data, and nothing in memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from common.sheet_rows import WorkbookError
from common.sheets import Column, Ledger, write_ledger
from common.tables import MAX_ROWS, Table, Titles, find_table
from common.workbooks import open_workbook, sniff
from tests.common import messy

TITLES = Titles(
    known={
        "name": ("名称", "党组织名称"),
        "kind": ("类型", "组织类型"),
        "since": ("任职日期", "任职时间开始"),
        "until": ("免职日期", "任职时间结束"),
        "code": ("代码",),
    },
    private=("电话", "身份证"),
    required=("name",),
)
Row = tuple[int, dict[str, Any]]


@pytest.fixture
def read(tmp_path):
    """`read(content)`: the table's rows and its notes."""

    def reading(content: bytes, titles: Titles = TITLES) -> tuple[list[Row], list[str]]:
        path = tmp_path / "表.xlsx"
        path.write_bytes(content)
        with open_workbook(path) as sheets:
            table = find_table(sheets, titles)
            return [(row.number, row.values) for row in table.rows()], table.notes

    return reading


def refused(content: bytes) -> str:
    with pytest.raises(WorkbookError) as caught:
        sniff(io.BytesIO(content))
    assert caught.value.fields == {"file": [caught.value.message]}
    return caught.value.code


def zipped(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (messy.xlsx([["名称"]]), "xlsx"),
        (messy.xls([["名称", "类型"]]), "xls"),
        ("名称,类型\n甲,党支部\n".encode(), "csv"),
        ("名称\t类型\n甲\t党支部\n".encode("gb18030"), "csv"),
        ("\ufeff名称;类型\n".encode(), "csv"),
    ],
)
def test_the_content_tells_the_kind(content, kind):
    assert sniff(io.BytesIO(content)) == kind


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"PK\x03\x04 broken", "broken_file"),
        (zipped({"word/document.xml": b"<w/>"}), "not_a_table"),
        (zipped({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b" " * 50_000_000}), "zip_bomb"),
        (messy.compound({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}), "encrypted"),
        (messy.encrypted_xls(), "encrypted"),
        (messy.compound({"ET_Data": b"x"}), "wps"),
        (messy.xls([["名称", "类型"]])[:2048], "broken_file"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "web_page"),
        (b"\xff\xd8\xff\xe0 a picture, no table", "not_a_table"),
        (b"only one line of text", "not_a_table"),
    ],
)
def test_what_cannot_be_read_is_refused(content, code):
    assert refused(content) == code


@pytest.mark.parametrize(
    "content", [messy.compound({"EncryptedPackage": b"x"}), messy.encrypted_xls(), messy.compound({"ET_Data": b"x"})]
)
def test_the_refusal_says_how_to_save_as_xlsx(content):
    with pytest.raises(WorkbookError, match=r"另存为.*\*\.xlsx"):
        sniff(io.BytesIO(content))


def test_an_entity_in_the_sheet_is_not_expanded(read):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData/></worksheet>'
    with zipfile.ZipFile(io.BytesIO(messy.xlsx([["名称", "类型"]]))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with pytest.raises(WorkbookError, match="已损坏"):
        read(zipped({**parts, "xl/worksheets/sheet1.xml": bomb}))


def test_title_unit_row_two_header_rows_merged_and_hidden_cells_totals_and_notes(read):
    rows = [
        ["某区党组织台账", *[None] * 5],
        ["单位：个", None, None, None, "2026年3月", None],
        ["序号", "党组织名称", "任职时间", None, "类型", "联系电话"],
        [None, None, "开始", "结束", None, None],
        [1, "甲党支部", datetime(2026, 3, 5), "2026.9.1", "党支部", "13900000000"],
        [2, "乙党支部", 45000, None, None, None],
        [3, "丙党支部", None, None, None, None],
        [4, "藏起来的", None, None, "党委", None],
        [None] * 6,
        ["小计", None, 3, None, None, None],
        ["合 计", None, 3, None, None, None],
        ["填表人：示例", *[None] * 5],
        ["注：以上数据截至三月底", *[None] * 5],
    ]
    merge = ["A1:F1", "A3:A4", "B3:B4", "C3:D3", "E3:E4", "F3:F4", "E5:E7", "A13:F13"]
    found, notes = read(messy.xlsx(rows, merge=merge, hide=[8]))
    assert found == [
        (5, {"name": "甲党支部", "since": datetime(2026, 3, 5), "until": "2026.9.1", "kind": "党支部"}),
        (6, {"name": "乙党支部", "since": 45000, "kind": "党支部"}),
        (7, {"name": "丙党支部", "kind": "党支部"}),
    ]
    assert notes == [
        "含个人信息的列不导入、不保存：联系电话。",
        "第 8 行被隐藏，没有读取；需要导入的请先取消隐藏。",
        "第 10、11 共 2 行是合计，没有读取。",
    ]


def test_a_lower_header_that_needs_the_upper_one(read):
    """“开始” alone is nobody's title here; “任职时间开始” is."""
    rows = [["名称", "任职时间", None], [None, "开始", "结束"], ["甲", "2026-1-1", "2026-2-1"]]
    found, _ = read(messy.xlsx(rows, merge=["A1:A2", "B1:C1"]))
    assert found == [(3, {"name": "甲", "since": "2026-1-1", "until": "2026-2-1"})]


def test_a_real_xls_with_days_merged_and_hidden_rows(read):
    rows = [
        ["台账", None, None],
        ["名称", "类型", "任职日期"],
        ["甲", "党支部", messy.Day(46086)],
        ["乙", None, 46086],
        ["藏", "党委", None],
        ["合计", None, 2],
    ]
    found, notes = read(messy.xls(rows, merge=[(0, 0, 0, 2), (2, 3, 1, 1)], hide=[5]))
    assert found == [
        (3, {"name": "甲", "kind": "党支部", "since": datetime(2026, 3, 5)}),
        (4, {"name": "乙", "kind": "党支部", "since": 46086}),
    ]
    assert [note[:3] for note in notes] == ["第 5", "第 6"]


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", ","), ("utf-8-sig", ";"), ("gb18030", "\t")])
def test_a_text_table_under_the_name_of_a_workbook(read, encoding, mark):
    text = f'名称{mark}代码\r\n甲党支部{mark}001001\r\n"乙{mark}丙"{mark}\r\n'
    found, _ = read(text.encode(encoding))
    assert found == [(2, {"name": "甲党支部", "code": "001001"}), (3, {"name": f"乙{mark}丙"})]


def test_the_first_visible_sheet_with_the_header_is_taken(read):
    book = Workbook()
    book.active.append(["封面", "说明"])
    hidden = book.create_sheet("旧")
    hidden.append(["名称", "类型"])
    hidden.append(["旧的", "党委"])
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("数据")
    for row in (["名称", "类型"], ["新的", "党委"]):
        sheet.append(row)
    assert read(messy.saved(book)) == ([(2, {"name": "新的", "kind": "党委"})], [])


def test_other_sheets_with_the_header_are_told(read):
    book = Workbook()
    for title in ("专家", "群众", "说明"):
        sheet = book.create_sheet(title)
        sheet.append(["名称", "类型"] if title != "说明" else ["名称写全称"])
        sheet.append([title, "党委"])
    assert read(messy.saved(book)) == (
        [(2, {"name": "专家", "kind": "党委"})],
        ["只读取了工作表“专家”，没有读取“群众”；需要导入的请另存后分别导入。"],
    )


def test_without_a_header_or_a_required_column_it_says_what_is_missing(read):
    with pytest.raises(WorkbookError, match="前 15 行里应有：名称、类型"):
        read(messy.xlsx([["一", "二"], ["三", "四"]]))
    with pytest.raises(WorkbookError, match="没有“名称”这一列"):
        read(messy.xlsx([["类型", "代码"], ["党委", "001"]]))


def test_a_header_that_is_repeated_on_each_page_is_no_row(read):
    rows = [["名称", "类型"], ["甲", "党委"], ["名称", "类型"], ["乙", "党委"]]
    assert [number for number, _ in read(messy.xlsx(rows))[0]] == [2, 4]


def test_rich_text_blanks_errors_and_truth(read):
    found, _ = read(messy.xlsx([["名称", "类型", "代码"], ["甲\u200b\n乙", True, "#REF!"], ["  ", None, None]]))
    assert found == [(2, {"name": "甲\u200b\n乙", "kind": True, "code": "#REF!"})]


def test_an_export_is_read_back_as_it_was_written(tmp_path, read):
    """Title and unit row above, a formula that is inert, a code with zeros, a day."""
    ledger = Ledger("台账", "单位：个", [Column("名称", 20), Column("代码", 20, "code"), Column("任职日期", 12, "day")])
    path = tmp_path / "out.xlsx"
    write_ledger(path, ledger, [['=HYPERLINK("http://x")', "001001", date(2026, 3, 5)]])
    values = {"name": '=HYPERLINK("http://x")', "code": "001001", "since": datetime(2026, 3, 5)}
    assert read(path.read_bytes())[0] == [(4, values)]


def test_too_many_rows(tmp_path):
    path = tmp_path / "表.csv"
    path.write_text("名称,类型\n" + "甲,党委\n" * (MAX_ROWS + 1), encoding="utf-8")
    with open_workbook(path) as sheets, pytest.raises(WorkbookError, match="分成几个文件"):
        list(find_table(sheets, TITLES).rows())


def _peak(path: Path) -> int:
    tracemalloc.start()
    try:
        with open_workbook(path) as sheets:
            table: Table = find_table(sheets, TITLES)
            assert table.count() > 0
            for _ in table.rows():
                pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_rows(tmp_path):
    peaks = []
    for number in (1000, 4000):
        rows = [[f"示例党支部{turn}（{'字' * 40}{turn}）", "党支部", f"{turn:06}"] for turn in range(number)]
        path = tmp_path / f"{number}.xlsx"
        path.write_bytes(messy.xlsx([["名称", "类型", "代码"], *rows]))
        peaks.append(_peak(path))
    assert peaks[1] < 1.5 * peaks[0]
