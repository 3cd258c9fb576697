"""Pages that show themselves anew while they are open; ``static/js/live.js`` is the other half.

A part of the page carries a mark of what it shows. The script asks for the page's own address and sends the mark in
the header ``Live-Version``; the view answers with 204 and nothing else while the mark still holds, else with the part.
"""

from __future__ import annotations

import hashlib
import time

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

HEADER = "Live-Version"
# Words such as "3 minutes ago" grow old although nothing happened.
REFRESH_AFTER = 60  # seconds


def version(request: HttpRequest, *facts: object) -> str:
    """Return the mark of a page that shows ``facts``; it changes with them, and once a minute.

    The minute begins at another second for each person, so that open pages are not all made at once.
    """
    offset = (getattr(request.user, "pk", None) or 0) * 7
    minute = (int(time.time()) + offset) // REFRESH_AFTER
    return hashlib.sha256(repr((minute, facts)).encode()).hexdigest()[:16]


def is_asked(request: HttpRequest) -> bool:
    """Return whether an open page asks what is new, rather than a person for the page."""
    return HEADER in request.headers


def is_current(request: HttpRequest, version: str) -> bool:
    """Return whether the open page that asks shows what has this mark."""
    return request.headers.get(HEADER) == version


def unchanged() -> HttpResponse:
    """Return the answer to an open page that shows all there is."""
    response = HttpResponse(status=204)
    return vary(response)


def vary(response: HttpResponse) -> HttpResponse:
    """Return the response, marked as one that depends on who asks: an open page, htmx, or a person."""
    patch_vary_headers(response, ["HX-Request", HEADER])
    return response
