"""The workbook to fill in for an import: its header, what each column takes, and if asked what is there already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common.importers import Importer
from common.sheets import Column, Ledger, write_workbook


def write_template(path: Path, importer: Importer, params: Mapping[str, Any], *, filled: bool = False) -> None:
    """Write the template; `filled` with everything that is there, to be changed and imported again."""
    columns = [Column(column.title, column.width, column.kind, wrap=True) for column in importer.columns]
    table = Ledger(
        title=f"{importer.title}导入表",
        note="表头请不要改动；各列怎么填见“填写说明”。",
        columns=columns,
        paper="A3",
        sheet_name=importer.title,
    )
    write_workbook(path, [(table, _rows(importer, params) if filled else ()), (_HELP, _help(importer))])


_HELP = Ledger(
    title="填写说明",
    note="留空的格子不改动已有内容。",
    columns=[
        Column("列", 16),
        Column("要不要填", 16),
        Column("怎么填", 60, wrap=True),
        Column("也可以写作", 40, wrap=True),
    ],
    sheet_name="填写说明",
)


def _rows(importer: Importer, params: Mapping[str, Any]) -> Iterator[list[Any]]:
    for values in importer.existing(params):
        yield [values.get(column.name) for column in importer.columns]


def _help(importer: Importer) -> Iterator[list[Any]]:
    for column in importer.columns:
        needed = "每行必填" if column.needed else "可留空"
        yield [column.title, needed, column.hint, "、".join(column.synonyms)]
