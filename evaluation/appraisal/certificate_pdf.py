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
        "lines": [_line(line, strong) for line in nested_quotes(legal_text(body)).splitlines() if line.strip()],
        "issuer": legal_text(template.issuer),
        "dated": day_words(day),
        "number": legal_text(number),
        "code": crockford.grouped(code),
        "labels": LABELS,
    }
    return pdf.compile_paper(SOURCE, paper, {"qr.svg": qr.svg(verify_url).encode()})


def nested_quotes(text: str) -> str:
    """Quotation marks within quotation marks become single ones: a project's title often begins with a quotation.

    A text whose marks do not pair stays as it is.
    """
    depth, written = 0, []
    for letter in text:
        if letter == "“":
            depth += 1
            letter = "“‘"[depth % 2 == 0]
        elif letter == "”":
            letter = "”’"[depth % 2 == 0]
            depth -= 1
        if depth < 0:
            return text
        written.append(letter)
    return "".join(written) if depth == 0 else text


def _line(line: str, strong: Collection[str]) -> dict[str, Any]:
    """A line's parts in their order, and whether it is set in."""
    words = [re.escape(text) for text in sorted(strong, key=len, reverse=True) if text]
    parts = re.split(f"({'|'.join(words)})", line.strip()) if words else [line.strip()]
    return {
        "indented": line[:1].isspace(),
        "parts": [{"text": part, "strong": part in strong} for part in parts if part],
    }
