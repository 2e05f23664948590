"""Pictures: what is refused, what is made of what is taken, and what a crash leaves."""

from __future__ import annotations

import io
import os
import stat
import time
import uuid
from pathlib import Path

import pytest
from django.db import transaction
from PIL import Image

from common import jobs, uploads
from common.actors import Actor
from common.errors import ActionError
from common.models import Job, Picture, PictureVariant
from tests.common.pictures import (
    GPS,
    MAKE,
    gps_exif,
    image_bytes,
    phone_photo,
    png_bomb,
    upload,
)

pytestmark = pytest.mark.django_db
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def by(cast, actor) -> Actor:
    return actor(cast.clerk)


def job_of(picture: Picture) -> Job:
    return Job.objects.get(kind="make_variants", key=str(picture.pk))


def spooled(settings) -> list[Path]:
    return sorted(settings.SPOOL_ROOT.iterdir()) if settings.SPOOL_ROOT.exists() else []


def made(by: Actor, content: bytes, capture) -> Picture:
    """Receive and run the job, as worker and commit would."""
    with capture(execute=True):
        picture = uploads.receive(file=upload(content), by=by)
    with capture(execute=True):
        assert jobs.run(str(job_of(picture).pk))
    picture.refresh_from_db()
    return picture


def opened(settings, variant: PictureVariant) -> Image.Image:
    return Image.open(io.BytesIO((settings.MEDIA_ROOT / variant.path).read_bytes()))


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "空.jpg", "empty_file"),
        (b"MZ\x90\x00" + bytes(5000), "setup.jpg", "not_a_picture"),
        (SVG, "图.svg", "not_a_picture"),
        (SVG, "图.jpg", "not_a_picture"),
        (image_bytes("GIF"), "动图.gif", "not_a_picture"),
        (b"\xff\xd8\xff\xe0" + bytes(200), "断.jpg", "not_a_picture"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(500), "IMG_1.HEIC", "heic"),
        (png_bomb(), "大.png", "too_many_pixels"),
    ],
)
def test_bad_files_are_refused_beside_the_field_and_leave_nothing(settings, by, content, name, code):
    with pytest.raises(ActionError) as caught:
        uploads.receive(file=upload(content, name), by=by)
    assert caught.value.code == code
    assert caught.value.fields == {"file": [caught.value.message]}
    assert (Picture.objects.count(), Job.objects.count(), spooled(settings)) == (0, 0, [])


def test_a_file_over_the_limit_is_refused(settings, by):
    settings.UPLOAD_MAX_BYTES = 1024 * 1024
    with pytest.raises(ActionError, match="文件超过 1 MB"):
        uploads.receive(file=upload(phone_photo() + bytes(1024 * 1024)), by=by)


def test_the_original_lies_only_in_the_private_spool(settings, by):
    content = phone_photo()
    picture = uploads.receive(file=upload(content), by=by)
    (path,) = spooled(settings)
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.SPOOL_ROOT.stat().st_mode) == 0o700
    assert (picture.state, picture.content_type, picture.width) == ("waiting", "image/jpeg", 400)
    assert not settings.MEDIA_ROOT.exists()


def test_every_size_is_upright_and_without_exif(settings, by, django_capture_on_commit_callbacks):
    content = phone_photo((4000, 3000), orientation=6)
    source = Image.open(io.BytesIO(content)).getexif()
    assert source[MAKE] == "SecretPhone"
    assert source.get_ifd(GPS)[1] == "N"
    picture = made(by, content, django_capture_on_commit_callbacks)
    assert (picture.state, picture.spool_name, spooled(settings)) == ("ready", "", [])
    sizes = {v.name: (v.content_type, v.width, v.height) for v in picture.variants.all()}
    assert sizes == {
        "full": ("image/jpeg", 3000, 4000),
        "large": ("image/webp", 1200, 1600),
        "medium": ("image/webp", 600, 800),
        "small": ("image/webp", 240, 320),
    }
    for variant in picture.variants.all():
        image, raw = opened(settings, variant), (settings.MEDIA_ROOT / variant.path).read_bytes()
        assert image.size == (variant.width, variant.height)
        assert dict(image.getexif()) == {}
        assert not {"exif", "xmp", "comment", "icc_profile"} & set(image.info)
        assert b"Secret" not in raw
        assert variant.size == len(raw)
    folder = uploads.folder_of(picture)
    assert sorted(path.name for path in folder.iterdir()) == [
        "full.jpg",
        "large.webp",
        "medium.webp",
        "small.webp",
    ]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (image_bytes("PNG", mode="RGBA"), "image/png"),
        (image_bytes("PNG", mode="P", transparency=0), "image/png"),
        (image_bytes("PNG", mode="L"), "image/png"),
        (image_bytes("WEBP"), "image/webp"),
        (image_bytes("JPEG", mode="CMYK"), "image/jpeg"),
        (image_bytes("JPEG", size=(1, 900)), "image/jpeg"),
    ],
)
def test_other_kinds_of_pictures(settings, by, django_capture_on_commit_callbacks, content, kind):
    picture = made(by, content, django_capture_on_commit_callbacks)
    assert (picture.state, picture.variants.get(name="full").content_type) == ("ready", kind)
    assert picture.variants.count() == 4
    for variant in picture.variants.all():
        assert opened(settings, variant).size == (variant.width, variant.height)


