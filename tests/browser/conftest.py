"""A portal of its own for the browser: web server, worker and beat as `manage.py serve` runs them, and Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser import world
from tests.factories import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
PATIENCE = 90


def until(what: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Ask again until the answer is true; the last answer."""
    end = time.monotonic() + seconds
    while not (answer := what()) and time.monotonic() < end:
        time.sleep(0.2)
    assert answer, f"nothing came of it in {seconds} seconds"
    return answer


@dataclass
class Portal:
    """A served portal with its own database, clock, files and broker."""

    folder: Path
    port: int
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "PYTHONWARNINGS")}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "VAR_DIR": str(self.folder),
            "PORT": str(self.port),
            "TODAY": str(self.folder / "today"),
            "CHECK_SCHEDULES_EVERY": "2",
            "JOB_SWEEP_SECONDS": "2",
            "JOB_STALE_SECONDS": "6",
            "LOG_LEVEL": "WARNING",
            **self.extra,
        }

    def day(self, today: date) -> None:
        """Set the portal's clock, for every process at once."""
        fresh = self.folder / "today.new"
        fresh.write_text(today.isoformat())
        fresh.replace(self.folder / "today")

    def run(self, *command: str) -> None:
        subprocess.run([sys.executable, *command], cwd=ROOT, env=self.environment, check=True)

    def start(self) -> None:
        log = (self.folder / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        until(self.is_up)

    def is_up(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            self.process.wait(60)

    def api(self, user: str, method: str, path: str, body: Any = None) -> Any:
        """A call of the API by token, as a program would make it."""
        headers = {"Content-Type": "application/json"}
        if user:
            headers["Authorization"] = f"Token {self._token(user)}"
        request = urllib.request.Request(
            f"{self.url}/api/v1/{path}",
            method=method,
            headers=headers,
            data=json.dumps(body).encode() if body is not None else None,
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def _token(self, user: str) -> str:
        tokens: dict[str, str] = self.__dict__.setdefault("tokens", {})
        if user not in tokens:
            given = {"username": user, "password": PASSWORD}
            tokens[user] = self.api("", "POST", "auth/token/", given)["token"]
        return tokens[user]

    def project(self, title: str, user: str = "officer") -> Any:
        rows = self.api(user, "GET", "projects/")["results"]
        return next(row for row in rows if row["title"] == title)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(folder: Path, filled_by: Any = world, **extra: str) -> Iterator[Portal]:
    """A portal with the little district in it, or what another module of this folder builds from its `START`."""
    made = Portal(folder, free_port(), extra)
    made.day(filled_by.START)
    made.run("manage.py", "migrate", "--verbosity", "0")
    made.run("-m", filled_by.__name__)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with served(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def still_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for a module whose tests leave each other alone."""
    with served(tmp_path_factory.mktemp("portal")) as made:
        yield made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


Opener = Callable[..., Page]


@pytest.fixture
def opener(chromium: Browser) -> Iterator[Opener]:
    """`opener(portal, "clerk", PHONE)`: a page in which that person is logged in; errors of a page fail the test."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_as(portal: Portal, user: str = "", size: Any = None, **options: Any) -> Page:
        context = chromium.new_context(viewport=size or DESK, locale="zh-CN", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: _refused(message, troubles))
        if user:
            login(page, portal, user)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert troubles == []


def _refused(message: Any, troubles: list[str]) -> None:
    """A content-security violation is an error of ours; a 4xx that a test provokes is not."""
    if message.type == "error" and "Content Security Policy" in message.text:
        troubles.append(message.text)


def login(page: Page, portal: Portal, user: str) -> None:
    page.goto(f"{portal.url}/login/")
    page.fill("[name=username]", user)
    page.fill("[name=password]", PASSWORD)
    page.click("main form button[type=submit]")
    page.wait_for_url(f"{portal.url}/desk/")
