"""Documents: what is refused, what is kept, who gets them, what a crash leaves."""

from __future__ import annotations

import hashlib
import io
import os
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import transaction
from django.template.loader import render_to_string
from PIL import Image

from common import files, tasks
from common.actors import Actor
from common.errors import ActionError
from common.models import StoredFile
from tests.common import documents
from tests.common.documents import PDF, encrypted_zip, lying_zip, office, old_office, upload, zipped
from tests.common.pictures import image_bytes, phone_photo, png_bomb

pytestmark = pytest.mark.django_db
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
EXE = b"MZ\x90\x00" + bytes(5000)
SHEET = "姓名,数量\r\n示例,3\r\n"


@pytest.fixture
def by(cast, actor) -> Actor:
    return actor(cast.clerk)


def kept(settings) -> list[Path]:
    root = settings.MEDIA_ROOT / "files"
    return sorted(root.iterdir()) if root.exists() else []


def refusal(by: Actor, content: bytes, name: str, **options) -> ActionError:
    with pytest.raises(ActionError) as caught:
        files.receive_file(file=upload(content, name), by=by, **options)
    return caught.value


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "空.pdf", "empty_file"),
        (EXE, "材料.pdf", "wrong_type"),
        (EXE, "setup.docx", "wrong_type"),
        (EXE, "现场.jpg", "wrong_type"),
        (SVG, "图.svg", "wrong_type"),
        (SVG, "图.png", "wrong_type"),
        (HTML, "页.pdf", "wrong_type"),
        (image_bytes("GIF"), "动图.gif", "wrong_type"),
        (SHEET.encode(), "表.csv", "wrong_type"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(500), "IMG_1.HEIC", "heic"),
        (b"\xff\xd8\xff\xe0" + bytes(200), "断.jpg", "wrong_type"),
        (phone_photo((800, 600))[:9000], "断.jpg", "not_a_picture"),
        (png_bomb(), "大.png", "too_many_pixels"),
        (zipped({"a.txt": b"x"}), "包.docx", "wrong_type"),
        (zipped({documents.CONTENT_TYPES: b"<x/>", "ppt/presentation.xml": b"<x/>"}), "演示.docx", "wrong_type"),
        (office("docx")[:-30], "断.docx", "broken_file"),
        (b"PK\x03\x04" + bytes(300), "断.docx", "broken_file"),
        (encrypted_zip(), "密.docx", "broken_file"),
        (lying_zip(), "谎.docx", "broken_file"),
        (office("docx", **{"media.bin": bytes(30_000_000)}), "大.docx", "zip_bomb"),
        (office("xlsx", **{"vbaProject.bin": b"x"}), "表.xlsx", "macros"),
        (office("docx", **{"vbaProject.bin": b"x"}), "文.docm", "macros"),
        (office("xlsx", **{"macrosheets/sheet1.xml": b"x"}), "表.xlsx", "macros"),
        (old_office("Workbook", "_VBA_PROJECT_CUR"), "表.xls", "macros"),
        (old_office("EncryptedPackage"), "密.xlsx", "password"),
        (old_office("WordDocument"), "文.doc", "wrong_type"),
        (old_office("WordDocument", "Workbook"), "文.xls", "wrong_type"),
        (PDF, "秘密.pdf", "secret_name"),
        (PDF, "【机 密】方案.pdf", "secret_name"),
        (PDF, "绝\u200b密文件.pdf", "secret_name"),
    ],
)
def test_bad_files_are_refused_beside_the_field_and_leave_nothing(settings, by, content, name, code):
    error = refusal(by, content, name, field="evidence")
    assert (error.code, error.fields) == (code, {"evidence": [error.message]})
    assert (StoredFile.objects.count(), kept(settings)) == (0, [])


def test_a_secret_name_is_refused_in_plain_words(by):
    assert refusal(by, PDF, "机密.pdf").fields == {"file": ["文件名含有密级字样，不得上传涉密信息。"]}


def test_a_file_over_the_limit_is_refused(settings, by):
    settings.FILE_MAX_BYTES = 1024 * 1024
    assert refusal(by, PDF + bytes(1024 * 1024), "大.pdf").message == "文件超过 1 MB，请压缩或拆分后再传。"


