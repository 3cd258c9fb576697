"""Django admin finds the pages of webhooks here."""

from __future__ import annotations

from apps.webhooks import admin_deliveries, admin_subscriptions

__all__ = ["admin_deliveries", "admin_subscriptions"]
