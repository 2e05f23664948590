"""The layout of official papers (公文, GB/T 9704) that Word and PDF share: measures, faces, numbering, pictures.

The 方正 and GB2312 faces are named, not shipped; each has other names to fall back to (`FALLBACKS`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from math import floor

from PIL import Image

from common.office import legal_text, printed_width

TITLE_FACE, BODY_FACE = "方正小标宋简体", "仿宋_GB2312"
FIRST_FACE, SECOND_FACE, PAGE_FACE = "黑体", "楷体_GB2312", "宋体"
FALLBACKS = {TITLE_FACE: "华文中宋", BODY_FACE: "仿宋", SECOND_FACE: "楷体", FIRST_FACE: "SimHei", PAGE_FACE: "SimSun"}
PAGE_WIDTH, PAGE_HEIGHT = 210, 297  # mm, as are the margins and the type area
TOP, RIGHT, BOTTOM, LEFT = 37, 26, 35, 28
TYPE_AREA = PAGE_WIDTH - LEFT - RIGHT
LINES, CHARACTERS = 22, 28
# pt: 2号 the title, 3号 the text, 4号 the page number, 小四 in tables
TITLE_SIZE, BODY_SIZE, PAGE_SIZE, CELL_SIZE = 22, 16, 14, 12
LINE_PITCH, TITLE_PITCH, CELL_PITCH = 28.95, 34, 18
COVER_SIZE, COVER_PITCH = 36, 54
# pt: what lets 28 characters of 16 pt stand in 156 mm, rounded to the 1/20 pt that Word knows.
CHARACTER_SPACE = floor((TYPE_AREA / 25.4 * 72 / CHARACTERS - BODY_SIZE) * 20) / 20
LABEL_SHADE = "F2F2F2"
CONTENTS_TITLE = "目　录"
PICTURE_HEIGHT = 150  # mm: no taller in print
PICTURE_SIDE = 1400  # pixels of the longer side of one that stands alone: 220 dpi and more
_DIGITS = "零一二三四五六七八九"
Fact = tuple[str, str]
Captioned = tuple[str | os.PathLike[str], str]


@dataclass(frozen=True, slots=True)
class PrintPicture:
    """A picture ready for print: a JPEG upright on white, its size in pixels."""

    content: bytes
    width: int
    height: int

    def width_within(self, width: float, height: float = PICTURE_HEIGHT) -> float:
        """The width in mm at which it is neither wider nor taller than this."""
        return min(width, height * self.width / self.height)


def picture_for_print(path: str | os.PathLike[str], abreast: int = 1) -> PrintPicture:
    """Read a stored picture (JPEG, PNG, WebP) as one that Word and PDF both take; the same file, the same bytes.

    Of several abreast each needs fewer pixels.
    """
    side = PICTURE_SIDE // abreast
    with Image.open(path) as found:
        image = found if found.mode == "RGB" else found.convert("RGBA")
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        flat = image
        if image.mode == "RGBA":
            flat = Image.new("RGB", image.size, "white")
            flat.paste(image, mask=image.getchannel("A"))
        target = BytesIO()
        flat.save(target, "JPEG", quality=82, exif=b"")
        return PrintPicture(target.getvalue(), *flat.size)


def lines_of(text: str) -> list[str]:
    """The lines that hold something, without the space around them and without what XML does not admit."""
    stripped = (line.strip() for line in legal_text(text).splitlines())
    return [line for line in stripped if line]


def heading_number(level: int, number: int) -> str:
    """一、 （一） 1. for the levels of official papers."""
    if level == 3:
        return f"{number}. "
    tens, ones = divmod(number, 10)
    text = ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones or not tens else "")
    return f"{text}、" if level == 1 else f"（{text}）"


class Numbering:
    """Counts headings: a heading starts the count of those below it again."""

    def __init__(self) -> None:
        self._counters = [0, 0, 0]

    def restart(self) -> None:
        self._counters = [0, 0, 0]

    def next(self, level: int) -> str:
        self._counters[level - 1] += 1
        self._counters[level:] = [0] * (3 - level)
        return heading_number(level, self._counters[level - 1])


def day_words(day: date | None) -> str:
    """2026年5月3日, or the room to write it in."""
    return f"{day.year}年{day.month}月{day.day}日" if day else "　　年　　月　　日"


def signature_indents(signed: str, dated: str) -> tuple[float, float]:
    """How many characters from the right margin the two lines of a signature (落款) stand, centred on each other.

    The day stands four characters from the margin; a longer name stands two, and moves the day to its middle.
    """
    wider = (printed_width(signed) - printed_width(dated)) / 2
    right = max(4.0, 2 + wider)
    return right - wider, right
