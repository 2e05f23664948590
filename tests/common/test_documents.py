"""Word in the layout of official papers: measures, faces, numbering, and texts that people paste."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime

import docx
import pytest
from docx.oxml.ns import qn

from common.documents import OfficialDocument


@pytest.fixture
def written(tmp_path, settings):
    """`written(document)` saves it and opens it again."""
    settings.TODAY = "2026-05-10"

    def saved(document: OfficialDocument):
        document.save(tmp_path / "公文.docx")
        return docx.Document(str(tmp_path / "公文.docx"))

    return saved


@pytest.fixture
def sample(written):
    document = OfficialDocument("关于书记项目的请示", number="编号：2026-01", addressee="区委组织部")
    document.heading(1, "基本情况")
    document.heading(2, "主要措施")
    document.heading(3, "建阵地")
    document.paragraphs("第一段。\r\n\r\n　　第二段。\n")
    document.table(["序号", "里程碑"], [[1, "建阵地"], [2, None]], [20, 136], centred=[0])
    document.facts([[("项目名称", "红色物业")], [("申报单位", "第一街道"), ("领题书记", "张三")]])
    document.signature("第一街道党工委", date(2026, 5, 3))
    return written(document)


def texts(document) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs if paragraph.text]


def runs(document):
    for paragraph in [*document.paragraphs, *document.sections[0].footer.paragraphs]:
        yield from paragraph.runs
    for table in document.tables:
        for cell in {cell._tc: cell for row in table.rows for cell in row.cells}.values():
            for paragraph in cell.paragraphs:
                yield from paragraph.runs


def test_the_page_is_that_of_official_papers(sample):
    section = sample.sections[0]
    measures = (
        *(section.page_width, section.page_height),
        *(section.top_margin, section.left_margin, section.right_margin, section.bottom_margin),
    )
    assert [round(measure.mm) for measure in measures] == [210, 297, 37, 28, 26, 35]
    body = sample.styles["公文正文"]
    assert (body.font.size.pt, body.paragraph_format.line_spacing.pt) == (16, 28.95)
    # 22 lines fill the height and 28 characters the width, and no 23rd or 29th would.
    assert [int(225 / 25.4 * 72 / 28.95), int(156 / 25.4 * 72 / (16 - 0.25))] == [22, 28]
    assert body.element.rPr.find(qn("w:spacing")).get(qn("w:val")) == "-5"
    assert body.element.pPr.ind.get(qn("w:firstLineChars")) == "200"


def test_texts_in_their_order_and_numbering(sample):
    assert texts(sample) == [
        *("编号：2026-01", "关于书记项目的请示", "区委组织部："),
        *("一、基本情况", "（一）主要措施", "1. 建阵地", "第一段。", "第二段。"),
        *("第一街道党工委（盖章）", "2026年5月3日"),
    ]


def test_numbers_start_again_below_a_heading(written):
    document = OfficialDocument("标题")
    for number in range(1, 13):
        document.heading(1, str(number))
        document.heading(2, "甲")
        document.heading(2, "乙")
    document.heading(1, "附则", numbered=False)
    found = texts(written(document))
    assert found[1::3] == [f"{word}、{n}" for n, word in enumerate("一二三四五六七八九十", start=1)] + [
        *("十一、11", "十二、12"),
        "附则",
    ]
    assert set(found[2::3]) == {"（一）甲"}
    assert set(found[3::3]) == {"（二）乙"}


@pytest.mark.parametrize(
    ("style", "face", "size"),
    [
        ("公文标题", "方正小标宋简体", 22),
        ("公文正文", "仿宋_GB2312", 16),
        ("公文一级标题", "黑体", 16),
        ("公文二级标题", "楷体_GB2312", 16),
        ("公文页码", "宋体", 14),
        ("公文表格", "仿宋_GB2312", 12),
    ],
)
def test_each_style_names_its_chinese_face(sample, style, face, size):
    found = sample.styles[style]
    assert (found.element.rPr.rFonts.get(qn("w:eastAsia")), found.font.size.pt) == (face, size)


def test_every_run_names_its_chinese_face(sample):
    faces = [run._r.rPr.rFonts.get(qn("w:eastAsia")) for run in runs(sample)]
    assert len(faces) == 10 + 5 + 6 + 6
    assert set(faces) == {"方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体"}
    defaults = sample.styles.element.find(f"{qn('w:docDefaults')}//{qn('w:rFonts')}")
    assert [name for name in defaults.attrib if name.endswith("Theme")] == []


def test_tables_are_ruled_and_repeat_their_header(sample):
    table, form = sample.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["序号", "里程碑"], ["1", "建阵地"], ["2", ""]]
    assert [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows] == [True, False, False]
    assert ([round(column.width.mm) for column in table.columns], table.style.name) == ([20, 136], "Table Grid")
    assert [[cell.text for cell in row.cells] for row in form.rows] == [
        ["项目名称", "红色物业", "红色物业", "红色物业"],
        ["申报单位", "第一街道", "领题书记", "张三"],
    ]


def test_a_table_wider_than_the_page_is_refused():
    with pytest.raises(ValueError, match="wider"):
        OfficialDocument("标题").table(["甲", "乙"], [], [80, 80])


def test_the_footer_counts_pages(sample):
    (paragraph,) = sample.sections[0].footer.paragraphs
    assert (paragraph.text, paragraph.style.name) == ("—  —", "公文页码")
    assert [element.text for element in paragraph._p.iter(qn("w:instrText"))] == [" PAGE "]


@pytest.mark.parametrize(("organization", "least"), [("区委组织部", 4), ("中共第一街道工作委员会机关总支部", 2)])
def test_the_day_stands_below_the_middle_of_the_name(written, organization, least):
    document = OfficialDocument("标题")
    document.signature(organization, date(2026, 5, 3), stamp=False)
    signed = written(document).paragraphs[-2:]
    width = [len(organization), 2 + 1 + 1 + 0.5 + 1 + 0.5]
    found = [paragraph.paragraph_format.right_indent.pt / 16 for paragraph in signed]
    middles = [space + wide / 2 for space, wide in zip(found, width, strict=True)]
    assert abs(middles[0] - middles[1]) < 0.1
    assert min(found) == least


def test_no_signature_stands_on_a_page_alone(written):
    document = OfficialDocument("标题")
    document.facts([[("甲", "一")], [("乙", "二\n三")]])
    document.signature("区委组织部", None)
    found = written(document)
    rows = [
        [p.paragraph_format.keep_with_next for c in row.cells[:2] for p in c.paragraphs] for row in found.tables[0].rows
    ]
    assert rows == [[None, None], [True, True, True]]
    assert [p.paragraph_format.keep_with_next for p in found.paragraphs[-4:]] == [True, True, True, False]


def test_a_day_may_be_left_to_be_written_in(written):
    document = OfficialDocument("标题")
    document.signature("区委组织部", None)
    assert [paragraph.text for paragraph in written(document).paragraphs[-2:]] == [
        "区委组织部（盖章）",
        "　　年　　月　　日",
    ]


def test_a_page_break_opens_the_next_page_and_no_empty_one(written):
    document = OfficialDocument("标题")
    document.page_break()
    document.title("附表")
    document.page_break()
    document.table(["甲"], [["乙"]], [50])
    found = written(document).paragraphs
    assert [p.text for p in found if p.paragraph_format.page_break_before] == ["附表", ""]


def test_pasted_control_characters_are_left_out(written):
    document = OfficialDocument("标\x00题\x0b")
    document.paragraph("正\x01文\ud800\ufffe")
    document.facts([[("名\x02称", "=HYPERLINK(\x1f)")]])
    found = written(document)
    assert (texts(found), found.tables[0].rows[0].cells[1].text) == (["标题", "正文"], "=HYPERLINK()")
    assert found.core_properties.title == "标题"


def test_nothing_tells_of_the_machine(sample, tmp_path):
    properties = sample.core_properties
    assert (properties.author, properties.last_modified_by, properties.comments) == ("红色矩阵", "红色矩阵", "")
    assert properties.created == properties.modified == datetime(2026, 5, 10, tzinfo=UTC)
    with zipfile.ZipFile(tmp_path / "公文.docx") as archive:
        assert 'w:altName w:val="仿宋"' in archive.read("word/fontTable.xml").decode()
