"""Stored documents (附件): checked by content, kept apart from the pictures, always served as a download.

Photos among them are decoded and encoded anew, so that no EXIF and no position survives. Bytes that a request
left behind when it was rolled back or killed belong to no row; `sweep_files` deletes them.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
import unicodedata
import uuid
import warnings
import zipfile
import zlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from PIL import Image, ImageOps

from common.actors import Actor
from common.errors import ActionError
from common.models import StoredFile
from common.uploads import FORMATS, HEIC_BRANDS, MIME_TYPES, safe_name

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OLD_EXCEL = "application/vnd.ms-excel"
PDF = "application/pdf"
CSV = "text/csv"
TEXT = "text/plain"
PICTURES = frozenset(FORMATS.values())
SUFFIXES = {
    **{PDF: ".pdf", WORD: ".docx", EXCEL: ".xlsx", OLD_EXCEL: ".xls", CSV: ".csv", TEXT: ".txt"},
    **{"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"},
}
QUALITY: dict[str, dict[str, Any]] = {"image/jpeg": {"quality": 90}, "image/webp": {"quality": 90}}
DOCUMENTS = frozenset({PDF, WORD, EXCEL, OLD_EXCEL}) | PICTURES
WORKBOOKS = frozenset({EXCEL, OLD_EXCEL, CSV})
ACCEPT = ".pdf,.docx,.xlsx,.xls,.jpg,.jpeg,.png,.webp"
KIND_WORDS = {PDF: "PDF", WORD: "Word（.docx）", EXCEL: "Excel（.xlsx）", CSV: "CSV（.csv）", TEXT: "文本（.txt）"}
SECRET_WORDS = ("绝密", "机密", "秘密")
# What a document may unpack to: far above any honest one, far below a bomb.
UNPACKED_LIMIT = 200 * 1024 * 1024
RATIO_LIMIT = 200
ENTRIES_LIMIT = 10_000
OLE_HEAD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
Guard = Callable[[Any, StoredFile], bool | None]
_guards: list[Guard] = []


class _Refused(Exception):
    """Why a file is not taken, and the error's code; `receive_file` says under which field."""


def register_guard(guard: Guard) -> Guard:
    """Add a rule of a higher floor: True lets the user read the document, None is no opinion."""
    _guards.append(guard)
    return guard


def may_read(user: Any, stored: StoredFile) -> bool:
    """The owner, and whom a guard lets; closed otherwise."""
    if user.is_authenticated and stored.owner_id == user.pk:
        return True
    return any(guard(user, stored) for guard in _guards)


def accepted_text(kinds: Collection[str] = DOCUMENTS) -> str:
    """What may be uploaded, in words, to be read before choosing: “PDF、Word（.docx）…，最大 20 MB”."""
    words = "、".join(word for kind, word in KIND_WORDS.items() if kind in kinds)
    if not PICTURES.isdisjoint(kinds):
        words = f"{words}或照片" if words else "照片"
    return f"{words}，最大 {_megabytes()} MB"


def receive_file(
    *, file: UploadedFile, by: Actor, kinds: Collection[str] = DOCUMENTS, field: str = "file"
) -> StoredFile:
    """Check a document by its content and keep it. Raises ActionError under `field`; nothing is kept then.

    `kinds` are content types of this module. Size and SHA-256 are those of the stored bytes.
    """
    assert by.user is not None
    name = safe_name(" ".join((file.name or "").split()) or "附件")
    try:
        _check_outside(file, name)
        kind = _kind_of(file)
        if kind not in kinds:
            raise _Refused(f"不能上传这种文件，请上传{accepted_text(kinds)}。", "wrong_type")
        content = _stripped(file, kind) if kind in PICTURES else None
    except _Refused as refused:
        message, code = refused.args
        raise ActionError(message, code=code, fields={field: [message]}) from None
    path, digest, size = _keep(file, content)
    try:
        with transaction.atomic():
            return StoredFile.objects.create(
                owner=by.user,
                original_name=_with_suffix(name, kind),
                content_type=kind,
                size=size,
                sha256=digest,
                path=str(path.relative_to(settings.MEDIA_ROOT)),
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def path_of(stored: StoredFile) -> Path:
    return Path(settings.MEDIA_ROOT) / stored.path


def open_file(stored: StoredFile) -> BinaryIO:
    return open(path_of(stored), "rb")


def remove_file(stored: StoredFile) -> None:
    """Delete the row, and the bytes once that is committed."""
    path = path_of(stored)
    stored.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def sweep_files(now: float, *, hours: int = 24) -> int:
    """Delete bytes older than `hours` that no row owns; how many. `now` is seconds since the epoch."""
    root, swept = Path(settings.MEDIA_ROOT) / "files", 0
    if not root.exists():
        return 0
    owned = set(StoredFile.objects.values_list("path", flat=True))
    for path in root.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another sweep may be quicker
            old = path.stat().st_mtime < now - hours * 3600
            if old and str(path.relative_to(settings.MEDIA_ROOT)) not in owned:
                path.unlink()
                swept += 1
    return swept


def _megabytes() -> int:
    return settings.FILE_MAX_BYTES // (1024 * 1024)


def _check_outside(file: UploadedFile, name: str) -> None:
    if not file.size:
        raise _Refused("文件是空的（0 字节），请重新选择。", "empty_file")
    if file.size > settings.FILE_MAX_BYTES:
        raise _Refused(f"文件超过 {_megabytes()} MB，请压缩或拆分后再传。", "file_too_large")
    typed = "".join(unicodedata.normalize("NFKC", name).split())
    if any(word in typed for word in SECRET_WORDS):
        raise _Refused("文件名含有密级字样，不得上传涉密信息。", "secret_name")


def _kind_of(file: UploadedFile) -> str:
    """The type that the content shows, whatever the name says; empty for everything unknown."""
    file.seek(0)
    head = file.read(64)
    file.seek(0)
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _office_kind(file)
    if head.startswith(OLE_HEAD):
        return _old_office_kind(file.read())
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        raise _Refused("暂不支持 HEIC 格式，请在手机上改为“兼容性最佳”或转成 JPEG 后再传。", "heic")
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(file, formats=list(FORMATS)) as image:
            return MIME_TYPES[image.format or ""]
    file.seek(0)
    return _text_kind(file.read())


def _office_kind(file: UploadedFile) -> str:
    """Which Office document a zip is. Refuses macros, and zips that unpack to far more than they are."""
    try:
        with zipfile.ZipFile(file) as archive:  # type: ignore[arg-type]
            names = _checked_names(archive, file.size or 0)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError, NotImplementedError, zlib.error):
        raise _Refused("文件已损坏或加了密码，打不开。请在电脑上打开检查后重新保存。", "broken_file") from None
    if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name or "/activex/" in name for name in names):
        raise _Refused("文件含有宏，请另存为不含宏的 .docx 或 .xlsx 后再传。", "macros")
    if "[content_types].xml" not in names:
        return ""
    if "word/document.xml" in names:
        return WORD
    return EXCEL if "xl/workbook.xml" in names else ""


