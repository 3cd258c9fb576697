from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LaunchesConfig(AppConfig):
    name = "apps.launches"
    label = "launches"
    verbose_name = _("Launches")

    def ready(self) -> None:
        """Bound launching by ``run_allowed``, and show launches on the pages of their templates."""
        from apps.launches import panels, permissions
        from apps.workflow_templates.panels import register_launch_gate, register_panel

        register_launch_gate(permissions.refusal)
        register_panel(panels.launches_panel)
