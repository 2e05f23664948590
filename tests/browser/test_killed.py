"""A worker killed in the middle: after a restart every job is finished, and once."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.browser import world
from tests.browser.conftest import ROOT, Portal, until

pytestmark = pytest.mark.browser
PHOTOS = 4


def workers(portal: Portal) -> list[int]:
    """The worker's processes of this portal, by its folder in their environment."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            command = Path(f"/proc/{entry}/cmdline").read_bytes()
            environment = Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:
            continue
        if b"worker" in command and b"celery" in command and str(portal.folder).encode() in environment:
            found.append(int(entry))
    return found


def kill_and_restart(portal: Portal) -> None:
    for process in workers(portal):
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    assert portal.process is not None
    portal.process.wait(60)  # serve ends when one of its children dies
    portal.start()


def count(portal: Portal, sql: str) -> int:
    """A number straight from the file: asked often, it must be quicker than the work that it watches."""
    with contextlib.closing(sqlite3.connect(portal.folder / "portal.sqlite3", timeout=10)) as database:
        return int(database.execute(sql).fetchone()[0])


def ask(portal: Portal, code: str) -> Any:
    """Evaluate an expression in the portal's database; its JSON value."""
    script = f"import django, json; django.setup(); print(json.dumps({code}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=portal.environment, capture_output=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def upload(portal: Portal, report: str) -> None:
    data = io.BytesIO()
    Image.effect_noise((4000, 3000), 60).convert("RGB").save(data, "JPEG", quality=80)
    mark = uuid.uuid4().hex
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'.encode()
    request = urllib.request.Request(
        f"{portal.url}/api/v1/reports/{report}/photos/",
        data=head + data.getvalue() + f"\r\n--{mark}--\r\n".encode(),
        headers={
            "Content-Type": f"multipart/form-data; boundary={mark}",
            "Authorization": f"Token {portal._token('clerk')}",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201


def test_images_killed_half_way_are_made_once(portal: Portal) -> None:
    code = portal.project(world.MAIN)["code"]
    report = portal.api("clerk", "POST", f"projects/{code}/reports/", {"month": "2026-03"})["id"]
    for _ in range(PHOTOS):
        upload(portal, report)
    until(lambda: count(portal, "SELECT count(*) FROM common_job WHERE state = 'running'"), 30)
    kill_and_restart(portal)
    until(lambda: {p["state"] for p in _photos(portal, report)} == {"ready"})
    for photo in _photos(portal, report):
        assert len(photo["variants"]) == 4
    assert [path for path in (portal.folder / "spool").rglob("*") if path.is_file()] == []
    rows = "__import__('common.models', fromlist=['Job']).Job.objects.exclude(state='done').count()"
    assert until(lambda: ask(portal, rows) == 0)


def test_ctrl_c_lets_the_worker_finish_and_loses_nothing(portal: Portal) -> None:
    code = portal.project(world.MAIN)["code"]
    report = portal.api("clerk", "POST", f"projects/{code}/reports/", {"month": "2026-03"})["id"]
    for _ in range(PHOTOS):
        upload(portal, report)
    portal.stop()
    assert portal.process is not None
    assert portal.process.returncode == 0
    table = "__import__('common.models', fromlist=['Job']).Job.objects"
    assert ask(portal, f"{table}.filter(state='running').count()") == 0
    portal.start()
    until(lambda: {p["state"] for p in _photos(portal, report)} == {"ready"})
    assert (
        ask(portal, f"sorted({table}.filter(kind='make_variants').values_list('attempts', flat=True))") == [1] * PHOTOS
    )


def _photos(portal: Portal, report: str) -> Any:
    return portal.api("officer", "GET", f"reports/{report}/")["photos"]


def test_a_check_killed_half_way_is_made_once(portal: Portal) -> None:
    until(lambda: portal.project(world.MAIN)["light_day"])
    portal.day(date(2026, 12, 1))
    days_done = "SELECT count(*) FROM tracking_checkday"
    before = count(portal, days_done)
    until(lambda: count(portal, days_done) > before, 30)
    kill_and_restart(portal)
    until(lambda: portal.project(world.MAIN)["light_day"] == "2026-11-30")
    expected = (date(2026, 12, 1) - date(2026, 1, 1)) // timedelta(days=1)
    tables = "__import__('evaluation.tracking.models', fromlist=['CheckDay', 'ScheduleCheck'])"
    assert ask(portal, f"[{tables}.CheckDay.objects.count(), {tables}.ScheduleCheck.objects.count()]") == [
        expected,
        2 * expected,
    ]
