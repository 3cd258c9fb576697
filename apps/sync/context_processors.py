"""How fresh the mirror is, for the banner on every page, and which Pneumatic it mirrors."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.pneumatic import detection
from apps.sync import selectors


def freshness(request: HttpRequest) -> dict[str, object]:
    """Return ``freshness`` and ``which_pneumatic``, filled in when a template asks: who does not ask pays no query."""
    return {
        "freshness": SimpleLazyObject(selectors.freshness),
        "which_pneumatic": SimpleLazyObject(detection.description),
    }
