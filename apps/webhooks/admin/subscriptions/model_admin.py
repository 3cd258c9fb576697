"""Webhook subscriptions in Django admin: one page instead of a change list, and the pages that it links to."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.urls import URLPattern, path

from apps.sync.readonly import ReadOnlyAdmin
from apps.webhooks.admin.subscriptions import actions, pages
from apps.webhooks.models import Subscription


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin[Subscription]):
    """Pneumatic's subscriptions. A row has no page."""

    _views: ClassVar = [
        ("", pages.page, "changelist"),
        ("tests/", pages.tests, "tests"),
        ("subscribe/", actions.subscribe, "subscribe"),
        ("<int:subscription_id>/unsubscribe/", actions.unsubscribe, "unsubscribe"),
        (
            "<int:subscription_id>/unsubscribe-target/",
            actions.unsubscribe_target,
            "unsubscribe_target",
        ),
        ("wanted/<int:wanted_id>/give-up/", actions.stop_expecting, "stop_expecting"),
        ("repair/", actions.repair, "repair"),
        ("rotation/", actions.rotate, "rotation"),
        ("test/", actions.test, "test"),
    ]

    def get_urls(self) -> list[URLPattern]:
        """Return our own pages only: nothing is added, edited or deleted manually."""
        return [
            path(route, self.admin_site.admin_view(view), name=f"webhooks_subscription_{name}")
            for route, view, name in self._views
        ]
