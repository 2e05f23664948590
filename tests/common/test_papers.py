"""The same paper as Word and as PDF: contents, texts as typed, and both offered under one permission."""

from __future__ import annotations

import re
from datetime import date

import docx
import pytest
from docx.oxml.ns import qn
from PIL import Image

from common import exports, jobs
from common.errors import Forbidden
from common.exports import EXPORTS
from common.paper_layout import BODY_SIZE, Numbering, heading_number, picture_for_print
from common.papers import MAKERS, register_paper
from tests.common.papers import pdf_lines, pdf_pages, squeezed, word_lines

NASTY = '#import "@preview/x:1.0.0": * =HYPERLINK("http://x") *_$\\ `raw` <label> @ref [] {} // /* "quotes" a -- b'
HOSTILE = [
    NASTY,
    "=cmd|'/c calc'!A0",
    "前\x00后\x1e\x1f\x07",
    "笑😀脸",
    "“引号”。《书名》（示例）：“再引”——“三引”……完",
    "字" * 3000,
    "https://example.invalid/" + "a1b2" * 75,
]


@pytest.fixture(params=sorted(MAKERS))
def suffix(request):
    return request.param


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "照片.webp"
    Image.new("RGBA", (1600, 900), (180, 19, 26, 128)).save(path)
    return path


def lines(path) -> list[str]:
    return word_lines(path) if path.suffix == ".docx" else pdf_lines(path)


def write(suffix, tmp_path, say, title="标题", **head):
    document = MAKERS[suffix](title, **head)
    say(document)
    path = tmp_path / f"文稿.{suffix}"
    document.save(path)
    return path


def test_both_hold_the_same_texts_in_the_same_order(tmp_path, picture):
    def say(document):
        document.heading(1, "基本情况")
        document.heading(2, "主要措施")
        document.heading(3, "建阵地")
        document.paragraphs("第一段。\r\n\r\n　　第二段。\n")
        document.table(["序号", "里程碑"], [[1, "建阵地"], [2, "见成效"]], [20, 136], centred=[0])
        document.picture(picture, "图一　阵地")
        document.pictures([(picture, "左图"), (picture, "右图")])
        document.heading(1, "附则", numbered=False)
        document.page_break()
        document.title("附表")
        document.heading(1, "说明")
        document.facts([[("项目名称", "红色物业")], [("申报单位", "第一街道"), ("领题书记", "张三")]])
        document.signature("第一街道党工委", date(2026, 5, 3))

    head = {"title": "关于书记项目的请示", "number": "编号：2026-01", "addressee": "区委组织部"}
    found = [squeezed("".join(lines(write(suffix, tmp_path, say, **head)))) for suffix in ("docx", "pdf")]
    expected = [
        *("编号：2026-01", "关于书记项目的请示", "区委组织部："),
        *("一、基本情况", "（一）主要措施", "1.建阵地", "第一段。", "第二段。"),
        *("序号", "里程碑", "1", "建阵地", "2", "见成效", "图一阵地", "左图", "右图", "附则"),
        *("附表", "一、说明", "项目名称", "红色物业", "申报单位", "第一街道", "领题书记", "张三"),
        *("第一街道党工委（盖章）", "2026年5月3日"),
    ]
    assert found == ["".join(expected), "".join(expected)]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_people_paste_comes_out_as_typed(suffix, tmp_path, text):
    def say(document):
        document.heading(1, text[:40])
        document.paragraph(text)
        document.table(["栏"], [[text]], [60])
        document.facts([[("名称", text)]])
        document.signature("落款", None, stamp=False)

    # On each further page the table's header stands again; a label stands in the middle of its value's height.
    found = re.sub("栏|名称", "", squeezed("".join(lines(write(suffix, tmp_path, say)))))
    typed = squeezed(text.translate({0: None, 7: None, 0x1E: None, 0x1F: None}))
    shown = squeezed(text[:40].translate({0: None, 7: None, 0x1E: None, 0x1F: None}))
    assert found == f"标题一、{shown}{typed}{typed}{typed}落款年月日"


def test_a_hostile_title_and_caption(suffix, tmp_path, picture):
    path = write(suffix, tmp_path, lambda document: document.picture(picture, NASTY), title=NASTY)
    assert squeezed("".join(lines(path))) == 2 * squeezed(NASTY)


def test_contents_list_the_titles_of_parts_with_their_pages(suffix, tmp_path):
    def say(document):
        document.cover(subtitle="副题", organization="区委组织部", day=date(2026, 12, 1))
        document.contents()
        for turn in (1, 2, 3):
            document.page_break()
            document.title(f"{turn}号\n项目")
            document.heading(1, "成效")
            document.paragraph("正文。")

    path = write(suffix, tmp_path, say, title="汇编")
    parts = [text for turn in (1, 2, 3) for text in (f"{turn}号项目", "一、成效", "正文。")]
    found = [squeezed(line) for line in lines(path)]
    cover = ["汇编", "副题", "区委组织部", "2026年12月1日", "目录"]
    if suffix == "docx":
        assert found == [*cover, "1号项目", "2号项目", "3号项目", *parts]
    else:
        listed = [line.replace(".", "").replace("\u2060", "") for line in found]
        # A title of two lines stays two lines where it stands.
        split = [text for part in parts for text in ((part[:2], part[2:]) if "号项目" in part else (part,))]
        assert listed == [*cover, "1号项目3", "2号项目4", "3号项目5", *split]
        pages = pdf_pages(path)
        assert [squeezed(page)[-3:] for page in pages] == ["月1日", "—2—", "—3—", "—4—", "—5—"]


