"""Papers (文稿) that are offered as Word and as PDF: written once, by whatever maker is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from common import exports
from common.documents import OfficialDocument
from common.exports import Export, ExportContext
from common.paper_layout import Captioned, Fact
from common.pdf import PdfDocument


class Paper(Protocol):
    """What a builder may say, whether it becomes Word (`OfficialDocument`) or PDF (`PdfDocument`)."""

    def title(self, text: str) -> None: ...

    def heading(self, level: int, text: str, *, numbered: bool = True) -> None: ...

    def paragraph(self, text: str) -> None: ...

    def paragraphs(self, text: str) -> None: ...

    def table(
        self,
        header: Sequence[str],
        rows: Iterable[Sequence[object]],
        widths: Sequence[float],
        *,
        centred: Collection[int] = (),
    ) -> None: ...

    def facts(self, rows: Iterable[Sequence[Fact]], *, label_width: float = 28) -> None: ...

    def page_break(self) -> None: ...

    def signature(self, organization: str, day: date | None, stamp: bool = True) -> None: ...

    def cover(self, *, subtitle: str = "", organization: str = "", day: date | None = None) -> None: ...

    def contents(self, depth: int = 1) -> None: ...

    def picture(self, path: str | os.PathLike[str], caption: str = "", width: float = 120) -> None: ...

    def pictures(self, row: Sequence[Captioned]) -> None: ...

    def save(self, path: str | os.PathLike[str]) -> None: ...


class Make(Protocol):
    """A maker of papers; `make(title, number="档号：…", addressee="…")`."""

    def __call__(self, title: str, *, number: str = "", addressee: str = "") -> Paper: ...


Write = Callable[[Make, ExportContext], Paper]
MAKERS: Mapping[str, Make] = {"docx": OfficialDocument, "pdf": PdfDocument}


def register_paper(
    *,
    kind: str,
    title: str,
    may: Callable[[Any, exports.Params], bool],
    write: Write,
    clean: Callable[[Any, exports.Params], dict[str, Any]] | None = None,
    name: Callable[[exports.Params], str] | None = None,
) -> None:
    """Offer a paper as two exports: `kind` in Word and `<kind>_pdf` in PDF, under one permission.

    `write(make, context)` builds the paper with `make` and returns it unsaved. `may`, `clean` and `name` are those of
    `common.exports.Export`.
    """
    for suffix, make in MAKERS.items():
        exports.register(
            Export(
                kind=kind if suffix == "docx" else f"{kind}_{suffix}",
                title=title if suffix == "docx" else f"{title}（PDF）",
                suffix=suffix,
                may=may,
                build=_builder(write, make),
                name=name or (lambda params: title),
                clean=clean,
            )
        )


def _builder(write: Write, make: Make) -> Callable[[ExportContext], None]:
    return lambda context: write(make, context).save(context.path)
