"""Webhook subscriptions in Django admin: one page of our own instead of a list of rows, and what it links to."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.urls import URLPattern, path

from apps.sync.readonly import ReadOnlyAdmin
from apps.webhooks import subscription_changes, subscription_pages
from apps.webhooks.models import Subscription


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin[Subscription]):
    """The mirror of what Pneumatic sends, and where to. Rows have no pages of their own."""

    _views: ClassVar = [
        ("", subscription_pages.page, "changelist"),
        ("tests/", subscription_pages.tests, "tests"),
        ("subscribe/", subscription_changes.subscribe, "subscribe"),
        ("<int:subscription_id>/unsubscribe/", subscription_changes.unsubscribe, "unsubscribe"),
        (
            "<int:subscription_id>/unsubscribe-target/",
            subscription_changes.unsubscribe_target,
            "unsubscribe_target",
        ),
        ("wanted/<int:wanted_id>/give-up/", subscription_changes.give_up, "give_up"),
        ("repair/", subscription_changes.repair, "repair"),
        ("rotation/", subscription_changes.rotate, "rotation"),
        ("test/", subscription_changes.test, "test"),
    ]

    def get_urls(self) -> list[URLPattern]:
        """Return the addresses of our own pages only: nothing here is added, edited or deleted by hand."""
        return [
            path(route, self.admin_site.admin_view(view), name=f"webhooks_subscription_{name}")
            for route, view, name in self._views
        ]
