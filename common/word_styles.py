"""Page, styles and footer of a Word document in the layout of official papers (公文).

Word and WPS take a Chinese character's face from `w:eastAsia` alone, so every style and every run says it.
"""

from __future__ import annotations

from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from common import paper_layout as layout
from common import word_fields
from common.paper_layout import BODY_FACE, FIRST_FACE, PAGE_FACE, SECOND_FACE, TITLE_FACE, TYPE_AREA

BODY_SIZE, TITLE_SIZE, PAGE_SIZE, CELL_SIZE, COVER_SIZE = (
    Pt(size) for size in (layout.BODY_SIZE, layout.TITLE_SIZE, layout.PAGE_SIZE, layout.CELL_SIZE, layout.COVER_SIZE)
)
LINE_PITCH, TITLE_PITCH, CELL_PITCH = Pt(layout.LINE_PITCH), Pt(layout.TITLE_PITCH), Pt(layout.CELL_PITCH)
CENTRE, RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT

# Each style: face, size, first line's indent in characters, alignment, line height (None: as high as what stands in
# it), level in the outline and in tables of contents (0 titles of parts).
STYLES: dict[str, tuple[str, Any, int, Any, Any, int | None]] = {
    "公文标题": (TITLE_FACE, TITLE_SIZE, 0, CENTRE, TITLE_PITCH, None),
    "公文篇名": (TITLE_FACE, TITLE_SIZE, 0, CENTRE, TITLE_PITCH, 0),
    "公文封面标题": (TITLE_FACE, COVER_SIZE, 0, CENTRE, Pt(layout.COVER_PITCH), None),
    "公文封面": (SECOND_FACE, PAGE_SIZE, 0, CENTRE, LINE_PITCH, None),
    "公文编号": (BODY_FACE, BODY_SIZE, 0, RIGHT, LINE_PITCH, None),
    "公文主送": (BODY_FACE, BODY_SIZE, 0, None, LINE_PITCH, None),
    "公文正文": (BODY_FACE, BODY_SIZE, 2, None, LINE_PITCH, None),
    "公文一级标题": (FIRST_FACE, BODY_SIZE, 2, None, LINE_PITCH, 1),
    "公文二级标题": (SECOND_FACE, BODY_SIZE, 2, None, LINE_PITCH, 2),
    "公文三级标题": (BODY_FACE, BODY_SIZE, 2, None, LINE_PITCH, 3),
    "公文落款": (BODY_FACE, BODY_SIZE, 0, RIGHT, LINE_PITCH, None),
    "公文页码": (PAGE_FACE, PAGE_SIZE, 0, CENTRE, Pt(16), None),
    "公文表格": (BODY_FACE, CELL_SIZE, 0, None, CELL_PITCH, None),
    "公文图": (BODY_FACE, CELL_SIZE, 0, CENTRE, None, None),
    "公文图题": (SECOND_FACE, CELL_SIZE, 0, CENTRE, CELL_PITCH, None),
}


def set_page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(layout.PAGE_WIDTH), Mm(layout.PAGE_HEIGHT)
    section.top_margin, section.bottom_margin = Mm(layout.TOP), Mm(layout.BOTTOM)
    section.left_margin, section.right_margin = Mm(layout.LEFT), Mm(layout.RIGHT)
    section.header_distance, section.footer_distance = Mm(15), Mm(23)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(round(LINE_PITCH.pt * 20)))


def set_styles(document: Any) -> None:
    """The document's defaults and its own styles; theme faces go, because they come before named ones."""
    styles = document.styles
    defaults = styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
    _set_faces(defaults, BODY_FACE)
    defaults.find(qn("w:lang")).set(qn("w:eastAsia"), "zh-CN")
    _set_style(styles["Normal"], BODY_FACE, BODY_SIZE, LINE_PITCH)
    for name, (face, size, indent, alignment, height, outline) in STYLES.items():
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        style.quick_style = True
        _set_style(style, face, size, height)
        if size == BODY_SIZE:
            _space_characters(style)
        if alignment is not None:
            style.paragraph_format.alignment = alignment
        if indent:
            indent_first_line(style.element.get_or_add_pPr(), indent, size)
        if outline is not None:
            style.paragraph_format.keep_with_next = True
            style.element.get_or_add_pPr().get_or_add_outlineLvl().val = max(outline - 1, 0)
    styles["公文三级标题"].font.bold = True
    for style in word_fields.add_contents_styles(document, TYPE_AREA, BODY_SIZE):
        _set_style(style, BODY_FACE, BODY_SIZE, LINE_PITCH)
    _set_font_table(document)


