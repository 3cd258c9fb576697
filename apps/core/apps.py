from __future__ import annotations

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        """Register the system checks."""
        from apps.core import checks  # noqa: F401 - importing registers
