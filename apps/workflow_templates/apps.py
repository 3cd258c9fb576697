from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkflowTemplatesConfig(AppConfig):
    name = "apps.workflow_templates"
    label = "workflow_templates"
    verbose_name = _("Templates")

    def ready(self) -> None:
        """Register templates as a resource of the sync."""
        from apps.sync import registry
        from apps.workflow_templates.sync import Templates

        registry.register(Templates())
