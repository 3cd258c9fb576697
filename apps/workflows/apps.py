from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkflowsConfig(AppConfig):
    name = "apps.workflows"
    label = "workflows"
    verbose_name = _("Workflows")

    def ready(self) -> None:
        """Listen to events, keep what live workflows rest on, show them with templates, and give the worker work."""
        from apps.core import periodic
        from apps.webhooks.registry import register_handler, register_keeper
        from apps.workflow_templates.panels import register_panel
        from apps.workflows.panels import template_panel
        from apps.workflows.reconciliation import schedule
        from apps.workflows.services import handle_events, needed

        register_handler(handle_events, rank=10)
        register_keeper(needed)
        register_panel(template_panel)
        periodic.register("reconciling", schedule.run_if_due, seconds=schedule.POLL_INTERVAL_SECONDS)
