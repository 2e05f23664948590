"""Documents for tests, good and bad."""

from __future__ import annotations

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
CONTENT_TYPES = "[Content_Types].xml"
MAIN_PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}


def upload(content: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/octet-stream")


def office(kind: str = "docx", **parts: bytes) -> bytes:
    """The smallest zip that counts as a Word or Excel document; `parts` are added under xl/ or word/."""
    main = MAIN_PARTS[kind]
    names = {CONTENT_TYPES: b"<Types/>", main: b"<root/>"}
    names |= {f"{main.split('/')[0]}/{name}": content for name, content in parts.items()}
    return zipped(names)


def zipped(names: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return out.getvalue()


def lying_zip() -> bytes:
    """A document whose directory claims ten bytes for a part of a million."""
    content = office(**{"media.bin": bytes(1_000_000)})
    true_size = (1_000_000).to_bytes(4, "little")
    return content.replace(true_size, (10).to_bytes(4, "little"))


def encrypted_zip() -> bytes:
    """A document whose parts claim to be encrypted."""
    content = bytearray(office())
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(head)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(head, at + 4)
    return bytes(content)


def old_office(*streams: str) -> bytes:
    """The head of a file of old Office programs, and the names of its streams."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    return head + b"".join(stream.encode("utf-16-le") for stream in streams)
