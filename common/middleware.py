"""Middleware: the request's actor."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from common.actors import Actor


class ActorMiddleware:
    """Set `request.actor`, which views hand to actions."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = Actor.from_request(request)  # type: ignore[attr-defined]
        return self.get_response(request)
