"""PDF papers in the layout of official papers (公文), with the methods of `common.documents.OfficialDocument`.

Typst lays them out. What people typed goes to it as JSON strings, never as markup, and nothing is fetched from
anywhere. The same texts, pictures, fonts and day give the same bytes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from math import ceil
from pathlib import Path
from typing import Any

import typst
from django.conf import settings

from common import days
from common import paper_layout as layout
from common.errors import ActionError
from common.office import PRODUCER, legal_text, printed_width
from common.paper_layout import TYPE_AREA, Captioned, Fact, day_words, lines_of, signature_indents

SOURCE = Path(__file__).parent / "paper.typ"
NO_FONT = "服务器上没有中文字体，不能生成 PDF。请改用 Word 格式，或请系统管理员安装字体（fonts-noto-cjk）。"
_SONG = ("Noto Serif CJK SC", "Source Han Serif SC", "SimSun", "宋体", "STSong")
_HEI = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "WenQuanYi Zen Hei")
# By use: the face that official papers want under the names that its makers gave it, then what stands in.
FACES: Mapping[str, tuple[str, ...]] = {
    "title": ("方正小标宋简体", "FZXiaoBiaoSong-B05S", "华文中宋", "STZhongsong", *_SONG, *_HEI),
    "body": ("仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong", "STFangsong", *_SONG, *_HEI),
    "first": ("黑体", "SimHei", "STHeiti", *_HEI, *_SONG),
    "second": ("楷体_GB2312", "KaiTi_GB2312", "楷体", "KaiTi", "STKaiti", "AR PL UKai CN", *_SONG, *_HEI),
    "page": ("宋体", "SimSun", *_SONG, *_HEI),
}
# No characters that a text may hold (`legal_text`); `paper.typ` says what they do.
BREAK, APART = "\x1f", "\x1e"
_MARKS = "[，。、；：？！…—“”‘’（）《》〈〉【】〔〕「」『』]"
_BETWEEN_MARKS = re.compile(f"(?<={_MARKS})(?={_MARKS})")
_CELL_PADDING = 3.2  # mm
_TALL = 500  # pt: a row that may be higher than this may go over pages
_fonts: dict[tuple[str, bool], typst.Fonts] = {}


def fonts() -> typst.Fonts:
    """The fonts of `settings.FONT_FOLDER` and, by `settings.SYSTEM_FONTS`, of the machine.

    Raises ActionError if none of them is Chinese.
    """
    key = (str(settings.FONT_FOLDER), settings.SYSTEM_FONTS)
    if key not in _fonts:
        folders = [settings.FONT_FOLDER] if Path(settings.FONT_FOLDER).is_dir() else []
        found = typst.Fonts(
            include_system_fonts=settings.SYSTEM_FONTS, include_embedded_fonts=False, font_paths=folders
        )
        if not any(_present(found).values()):
            raise ActionError(NO_FONT, code="no_chinese_font")
        _fonts[key] = found
    return _fonts[key]


def compile_paper(source: Path, paper: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> bytes:
    """Lay out a Typst source that reads `paper.json` and the named files from its own folder.

    `faces`, `producer` and `day` are added to the paper. Raises ActionError if there is no Chinese font.
    """
    found, today = fonts(), days.today()
    told = {
        **paper,
        "faces": _present(found),
        "producer": PRODUCER,
        "day": [today.year, today.month, today.day],
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shutil.copy(source, folder / "main.typ")
        (folder / "paper.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        for file, content in (files or {}).items():
            (folder / file).write_bytes(content)
        return typst.compile(
            folder / "main.typ",
            root=folder,
            font_paths=found,
            package_path=folder,
            package_cache_path=folder,
            timestamp=datetime.combine(today, time(), tzinfo=UTC),
        )


class PdfDocument:
    """A paper that grows from top to bottom; `save` lays it out. Texts may hold anything that people paste."""

    def __init__(self, title: str, *, number: str = "", addressee: str = "") -> None:
        self._title = legal_text(title)
        self._numbering = layout.Numbering()
        self._blocks: list[dict[str, Any]] = []
        self._pictures: dict[str, bytes] = {}
        if number:
            self._add("number", text=_flow(number))
        self._add("head", lines=[_flow(line, layout.TITLE_SIZE) for line in lines_of(title)])
        if addressee:
            self._add("addressee", text=_flow(f"{addressee.rstrip('：:')}："))

    def title(self, text: str) -> None:
        self._numbering.restart()
        self._add("part", lines=[_flow(line, layout.TITLE_SIZE) for line in lines_of(text)])

    def heading(self, level: int, text: str, *, numbered: bool = True) -> None:
        number = self._numbering.next(level) if numbered else ""
        self._add("heading", level=level, text=_flow(number + text))

    def paragraph(self, text: str) -> None:
        self._add("paragraph", text=_flow(text), sticky=False)

    def paragraphs(self, text: str) -> None:
        for line in lines_of(text):
            self.paragraph(line)

    def table(
        self,
        header: Sequence[str],
        rows: Iterable[Sequence[object]],
        widths: Sequence[float],
        *,
        centred: Collection[int] = (),
    ) -> None:
        _refuse_wide(widths)
        head = [
            _cell(text, width, face="first", centred=True, shaded=True)
            for text, width in zip(header, widths, strict=True)
        ]
        body = [
            _row(
                _cell("" if value is None else str(value), width, centred=index in centred)
                for index, (value, width) in enumerate(zip(values, widths, strict=True))
            )
            for values in rows
        ]
        self._add("table", widths=widths, header=head, rows=body)

    def facts(self, rows: Iterable[Sequence[Fact]], *, label_width: float = 28) -> None:
        half = TYPE_AREA / 2 - label_width
        body = []
        for pairs in rows:
            only = len(pairs) == 1
            row = []
            for label, value in pairs:
                row.append(_cell(label, label_width, face="first", centred=True, shaded=True))
                row.append(_cell(value, TYPE_AREA - label_width if only else half, span=3 if only else 1, indent=only))
            body.append(_row(row))
        self._add("facts", widths=[label_width, half, label_width, half], header=[], rows=body)

    def page_break(self) -> None:
        self._add("new-page")

    def cover(self, *, subtitle: str = "", organization: str = "", day: date | None = None) -> None:
        title = next(block for block in self._blocks if block["kind"] == "head")
        self._blocks.remove(title)
        below = [*map(_flow, lines_of(organization)), *([day_words(day)] if day else [])]
        self._add("cover", title=title["lines"], subtitle=[_flow(line) for line in lines_of(subtitle)], below=below)

    def contents(self, depth: int = 1) -> None:
        self._add("contents", title=layout.CONTENTS_TITLE, depth=depth)

    def picture(self, path: str | os.PathLike[str], caption: str = "", width: float = 120) -> None:
        self._add("picture", **self._picture(path, caption, width, layout.PICTURE_HEIGHT))

    def pictures(self, row: Sequence[Captioned]) -> None:
        width = TYPE_AREA / len(row)
        found = [self._picture(path, caption, width - 3, width * 0.75, len(row)) for path, caption in row]
        self._add("pictures", row=found)

    def signature(self, organization: str, day: date | None, stamp: bool = True) -> None:
        signed, dated = f"{legal_text(organization)}{'（盖章）' if stamp else ''}", day_words(day)
        last = self._blocks[-1]
        if "sticky" in last and printed_width(last["text"]) < 4 * layout.CHARACTERS:
            last["sticky"] = True  # no signature stands on a page alone
        self._add("signature", lines=[_flow(signed), dated], rights=signature_indents(signed, dated))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file. Raises ActionError if there is no Chinese font."""
        Path(path).write_bytes(self.content())

    def content(self) -> bytes:
        """The file's bytes. Raises ActionError if there is no Chinese font."""
        parts = any(block["kind"] == "part" for block in self._blocks)
        for block in self._blocks:
            if block["kind"] == "heading":
                block["depth"] = block["level"] + parts
        paper = {
            "title": " ".join(lines_of(self._title)),
            "cover": any(block["kind"] == "cover" for block in self._blocks),
            "measures": _MEASURES,
            "blocks": self._blocks,
        }
        return compile_paper(SOURCE, paper, self._pictures)

    def _add(self, kind: str, **values: Any) -> None:
        self._blocks.append({"kind": kind, **values})

    def _picture(
        self, path: str | os.PathLike[str], caption: str, width: float, height: float, abreast: int = 1
    ) -> dict[str, Any]:
        found = layout.picture_for_print(path, abreast)
        name = f"{len(self._pictures)}.jpg"
        self._pictures[name] = found.content
        return {
            "name": name,
            "caption": _flow(caption),
            "alt": " ".join(lines_of(caption)),
            "width": found.width_within(width, height),
        }


