"""Freshness of the mirror, for the banner on every page, and which Pneumatic it mirrors."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.pneumatic import detection
from apps.sync import selectors


def freshness(request: HttpRequest) -> dict[str, object]:
    """Return ``freshness`` and ``which_pneumatic``; both are lazy, so that unused ones cost no query."""
    return {
        "freshness": SimpleLazyObject(selectors.freshness),
        "which_pneumatic": SimpleLazyObject(detection.description),
    }
