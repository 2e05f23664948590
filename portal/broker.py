"""The queue of the embedded default: messages are files of one folder, and each appears there whole.

kombu's own channel writes a message where the worker looks for it, so that a worker may read one that is still empty,
and dies of it; the same holds for the table of who listens to what, as it is first made.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

SCHEME = "folder"


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Put a message into the queue; the worker takes them by name, the oldest first."""
        folder, key = Path(self.data_folder_out), uuid.uuid4()
        half = folder / f"{key}.half"
        half.write_bytes(dumps(payload).encode())
        half.replace(folder / f"{time.time_ns()}_{key}.{queue}.msg")

    def _queue_bind(self, exchange: str, routing_key: Any, pattern: Any, queue: Any) -> None:
        file = self._exchange_file(exchange)  # type: ignore[attr-defined]
        if not file.exists():
            self.control_folder.mkdir(exist_ok=True)
            half = self.control_folder / f"{uuid.uuid4()}.half"
            half.write_bytes(b"[]")
            with contextlib.suppress(FileExistsError):
                os.link(half, file)
            half.unlink()
        super()._queue_bind(exchange, routing_key, pattern, queue)


class Transport(filesystem.Transport):
    Channel = Channel


def register() -> None:
    """Let a broker address of this scheme mean this transport."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:{Transport.__name__}"
