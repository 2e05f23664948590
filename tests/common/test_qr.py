"""QR codes: every module where segno's own matrix has it, the quiet zone, a name for screen readers, no markup."""

from __future__ import annotations

import re
from io import BytesIO

import segno
from PIL import Image

from common import qr

ADDRESS = "https://example.invalid/vote/?code=7KQ2-M9XD-4TRA"


def drawn(markup: str) -> tuple[int, set[tuple[int, int]]]:
    """The side in modules, and the dark modules (x, y) that the path draws."""
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', markup)[1])
    strokes = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", markup)
    return side, {(int(x) + step, int(y)) for x, y, length, _ in strokes for step in range(int(length))}


def expected(text: str) -> tuple[int, set[tuple[int, int]]]:
    matrix = segno.make_qr(text, error="m", boost_error=False).matrix
    dark = {(x + 4, y + 4) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    return len(matrix) + 8, dark


def test_the_picture_holds_the_modules_of_the_code():
    for text in (ADDRESS, "7KQ2-M9XD-4TRA", "雨花台区（示例）"):
        assert drawn(qr.svg(text)) == expected(text)


def test_the_png_holds_the_same_modules():
    image = Image.open(BytesIO(qr.png(ADDRESS))).convert("1")
    side, dark = expected(ADDRESS)
    assert image.size == (8 * side, 8 * side)
    found = {(x, y) for x in range(side) for y in range(side) if not image.getpixel((8 * x + 4, 8 * y + 4))}
    assert found == dark


def test_it_has_a_name_and_nothing_that_the_policy_forbids():
    markup = qr.svg(ADDRESS, title='核验"一下"<b>')
    assert 'role="img" aria-label="核验&quot;一下&quot;&lt;b&gt;"' in markup
    assert "<title>核验&quot;一下&quot;&lt;b&gt;</title>" in markup
    assert "style" not in markup
    assert 'aria-label="二维码"' in qr.svg(ADDRESS)


def test_the_same_text_gives_the_same_code():
    assert (qr.svg(ADDRESS), qr.png(ADDRESS)) == (qr.svg(ADDRESS), qr.png(ADDRESS))
    assert qr.svg(ADDRESS) != qr.svg(ADDRESS + "X")
