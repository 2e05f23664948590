"""Uploaded pictures (照片): checked by content, spooled privately, stripped of EXIF and GPS by a job.

The bytes as they came lie only in `settings.SPOOL_ROOT` until the job has made the stripped full size and
three WebP sizes; `sweep_spool` empties what a crash left there.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import tempfile
import time
import unicodedata
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from PIL import Image, ImageOps

from common import jobs
from common.actors import Actor
from common.errors import ActionError
from common.models import Job, Picture, PictureVariant
from common.text import clean_text

log = logging.getLogger(__name__)
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
# Many phones write a JPEG with a second picture behind it (depth, HDR); opened, Pillow calls it MPO.
MIME_TYPES = {**FORMATS, "MPO": "image/jpeg"}
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")
UNREADABLE_TEXT = "这张照片无法读取，可能已损坏，请换一张。"
SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
# Longest side in pixels of the WebP sizes.
SIDES = {PictureVariant.Size.LARGE: 1600, PictureVariant.Size.MEDIUM: 800, PictureVariant.Size.SMALL: 320}
ACCEPTED_TEXT = "JPEG、PNG 或 WebP 照片"
Guard = Callable[[Any, Picture], bool | None]
_guards: list[Guard] = []

# The pixel limit is ours and checked from the header; Pillow's own would not be a message.
Image.MAX_IMAGE_PIXELS = None


def register_guard(guard: Guard) -> Guard:
    """Add a rule of a higher floor: True lets the user see the picture, None is no opinion."""
    _guards.append(guard)
    return guard


def may_see(user: Any, picture: Picture) -> bool:
    """The owner, and whom a guard lets; closed otherwise."""
    if user.is_authenticated and picture.owner_id == user.pk:
        return True
    return any(guard(user, picture) for guard in _guards)


def receive(*, file: UploadedFile, by: Actor) -> Picture:
    """Check the file, put it into the spool and enqueue its job. Raises ActionError under field `file`."""
    assert by.user is not None
    _refuse_size(file)
    content_type, width, height = _inspect(file)
    spool_name = f"{uuid.uuid4().hex}.{SUFFIXES[content_type]}"
    digest = _spool(file, spool_name)
    try:
        with transaction.atomic():
            picture = Picture.objects.create(
                owner=by.user,
                original_name=safe_name(file.name or ""),
                content_type=content_type,
                size=file.size or 0,
                width=width,
                height=height,
                sha256=digest,
                spool_name=spool_name,
            )
            args = {"picture": str(picture.pk), "spool": picture.spool_name}
            jobs.enqueue(kind="make_variants", args=args, by=by, key=str(picture.pk))
    except BaseException:
        (settings.SPOOL_ROOT / spool_name).unlink(missing_ok=True)
        raise
    return picture


def safe_name(name: str) -> str:
    """A file name to show: no path, no invisible characters, at most 255 bytes of UTF-8, suffix kept."""
    name = clean_text(unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])) or "照片"
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, suffix = name, ""
    tail = f".{suffix}" if suffix else ""
    return stem.encode()[: 255 - len(tail.encode())].decode(errors="ignore") + tail


def folder_of(picture: Picture) -> Path:
    return Path(settings.MEDIA_ROOT) / "pictures" / str(picture.pk)


class Unreadable(Exception):
    """The bytes are no picture, however often they are tried."""


def _gave_up(job: Job) -> None:
    if (picture := Picture.objects.filter(pk=job.args["picture"]).first()) is not None:
        _settle(picture, Picture.State.FAILED, [], failure="照片多次处理未成功，请重新上传。")


@jobs.handler("make_variants", gave_up=_gave_up)
def make_variants(job: Job) -> dict[str, Any]:
    """Strip and scale one picture. Safe to run again: files are replaced, rows made once.

    A full disk or a killed worker is tried again; only bytes that cannot be decoded fail the picture at once.
    """
    picture = Picture.objects.filter(pk=job.args["picture"]).first()
    if picture is None or picture.state != Picture.State.WAITING:
        if spool := job.args.get("spool"):
            (settings.SPOOL_ROOT / spool).unlink(missing_ok=True)  # killed before it came to that
        return {}
    try:
        variants = _write_variants(picture, settings.SPOOL_ROOT / picture.spool_name)
    except Unreadable as error:
        log.warning("picture %s cannot be read: %s", picture.pk, error)
        _settle(picture, Picture.State.FAILED, [], failure=UNREADABLE_TEXT)
        return {"state": Picture.State.FAILED}
    _settle(picture, Picture.State.READY, variants)
    if not Picture.objects.filter(pk=picture.pk).exists():
        shutil.rmtree(folder_of(picture), ignore_errors=True)  # removed while we worked
    return {"state": Picture.State.READY}


def remove(picture: Picture) -> None:
    """Delete a picture's rows, and its files once that is committed."""
    folder, spool = folder_of(picture), picture.spool_name
    picture.delete()

    def clear() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        if spool:
            (settings.SPOOL_ROOT / spool).unlink(missing_ok=True)

    transaction.on_commit(clear)


def sweep_spool() -> int:
    """Delete spooled files that no waiting picture owns and that are older than the limit; how many."""
    if not Path(settings.SPOOL_ROOT).exists():
        return 0
    limit = time.time() - settings.UPLOAD_SPOOL_HOURS * 3600
    owned = set(Picture.objects.exclude(spool_name="").values_list("spool_name", flat=True))
    swept = 0
    for path in Path(settings.SPOOL_ROOT).iterdir():
        with contextlib.suppress(FileNotFoundError):  # the job may be quicker
            if path.name not in owned and path.stat().st_mtime < limit:
                path.unlink()
                swept += 1
    return swept


