"""How fresh the mirror is, for the banner on every page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.sync import selectors


def freshness(request: HttpRequest) -> dict[str, object]:
    """Return ``freshness``, filled in when a template asks: pages without a banner cost no query."""
    return {"freshness": SimpleLazyObject(selectors.freshness)}
