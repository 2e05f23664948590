"""Wrong codes and passwords are slowed down (限次): counted in the cache for some minutes, right ones never.

No row is written and no address is kept: the cache knows a keyed hash that is another one in the next window.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from common import days
from common.errors import ActionError
from evaluation.appraisal import electors
from evaluation.appraisal.models import Campaign, Voter
from organizations.models import User

SALT = "appraisal.throttle"
WINDOW_SECONDS = 300
# A whole office votes from one address, so that is generous; a code has 60 bits, a guess is hopeless anyway.
PER_ADDRESS = 30
PER_ACCOUNT = 8
OVERALL = 1000


class TooManyFailures(ActionError):
    """`wait` seconds until the next attempt is looked at."""

    status = 429

    def __init__(self, wait: int) -> None:
        minutes = -(-wait // 60)
        super().__init__(f"输错次数较多，请 {minutes} 分钟后再试；您的票和投票码都不受影响。", code="throttled")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to open a ballot, from an address and perhaps for an account."""

    address: str
    account: str = ""

    @classmethod
    def of(cls, request: HttpRequest, account: str = "") -> Attempt:
        return cls(request.META.get("REMOTE_ADDR") or "", account)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Raise TooManyFailures if this address, this account or all together have failed too often; else go on.

        Only a wrong code or password counts: after the close a whole office asks whether its ballots are in the box,
        and those codes are right ones. The file cache may lose one of two at the same moment: no harm.
        """
        limits = self._limits()
        if any(cache.get(key, 0) >= limit for key, limit in limits):
            raise TooManyFailures(WINDOW_SECONDS - _second() % WINDOW_SECONDS)
        try:
            yield
        except electors.NotAnElector as error:
            for key, _ in limits if error.code == electors.WRONG else ():
                cache.add(key, 0, 2 * WINDOW_SECONDS)
                with suppress(ValueError):  # a full file cache has dropped it already
                    cache.incr(key)
            raise

    def _limits(self) -> list[tuple[str, int]]:
        found = [(_key("all", ""), OVERALL), (_key("address", self.address), PER_ADDRESS)]
        return [*found, (_key("account", self.account), PER_ACCOUNT)] if self.account else found


def by_code(request: HttpRequest, code: str) -> tuple[Voter, str]:
    """`electors.by_code`, slowed down. Raises TooManyFailures, NotAnElector."""
    attempt = Attempt.of(request)
    with attempt.counted():
        return electors.by_code(code)


def by_account(request: HttpRequest, name: str, password: str, campaign: Campaign) -> tuple[Voter, str]:
    """`electors.by_account` of the account of this name, slowed down. Raises TooManyFailures, NotAnElector."""
    attempt = Attempt.of(request, account=name)
    with attempt.counted():
        user = User.objects.filter(username=name).first()
        return electors.by_account(user=user, password=password, campaign=campaign)


def _second() -> int:
    return int(days.now().timestamp())


def _key(kind: str, value: str) -> str:
    window = _second() // WINDOW_SECONDS
    return f"vote-failures-{salted_hmac(SALT, f'{kind} {value} {window}', algorithm='sha256').hexdigest()}"
