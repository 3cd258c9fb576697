from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SyncConfig(AppConfig):
    name = "apps.sync"
    label = "sync"
    verbose_name = _("Sync")

    def ready(self) -> None:
        """Store what is known of the server in the database, and have the worker detect it."""
        from apps.core import periodic
        from apps.core.database import clock
        from apps.pneumatic import server
        from apps.sync import known_server

        server.register(known_server.load, known_server.save, clock=clock.estimate)
        periodic.register(
            "server detection", known_server.detect_server, seconds=known_server.DETECTION_INTERVAL_SECONDS
        )
