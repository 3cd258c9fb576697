from __future__ import annotations

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        """Register the system checks, and the worker's heartbeat and clean-up."""
        from apps.core import checks, periodic  # noqa: F401 - importing checks registers
        from apps.core.database import checks as database_checks  # noqa: F401 - as above
        from apps.core.processes import heartbeat, retention

        periodic.register("heartbeat", heartbeat.beat, seconds=heartbeat.INTERVAL_SECONDS)
        periodic.register("clean-up", retention.prune, seconds=retention.INTERVAL_SECONDS)
        retention.register("sessions", retention.expired_sessions)
        retention.register("tasks", retention.finished_tasks)
