"""Register the admin pages of deliveries and of subscriptions: Django admin looks for them here."""

from __future__ import annotations

from apps.webhooks.admin.deliveries import model_admin as deliveries
from apps.webhooks.admin.subscriptions import model_admin as subscriptions

__all__ = ["deliveries", "subscriptions"]
