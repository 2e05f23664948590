"""Papers read back: the texts of Word in their order, the texts and pages of PDF by poppler's `pdftotext`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import docx
from docx.oxml.ns import qn


def word_lines(path: Path) -> list[str]:
    """Every text of the body in reading order, paragraph by paragraph, cells too."""
    body = docx.Document(str(path)).element.body
    found = ("".join(part.text or "" for part in p.iter(qn("w:t"))) for p in body.iter(qn("w:p")))
    return [text for text in found if text.strip()]


def pdf_pages(path: Path) -> list[str]:
    """The text of each page, page number included."""
    done = subprocess.run(["pdftotext", "-enc", "UTF-8", path, "-"], capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]


def pdf_lines(path: Path) -> list[str]:
    """The lines of all pages but their page numbers."""
    lines = (line for page in pdf_pages(path) for line in page.splitlines())
    return [line for line in lines if line.strip() and not re.fullmatch(r"— ?\d+ ?—", line.strip())]


def squeezed(text: str) -> str:
    """Without the spaces and line ends that a layout adds."""
    return re.sub(r"\s", "", text)
