from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SyncConfig(AppConfig):
    name = "apps.sync"
    label = "sync"
    verbose_name = _("Sync")

    def ready(self) -> None:
        """Remember what is found out about the server."""
        from apps.pneumatic.detection import register_memory
        from apps.sync import findings

        register_memory(findings.load, findings.save)
