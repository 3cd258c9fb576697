"""Whether htmx requests a fragment or a page."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


def is_partial(request: HttpRequest) -> bool:
    """Return whether to respond with a fragment only.

    A boosted link and a page restored from history replace the whole body, so they get the whole page. A view
    that calls this must set the header for caches: ``patch_vary_headers(response, ["HX-Request"])``.
    """
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request