def _space_characters(style: Any) -> None:
    spacing = OxmlElement("w:spacing")
    # Letters' spacing and not a grid of characters: LibreOffice would pull every text apart to the grid's cells.
    spacing.set(qn("w:val"), str(round(20 * layout.CHARACTER_SPACE)))
    # The schema wants it before the size.
    style.element.rPr.find(qn("w:sz")).addprevious(spacing)


def _set_style(style: Any, face: str, size: Any, height: Any) -> None:
    style.font.size, style.font.color.rgb = size, RGBColor(0, 0, 0)
    _set_faces(style.element.get_or_add_rPr(), face)
    form = style.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing_rule = WD_LINE_SPACING.EXACTLY if height else WD_LINE_SPACING.SINGLE
    if height:
        form.line_spacing = height
    # The heights are said exactly; the grid would stretch the lines of tables.
    free = OxmlElement("w:snapToGrid")
    free.set(qn("w:val"), "0")
    style.element.get_or_add_pPr().insert_element_before(free, "w:spacing", "w:ind", "w:jc", "w:outlineLvl")
    # A line moved for a widow would make pages of 21 lines.
    form.widow_control = False


def _set_faces(properties: Any, face: str) -> None:
    """The face of Chinese, Latin and other characters alike; `hint` makes quotation marks Chinese ones."""
    faces = properties.get_or_add_rFonts() if hasattr(properties, "get_or_add_rFonts") else None
    if faces is None:
        faces = properties.find(qn("w:rFonts"))
    faces.attrib.clear()
    for kind in ("ascii", "hAnsi", "eastAsia", "cs"):
        faces.set(qn(f"w:{kind}"), face)
    faces.set(qn("w:hint"), "eastAsia")


def indent_first_line(properties: Any, characters: int, size: Any) -> None:
    """In characters for Word and WPS, in points for what knows no characters."""
    indent = properties.get_or_add_ind()
    indent.set(qn("w:firstLineChars"), str(100 * characters))
    indent.set(qn("w:firstLine"), str(round(20 * characters * size.pt)))


def _set_font_table(document: Any) -> None:
    """Say which face stands in where one is missing."""
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for name, other in layout.FALLBACKS.items()
    )
    for relation in document.part.rels.values():
        if relation.reltype.endswith("/fontTable"):
            relation.target_part._blob = f"<w:fonts {nsdecls('w')}>{fonts}</w:fonts>".encode()


def set_footer(document: Any) -> None:
    """— 1 — in the middle, 7 mm below the text."""
    paragraph = document.sections[0].footer.paragraphs[0]
    paragraph.style = document.styles["公文页码"]
    add_run(paragraph, "— ", PAGE_FACE, PAGE_SIZE)
    for kind in ("begin", "", "end"):
        run = add_run(paragraph, "", PAGE_FACE, PAGE_SIZE)
        if kind:
            run._r.append(parse_xml(f'<w:fldChar {nsdecls("w")} w:fldCharType="{kind}"/>'))
        else:
            run._r.append(parse_xml(f'<w:instrText {nsdecls("w")} xml:space="preserve"> PAGE </w:instrText>'))
    add_run(paragraph, " —", PAGE_FACE, PAGE_SIZE)


def styled(paragraph: Any, name: str) -> Any:
    """The paragraph, in one of `STYLES`: by its identifier, which is its name.

    Asked for a name, python-docx goes through all styles of the document, for each paragraph anew.
    """
    paragraph._p.style = name
    return paragraph


def add_run(paragraph: Any, text: str, face: str, size: Any) -> Any:
    run = paragraph.add_run(text)
    run.font.size = size
    _set_faces(run._r.get_or_add_rPr(), face)
    return run