def _refuse(message: str, code: str) -> ActionError:
    return ActionError(message, code=code, fields={"file": [message]})


def _refuse_size(file: UploadedFile) -> None:
    if not file.size:
        raise _refuse("文件是空的（0 字节），请重新选择。", "empty_file")
    if file.size > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES // (1024 * 1024)
        raise _refuse(f"文件超过 {limit} MB，请压缩后再传。", "file_too_large")


def _inspect(file: UploadedFile) -> tuple[str, int, int]:
    """The type by content and the size in pixels, read from the header without decoding."""
    file.seek(0)
    head = file.read(32)
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        raise _refuse("暂不支持 HEIC 格式，请在手机上改为“兼容性最佳”或转成 JPEG 后再传。", "heic")
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file, formats=list(FORMATS)) as image:
                width, height, kind = *image.size, image.format
                if width * height <= settings.UPLOAD_MAX_PIXELS:
                    image.verify()
    except Exception:  # Pillow's readers raise what they like on bytes made to confuse them
        raise _refuse(f"这不是可用的照片，请上传{ACCEPTED_TEXT}。", "not_a_picture") from None
    if width * height > settings.UPLOAD_MAX_PIXELS:
        limit = settings.UPLOAD_MAX_PIXELS // 10_000
        raise _refuse(f"照片像素过大（上限 {limit} 万像素），请缩小后再传。", "too_many_pixels")
    return MIME_TYPES[kind or ""], width, height


def _spool(file: UploadedFile, name: str) -> str:
    """Write the bytes to the private spool; their SHA-256."""
    root = Path(settings.SPOOL_ROOT)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    file.seek(0)
    with open(os.open(root / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        for chunk in file.chunks():
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()


def _write_variants(picture: Picture, spool: Path) -> list[PictureVariant]:
    folder = folder_of(picture)
    folder.mkdir(parents=True, exist_ok=True)
    variants = [_write_full(picture, spool, folder)]
    # One cheap decode for the three sizes.
    scaled = _decode(spool, longest=SIDES[PictureVariant.Size.LARGE])
    for size, side in SIDES.items():
        scaled.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        variants.append(_store(picture, folder, size, scaled, "image/webp", quality=82, method=4))
    for left in folder.glob(".*"):  # half files of a worker that was killed
        left.unlink(missing_ok=True)
    return variants


def _write_full(picture: Picture, spool: Path, folder: Path) -> PictureVariant:
    """The picture at its own size, decoded and encoded anew, so that no metadata survives."""
    whole, kind = _decode(spool), picture.content_type
    if kind == "image/jpeg" and whole.mode != "RGB":
        whole = whole.convert("RGB")
    options: dict[str, Any] = {} if kind == "image/png" else {"quality": 90}
    return _store(picture, folder, PictureVariant.Size.FULL, whole, kind, **options)


def _decode(spool: Path, longest: int | None = None) -> Image.Image:
    """The spooled picture upright, as RGB or RGBA. Raises Unreadable; an error of the disk stays what it is.

    With `longest` a JPEG is decoded at 1/2, 1/4 or 1/8, its longest side no shorter than that.
    """
    try:
        with Image.open(spool, formats=list(FORMATS)) as image:
            if longest:
                # The box must keep the picture's aspect, or draft() does nothing without saying so.
                scale = min(1.0, longest / max(image.size))
                image.draft("RGB", (max(1, round(image.width * scale)), max(1, round(image.height * scale))))
            image.load()
            upright = ImageOps.exif_transpose(image)
            if upright.mode in ("RGB", "RGBA"):
                return upright
            clear = "transparency" in upright.info or upright.mode in ("LA", "PA", "La")
            return upright.convert("RGBA" if clear else "RGB")
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.ENOENT):
            raise
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def _store(
    picture: Picture, folder: Path, size: str, image: Image.Image, content_type: str, **options: Any
) -> PictureVariant:
    """Write one size by rename, so that a killed worker leaves no half file under the final name."""
    image.info = {}
    path = folder / f"{size}.{SUFFIXES[content_type]}"
    kind = next(name for name, mime in FORMATS.items() if mime == content_type)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as target:
        try:
            image.save(target, kind, exif=b"", **options)
        except BaseException:
            os.unlink(target.name)
            raise
    os.replace(target.name, path)
    return PictureVariant(
        picture=picture,
        name=size,
        path=str(path.relative_to(settings.MEDIA_ROOT)),
        content_type=content_type,
        width=image.width,
        height=image.height,
        size=path.stat().st_size,
    )


def _settle(picture: Picture, state: str, variants: list[PictureVariant], failure: str = "") -> None:
    """Leave the waiting state, once; the spooled bytes go when that is committed."""
    spool = settings.SPOOL_ROOT / picture.spool_name
    with transaction.atomic():
        changed = Picture.objects.filter(pk=picture.pk, state=Picture.State.WAITING).update(
            state=state, spool_name="", failure=failure
        )
        if changed:
            PictureVariant.objects.bulk_create(variants, ignore_conflicts=True)
        transaction.on_commit(lambda: spool.unlink(missing_ok=True))


def open_variant(variant: PictureVariant) -> BinaryIO:
    return open(Path(settings.MEDIA_ROOT) / variant.path, "rb")
