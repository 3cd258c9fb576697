"""The page of webhook subscriptions in Django admin: what Pneumatic has now, beside what this dashboard wants."""

from __future__ import annotations

from dataclasses import dataclass
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

PAGE = "admin:webhooks_subscription_changelist"

# Somebody waits for the page: better the last known state soon than the present one late.
LONGEST_WAIT = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Receiver:
    """Our own address as the page shows it; ``address`` is "" while PUBLIC_URL is empty."""

    address: str
    is_revealed: bool


def receiver(*, reveal: bool = False) -> Receiver:
    """Return our own address, as it is proposed."""
    address = services.proposed_target()
    return Receiver(address if reveal else presentation.hide_token(address), reveal)


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
def page(request: HttpRequest) -> HttpResponse:
    """Ask Pneumatic, and show everything; where it does not answer, the last known state."""
    return show(request, "page.html", context(request))


@require_GET
@needs(VIEW)
def tests(request: HttpRequest) -> HttpResponse:
    """Show how far the test events came, for a page that polls."""
    return show(request, "_tests.html", {"tests": self_test.progress()})


def context(request: HttpRequest) -> dict[str, Any]:
    """Return what the page shows, as it is now; its form proposes the events that do not come to our receiver."""
    may_manage = request.user.has_perm(MANAGE)
    reveal = may_manage and request.GET.get("show") == "address"
    state = services.refresh(patience=LONGEST_WAIT)
    found = drift.find_drift()
    addresses = presentation.Addresses()
    numbers = statistics.of_subscriptions(
        [row.pk for row in state.rows], by_event=capabilities().one_url_per_event
    )
    return {
        "title": Subscription._meta.verbose_name_plural,
        "state": state,
        "is_old": bool(state.error),
        # What Pneumatic would refuse is not offered.
        "may_manage": may_manage and not state.is_denied,
        "may_manage_here": may_manage,
        "rows": presentation.rows(state.rows, found, numbers, addresses, reveal=reveal),
        "wishes": presentation.wishes(services.wanted(), state.rows, found, addresses),
        "drift": found,
        "differences": presentation.differences(found, addresses),
        "receiver": receiver(reveal=reveal),
        "form": SubscribeForm(kinds=services.not_sent_to_us(state.rows)),
        "rotation": rotation.status(),
        "tests": self_test.progress(),
    }
