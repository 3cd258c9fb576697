"""The probes of a deployment, and the page for people who lack a permission."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib.auth import REDIRECT_FIELD_NAME, get_user_model
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core import database

ADMINISTRATOR_ROLE = "Administrator"
ADMINISTRATORS_SHOWN = 3


@never_cache
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process answers: restart it when this fails."""
    return JsonResponse({"status": "ok"})


@never_cache
@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether pages can be served: the database answers, and its migrations are applied."""
    readiness = database.readiness()
    body = {"status": "ok" if readiness.is_ready else "unavailable", "checks": asdict(readiness)}
    return JsonResponse(body, status=200 if readiness.is_ready else 503)


@login_not_required
def admin_login(request: HttpRequest) -> HttpResponse:
    """Lead to the dashboard's own sign-in page; people who are signed in lack the right instead."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Explain what is missing, and who can give it."""
    administrators = (
        get_user_model()
        .objects.filter(Q(is_superuser=True) | Q(groups__name=ADMINISTRATOR_ROLE), is_active=True)
        .exclude(email="")
        .distinct()
        .order_by("pk")[:ADMINISTRATORS_SHOWN]
    )
    context = {"administrators": administrators if request.user.is_authenticated else []}
    return render(request, "403.html", context, status=403)