def test_a_phones_jpeg_with_a_second_picture_behind_it(settings, by, django_capture_on_commit_callbacks):
    behind = Image.new("RGB", (40, 30))
    content = image_bytes("MPO", save_all=True, append_images=[behind], exif=gps_exif())
    assert Image.open(io.BytesIO(content)).format == "MPO"
    picture = made(by, content, django_capture_on_commit_callbacks)
    assert (picture.state, picture.content_type) == ("ready", "image/jpeg")
    full = opened(settings, picture.variants.get(name="full"))
    assert (full.format, dict(full.getexif())) == ("JPEG", {})


def test_a_cut_off_picture_fails_with_a_reason(settings, by, django_capture_on_commit_callbacks):
    content = phone_photo((2000, 1500))
    picture = made(by, content[: len(content) // 2], django_capture_on_commit_callbacks)
    assert (picture.state, picture.failure) == ("failed", uploads.UNREADABLE_TEXT)
    assert (picture.variants.count(), spooled(settings)) == (0, [])


def test_the_job_run_again_changes_nothing(settings, by, django_capture_on_commit_callbacks):
    picture = made(by, phone_photo(), django_capture_on_commit_callbacks)
    before = list(picture.variants.values_list())
    job = job_of(picture)
    assert jobs.run(str(job.pk)) is False
    assert uploads.make_variants(job) == {}
    assert list(picture.variants.values_list()) == before


@pytest.mark.parametrize("killed_at", ["_write_full", "_store", "_settle", "bulk_create"])
def test_killed_half_way_and_finished_once(settings, by, monkeypatch, django_capture_on_commit_callbacks, killed_at):
    """A kill is no Exception: nothing of ours runs after it, and the row stays claimed until the sweep."""

    class Killed(BaseException):
        pass

    def kill(*args, **kwargs):
        raise Killed

    with django_capture_on_commit_callbacks(execute=True):
        picture = uploads.receive(file=upload(phone_photo()), by=by)
    job = job_of(picture)
    with monkeypatch.context() as patch:
        patch.setattr(PictureVariant.objects if killed_at == "bulk_create" else uploads, killed_at, kill)
        with pytest.raises(Killed), transaction.atomic():
            jobs.run(str(job.pk))
    (uploads.folder_of(picture) / ".half").write_bytes(b"left") if uploads.folder_of(picture).exists() else None
    Job.objects.update(state="running", claim=uuid.uuid4(), heartbeat_at="2026-01-01T00:00:00Z", attempts=1)
    assert len(spooled(settings)) == 1
    assert jobs.sweep() == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.run(str(job.pk))
    picture.refresh_from_db()
    job.refresh_from_db()
    assert (picture.state, picture.variants.count(), spooled(settings)) == ("ready", 4, [])
    assert (job.state, job.attempts) == ("done", 2)
    assert len(list(uploads.folder_of(picture).iterdir())) == 4


def test_killed_before_the_spooled_bytes_went_they_go_with_the_next_attempt(
    settings, by, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks():
        picture = uploads.receive(file=upload(phone_photo()), by=by)
    with django_capture_on_commit_callbacks():  # committed, and killed there
        uploads.make_variants(job_of(picture))
    picture.refresh_from_db()
    assert (picture.state, len(spooled(settings))) == ("ready", 1)
    uploads.make_variants(job_of(picture))
    assert spooled(settings) == []


def test_a_full_disk_is_tried_again_and_then_given_up(settings, by, monkeypatch, django_capture_on_commit_callbacks):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads, "_store", full)
    picture = uploads.receive(file=upload(phone_photo()), by=by)
    job = job_of(picture)
    for attempt in range(1, jobs.MAX_ATTEMPTS + 1):
        picture.refresh_from_db()
        assert (picture.state, len(spooled(settings))) == ("waiting", 1)
        with django_capture_on_commit_callbacks(execute=True):
            assert jobs.run(str(job.pk)) is False
        job.refresh_from_db()
        assert job.attempts == attempt
    picture.refresh_from_db()
    assert (job.state, picture.state, spooled(settings)) == ("failed", "failed", [])


def test_a_picture_removed_while_its_job_runs_leaves_no_file(
    settings, by, monkeypatch, django_capture_on_commit_callbacks
):
    picture = uploads.receive(file=upload(phone_photo()), by=by)
    job, settle = job_of(picture), uploads._settle

    def removed_first(picture, *args, **kwargs):
        Picture.objects.filter(pk=picture.pk).delete()
        settle(picture, *args, **kwargs)

    monkeypatch.setattr(uploads, "_settle", removed_first)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.run(str(job.pk))
    assert (uploads.folder_of(picture).exists(), spooled(settings)) == (False, [])


def test_removing_a_picture_removes_its_files(settings, by, django_capture_on_commit_callbacks):
    picture = made(by, phone_photo(), django_capture_on_commit_callbacks)
    folder = uploads.folder_of(picture)
    with django_capture_on_commit_callbacks(execute=True):
        uploads.remove(picture)
    assert (folder.exists(), Picture.objects.count(), PictureVariant.objects.count()) == (False, 0, 0)


def test_a_failed_insert_leaves_no_spooled_file(settings, by, monkeypatch):
    monkeypatch.setattr(jobs, "HANDLERS", {})
    with pytest.raises(LookupError):
        uploads.receive(file=upload(phone_photo()), by=by)
    assert spooled(settings) == []


def test_the_sweep_takes_only_old_orphans(settings, by):
    picture = uploads.receive(file=upload(phone_photo()), by=by)
    old, new = settings.SPOOL_ROOT / "old.jpg", settings.SPOOL_ROOT / "new.jpg"
    for path in (old, new):
        path.write_bytes(b"x")
    past = time.time() - settings.UPLOAD_SPOOL_HOURS * 3600 - 10
    for path in (old, settings.SPOOL_ROOT / picture.spool_name):
        os.utime(path, (past, past))
    assert uploads.sweep_spool() == 1
    assert uploads.sweep_spool() == 0
    assert {path.name for path in spooled(settings)} == {picture.spool_name, "new.jpg"}


def test_the_sweep_of_a_spool_that_is_not_there(settings):
    assert uploads.sweep_spool() == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/现场.jpg", "现场.jpg"),
        ("C:\\照片\\现场.JPG", "现场.JPG"),
        ("现\u200b场\x07\ufeff.jpg", "现场.jpg"),
        ("", "照片"),
        ("无后缀", "无后缀"),
    ],
)
def test_file_names_are_cleaned(given, kept):
    assert uploads.safe_name(given) == kept


