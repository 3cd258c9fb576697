from __future__ import annotations

from django.apps import AppConfig


class WorkflowTemplatesConfig(AppConfig):
    name = "apps.workflow_templates"
    label = "workflow_templates"
