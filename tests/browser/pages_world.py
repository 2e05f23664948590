"""A district in the midst of its year, something in every state: `python -m tests.browser.pages_world` fills an empty
database and writes the codes and ids that the addresses are made of to `world.json` beside it.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import django
from django.db import transaction

START = date(2026, 2, 10)


def build() -> dict[str, str]:
    """The codes and ids by the names of what they belong to."""
    from tests.browser import pages_states

    return pages_states.build()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    # One commit: the file database is on a disk.
    Path(os.environ["VAR_DIR"], "world.json").write_text(json.dumps(transaction.atomic(build)()))
