"""What a refused action must look like: its code, a Chinese message, the fields it speaks of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from common.errors import ActionError

CHINESE = re.compile("[\u4e00-\u9fff]")


def refused(code: str, call: Callable[[], Any], *fields: str) -> ActionError:
    """The error of a call that is refused with this code and exactly these fields."""
    with pytest.raises(ActionError) as caught:
        call()
    error = caught.value
    assert (error.code, sorted(error.fields)) == (code, sorted(fields))
    for message in (error.message, *(text for texts in error.fields.values() for text in texts)):
        assert CHINESE.search(message), message
    return error
