"""Fields and bookmarks of Word documents: the table of contents (目录) that Word and WPS fill on opening."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm

CONTENTS_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A title or heading that a table of contents may list: its level (0 a title), text and bookmark."""

    level: int
    text: str
    bookmark: str


def listed(entries: Sequence[Entry], depth: int) -> list[Entry]:
    """The entries of a table of contents `depth` levels deep: from the titles where there are any, else headings."""
    top = min((entry.level for entry in entries), default=0)
    return [entry for entry in entries if entry.level < top + depth]


def add_bookmark(paragraph: Any, number: int) -> str:
    """Enclose the paragraph's text in a bookmark; its name."""
    name = f"_Toc{number:06}"
    start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
    for element in (start, end):
        element.set(qn("w:id"), str(number))
    start.set(qn("w:name"), name)
    paragraph._p.insert_element_before(start, "w:r")
    paragraph._p.append(end)
    return name


def add_contents_styles(document: Any, width: float, indent: Any) -> list[Any]:
    """The styles that Word gives the lines of a table of contents, with dots to the page number at `width` mm."""
    made = []
    for level in range(CONTENTS_LEVELS):
        style = document.styles.add_style(f"toc {level + 1}", WD_STYLE_TYPE.PARAGRAPH, builtin=True)
        style.base_style = document.styles["Normal"]
        style.paragraph_format.left_indent = indent * level
        style.paragraph_format.tab_stops.add_tab_stop(Mm(width), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
        made.append(style)
    return made


def fill_contents(place: Any, entries: Sequence[Entry], styles: Iterable[tuple[int, str]]) -> None:
    """Write the field at the empty paragraph `place`, with the entries as they are known before it is updated.

    Page numbers are known to nobody but the program that lays the pages out, so they stay empty until then.
    """
    document = place.part.document
    top = min((entry.level for entry in entries), default=0)
    named = ",".join(f"{style},{level - top + 1}" for level, style in styles if level >= top)
    for element in _field_parts(f' TOC \\h \\z \\t "{named}" '):
        place._p.append(element)
    paragraph = place
    for turn, entry in enumerate(entries):
        if turn:
            following = OxmlElement("w:p")
            paragraph._p.addnext(following)
            paragraph = type(place)(following, place._parent)
        paragraph.style = document.styles[f"toc {entry.level - top + 1}"]
        paragraph._p.append(_link(entry))
    paragraph._p.append(_field_mark("end"))
    _update_on_opening(document)


def _link(entry: Entry) -> Any:
    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), entry.bookmark)
    link.set(qn("w:history"), "1")
    words = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = entry.text
    words.extend((text, OxmlElement("w:tab")))
    link.append(words)
    link.extend((*_field_parts(f" PAGEREF {entry.bookmark} \\h "), _field_mark("end")))
    return link


def _field_parts(instruction: str) -> tuple[Any, Any, Any]:
    told = OxmlElement("w:r")
    text = OxmlElement("w:instrText")
    text.set(qn("xml:space"), "preserve")
    text.text = instruction
    told.append(text)
    return _field_mark("begin"), told, _field_mark("separate")


def _field_mark(kind: str) -> Any:
    run, mark = OxmlElement("w:r"), OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), kind)
    run.append(mark)
    return run


def _update_on_opening(document: Any) -> None:
    settings = document.settings.element
    if settings.find(qn("w:updateFields")) is None:
        update = OxmlElement("w:updateFields")
        update.set(qn("w:val"), "true")
        # The schema wants it early; what follows it in python-docx's template is named here.
        before = ("w:hdrShapeDefaults", "w:footnotePr", "w:endnotePr", "w:compat")
        following = next((found for name in before if (found := settings.find(qn(name))) is not None), None)
        if following is None:
            settings.append(update)
        else:
            following.addprevious(update)
