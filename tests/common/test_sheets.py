"""Ledgers: inert texts that keep their value, typed cells, totals of like units, a page that prints."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from common.sheets import Column, Ledger, write_ledger, write_workbook

COLUMNS = [
    *(Column("序号", 6, "integer"), Column("编号", 12, "code"), Column("项目名称", 20, wrap=True)),
    *(Column("立项日期", 12, "day"), Column("序时进度", 10, "points"), Column("亮灯", 12, "light")),
    *(Column("资金（万元）", 14, "amount", total=True), Column("服务人次", 10, "integer", total=True)),
]
ROW = [1, "00012", "红色物业", date(2026, 3, 5), 5001, "red", Decimal("12.5"), 100]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "台账.xlsx"


@pytest.fixture
def written(path):
    """`written(rows)` writes them below COLUMNS and opens the sheet."""

    def sheet(rows, columns=COLUMNS, **options):
        write_ledger(path, Ledger("年度台账", "单位：个　日期：2026年5月10日", columns, **options), rows)
        return load_workbook(path).active

    return sheet


def values(sheet, row: int) -> list:
    return [cell.value for cell in sheet[row]]


def test_each_kind_is_what_it_says(written):
    sheet = written([ROW])
    assert values(sheet, 1)[0] == "年度台账"
    assert values(sheet, 2)[0] == "单位：个　日期：2026年5月10日"
    assert values(sheet, 3) == [column.title for column in COLUMNS]
    assert values(sheet, 4) == [1, "00012", "红色物业", datetime(2026, 3, 5), 50.01, "■ 严重滞后", 12.5, 100]
    assert [cell.data_type for cell in sheet[4]] == ["n", "s", "s", "d", "n", "s", "n", "n"]
    assert [cell.number_format for cell in sheet[4]] == [
        *("0", "@", "General", "yyyy-mm-dd", "0.00", "General", "#,##0.00", "0")
    ]


@pytest.mark.parametrize(
    ("light", "words"),
    [
        *(("green", "● 正常"), ("yellow", "▲ 滞后"), ("red", "■ 严重滞后"), ("grey", "○ 未报")),
        *((None, None), ("", None)),
    ],
)
def test_a_light_is_a_shape_and_a_word(written, light, words):
    assert written([[*ROW[:5], light, *ROW[6:]]])["F4"].value == words


@pytest.mark.parametrize(
    "typed",
    [
        '=HYPERLINK("http://evil.example","点我")',
        *("+86 25 5288", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "=", "#N/A", "TRUE", "00012", "1E5"),
        *("  两端空格  ", "第一行\n第二行", "<b>&amp;</b>", "'=1"),
    ],
)
@pytest.mark.parametrize("kind", ["text", "code", "day", "integer", "points", "amount", "light"])
def test_what_was_typed_stays_and_is_no_formula(written, typed, kind):
    cell = written([[1, typed]], [Column("序号", 6), Column("内容", 10, kind)])["B4"]
    assert (cell.value, cell.data_type) == (typed, "s")
    assert bool(cell.quotePrefix) is typed.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_title_note_and_header_are_inert_too(path):
    write_ledger(path, Ledger("=1+1", "+1", [Column("-1", 6)], sheet_name="=1+1"), [])
    sheet = load_workbook(path).active
    assert [(cell.value, cell.data_type) for cell in sheet["A"]] == [("=1+1", "s"), ("+1", "s"), ("-1", "s")]


def test_no_formula_stands_anywhere_in_the_file(written, path):
    written([[1, "=1+1", "=2", None, None, None, None, None]])
    with zipfile.ZipFile(path) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_control_characters_are_left_out_and_escapes_stay_text(written):
    columns = [Column("序号", 6), Column("内容", 10)]
    assert written([[1, "标\x00题\x0b\ud800"]], columns)["B4"].value == "标题"
    assert written([[1, "_x0041_"]], columns)["B4"].value == "_x005F_x0041_"  # as Excel writes it


def test_totals_only_where_asked(written):
    sheet = written([ROW, [2, *ROW[1:6], Decimal("0.25"), None]])
    assert values(sheet, 6) == ["合计", None, None, None, None, None, 12.75, 100]
    assert sheet.max_row == 6


def test_a_text_among_figures_leaves_the_total_out(written):
    sheet = written([ROW, [*ROW[:7], "近5000"]])
    assert values(sheet, 6) == ["合计", None, None, None, None, None, 25, None]


def test_no_column_asks_for_a_total(written):
    assert written([[1, "甲"]], [Column("序号", 6), Column("内容", 10)]).max_row == 4


def test_the_first_column_cannot_have_a_total():
    with pytest.raises(ValueError, match="合计"):
        Ledger("台账", "", [Column("人次", 6, "integer", total=True)])


@pytest.mark.parametrize(("paper", "number"), [("A4", 9), ("A3", 8)])
def test_it_prints_on_landscape_pages_one_wide(written, paper, number):
    sheet = written([ROW], paper=paper)
    setup = sheet.page_setup
    assert (setup.orientation, setup.paperSize, setup.fitToWidth, setup.fitToHeight) == ("landscape", number, 1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage is True
    assert (sheet.freeze_panes, sheet.print_title_rows, sheet.auto_filter.ref) == ("A4", "$1:$3", "A3:H4")
    assert {str(merged) for merged in sheet.merged_cells.ranges} == {"A1:H1", "A2:H2"}
    assert (sheet["A1"].alignment.horizontal, sheet.oddFooter.center.text) == ("center", "第 &P 页，共 &N 页")
    assert {cell.border.left.style for row in sheet["A3:H5"] for cell in row} == {"thin"}


def test_a_row_is_as_high_as_its_longest_text(written):
    heights = written([ROW, [*ROW[:2], "字" * 30, *ROW[3:]]]).row_dimensions
    assert (heights[4].height, heights[5].height) == (20, 65)


def test_an_aware_moment_is_its_day_here(written):
    late = datetime(2026, 3, 5, 20, 0, tzinfo=UTC)  # 4 o'clock of the next day in China
    assert written([[*ROW[:3], late, *ROW[4:]]])["D4"].value == datetime(2026, 3, 6)


def test_several_sheets_have_names_of_their_own(path):
    ledger = Ledger("一街道/二街道[2026]:台账*?", "", [Column("序号", 6)])
    write_workbook(path, [(ledger, [[1]]), (ledger, [[2]]), (Ledger("", "", ledger.columns), [])])
    assert load_workbook(path).sheetnames == ["一街道二街道2026台账", "一街道二街道2026台账2", "台账"]


def test_it_tells_how_far_it_is(path):
    told = []
    ledger = Ledger("台账", "", [Column("序号", 6)])
    rows = [[number] for number in range(300)]
    write_workbook(path, [(ledger, rows), (ledger, rows)], lambda done, total: told.append((done, total)))
    assert told == [(200, 600), (400, 600), (600, 600), (600, 600)]
    told.clear()
    write_ledger(path, ledger, iter(rows), lambda done, total: told.append((done, total)))
    assert told == [(200, 300), (300, 300)]


def test_nothing_tells_of_the_machine(written, path, settings):
    settings.TODAY = "2026-05-10"
    written([ROW])
    properties = load_workbook(path).properties
    assert (properties.creator, properties.lastModifiedBy) == ("红色矩阵", "红色矩阵")
    assert properties.created == datetime(2026, 5, 10)
