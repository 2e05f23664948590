"""Five hundred voters within a minute, some of them twice at once; and the server killed in the middle of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import connection

from tests.browser import crowd_world
from tests.browser.conftest import Portal, served, until
from tests.browser.crowd_world import CROWD, LATER

pytestmark = [pytest.mark.browser, pytest.mark.both_databases]
TWICE, AT_ONCE = 50, 24
MARKS = "SELECT count(*) FROM appraisal_voter WHERE voted"
CODES = "SELECT code FROM appraisal_urnballot UNION ALL SELECT code FROM appraisal_boxballot"
BY_CATEGORY = """SELECT c.code,
    (SELECT count(*) FROM appraisal_voter v WHERE v.category_id = c.id AND v.voted),
    (SELECT count(*) FROM appraisal_urnballot u WHERE u.category_id = c.id)
    + (SELECT count(*) FROM appraisal_boxballot b WHERE b.category_id = c.id)
    FROM appraisal_votercategory c"""


@dataclass(frozen=True)
class Crowd:
    """The served portal, the voters' codes, and the candidates by section."""

    portal: Portal
    codes: list[str]
    candidates: dict[str, list[str]]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        if address := self.portal.extra.get("DATABASE_URL"):
            with contextlib.closing(psycopg2.connect(address)) as database, database.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        with contextlib.closing(sqlite3.connect(self.portal.folder / "portal.sqlite3", timeout=30)) as database:
            return database.execute(sql).fetchall()

    def number(self, sql: str) -> int:
        return int(self.rows(sql)[0][0])

    def post(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """One call, on a connection of its own."""
        web = HTTPConnection("127.0.0.1", self.portal.port, timeout=50)
        try:
            web.request("POST", f"/api/v1/votes/{path}", json.dumps(body), {"Content-Type": "application/json"})
            answer = web.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            web.close()

    def review(self, turn: int) -> dict[str, Any]:
        """The sealed ballot of a voter; everybody chooses something else."""
        chosen = {key: [codes[turn % len(codes)]] for key, codes in self.candidates.items()}
        status, ready = self.post("review/", code=self.codes[turn], choices=chosen)
        assert status == 200, ready
        return ready

    def cast(self, turn: int, ready: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return self.post("", code=self.codes[turn], token=ready["token"])


@contextlib.contextmanager
def own_database() -> Iterator[dict[str, str]]:
    """Where the served portal keeps its rows: the vendor that this run of the tests is about."""
    if connection.vendor == "sqlite":
        yield {}
        return
    values, name = connection.settings_dict, f"red_matrix_crowd_{uuid.uuid4().hex[:8]}"
    password = f":{values['PASSWORD']}" if values["PASSWORD"] else ""
    server = f"postgres://{values['USER']}{password}@{values['HOST']}:{values['PORT'] or 5432}"
    with contextlib.closing(psycopg2.connect(f"{server}/postgres")) as database:
        database.autocommit = True
        with database.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            try:
                yield {"DATABASE_URL": f"{server}/{name}"}
            finally:
                cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """One portal for both tests; each has voters of its own."""
    folder = tmp_path_factory.mktemp("crowd")
    with own_database() as extra, served(folder, crowd_world, **extra) as portal:
        world = json.loads((folder / "crowd.json").read_text())
        yield Crowd(portal, world["codes"], world["candidates"])


def agree(crowd: Crowd, number: int) -> None:
    """As many ballots as marks, in all and in every category, and no ballot twice."""
    codes = [code for (code,) in crowd.rows(CODES)]
    assert len(codes) == len(set(codes)) == crowd.number(MARKS) == number
    assert [row for row in crowd.rows(BY_CATEGORY) if row[1] != row[2]] == []


def once(crowd: Crowd, turn: int) -> list[tuple[int, dict[str, Any]]]:
    return [crowd.cast(turn, crowd.review(turn))]


def twice(crowd: Crowd, turn: int) -> list[tuple[int, dict[str, Any]]]:
    """Two casts let go at the same moment: of one ballot (a double tap), or of two (two tabs)."""
    first = crowd.review(turn)
    second = first if turn % 2 else crowd.review(turn)
    gate = threading.Barrier(2)

    def go(ready: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        gate.wait()
        return crowd.cast(turn, ready)

    with ThreadPoolExecutor(2) as pair:
        return list(pair.map(go, (first, second)))


def test_five_hundred_vote_within_a_minute_fifty_of_them_twice(crowd: Crowd) -> None:
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as people:
        answers = list(people.map(lambda turn: (twice if turn < TWICE else once)(crowd, turn), range(CROWD)))
    taken = time.monotonic() - begun
    agree(crowd, CROWD)
    received = set()
    for turn, given in enumerate(answers):
        counted = [body for status, body in given if status == 200 and not body["again"]]
        assert len(counted) == 1, (turn, given)
        received.add(counted[0]["tracking_code"])
        others = [(status, body.get("again"), body.get("code")) for status, body in given if body not in counted]
        expected = [] if turn >= TWICE else [(200, True, None)] if turn % 2 else [(409, None, "already_voted")]
        assert others == expected, (turn, given)
    assert received == {code for (code,) in crowd.rows(CODES)}
    assert taken < 60


def close(crowd: Crowd, number: int) -> None:
    """The clock closes and mixes; of SQLite's files nothing of the urn is left, in the log beside it neither."""
    urn = [str(key) for (key,) in crowd.rows("SELECT id FROM appraisal_urnballot")]
    crowd.portal.day(crowd_world.AFTER)
    until(lambda: crowd.rows("SELECT state FROM appraisal_campaign") == [("mixed",)])
    agree(crowd, number)
    if "DATABASE_URL" not in crowd.portal.extra:
        files = [crowd.portal.folder / f"portal.sqlite3{end}" for end in ("", "-wal")]

        def left() -> bool:
            found = b"".join(each.read_bytes() for each in files if each.exists())
            return any(key.encode() in found for key in urn)

        until(lambda: not left())


def processes(portal: Portal) -> list[int]:
    """All processes of this portal, by its folder in their environment."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            environment = Path(f"/proc/{entry}/environ").read_bytes()
            if f"VAR_DIR={portal.folder}\0".encode() in environment:
                found.append(int(entry))
    return found


def kill(portal: Portal) -> None:
    """kill -9 for web server, worker, beat and what started them, at once."""
    for process in processes(portal):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    assert portal.process is not None
    portal.process.wait(30)
    until(lambda: processes(portal) == [])


def test_the_server_is_killed_half_way(crowd: Crowd) -> None:
    people, before = range(CROWD, CROWD + LATER), crowd.number(MARKS)
    ready = {turn: crowd.review(turn) for turn in people}
    answers: dict[int, dict[str, Any]] = {}

    def vote(turn: int) -> None:
        with contextlib.suppress(OSError, HTTPException):
            status, body = crowd.cast(turn, ready[turn])
            assert status == 200
            answers[turn] = body

    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(vote, turn) for turn in people]
        until(lambda: len(answers) >= 60, 40)
        kill(crowd.portal)
    for each in running:
        each.result()
    assert 60 <= len(answers) < LATER
    crowd.portal.start()
    counted = crowd.number(MARKS)
    agree(crowd, counted)
    assert before + len(answers) <= counted < before + LATER
    in_box = {code for (code,) in crowd.rows(CODES)}
    assert {body["tracking_code"] for body in answers.values()} <= in_box
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda turn: crowd.post("ballot/", code=crowd.codes[turn])[1]["voted"], people))
    # One call tells whether the vote counted, answered or not.
    assert said == [ready[turn]["tracking_code"] in in_box for turn in people]
    with ThreadPoolExecutor(8) as pool:
        resent = list(pool.map(lambda turn: crowd.cast(turn, ready[turn]), people))
    assert resent == [
        (200, {"tracking_code": ready[turn]["tracking_code"], "again": voted})
        for turn, voted in zip(people, said, strict=True)
    ]
    agree(crowd, before + LATER)
    close(crowd, before + LATER)
