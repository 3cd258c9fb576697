"""What launches add to the pages of a template and of a workflow."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string

from apps.launches import selectors
from apps.launches.resolution import services
from apps.workflow_templates.models import Template
from apps.workflows.models import Workflow

MAX_SHOWN = 10


def launches_panel(request: HttpRequest, template: Template) -> str:
    """Return the last launches of a template for those who may see launches."""
    if not request.user.has_perm("launches.view_launch"):
        return ""
    services.settle_abandoned()
    launches = selectors.template_launches(template, MAX_SHOWN + 1)
    context = {
        "template": template,
        "launches": launches[:MAX_SHOWN],
        "has_more": len(launches) > MAX_SHOWN,
    }
    return render_to_string("launches/panel.html", context, request=request)


def workflow_panel(request: HttpRequest, workflow: Workflow) -> str:
    """Return the launch that started a workflow, for those who may see launches."""
    if not request.user.has_perm("launches.view_launch"):
        return ""
    context = {"launch": selectors.launch_of(workflow.pk)}
    return render_to_string("launches/workflow_panel.html", context, request=request)
