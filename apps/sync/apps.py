from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SyncConfig(AppConfig):
    name = "apps.sync"
    label = "sync"
    verbose_name = _("Sync")

    def ready(self) -> None:
        """Remember what is found out about the server, and have it found out."""
        from apps.core import periodic
        from apps.pneumatic import server
        from apps.sync import findings

        server.register(findings.load, findings.save)
        periodic.register("which Pneumatic", findings.find_out, seconds=findings.SECONDS_BETWEEN_QUESTIONS)
