from __future__ import annotations

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        """Register the system checks, and the worker's heartbeat."""
        from apps.core import checks, periodic  # noqa: F401 - importing checks registers
        from apps.core.database import checks as database_checks  # noqa: F401 - as above
        from apps.core.processes import heartbeat

        periodic.register("heartbeat", heartbeat.beat, seconds=heartbeat.INTERVAL_SECONDS)
