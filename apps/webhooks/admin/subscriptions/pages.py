"""The page of webhook subscriptions in Django admin: Pneumatic's subscriptions next to the expected ones."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.pneumatic.client import capabilities
from apps.webhooks.admin.permissions import MANAGE, VIEW, needs
from apps.webhooks.admin.subscriptions import presentation, statistics
from apps.webhooks.admin.subscriptions.forms import SubscribeForm
from apps.webhooks.models import Subscription
from apps.webhooks.subscriptions import drift, rotation, self_test, services
from apps.webhooks.subscriptions.targets import OwnEndpoints

PAGE = "admin:webhooks_subscription_changelist"
TIMEOUT_SECONDS = 5.0  # a user waits: the last known list soon is better than the present one late


def endpoint(*, reveal: bool = False) -> dict[str, Any]:
    """Return our endpoint for a template: ``url`` is "" while PUBLIC_URL is empty."""
    url = services.proposed_target()
    return {"url": url if reveal else presentation.hide_token(url), "is_revealed": reveal}


def show(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render a page of this part of Django admin."""
    may_manage = request.user.has_perm(MANAGE)
    frame = {
        **admin.site.each_context(request),
        "opts": Subscription._meta,
        "may_manage": may_manage,
        "may_send": may_manage and bool(settings.PUBLIC_URL),
        "one_url": capabilities().one_url_per_event,
    }
    return render(request, f"admin/webhooks/subscription/{template}", {**frame, **context}, status=status)


@require_GET
@needs(VIEW)
def tests(request: HttpRequest) -> HttpResponse:
    """Show the test events, for a page that polls."""
    return show(request, "_tests.html", {"tests": self_test.progress()})


@require_GET
@needs(VIEW)
def page(request: HttpRequest) -> HttpResponse:
    """List the subscriptions and show everything; when Pneumatic does not respond, the last known list.

    The form proposes the events that no subscription sends to our endpoint.
    """
    may_manage = request.user.has_perm(MANAGE)
    reveal = may_manage and request.GET.get("show") == "address"
    state = services.refresh(timeout_seconds=TIMEOUT_SECONDS)
    found, own = drift.find_drift(), OwnEndpoints()
    numbers = statistics.of_subscriptions(
        [row.pk for row in state.rows], by_event=capabilities().one_url_per_event
    )
    context = {
        "title": Subscription._meta.verbose_name_plural,
        "state": state,
        "is_old": bool(state.error) and not state.is_incomplete,
        "may_manage": may_manage and not state.is_denied,  # offer nothing that Pneumatic would refuse
        "may_manage_here": may_manage,
        "rows": presentation.rows(state.rows, found, numbers, own, reveal=reveal),
        "expected": presentation.expected(services.expected(), state.rows, found, own),
        "drift": found,
        "not_requested": drift.labels(found.not_requested),
        "differences": presentation.differences(found, own),
        "endpoint": endpoint(reveal=reveal),
        "form": SubscribeForm(kinds=services.not_sent_to_us(state.rows)),
        "rotation": rotation.status(),
        "tests": self_test.progress(),
    }
    return show(request, "page.html", context)
