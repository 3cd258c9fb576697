"""The probes of a deployment."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core import database


@never_cache
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Respond while the process runs; a supervisor restarts it when this fails."""
    return JsonResponse({"status": "ok"})


@never_cache
@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Report whether pages can be served: the database can be reached, and its migrations are applied."""
    readiness = database.readiness()
    body = {"status": "ok" if readiness.is_ready else "unavailable", "checks": asdict(readiness)}
    return JsonResponse(body, status=200 if readiness.is_ready else 503)
