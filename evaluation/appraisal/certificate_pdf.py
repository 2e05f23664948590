"""The certificate (证书) as PDF: one A4 sheet by the campaign's template, with a code that the public page confirms."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

from common import pdf, qr
from common.office import legal_text
from common.paper_layout import day_words
from common.text import nested_quotes
from evaluation.appraisal import crockford
from evaluation.appraisal.models import CertificateTemplate

SOURCE = Path(__file__).parent / "certificate.typ"
LABELS = {"number": "证书编号：", "code": "验证码：", "hint": "扫描二维码可核验证书真伪"}


def render(
    template: CertificateTemplate,
    *,
    body: str,
    strong: Collection[str] = (),
    number: str,
    code: str,
    verify_url: str,
    day: date,
) -> bytes:
    """A certificate. `body` has its places filled (`certificates.body_of`); what is in `strong` stands out in it.

    A line of the body that begins with a space is set in. Raises ActionError if there is no Chinese font.
    """
    paper = {
        "title": f"{template.heading} {number}",
        "heading": legal_text(template.heading),
        "landscape": template.landscape,
        "accent": template.accent,
        "lines": _lines(legal_text(body), strong),
        "issuer": legal_text(template.issuer),
        "dated": day_words(day),
        "number": legal_text(number),
        "code": crockford.grouped(code),
        "labels": LABELS,
    }
    return pdf.compile_paper(SOURCE, paper, {"qr.svg": qr.svg(verify_url).encode()})


def _lines(body: str, strong: Collection[str]) -> list[dict[str, Any]]:
    """The lines that hold something: their parts in order, and whether the line is set in."""
    words = "|".join(re.escape(text) for text in sorted(strong, key=len, reverse=True) if text)
    found = []
    for line, shown in zip(body.splitlines(), nested_quotes(body).splitlines(), strict=True):
        parts, at = [], 0
        # Looked for in the line as it was written, taken from the line as it is shown: both are equally long.
        for part in re.split(f"({words})", line) if words else [line]:
            if text := shown[at : at + len(part)]:
                parts.append({"text": text if at else text.lstrip(), "strong": part in strong})
            at += len(part)
        if line.strip():
            found.append({"indented": line[:1].isspace(), "parts": parts})
    return found
