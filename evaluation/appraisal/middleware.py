"""Pages that leave no trace (不留痕): whoever opens one touches no session, no log and no cache.

A session that is saved at each request, or a line in a log, would tell to the second when somebody voted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.sessions import middleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.debug import sensitive_post_parameters

View = Callable[..., HttpResponseBase]


def leaves_no_trace(view: View) -> View:
    """Mark a view: it never learns who is logged in, and its answer is kept by nobody."""
    return _marked(view, blind=True)


def leaves_no_trace_but_knows_the_account(view: View) -> View:
    """The same for a view that asks an account for its password again: the session is read, never written."""
    return _marked(view, blind=False)


def traceless(request: HttpRequest) -> bool:
    """Whether the view of this request is so marked."""
    match = request.resolver_match
    return match is not None and hasattr(match.func, "blind_to_sessions")


class SessionMiddleware(middleware.SessionMiddleware):
    """Django's own, but marked views neither save the session nor renew its cookie."""

    def process_view(self, request: HttpRequest, view: Any, args: object, kwargs: object) -> None:
        if getattr(view, "blind_to_sessions", False):
            request.session = self.SessionStore()

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        return response if traceless(request) else super().process_response(request, response)


class NoVisits(logging.Filter):
    """Drops what Django logs of refused requests to marked views; faults of ours (500) are still logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        return record.levelno >= logging.ERROR or not isinstance(request, HttpRequest) or not traceless(request)


def _marked(view: View, *, blind: bool) -> View:
    @wraps(view)
    def kept_nowhere(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        return response

    # An error report of a fault shows no field of the form.
    marked: Any = sensitive_post_parameters()(kept_nowhere)
    marked.blind_to_sessions = blind
    return marked  # type: ignore[no-any-return]
