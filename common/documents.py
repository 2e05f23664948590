"""Word documents in the layout of official papers (公文, GB/T 9704): A4, 22 lines of 28 characters."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time
from io import BytesIO
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt

from common import days, word_fields
from common import paper_layout as layout
from common.office import PRODUCER, legal_text, printed_width
from common.paper_layout import BODY_FACE, FIRST_FACE, PICTURE_HEIGHT, TYPE_AREA, Captioned, Fact, day_words
from common.paper_layout import lines_of as _lines
from common.word_styles import (
    CELL_SIZE,
    CENTRE,
    COVER_SIZE,
    STYLES,
    add_run,
    indent_first_line,
    set_footer,
    set_page,
    set_styles,
    styled,
)

_CELL_MARGINS = (
    f"<w:tblCellMar {nsdecls('w')}>"
    + "".join(
        f'<w:{side} w:w="{width}" w:type="dxa"/>'
        for side, width in (("top", 45), ("left", 85), ("bottom", 45), ("right", 85))
    )
    + "</w:tblCellMar>"
)


class OfficialDocument:
    """A document that grows from top to bottom; `save` writes it. Texts may hold anything that people paste."""

    def __init__(self, title: str, *, number: str = "", addressee: str = "") -> None:
        self._document = Document()
        self._numbering = layout.Numbering()
        self._break = False
        self._title = legal_text(title)
        self._entries: list[word_fields.Entry] = []
        self._contents: tuple[Any, int] | None = None
        set_page(self._document)
        set_styles(self._document)
        set_footer(self._document)
        if number:
            self._add("公文编号", number)
        self._head = [self._add("公文标题", line) for line in _lines(title)]
        self._gap()
        if addressee:
            self._add("公文主送", f"{addressee.rstrip('：:')}：")

    def title(self, text: str) -> None:
        """The title of a part (标题), as the first one looks; headings below it count from one again."""
        self._numbering.restart()
        self._enter(0, "公文篇名", _lines(text))
        self._gap()

    def heading(self, level: int, text: str, *, numbered: bool = True) -> None:
        """一、 at level 1, （一） at level 2, 1. at level 3: counted here, unless the text is not to be."""
        number = self._numbering.next(level) if numbered else ""
        self._enter(level, f"公文{'一二三'[level - 1]}级标题", [number + " ".join(_lines(text))])

    def paragraph(self, text: str) -> None:
        self._add("公文正文", " ".join(_lines(text)))

    def paragraphs(self, text: str) -> None:
        """One paragraph a line; empty lines are none."""
        for line in _lines(text):
            self._add("公文正文", line)

    def table(
        self,
        header: Sequence[str],
        rows: Iterable[Sequence[object]],
        widths: Sequence[float],
        *,
        centred: Collection[int] = (),
    ) -> None:
        """A ruled table whose header is repeated on every page; `widths` in mm, `centred` columns by index."""
        table = self._new_table(widths)
        _fill_row(table.add_row(), header, face=FIRST_FACE, centred=range(len(header)), shaded=range(len(header)))
        _flag_row(table.rows[0], "w:tblHeader", "w:cantSplit")
        for values in rows:
            row = table.add_row()
            _fill_row(row, ["" if value is None else str(value) for value in values], centred=centred)
            _flag_row(row, "w:cantSplit")
        self._gap(6)

    def facts(self, rows: Iterable[Sequence[Fact]], *, label_width: float = 28) -> None:
        """A form's table (表格): one or two pairs of label and value a row; labels shaded and centred."""
        half = TYPE_AREA / 2 - label_width
        table = self._new_table([label_width, half, label_width, half])
        for pairs in rows:
            row = table.add_row()
            row.height = Mm(10)
            if len(pairs) == 1:
                row.cells[1].merge(row.cells[3])
            for place, (label, value) in enumerate(pairs):
                _fill_cell(row.cells[2 * place], label, face=FIRST_FACE, centred=True, shaded=True)
                _fill_cell(row.cells[2 * place + 1], value, indent=len(pairs) == 1)
        self._gap(6)

    def page_break(self) -> None:
        """What comes next begins a new page."""
        self._break = True

    def cover(self, *, subtitle: str = "", organization: str = "", day: date | None = None) -> None:
        """Make the first page a cover (封面) of the title, and begin the next; call it before anything else."""
        self._document.sections[0].different_first_page_header_footer = True
        for turn, paragraph in enumerate(self._head):
            styled(paragraph, "公文封面标题")
            paragraph.paragraph_format.space_before = Pt(0 if turn else 110)
            for run in paragraph.runs:
                run.font.size = COVER_SIZE
        lines = [*_lines(subtitle), "", *_lines(organization), *([day_words(day)] if day else [])]
        for line in lines:
            paragraph = self._add("公文封面", line)
            if not line:
                paragraph.paragraph_format.space_before = Pt(230)
        self._break = True

    def contents(self, depth: int = 1) -> None:
        """A table of contents (目录): the titles of parts, or the headings of a paper without parts, `depth` deep."""
        self._add("公文标题", layout.CONTENTS_TITLE)
        self._gap()
        self._contents = (self._document.add_paragraph(), depth)

    def picture(self, path: str | os.PathLike[str], caption: str = "", width: float = 120) -> None:
        """A picture in the middle, at most `width` mm wide, its caption below it."""
        place = self._add("公文图", "")
        self._place_picture(place, path, caption, width)
        if caption:
            place.paragraph_format.keep_with_next = True
            self._add("公文图题", " ".join(_lines(caption)))

    def pictures(self, row: Sequence[Captioned]) -> None:
        """Pictures side by side in equal widths, each with its caption below."""
        width = TYPE_AREA / len(row)
        table = self._new_table([width] * len(row))
        table.style = "Normal Table"
        cells = table.add_row().cells
        _flag_row(table.rows[0], "w:cantSplit")
        for cell, (path, caption) in zip(cells, row, strict=True):
            self._place_picture(styled(cell.paragraphs[0], "公文图"), path, caption, width - 3, width * 0.75, len(row))
            add_run(styled(cell.add_paragraph(), "公文图题"), " ".join(_lines(caption)), *STYLES["公文图题"][:2])
        self._gap(6)

    def signature(self, organization: str, day: date | None, stamp: bool = True) -> None:
        """The signature (落款) at the right, centred above its day; without a day it is left to be written in."""
        signed = f"{legal_text(organization)}{'（盖章）' if stamp else ''}"
        dated = day_words(day)
        self._keep_last()
        self._gap()
        self._document.paragraphs[-1].paragraph_format.keep_with_next = True
        for text, space in zip((signed, dated), layout.signature_indents(signed, dated), strict=True):
            paragraph = self._add("公文落款", text)
            paragraph.paragraph_format.right_indent = Pt(16 * space)
            paragraph.paragraph_format.keep_with_next = text is signed

    def save(self, path: str | os.PathLike[str]) -> None:
        if self._contents:
            place, depth = self._contents
            styles = ((level, name) for name, (*_, level) in STYLES.items() if level is not None)
            word_fields.fill_contents(place, word_fields.listed(self._entries, depth), styles)
        properties = self._document.core_properties
        made = datetime.combine(days.today(), time(), tzinfo=UTC)
        properties.author = properties.last_modified_by = PRODUCER
        properties.title = " ".join(_lines(self._title))[:255]
        properties.comments = ""
        properties.revision = 1
        properties.created = properties.modified = made
        self._document.save(str(Path(path)))

    def _enter(self, level: int, style: str, lines: Sequence[str]) -> None:
        """A title or heading, in one paragraph: the table of contents has one entry for it."""
        paragraph = self._add(style, "\n".join(lines))
        name = word_fields.add_bookmark(paragraph, len(self._entries) + 1)
        self._entries.append(word_fields.Entry(level, " ".join(lines), name))

    def _place_picture(
        self,
        paragraph: Any,
        path: str | os.PathLike[str],
        caption: str,
        width: float,
        height: float = PICTURE_HEIGHT,
        abreast: int = 1,
    ) -> None:
        found = layout.picture_for_print(path, abreast)
        shape = paragraph.add_run().add_picture(BytesIO(found.content), width=Mm(found.width_within(width, height)))
        shape._inline.docPr.set("descr", " ".join(_lines(caption)))

    def _add(self, style: str, text: str) -> Any:
        paragraph = styled(self._document.add_paragraph(), style)
        if text:
            add_run(paragraph, text, *STYLES[style][:2])
        if self._break:
            paragraph.paragraph_format.page_break_before = True
            self._break = False
        return paragraph

    def _gap(self, height: float = 0) -> None:
        """An empty line, or a gap of `height` pt; tables that touch would be one."""
        paragraph = styled(self._document.add_paragraph(), "公文主送")
        if height:
            paragraph.paragraph_format.line_spacing = Pt(height)

    def _keep_last(self) -> None:
        """Whatever stands last goes to the next page with what follows: no signature stands on a page alone."""
        for element in reversed(self._document.element.body[:-1]):
            row = element.tr_lst[-1] if element.tag == qn("w:tbl") else element
            for paragraph in row.iter(qn("w:p")):
                paragraph.get_or_add_pPr().get_or_add_keepNext()
            if row is not element or "".join(element.itertext()).strip():
                return

    def _new_table(self, widths: Sequence[float]) -> Any:
        if sum(widths) > TYPE_AREA + 0.01:
            raise ValueError(f"a table of {sum(widths)} mm is wider than the page's {TYPE_AREA} mm")
        if self._break:
            self._add("公文主送", "").paragraph_format.line_spacing = Pt(1)
        table = self._document.add_table(rows=0, cols=len(widths), style="Table Grid")
        table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
        table._tbl.tblPr.insert_element_before(parse_xml(_CELL_MARGINS), "w:tblLook")
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Mm(width)
        return table


