"""Who does a thing: passed to every action, so that nothing is recorded without its author."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest

    from organizations.models import User


@dataclass(frozen=True, slots=True)
class Actor:
    """A person at a page or the API, or the system itself (`user` is None, `source` names the job)."""

    user: User | None
    source: str
    address: str | None = None

    @classmethod
    def system(cls, source: str) -> Actor:
        return cls(user=None, source=source)

    @classmethod
    def person(cls, user: User, source: str = "command") -> Actor:
        return cls(user=user, source=source)

    @classmethod
    def from_request(cls, request: HttpRequest, source: str = "web") -> Actor:
        user = request.user if request.user.is_authenticated else None
        return cls(user=user, source=source, address=request.META.get("REMOTE_ADDR"))

    @property
    def label(self) -> str:
        return str(self.user) if self.user else "系统"
