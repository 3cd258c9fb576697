"""What a sign-in adds to a response: the device's cookie, or the status of one that was refused."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from apps.accounts.sign_in import devices
from apps.accounts.sign_in.handler import is_refused

BUSY_SECONDS = 5


class SignInMiddleware:
    """Answer with the page that the view made, unlike axes' own middleware: the page can hold answers of a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if is_refused(request):
            response.status_code = 429
            is_busy = getattr(request, "sign_in_busy", False)
            seconds = BUSY_SECONDS if is_busy else int(settings.AXES_COOLOFF_TIME.total_seconds())
            response.headers["Retry-After"] = str(seconds)
        account = getattr(request, "remembered_account", None)
        if account is not None:
            devices.remember(request, response, account)
        return response
