"""`manage.py serve`: answers, and stops cleanly on Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.management.commands.serve import Command

ROOT = Path(__file__).resolve().parents[2]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.mark.sqlite_only
def test_serve_answers_and_ctrl_c_stops_all_three(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3",
        "REDIS_URL": "",
        "STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
    }
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity", "0"], cwd=ROOT, env=environment, check=True)
    process = subprocess.Popen(
        [*manage, "serve", "--port", str(port)], cwd=ROOT, env=environment, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while not answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None, "serve ended"
            assert time.monotonic() < deadline, "no answer"
            time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(130)


def test_a_taken_port_is_refused_by_name():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"端口 {port} 已被占用"):
            call_command("serve", port=port)


def test_the_start_tells_the_codes_outside_production_only(settings, tmp_path, capsys):
    settings.VAR_DIR, settings.DEMO_PASSWORD = tmp_path, "x"
    (tmp_path / "demo-voting-codes").write_text("AAAA-BBBB\nCCCC-DDDD\n")
    (tmp_path / "demo-box-secrets").write_text("EEEE-FFFF\n")
    Command()._announce(8000)
    told = capsys.readouterr().out
    assert "AAAA-BBBB、CCCC-DDDD" in told
    assert str(tmp_path / "demo-box-secrets") in told
    assert "EEEE" not in told
    settings.PRODUCTION = True
    Command()._announce(8000)
    assert "AAAA" not in capsys.readouterr().out
