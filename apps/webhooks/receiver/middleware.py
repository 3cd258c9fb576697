"""Pass deliveries to the receiver before any middleware for pages runs.

The receiver is no page: no session, no sign-in, no CSRF token, no language, no redirect to https that would turn a POST
into a GET. So only the probes come before this middleware, and the receiver is in no URLconf. A request below
``/hooks/`` without one of our tokens continues to the URLconf and gets the response of any unknown page.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from apps.webhooks.receiver.views import receive

PREFIX = "/hooks/"


class ReceiverMiddleware:
    """Give requests whose path holds a token of ours to the receiver, with or without the slash at the end."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PREFIX):
            token = request.path_info.removeprefix(PREFIX).removesuffix("/")
            response = receive(request, token) if token and "/" not in token else None
            if response is not None:
                return response
        return self.get_response(request)
