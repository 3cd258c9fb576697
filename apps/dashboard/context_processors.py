"""What every user should know about the system, for the banner on every page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.dashboard.system import checks


def system(request: HttpRequest) -> dict[str, object]:
    """Return ``system_notices``; lazy, so that fragments of pages, which do not show it, cost no query."""
    return {"system_notices": SimpleLazyObject(checks.notices)}