@pytest.mark.parametrize(
    ("content", "name", "kind", "shown"),
    [
        (PDF, "纪要.pdf", files.PDF, "纪要.pdf"),
        (PDF, "../../etc/纪要.PDF", files.PDF, "纪要.PDF"),
        (PDF, "C:\\材料\\纪要.exe", files.PDF, "纪要.exe.pdf"),
        (PDF, "示" * 300 + ".pdf", files.PDF, "示" * 83 + ".pdf"),
        (PDF, "a" * 255, files.PDF, "a" * 251 + ".pdf"),
        (office("docx"), "纪要.docx", files.WORD, "纪要.docx"),
        (office("xlsx"), "表.xlsx", files.EXCEL, "表.xlsx"),
        (old_office("Workbook"), "表.xls", files.OLD_EXCEL, "表.xls"),
    ],
)
def test_documents_are_kept_byte_by_byte(settings, by, content, name, kind, shown):
    stored = files.receive_file(file=upload(content, name), by=by)
    assert (stored.content_type, stored.original_name, stored.size) == (kind, shown, len(content))
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert kept(settings) == [files.path_of(stored)]
    with files.open_file(stored) as opened:
        assert opened.read() == content
    assert files.path_of(stored).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "kind", "name"),
    [
        (SHEET.encode(), files.CSV, "表.csv"),
        (b"\xef\xbb\xbf" + SHEET.encode(), files.CSV, "表.csv"),
        (SHEET.encode("gb18030"), files.CSV, "表.csv"),
        ("一段说明\n第二行".encode(), files.TEXT, "表.csv.txt"),
    ],
)
def test_text_is_kept_only_where_it_is_asked_for(by, content, kind, name):
    stored = files.receive_file(file=upload(content, "表.csv"), by=by, kinds=[files.CSV, files.TEXT])
    assert (stored.content_type, stored.original_name) == (kind, name)


def test_a_csv_that_calls_itself_a_workbook_is_kept_as_what_it_is(by):
    stored = files.receive_file(file=upload(SHEET.encode(), "表.xlsx"), by=by, kinds=files.WORKBOOKS)
    assert (stored.content_type, stored.original_name) == (files.CSV, "表.xlsx.csv")


@pytest.mark.parametrize("content", [SVG, HTML, b"\xef\xbb\xbf" + HTML, b"#!/bin/sh\nrm,x", EXE, b"a,\xff\xff"])
def test_markup_and_programs_are_no_text(by, content):
    assert refusal(by, content, "表.csv", kinds=[files.CSV, files.TEXT]).code == "wrong_type"


def test_a_photo_loses_its_position(settings, by):
    content = phone_photo((40, 30), orientation=6)
    stored = files.receive_file(file=upload(content, "现场.jpg"), by=by)
    raw = files.path_of(stored).read_bytes()
    picture = Image.open(io.BytesIO(raw))
    assert (picture.size, dict(picture.getexif()), b"Secret" in raw) == ((30, 40), {}, False)
    assert (stored.size, stored.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        (image_bytes("PNG", mode="P", transparency=0), "RGBA"),
        (image_bytes("PNG", mode="LA"), "RGBA"),
        (image_bytes("PNG", mode="L"), "RGB"),
        (image_bytes("WEBP"), "RGB"),
        (image_bytes("JPEG", mode="CMYK"), "RGB"),
        (image_bytes("MPO", save_all=True, append_images=[Image.new("RGB", (40, 30))]), "RGB"),
    ],
)
def test_other_kinds_of_photos(by, content, mode):
    stored = files.receive_file(file=upload(content, "图"), by=by)
    assert Image.open(files.path_of(stored)).mode == mode


def test_what_is_accepted_is_said_in_words(settings):
    assert files.accepted_text() == "PDF、Word（.docx）、Excel（.xlsx）或照片，最大 20 MB"
    settings.FILE_MAX_BYTES = 5 * 1024 * 1024
    assert files.accepted_text(files.WORKBOOKS) == "Excel（.xlsx）、CSV（.csv），最大 5 MB"
    assert files.accepted_text({"image/png"}) == "照片，最大 5 MB"


# --- what is left ---


def test_removing_a_document_removes_its_bytes_once_committed(settings, by, django_capture_on_commit_callbacks):
    stored = files.receive_file(file=upload(PDF, "纪要.pdf"), by=by)
    with django_capture_on_commit_callbacks(execute=True):
        files.remove_file(stored)
        assert len(kept(settings)) == 1
    assert (StoredFile.objects.count(), kept(settings)) == (0, [])


