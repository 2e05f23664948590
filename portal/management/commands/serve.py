"""Run the portal as one foreground process: web server, Celery worker and Celery beat."""

import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

# A worker finishes its task first (warm shutdown); killing is for one that hangs.
PATIENCE_SECONDS = 120
WEB_THREADS = 8


def commands(port: int) -> dict[str, list[str]]:
    celery = [sys.executable, "-m", "celery", "--app", "portal", "--quiet"]
    beat = [*celery, "beat", "--loglevel=WARNING", "--pidfile="]
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--no-ws"]
    web += ["--blocking-threads", str(WEB_THREADS), "--log-level", "error"]
    return {
        "web": [*web, "--port", str(port), "portal.wsgi:application"],
        "worker": [*celery, "worker", "--loglevel=WARNING"],
        "beat": [*beat, f"--schedule={settings.CELERY_BEAT_SCHEDULE_FILENAME}"],
    }


def refuse_taken_port(port: int) -> None:
    """The web server shares a port without a word, so that two portals would answer in turn. Raises CommandError."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise CommandError(f"端口 {port} 已被占用。请先停止占用它的程序，或换一个端口：PORT=8001 make run")


class Command(BaseCommand):
    help = "启动网站、后台任务和定时任务；Ctrl-C 停止。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_taken_port(options["port"])
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        for name, command in commands(options["port"]).items():
            if self.stopping:
                break
            # A session of its own: Ctrl-C reaches only us, and each child gets exactly one SIGTERM.
            self.children[name] = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=os.environ, start_new_session=True
            )
        self._announce(options["port"])
        dead = self._watch()
        self._end()
        if dead:
            self.stderr.write(f"{dead} 意外退出，已全部停止。")
            sys.exit(1)

    def _stop(self, *_: Any) -> None:
        self.stopping = True

    def _announce(self, port: int) -> None:
        self.stdout.write(f"红色矩阵：http://127.0.0.1:{port}/  （Ctrl-C 停止）")
        kept = settings.VAR_DIR / "demo-password"
        password = settings.DEMO_PASSWORD or (kept.read_text().strip() if kept.exists() else "")
        if password and not settings.PRODUCTION:
            names = "officer leader secretary branchsec clerk outsider reviewer1 reviewer2 reviewer3"
            names += " evaladmin scrutineer auditor sysadmin"
            self.stdout.write(f"示例账号：{names}\n密码：{password}")
            self._announce_sample_vote(port)
        self.stdout.flush()

    def _announce_sample_vote(self, port: int) -> None:
        """Codes with which the sample's open vote can be tried; a real vote's stand on no screen."""
        codes, secrets = settings.VAR_DIR / "demo-voting-codes", settings.VAR_DIR / "demo-box-secrets"
        if codes.exists():
            words = "、".join(codes.read_text().split())
            self.stdout.write(f"试投（仅示例有）：http://127.0.0.1:{port}/vote/  投票码：{words}")
        if secrets.exists():
            self.stdout.write(f"试计票用的票箱密钥（仅示例有）：{secrets}")

    def _watch(self) -> str:
        while not self.stopping:
            for name, child in self.children.items():
                if child.poll() is not None:
                    return name
            time.sleep(0.2)
        return ""

    def _end(self) -> None:
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for child in self.children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
