"""Pages that refresh a part of themselves while they are open; ``static/js/live.js`` is the client.

The part has a version of its content. The script requests the page's address and sends that version in the header
``Live-Version``. The view responds with 204 while the version is current, else with the part.
"""

from __future__ import annotations

import hashlib
import time

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

HEADER = "Live-Version"
# Of requests that a page sends automatically through htmx (``hx-headers``).
BACKGROUND_HEADER = "Background-Request"
# Texts such as "3 minutes ago" become wrong although nothing happened.
REFRESH_SECONDS = 60


def version(request: HttpRequest, *facts: object) -> str:
    """Return the version of a page that shows ``facts``; it changes with them, and once a minute.

    The minute starts at another second for each user, so that open pages do not all refresh at once.
    """
    offset = (getattr(request.user, "pk", None) or 0) * 7
    minute = (int(time.time()) + offset) // REFRESH_SECONDS
    return hashlib.sha256(repr((minute, facts)).encode()).hexdigest()[:16]


def is_asked(request: HttpRequest) -> bool:
    """Return whether the request is a refresh by an open page."""
    return HEADER in request.headers


def is_background(request: HttpRequest) -> bool:
    """Return whether an open page sent the request automatically: it shows no activity of its user.

    Elements inside one that polls inherit its headers, so that only requests which change nothing count as polls.
    """
    return request.method in {"GET", "HEAD"} and (is_asked(request) or BACKGROUND_HEADER in request.headers)


def is_current(request: HttpRequest, version: str) -> bool:
    """Return whether the open page already shows this version."""
    return request.headers.get(HEADER) == version


def unchanged() -> HttpResponse:
    """Return the response to an open page whose content is current."""
    response = HttpResponse(status=204)
    return vary(response)


def vary(response: HttpResponse) -> HttpResponse:
    """Return the response with a ``Vary`` header for refreshes and for htmx."""
    patch_vary_headers(response, ["HX-Request", HEADER])
    return response
