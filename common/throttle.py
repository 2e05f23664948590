"""A light brake on public forms: so many tries from one address in a while, counted in the cache."""

from __future__ import annotations

import hashlib

from django.core.cache import cache

from common.errors import ActionError


class TooOften(ActionError):
    """The address has used up its tries; `status` is 429."""

    status = 429

    def __init__(self) -> None:
        super().__init__("操作过于频繁，请稍后再试。", code="throttled")


def spend(name: str, address: str | None, *, times: int, seconds: int) -> None:
    """Count one try of `name` from `address`. Raises TooOften after `times` of them within `seconds`.

    Without an address (a command, a task) nothing is counted.
    """
    if not address:
        return
    key = f"throttle:{name}:{hashlib.sha256(address.encode()).hexdigest()[:32]}"
    cache.add(key, 0, seconds)
    try:
        count = cache.incr(key)
    except ValueError:  # it ran out between the two calls: a new while has begun
        return
    if count > times:
        raise TooOften