_MEASURES = {
    "page": [layout.PAGE_WIDTH, layout.PAGE_HEIGHT],
    "margins": [layout.TOP, layout.RIGHT, layout.BOTTOM, layout.LEFT],
    "body_size": layout.BODY_SIZE,
    "line_pitch": layout.LINE_PITCH,
    "title_size": layout.TITLE_SIZE,
    "title_pitch": layout.TITLE_PITCH,
    "cover_size": layout.COVER_SIZE,
    "cover_pitch": layout.COVER_PITCH,
    "cell_size": layout.CELL_SIZE,
    "cell_pitch": layout.CELL_PITCH,
    "page_size": layout.PAGE_SIZE,
    "tracking": layout.CHARACTER_SPACE,
    "shade": f"#{layout.LABEL_SHADE}",
}


def _present(found: typst.Fonts) -> dict[str, list[str]]:
    """The faces that the machine has, by use; Typst takes the first that has the letter."""
    families = set(found.families())
    return {use: [name for name in names if name in families] for use, names in FACES.items()}


def _flow(text: str, size: float = layout.BODY_SIZE, width: float = TYPE_AREA) -> str:
    """The text as one line, in which words longer than `width` mm may break anywhere."""
    letters = max(int(width / 25.4 * 72 / (size * 0.6)), 1)
    long = re.compile(rf"[^\s\u2e80-\u9fff\uf900-\ufaff\ufe30-\uffef]{{{letters},}}")
    line = _BETWEEN_MARKS.sub(APART, " ".join(lines_of(text)))
    return long.sub(lambda found: BREAK.join(found[0]), line)