def test_without_parts_the_headings_are_listed_as_deep_as_asked(suffix, tmp_path):
    def say(document):
        document.contents(2)
        document.heading(1, "甲")
        document.heading(2, "乙")
        document.heading(3, "丙")

    found = squeezed("".join(lines(write(suffix, tmp_path, say))))
    listed = re.sub(r"\.{3,}\u2060?1", "", found)  # dots and page number, which Word fills in itself
    assert listed == "标题目录一、甲（一）乙一、甲（一）乙1.丙"


def test_word_is_told_to_fill_its_contents(tmp_path):
    def say(document):
        document.contents()
        document.title("甲篇")

    document = docx.Document(str(write("docx", tmp_path, say)))
    told = [element.text for element in document.element.body.iter(qn("w:instrText"))]
    styles = "公文篇名,1,公文一级标题,2,公文二级标题,3,公文三级标题,4"
    assert told == [f' TOC \\h \\z \\t "{styles}" ', " PAGEREF _Toc000001 \\h "]
    assert document.settings.element.find(qn("w:updateFields")).get(qn("w:val")) == "true"
    marks = [element.get(qn("w:name")) for element in document.element.body.iter(qn("w:bookmarkStart"))]
    assert marks == ["_Toc000001"]
    kinds = [element.get(qn("w:fldCharType")) for element in document.element.body.iter(qn("w:fldChar"))]
    assert kinds == ["begin", "separate", "begin", "separate", "end", "end"]


def test_pictures_are_made_ready_for_print(tmp_path, picture):
    found = picture_for_print(picture)
    assert (found.width, found.height) == (1400, 788)
    assert found.content[:3] == b"\xff\xd8\xff"
    assert found.content == picture_for_print(picture).content
    # A tall picture stays on its page; half-transparent red stands on white.
    assert (found.width_within(120), round(found.width_within(120, 45), 1)) == (120, 79.9)
    Image.open(picture).convert("RGBA").save(tmp_path / "a.png")
    (tmp_path / "a.jpg").write_bytes(found.content)
    with Image.open(tmp_path / "a.jpg") as printed:
        assert all(abs(a - b) < 6 for a, b in zip(printed.getpixel((9, 9)), (217, 137, 140), strict=True))


def test_word_keeps_a_picture_with_its_description(tmp_path, picture):
    document = docx.Document(str(write("docx", tmp_path, lambda d: d.picture(picture, "图一 <阵地>", width=100))))
    (shape,) = document.inline_shapes
    assert (round(shape.width.mm), shape._inline.docPr.get("descr")) == (100, "图一 <阵地>")


def test_numbers_of_headings():
    assert [heading_number(1, n) for n in (1, 10, 11, 20, 21)] == ["一、", "十、", "十一、", "二十、", "二十一、"]
    count = Numbering()
    assert [count.next(1), count.next(2), count.next(2), count.next(3), count.next(1), count.next(2)] == [
        *("一、", "（一）", "（二）", "1. ", "二、", "（一）")
    ]
    assert BODY_SIZE == 16


def test_a_registered_paper_is_two_exports_under_one_permission(cast, actor):
    def write_paper(make, context):
        document = make("说明", addressee=context.params["to"])
        document.paragraph("正文。")
        return document

    register_paper(
        kind="test_paper",
        title="说明书",
        may=lambda user, params: user.pk == cast.officer.pk,
        write=write_paper,
        clean=lambda user, params: {"to": str(params.get("to", ""))},
    )
    try:
        assert [(EXPORTS[kind].title, EXPORTS[kind].suffix) for kind in ("test_paper", "test_paper_pdf")] == [
            ("说明书", "docx"),
            ("说明书（PDF）", "pdf"),
        ]
        with pytest.raises(Forbidden, match="您不能导出“说明书（PDF）”。"):
            exports.request_export(kind="test_paper_pdf", params={}, by=actor(cast.outsider))
        for kind, suffix in (("test_paper", "docx"), ("test_paper_pdf", "pdf")):
            job = exports.request_export(kind=kind, params={"to": "各街道"}, by=actor(cast.officer))
            jobs.run(job.pk)
            job.refresh_from_db()
            path, name, content_type = exports.fetch(job, actor(cast.officer))
            assert (name[:3], name.rpartition(".")[2], content_type) == ("说明书", suffix, exports.TYPES[suffix])
            assert lines(path) == ["说明", "各街道：", "正文。"]
    finally:
        del EXPORTS["test_paper"], EXPORTS["test_paper_pdf"]