def _fill_row(
    row: Any, texts: Sequence[str], *, face: str = BODY_FACE, centred: Collection[int], shaded: Collection[int] = ()
) -> None:
    for index, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
        _fill_cell(cell, text, face=face, centred=index in centred, shaded=index in shaded)


def _fill_cell(
    cell: Any, text: str, *, face: str = BODY_FACE, centred: bool = False, shaded: bool = False, indent: bool = False
) -> None:
    """One paragraph a line; `indent` sets in the first line of long ones, as in a form's wide cells."""
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    if shaded:
        shade = f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{layout.LABEL_SHADE}"/>'
        cell._tc.get_or_add_tcPr().insert_element_before(parse_xml(shade), "w:vAlign")
    lines = _lines(text) or [""]
    long = indent and (len(lines) > 1 or printed_width(lines[0]) > 26)
    for index, line in enumerate(lines):
        paragraph = cell.paragraphs[0] if index == 0 else cell.add_paragraph()
        styled(paragraph, "公文表格")
        if centred:
            paragraph.alignment = CENTRE
        if long:
            indent_first_line(paragraph._p.get_or_add_pPr(), 2, CELL_SIZE)
        add_run(paragraph, line, face, CELL_SIZE)


def _flag_row(row: Any, *names: str) -> None:
    for name in names:
        row._tr.get_or_add_trPr().append(OxmlElement(name))
