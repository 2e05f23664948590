"""QR codes (二维码): inline SVG for pages, PNG for papers; error level M, with the quiet zone that scanners want."""

from __future__ import annotations

from io import BytesIO
from itertools import groupby

import segno
from django.utils.html import format_html
from django.utils.safestring import SafeString

QUIET_ZONE = 4  # modules


def svg(text: str, *, title: str = "") -> SafeString:
    """An inline SVG without a size of its own (class `qr`); `title` is what a screen reader says."""
    rows = [bytes(row) for row in _code(text).matrix]
    side = len(rows) + 2 * QUIET_ZONE
    return format_html(
        '<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" role="img" aria-label="{1}"'
        ' shape-rendering="crispEdges"><title>{1}</title>'
        '<path fill="#fff" d="M0 0h{0}v{0}H0z"/><path fill="#000" d="{2}"/></svg>',
        side,
        title or "二维码",
        "".join(_strokes(row, y) for y, row in enumerate(rows, start=QUIET_ZONE)),
    )


def png(text: str) -> bytes:
    """A black-and-white PNG of eight pixels a module."""
    target = BytesIO()
    _code(text).save(target, kind="png", scale=8, border=QUIET_ZONE)
    return target.getvalue()


def _code(text: str) -> segno.QRCode:
    # boost_error would change the level with the text's length, and with it the look of slips printed together.
    return segno.make_qr(text, error="m", boost_error=False)


def _strokes(row: bytes, y: int) -> str:
    """A row's dark modules as closed strokes, neighbours joined."""
    parts, x = [], QUIET_ZONE
    for dark, run in groupby(row):
        length = len(list(run))
        if dark:
            parts.append(f"M{x} {y}h{length}v1h-{length}z")
        x += length
    return "".join(parts)
