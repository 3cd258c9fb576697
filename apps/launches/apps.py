from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LaunchesConfig(AppConfig):
    name = "apps.launches"
    label = "launches"
    verbose_name = _("Launches")

    def ready(self) -> None:
        """Register the launch permission, the panels, the event handler and the periodic job."""
        from apps.core import periodic
        from apps.core.processes import retention
        from apps.launches import panels, permissions
        from apps.launches.resolution import matcher, poller
        from apps.launches.uploads.services import unused_files
        from apps.webhooks import registry
        from apps.workflow_templates.panels import register_launch_gate, register_panel
        from apps.workflows.panels import register_panel as register_workflow_panel

        register_launch_gate(permissions.launch_denied_reason)
        register_panel(panels.launches_panel)
        register_workflow_panel(panels.workflow_panel)
        registry.register_handler(matcher.handle_events, rank=20)
        retention.register("uploaded files", unused_files)
        periodic.register("lost launches", poller.poll, seconds=poller.JOB_INTERVAL_SECONDS)
