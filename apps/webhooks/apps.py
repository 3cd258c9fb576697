from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "apps.webhooks"
    label = "webhooks"
    verbose_name = _("Webhooks")

    def ready(self) -> None:
        """Make subscriptions part of every sync, register the system checks, and give the worker its work."""
        from apps.core import periodic
        from apps.sync import registry
        from apps.webhooks.processing.worker import process_a_while
        from apps.webhooks.subscriptions import checks, rotation  # noqa: F401 - importing checks registers
        from apps.webhooks.subscriptions.sync import Subscriptions

        registry.register(Subscriptions())
        periodic.register("deliveries", process_a_while, seconds=0.5)
        periodic.register("rotation", rotation.run_if_due, seconds=rotation.POLL_INTERVAL_SECONDS)