def _checked_names(archive: zipfile.ZipFile, size: int) -> set[str]:
    """The names inside, lower case. What the directory claims is limited first, then read, as it may lie."""
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > min(UNPACKED_LIMIT, RATIO_LIMIT * max(size, 100_000)) or len(entries) > ENTRIES_LIMIT:
        raise _Refused("文件展开后过大，不能上传。", "zip_bomb")
    for entry in entries:
        with archive.open(entry) as part:  # reads no more than was claimed, then compares the checksum
            while part.read(1024 * 1024):
                pass
    return {entry.filename.lower() for entry in entries}


def _old_office_kind(content: bytes) -> str:
    """An .xls among the files of old Office programs, told by the names of its streams."""

    def has(stream: str) -> bool:
        return stream.encode("utf-16-le") in content

    if has("EncryptedPackage"):
        raise _Refused("文件加了密码，请去掉密码后再传。", "password")
    if has("_VBA_PROJECT"):
        raise _Refused("文件含有宏，请另存为不含宏的 .docx 或 .xlsx 后再传。", "macros")
    other = has("WordDocument") or has("PowerPoint Document")
    return OLD_EXCEL if has("Workbook") and not other else ""


def _text_kind(content: bytes) -> str:
    """Lines of text without markup: a CSV if they have separators."""
    if b"\0" in content or content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"#!")):
        return ""
    for encoding in ("utf-8-sig", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            first = content.decode(encoding).lstrip().split("\n", 1)[0]
            return CSV if any(mark in first for mark in ",\t;，") else TEXT
    return ""


def _stripped(file: UploadedFile, kind: str) -> bytes:
    """A photo decoded and encoded anew, upright, without metadata."""
    target = io.BytesIO()
    try:
        file.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the limit on pixels is ours
            with Image.open(file, formats=list(FORMATS)) as image:
                if image.width * image.height > settings.UPLOAD_MAX_PIXELS:
                    limit = settings.UPLOAD_MAX_PIXELS // 10_000
                    raise _Refused(f"照片像素过大（上限 {limit} 万像素），请缩小后再传。", "too_many_pixels")
                upright = _plain_mode(ImageOps.exif_transpose(image), kind)
        upright.info = {}
        upright.save(target, kind.removeprefix("image/").upper(), exif=b"", **QUALITY.get(kind, {}))
    except _Refused:
        raise
    except Exception:  # Pillow's readers raise what they like on bytes made to confuse them
        raise _Refused("这张照片无法读取，可能已损坏，请换一张。", "not_a_picture") from None
    return target.getvalue()


def _plain_mode(image: Image.Image, kind: str) -> Image.Image:
    """The picture as RGB, or RGBA where it is transparent and its format can say so."""
    clear = kind != "image/jpeg" and ("transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La"))
    mode = "RGBA" if clear else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _keep(file: UploadedFile, content: bytes | None) -> tuple[Path, str, int]:
    """Write the bytes under a new name by rename; the path, their SHA-256 and their number."""
    root = Path(settings.MEDIA_ROOT) / "files"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size, path = hashlib.sha256(), 0, root / str(uuid.uuid4())
    file.seek(0)
    with tempfile.NamedTemporaryFile(dir=root, prefix=".", delete=False) as target:
        try:
            for chunk in [content] if content is not None else file.chunks():
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
            os.replace(target.name, path)
        except BaseException:
            os.unlink(target.name)
            raise
    return path, digest.hexdigest(), size


def _with_suffix(name: str, kind: str) -> str:
    """The name with the suffix of what the file is, so that it opens with the right program."""
    suffix = SUFFIXES[kind]
    same = (".jpg", ".jpeg") if suffix == ".jpg" else (suffix,)
    return name if name.lower().endswith(same) else safe_name(f"{name}{suffix}")