def test_a_name_of_300_chinese_characters_is_kept_shortened(by):
    picture = uploads.receive(file=upload(phone_photo(), "示" * 300 + ".jpg"), by=by)
    assert picture.original_name.startswith("示示示")
    assert len(picture.original_name.encode()) <= 255
    assert uploads.safe_name("示" * 300 + ".jpg") == "示" * 83 + ".jpg"


# --- who may see ---


def see(client, picture: Picture, size: str = "small", **headers):
    return client.get(f"/pictures/{picture.pk}/{size}/", headers=headers)


def test_a_picture_is_served_to_whom_may_see_it(cast, by, client_as, django_capture_on_commit_callbacks):
    picture = made(by, phone_photo(), django_capture_on_commit_callbacks)
    response = see(client_as(cast.clerk), picture)
    assert response.status_code == 200
    assert Image.open(io.BytesIO(response.getvalue())).size == (320, 240)
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == "inline"
    assert response["Cache-Control"] == "private, no-cache"
    again = see(client_as(cast.clerk), picture, if_none_match=response["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert see(client_as(cast.clerk), picture, "huge").status_code == 404


def test_nobody_else_sees_it_even_with_its_etag(cast, by, client, client_as, django_capture_on_commit_callbacks):
    picture = made(by, phone_photo(), django_capture_on_commit_callbacks)
    etag = see(client_as(cast.clerk), picture)["ETag"]
    # To the portal a picture that belongs to nothing yet is its owner's alone.
    assert not uploads.may_see(cast.outsider, picture)
    assert not uploads.may_see(cast.officer, picture)
    assert see(client_as(cast.outsider), picture, if_none_match=etag).status_code == 404
    assert see(client, picture).status_code == 302


def test_a_guard_of_a_higher_floor_opens_it(cast, by, monkeypatch, django_capture_on_commit_callbacks):
    picture = made(by, phone_photo(), django_capture_on_commit_callbacks)
    monkeypatch.setattr(uploads, "_guards", [lambda user, seen: None])
    assert not uploads.may_see(cast.officer, picture)
    uploads.register_guard(lambda user, seen: user == cast.officer or None)
    assert uploads.may_see(cast.officer, picture)
    assert not uploads.may_see(cast.outsider, picture)


def test_a_placeholder_until_the_job_is_done(cast, by, client_as):
    picture = uploads.receive(file=upload(phone_photo()), by=by)
    response = see(client_as(cast.clerk), picture)
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    assert "照片处理中" in response.content.decode()
    assert b"Secret" not in response.content
