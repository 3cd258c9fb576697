"""End sessions that began without a second factor where one is required by now."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from apps.accounts.second_factors import pending


class SecondFactorMiddleware:
    """Sign such a user out before the view. A launch form keeps its answers, as after any session that ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if pending.is_incomplete(request):
            logout(request)
        return self.get_response(request)
