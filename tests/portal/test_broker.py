"""The queue in a folder: whoever looks for a message finds it whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from portal import broker


@pytest.fixture
def channel(tmp_path: Path) -> Any:
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    queue, control = str(tmp_path / "queue"), str(tmp_path / "control")
    options = {"data_folder_in": queue, "data_folder_out": queue, "control_folder": control}
    with Connection(f"{broker.SCHEME}://localhost//", transport_options=options) as connection:
        yield connection.default_channel


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is called between a file's beginning and its words."""
    calls: list[Any] = []
    write = Path.write_bytes

    def slowly(path: Path, data: bytes) -> int:
        path.touch()
        for call in calls:
            call()
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", slowly)
    return calls


def test_messages_come_in_their_order(channel):
    for turn in range(3):
        channel._put("one", {"turn": turn})
    channel._put("other", {"turn": 9})
    assert [channel._get("one")["turn"] for _ in range(3)] == [0, 1, 2]
    assert (channel._size("one"), channel._size("other")) == (0, 1)


def test_a_message_that_is_being_written_is_not_there(channel, between):
    seen = []

    def look() -> None:
        with pytest.raises(Empty):
            channel._get("one")
        seen.append(True)

    between.append(look)
    channel._put("one", {"turn": 1})
    assert seen == [True]
    assert channel._get("one") == {"turn": 1}


def test_who_listens_is_read_whole_while_it_is_first_written(channel, between):
    seen = []
    between.append(lambda: seen.append(channel.get_table("jobs")))
    for queue in ("one", "other"):
        channel._queue_bind("jobs", "key", "", queue)
    assert seen == [[]]
    assert {row.queue for row in channel.get_table("jobs")} == {"one", "other"}
    assert [path.name for path in channel.control_folder.iterdir()] == ["jobs.exchange"]


def test_a_reader_beside_a_writer_loses_nothing(channel):
    number = 300
    writer = threading.Thread(target=lambda: [channel._put("one", {"turn": turn}) for turn in range(number)])
    writer.start()
    found: list[int] = []
    while len(found) < number and (writer.is_alive() or channel._size("one")):
        try:
            found.append(channel._get("one")["turn"])
        except Empty:
            continue
    writer.join()
    assert found == list(range(number))
