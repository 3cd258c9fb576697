"""Probes of a deployment: ``/healthz``, ``/readyz`` and ``/readyz?worker``.

They come before all other middleware, as the receiver does, and are in no URLconf. So they answer whatever host name,
scheme or cookie a request has: a load balancer asks by IP address and plain HTTP. No session and no user is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils import translation

from apps.core.health import readiness

logger = logging.getLogger(__name__)

Probe = Callable[[HttpRequest], HttpResponse]


class ProbeMiddleware:
    """Answer the probes, and pass on every other request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = probe(request)
        response.headers["Cache-Control"] = "no-store"
        # Django would log each failure as an error, every few seconds, without its reason.
        setattr(response, "_has_been_logged", True)  # noqa: B010  (not declared by HttpResponse)
        return response


def healthz(request: HttpRequest) -> HttpResponse:
    """Respond while the process runs; a supervisor restarts it when this fails."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Report whether pages can be served, with ``?worker`` whether the background worker works, too."""
    with_worker = "worker" in request.GET
    with translation.override("en"):  # for logs and people of operations
        verdicts = readiness.check(with_worker=with_worker)
    reasons = [verdict.reason for verdict in verdicts if verdict.reason]
    _log_change(with_worker, reasons)
    body = {
        "status": "unavailable" if reasons else "ok",
        "checks": {verdict.name: verdict.state for verdict in verdicts},
        "reasons": reasons,
    }
    return JsonResponse(body, status=503 if reasons else 200)


_last_reasons: dict[bool, list[str]] = {}


def _log_change(with_worker: bool, reasons: list[str]) -> None:
    """Log reasons once, not at every probe."""
    before = _last_reasons.get(with_worker, [])
    _last_reasons[with_worker] = reasons
    if reasons == before:
        return
    if reasons:
        logger.warning("Not ready: %s", " ".join(reasons))
    else:
        logger.warning("Ready again.")


PROBES: dict[str, Probe] = {"/healthz": healthz, "/readyz": readyz}
