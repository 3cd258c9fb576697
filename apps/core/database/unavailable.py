"""What users get while the database is away, busy, full or read-only: status 503, a sentence, and what was typed.

Django calls these handlers for whatever a view or a middleware did not handle, so no page can be forgotten. They ask
the database nothing.
"""

from __future__ import annotations

import sys

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.translation import gettext as _
from django.views import defaults

from apps.core.database.errors import trouble_behind

RETRY_AFTER_SECONDS = 10
# Not written into the page that keeps what was typed: a new token comes with it, and passwords are typed again.
_NOT_KEPT = ("csrfmiddlewaretoken", "password")


def server_error(request: HttpRequest) -> HttpResponse:
    """Respond to an exception: with 503 where the database's trouble led to it, or else with Django's 500."""
    if trouble_behind(sys.exc_info()[1]) is None:
        return defaults.server_error(request)
    return _unavailable(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a bad request. Django takes a session that could not be saved for one."""
    if trouble_behind(exception) is None:
        return defaults.bad_request(request, exception)
    return _unavailable(request)


def _unavailable(request: HttpRequest) -> HttpResponse:
    request.user = AnonymousUser()  # what reads the rest of the request must not load the user
    if hasattr(request, "session"):
        request.session.modified = False  # as after any failure, it is not saved
    response = _response(request)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    add_never_cache_headers(response)
    patch_vary_headers(response, ["HX-Request", "Accept"])
    return response


def _response(request: HttpRequest) -> HttpResponse:
    if not request.accepts("text/html"):
        sentence = _("The database is not available. Try again in a moment.")
        return JsonResponse({"error": sentence}, status=503)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(render_to_string("core/unavailable.html"), status=503)
    context = {
        "address": request.get_full_path(),
        "is_sent": request.method == "POST",
        "kept": _kept(request),
        "had_files": getattr(request, "came_with_files", False),
        "csrf_token": get_token(request),
    }
    return HttpResponse(render_to_string("503.html", context), status=503)


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    """Return name and value of each control that was sent; nothing where the body cannot be read."""
    try:
        sent = request.POST
    except Exception:  # it is too large, or incomplete: the next attempt reports that
        return []
    return [
        (name, str(value))
        for name, values in sent.lists()
        if not any(part in name for part in _NOT_KEPT)
        for value in values
    ]
