from __future__ import annotations

from django.apps import AppConfig


class WorkflowTemplatesConfig(AppConfig):
    name = "apps.workflow_templates"
    label = "workflow_templates"

    def ready(self) -> None:
        """Make templates part of every sync."""
        from apps.sync import registry
        from apps.workflow_templates.sync import Templates

        registry.register(Templates())