def _cell(
    text: str,
    width: float,
    *,
    face: str = "body",
    centred: bool = False,
    shaded: bool = False,
    span: int = 1,
    indent: bool = False,
) -> dict[str, Any]:
    """A table's cell; `indent` sets in the first line of long ones, as in a form's wide cells."""
    lines = lines_of(text) or [""]
    room = width - _CELL_PADDING
    letters = max(room / 25.4 * 72 / layout.CELL_SIZE, 1)
    high = sum(max(ceil(printed_width(line) / letters), 1) for line in lines) * layout.CELL_PITCH
    return {
        "lines": [_flow(line, layout.CELL_SIZE, room) for line in lines],
        "face": face,
        "centred": centred,
        "shaded": shaded,
        "span": span,
        "indent": indent and (len(lines) > 1 or printed_width(lines[0]) > 26),
        "breakable": high > _TALL,
    }


def _row(cells: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row stays on one page unless one of its cells is too high for that."""
    row = list(cells)
    breakable = any(cell["breakable"] for cell in row)
    return [{**cell, "breakable": breakable} for cell in row]


def _refuse_wide(widths: Sequence[float]) -> None:
    if sum(widths) > TYPE_AREA + 0.01:
        raise ValueError(f"a table of {sum(widths)} mm is wider than the page's {TYPE_AREA} mm")
