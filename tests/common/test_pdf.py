"""PDF papers: the measures of official papers, the same bytes each time, long tables, and no font no file."""

from __future__ import annotations

import re
import subprocess
from datetime import date

import pytest

from common import pdf
from common.errors import ActionError
from common.pdf import PdfDocument
from portal.checks import chinese_fonts
from tests.common.papers import pdf_lines, pdf_pages, squeezed

PT_PER_MM = 72 / 25.4


@pytest.fixture
def written(tmp_path, settings):
    settings.TODAY = "2026-05-10"

    def saved(document: PdfDocument):
        document.save(tmp_path / "公文.pdf")
        return tmp_path / "公文.pdf"

    return saved


@pytest.fixture
def no_font(settings, tmp_path):
    """A machine without fonts, and a department that has put none of its own."""
    settings.SYSTEM_FONTS, settings.FONT_FOLDER = False, tmp_path / "fonts"


def words(path) -> list[tuple[float, float, float, float, str]]:
    """Each word's box in mm from the page's upper left corner, and the word; of the first page."""
    done = subprocess.run(["pdftotext", "-bbox", "-l", "1", path, "-"], capture_output=True, check=True)
    pattern = r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>'
    return [
        (*(float(value) / PT_PER_MM for value in found[:4]), found[4])
        for found in re.findall(pattern, done.stdout.decode())
    ]


def test_22_lines_of_28_characters_stand_on_a_page(written):
    document = PdfDocument("")
    document._blocks.clear()
    document.paragraph("字" * (28 * 40 - 2))
    path = written(document)
    pages = [page.split() for page in pdf_pages(path)]
    assert [len(page) for page in pages] == [22 + 1, 18 + 1]
    assert [len(line) for line in pages[0]] == [26, *[28] * 21, len("—1—")]


def test_the_type_area_is_that_of_official_papers(written):
    document = PdfDocument("")
    document._blocks.clear()
    document.paragraph("字" * (28 * 22 - 2))
    found = words(written(document))
    lines, page_number = found[:22], found[-1]
    assert abs(lines[1][0] - 28) < 0.5
    assert 183 < lines[1][2] <= 184.5
    assert abs(lines[0][0] - (28 + 2 * 15.75 / PT_PER_MM)) < 1
    # The pitch of lines is 28.95 pt, and the page number stands below the type area, in the middle of it.
    assert abs((lines[21][1] - lines[1][1]) / 20 - 28.95 / PT_PER_MM) < 0.05
    assert 262 < page_number[1] < 275


def test_the_same_paper_gives_the_same_bytes(written, settings, tmp_path):
    def made() -> bytes:
        document = PdfDocument("标题", number="编号：1")
        document.paragraph("正文。")
        document.signature("区委组织部", date(2026, 5, 3))
        return document.content()

    first = made()
    assert first == made()
    assert first[:5] == b"%PDF-"
    (tmp_path / "a.pdf").write_bytes(first)
    told = subprocess.run(["pdfinfo", tmp_path / "a.pdf"], capture_output=True, check=True).stdout.decode()
    facts = dict(line.split(":", 1) for line in told.splitlines())
    assert [facts[name].strip() for name in ("Title", "Author", "Pages", "Encrypted")] == [
        "标题",
        "红色矩阵",
        "1",
        "no",
    ]
    assert facts["Page size"].strip() == "595.276 x 841.89 pts (A4)"
    assert "May 10" in facts["CreationDate"]


def test_a_long_table_goes_over_pages_and_repeats_its_header(written):
    document = PdfDocument("标题")
    rows = [[turn, f"第{turn}项", "说明" * (turn % 9)] for turn in range(1, 121)]
    document.table(["序号", "名称", "说明"], rows, (16, 60, 80), centred=(0,))
    pages = [squeezed(page) for page in pdf_pages(written(document))]
    assert len(pages) > 3
    assert [page.count("序号名称说明") for page in pages] == [1] * len(pages)
    found = [int(turn) for page in pages for turn in re.findall(r"第(\d+)项", page)]
    assert found == list(range(1, 121))


def test_a_row_higher_than_a_page_is_not_cut_off(written):
    document = PdfDocument("标题")
    document.facts([[("主要措施", "措施" * 1500)]])
    path = written(document)
    assert len(pdf_pages(path)) > 1
    assert squeezed("".join(pdf_lines(path))) == "标题主要措施" + "措施" * 1500


def test_no_signature_stands_on_a_page_alone(written):
    for more in range(6):
        document = PdfDocument("标题")
        for _ in range(14 + more):
            document.paragraph("一行。")
        document.signature("区委组织部", date(2026, 5, 3))
        last = pdf_pages(written(document))[-1]
        assert "一行。" in last


def test_a_table_wider_than_the_page_is_refused():
    with pytest.raises(ValueError, match="wider"):
        PdfDocument("标题").table(["甲", "乙"], [], [80, 80])


def test_without_a_chinese_font_there_is_a_message_and_no_file(no_font, tmp_path):
    document = PdfDocument("标题")
    with pytest.raises(ActionError) as refused:
        document.save(tmp_path / "公文.pdf")
    assert (refused.value.message, refused.value.code) == (pdf.NO_FONT, "no_chinese_font")
    assert not (tmp_path / "公文.pdf").exists()


def test_the_system_check_says_so_too(no_font):
    (found,) = chinese_fonts(None)
    assert (found.id, found.msg) == ("portal.W001", pdf.NO_FONT)


def test_with_a_chinese_font_the_check_is_silent():
    assert chinese_fonts(None) == []
