"""What `make test` runs: lint, the suite on SQLite, and once more on PostgreSQL with Redis.

Installs the browser and the servers through apt where it may (root on Debian), starts servers that are not there,
and says in its last lines what ran and what did not.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "reports"
# As they are collected: xdist would keep the files of few long tests for the end, where one worker waits for the other.
PARALLEL = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]


def may_use_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: list[str]) -> bool:
    """Install Debian packages; False (with the command to run) where that is not ours to do."""
    if not may_use_apt():
        print(f"缺少：{' '.join(packages)}。请运行：sudo apt-get install {' '.join(packages)}")
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    for attempt in (["apt-get", "update", "-q"], command):
        done = subprocess.run(attempt, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode == 0


def browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None and not install(["chromium"]):
        return None
    return found or shutil.which("chromium")


def paper_tools() -> bool:
    """Chinese fonts, without which there is no PDF, and the reader that the tests open PDF with."""
    fonts = (
        subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False).stdout
        if shutil.which("fc-list")
        else ""
    )
    wanted = [] if fonts.strip() else ["fonts-noto-cjk", "fontconfig"]
    wanted += [] if shutil.which("pdftotext") else ["poppler-utils"]
    return not wanted or install(wanted)


def listening(url: str) -> bool:
    parts = urlsplit(url)
    with contextlib.suppress(OSError), socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0), 1):
        return True
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def usable_postgres(url: str) -> bool:
    if not listening(url):
        return False
    code = "import sys, psycopg2; psycopg2.connect(sys.argv[1]).close()"
    return subprocess.run([sys.executable, "-c", code, url], capture_output=True, check=False).returncode == 0


def start_postgres(stack: contextlib.ExitStack) -> str | None:
    """A PostgreSQL of our own in a folder that goes away; initdb refuses root, so another user runs it."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries and install(["postgresql"]):
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        return None
    folder, port = Path(stack.enter_context(tempfile.TemporaryDirectory())), free_port()
    prefix = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]
    bin_, data = binaries[-1], folder / "data"
    made = subprocess.run(
        [*prefix, bin_ / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        return None
    options = f"-p {port} -k {folder} -c fsync=off"
    subprocess.run(
        [*prefix, bin_ / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start"], check=False
    )
    stack.callback(subprocess.run, [*prefix, bin_ / "pg_ctl", "-D", data, "-m", "fast", "stop"], check=False)
    return f"postgres://postgres@127.0.0.1:{port}/postgres"


def start_redis(stack: contextlib.ExitStack) -> str | None:
    server = shutil.which("redis-server")
    if server is None and install(["redis-server"]):
        server = shutil.which("redis-server")
    if server is None:
        return None
    port = free_port()
    process = subprocess.Popen(
        [server, "--port", str(port), "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
    )
    stack.callback(process.terminate)
    url = f"redis://127.0.0.1:{port}/0"
    for _ in range(50):
        if listening(url):
            return url
        time.sleep(0.1)
    return None


def servers(stack: contextlib.ExitStack) -> tuple[str | None, str | None]:
    postgres = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    redis = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
    return (
        postgres if usable_postgres(postgres) else start_postgres(stack),
        redis if listening(redis) else start_redis(stack),
    )


def suite(name: str, arguments: list[str], environment: dict[str, str]) -> tuple[bool, int, int, int]:
    """Run pytest; whether it passed, and how many tests passed, failed and were skipped."""
    report = REPORTS / f"{name}.xml"
    command = [sys.executable, "-m", "pytest", f"--junit-xml={report}", *arguments]
    print(f"\n===== {name}: {' '.join(arguments)}", flush=True)
    code = subprocess.run(command, env={**os.environ, **environment}, cwd=ROOT, check=False).returncode
    if not report.exists():
        return False, 0, 0, 0
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    tests = failed = skipped = 0
    for element in suites:
        tests += int(element.get("tests", 0))
        failed += int(element.get("failures", 0)) + int(element.get("errors", 0))
        skipped += int(element.get("skipped", 0))
    return code == 0, tests - failed - skipped, failed, skipped


def main() -> int:
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.glob("*.xml"):
        old.unlink()
    notes: list[str] = []
    lint = subprocess.run([sys.executable, "scripts/lint.py"], cwd=ROOT, check=False).returncode == 0
    results = []
    if not paper_tools():
        notes.append("tests of PDF papers pass only with fonts-noto-cjk and poppler-utils")
    chromium = browser()
    plain = {"DATABASE_URL": "", "REDIS_URL": ""}
    plain = {key: value for key, value in plain.items() if value} | {"CHROMIUM": chromium or ""}
    for name in ("DATABASE_URL", "REDIS_URL", "PRODUCTION", "TODAY"):
        os.environ.pop(name, None)
    results.append(("SQLite", suite("sqlite", [*PARALLEL, "-m", "not browser and not postgres_only"], plain)))
    if chromium:
        results.append(("SQLite, in the browser", suite("browser", [*PARALLEL, "-m", "browser"], plain)))
    else:
        notes.append("browser tests: no Chromium")
    with contextlib.ExitStack() as stack:
        postgres, redis = servers(stack)
        if postgres and redis:
            environment = {**plain, "DATABASE_URL": postgres, "REDIS_URL": redis}
            arguments = [*PARALLEL, "-m", "(not browser or both_databases) and not sqlite_only"]
            results.append(("PostgreSQL and Redis", suite("postgresql", arguments, environment)))
        else:
            lacking = [name for name, url in (("PostgreSQL", postgres), ("Redis", redis)) if not url]
            notes.append(f"the suite on PostgreSQL with Redis: no {' and no '.join(lacking)} server")
    return report(lint, results, notes)


def report(lint: bool, results: list[tuple[str, tuple[bool, int, int, int]]], notes: list[str]) -> int:
    print("\n===== what ran")
    print(f"lint: {'passed' if lint else 'FAILED'}")
    for name, (passed, good, bad, skipped) in results:
        print(f"{name}: {'passed' if passed else 'FAILED'} ({good} passed, {bad} failed, {skipped} skipped)")
    for note in notes:
        print(f"NOT RUN: {note}")
    if not notes:
        print("nothing was left out")
    print(f"tests: {sum(r[1] for _, r in results)} passed, {sum(r[2] for _, r in results)} failed")
    return 0 if lint and all(r[0] for _, r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