def test_a_failed_insert_leaves_no_bytes(settings, by):
    by.user.pk = None
    with pytest.raises(ValueError, match="unsaved related object"):
        files.receive_file(file=upload(PDF, "纪要.pdf"), by=by)
    assert kept(settings) == []


def test_the_sweep_takes_what_a_rollback_left_and_nothing_else(settings, by):
    stored = files.receive_file(file=upload(PDF, "纪要.pdf"), by=by)
    with transaction.atomic():
        files.receive_file(file=upload(PDF, "回滚.pdf"), by=by)
        transaction.set_rollback(True)
    assert StoredFile.objects.get() == stored
    assert len(kept(settings)) == 2
    assert files.sweep_files(time.time()) == 0
    past = time.time() - 25 * 3600
    for path in kept(settings):
        os.utime(path, (past, past))
    assert (tasks.sweep_files(), tasks.sweep_files()) == (1, 0)
    assert kept(settings) == [files.path_of(stored)]


def test_the_sweep_of_a_folder_that_is_not_there(settings):
    assert files.sweep_files(time.time()) == 0


# --- who may read ---


def test_a_document_is_only_ever_a_download(cast, by, client_as):
    stored = files.receive_file(file=upload(PDF, "会议 纪要.pdf"), by=by)
    response = client_as(cast.clerk).get(f"/files/{stored.pk}/")
    assert (response.status_code, response.getvalue()) == (200, PDF)
    headers = ("Content-Type", "Content-Disposition", "X-Content-Type-Options", "Content-Security-Policy")
    assert [response[name] for name in (*headers, "Cache-Control")] == [
        "application/pdf",
        f"attachment; filename*=utf-8''{quote('会议 纪要.pdf')}",
        "nosniff",
        "sandbox; default-src 'none'",
        "private, no-store",
    ]
    assert client_as(cast.clerk).post(f"/files/{stored.pk}/").status_code == 405


def test_nobody_else_gets_it(cast, by, client, client_as):
    stored = files.receive_file(file=upload(PDF, "纪要.pdf"), by=by)
    for user in (cast.outsider, cast.officer, cast.sysadmin):
        assert client_as(user).get(f"/files/{stored.pk}/").status_code == 404
    assert client.get(f"/files/{stored.pk}/").status_code == 302
    assert not files.may_read(client.get("/").wsgi_request.user, stored)


def test_a_document_whose_bytes_are_gone_is_not_found(cast, by, client_as):
    stored = files.receive_file(file=upload(PDF, "纪要.pdf"), by=by)
    files.path_of(stored).unlink()
    assert client_as(cast.clerk).get(f"/files/{stored.pk}/").status_code == 404


def test_a_guard_of_a_higher_floor_opens_it(cast, by, monkeypatch, client_as):
    stored = files.receive_file(file=upload(PDF, "纪要.pdf"), by=by)
    monkeypatch.setattr(files, "_guards", [lambda user, seen: None])
    assert not files.may_read(cast.officer, stored)
    files.register_guard(lambda user, seen: user == cast.officer or None)
    assert client_as(cast.officer).get(f"/files/{stored.pk}/").status_code == 200
    assert client_as(cast.outsider).get(f"/files/{stored.pk}/").status_code == 404


# --- the components ---


def test_the_list_names_each_file_and_offers_removal_only_where_asked(by):
    stored = files.receive_file(file=upload(PDF, "纪要<b>.pdf"), by=by)
    rows = [{"pk": 7, "file": stored}]
    shown = render_to_string("components/file_list.html", {"files": rows})
    assert (shown.count(f'href="/files/{stored.pk}/"'), shown.count("纪要&lt;b&gt;.pdf"), shown.count("<button")) == (
        1,
        1,
        0,
    )
    editable = render_to_string(
        "components/file_list.html", {"files": rows, "name": "remove_file", "form_id": "report"}
    )
    assert editable.count('name="remove_file" value="7" form="report"') == 1


def test_the_field_says_before_choosing_what_is_accepted():
    context = {"name": "evidence", "label": "佐证", "accept": files.ACCEPT, "accepted_text": files.accepted_text()}
    shown = render_to_string("components/file_field.html", {**context, "errors": ["文件是空的。"]})
    assert shown.index("最大 20 MB") < shown.index("不得上传涉密信息") < shown.index('type="file"')
    assert shown.count('aria-describedby="id_evidence_helptext id_evidence_error"') == 1
