"""Sealed packages (归档包): a zip whose index names the SHA-256 of each file, made aside and put in place whole."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from django.conf import settings

from common import days
from common.errors import ActionError
from common.sheets import Column, Ledger, write_ledger

INDEX, SUMS = "index.xlsx", "SHA256SUMS.txt"
COLUMNS = (
    *(Column("序号", 8, "integer"), Column("目录", 30, wrap=True), Column("文件", 44, wrap=True)),
    *(Column("大小（字节）", 16, "integer"), Column("SHA-256", 70, "code")),
)
CHUNK = 1 << 20
NAME_LIMIT = 80
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
# Folder, name, size in bytes and SHA-256 of a file in the package.
Entry = tuple[str, str, int, str]
Advance = Callable[[int, int], None]


class Saved(Protocol):
    """A paper that can be written to a path."""

    def save(self, path: str | os.PathLike[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the package: folder and name there, and its bytes or what makes the paper."""

    folder: str
    name: str
    content: Path | Callable[[], Saved]


@dataclass(frozen=True, slots=True)
class Plain:
    """A text as a file of a package, in UTF-8."""

    text: str

    def save(self, path: str | os.PathLike[str]) -> None:
        Path(path).write_text(self.text, encoding="utf-8", newline="")


def file_name(text: str) -> str:
    """A name that every system can unpack; a long one keeps its ending."""
    name = _NOT_IN_NAMES.sub("_", text).strip(" .") or "未命名"
    stem, dot, ending = name.rpartition(".")
    if len(name) <= NAME_LIMIT or not stem or len(ending) > 5:
        return name[:NAME_LIMIT]
    return f"{stem[: NAME_LIMIT - len(ending) - 1]}{dot}{ending}"


@contextmanager
def scratch(code: str) -> Iterator[Path]:
    """A private folder beside the packages; what a killed worker left of this code's goes first."""
    root = Path(settings.MEDIA_ROOT) / "archives"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in root.glob(f".{code}-*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=f".{code}-") as folder:
        yield Path(folder)


def pack(parts: Sequence[Part], half: Path, *, note: str, advance: Advance) -> list[Entry]:
    """Write every part, then the index that names the SHA-256 of each, and the same for `sha256sum -c`.

    `note` stands above the index and may say {count}; papers are made beside `half`. Raises ActionError if a file
    is gone.
    """
    folder, entries, taken = half.parent, list[Entry](), set[str]()
    with zipfile.ZipFile(half, "w") as package:
        for number, part in enumerate(parts, start=1):
            entries.append(_add(package, part.folder, _free_name(part, taken), _file_of(part, folder)))
            advance(number, len(parts) + 1)
        index = folder / INDEX
        rows = [[number, *entry] for number, entry in enumerate(entries, start=1)]
        words = note.replace("{count}", str(len(entries)))
        write_ledger(index, Ledger("归档文件目录", words, COLUMNS, sheet_name="目录"), rows)
        listed = [*entries, _add(package, "", INDEX, index)]
        sums = folder / SUMS
        sums.write_text("".join(f"{entry[3]}  {_path(entry)}\n" for entry in listed), encoding="utf-8")
        _add(package, "", SUMS, sums)
    return entries


def shareable(path: Path, internal: Collection[str]) -> IO[bytes]:
    """A copy without the `internal` folders, which only the department may know; the other files are the same bytes.

    Only the sums lose the lines of what is not there, so that `sha256sum -c` finds everything.
    """
    # Unnamed, and gone when it is closed: the response does that.
    copy = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115
    with zipfile.ZipFile(path) as package, zipfile.ZipFile(copy, "w") as target:
        for info in package.infolist():
            if info.filename == SUMS:
                lines = package.read(info).decode().splitlines(keepends=True)
                kept = "".join(line for line in lines if line.split("  ", 1)[1].split("/")[0] not in internal)
                target.writestr(info, kept)
            elif info.filename.split("/")[0] not in internal:
                with package.open(info) as source, target.open(info.filename, "w", force_zip64=True) as file:
                    shutil.copyfileobj(source, file, CHUNK)
    copy.seek(0)
    return copy


def _path(entry: Entry) -> str:
    return f"{entry[0]}/{entry[1]}" if entry[0] else entry[1]


def _free_name(part: Part, taken: set[str]) -> str:
    """The part's name, numbered if the folder has it already, whatever its case."""
    name, number = file_name(part.name), 2
    stem, dot, ending = name.rpartition(".")
    while f"{part.folder}/{name}".lower() in taken:
        name, number = f"{stem}（{number}）{dot}{ending}" if stem else f"{ending}（{number}）", number + 1
    taken.add(f"{part.folder}/{name}".lower())
    return name


def _file_of(part: Part, folder: Path) -> Path:
    if isinstance(part.content, Path):
        return part.content
    made = folder / "paper"
    part.content().save(made)
    return made


def _add(package: zipfile.ZipFile, folder: str, name: str, source: Path) -> Entry:
    """Copy a file in, uncompressed because nearly all are compressed already. Raises ActionError if it is gone."""
    today, digest, size = days.today(), hashlib.sha256(), 0
    info = zipfile.ZipInfo(f"{folder}/{name}" if folder else name, (today.year, today.month, today.day, 0, 0, 0))
    info.external_attr = 0o644 << 16
    try:
        with source.open("rb") as file, package.open(info, "w", force_zip64=True) as target:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
    except FileNotFoundError:
        message = f"“{info.filename}”的文件已经不在，不能归档，请联系系统管理员。"
        raise ActionError(message, code="file_missing") from None
    return folder, name, size, digest.hexdigest()
