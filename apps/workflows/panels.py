"""What apps above add to a workflow's page, and what this one adds to a template's page.

``launches`` registers itself in ``AppConfig.ready()``; there this app registers ``template_panel``.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.template.loader import render_to_string

from apps.workflow_templates.models import Template
from apps.workflows import selectors
from apps.workflows.models import Workflow
from apps.workflows.presentation import rows

Panel = Callable[[HttpRequest, Workflow], str]

SHOWN = 10

_panels: list[Panel] = []


def register_panel(panel: Panel) -> None:
    """Show ``panel(request, workflow)``, safe HTML or "", on every workflow's page, in order of registration."""
    if panel not in _panels:
        _panels.append(panel)


def panels_for(request: HttpRequest, workflow: Workflow) -> list[str]:
    """Return the rendered panels of ``workflow`` that have something to show to this request."""
    return [html for panel in _panels if (html := panel(request, workflow))]


def template_panel(request: HttpRequest, template: Template) -> str:
    """Return the running workflows of a template for those who may see workflows."""
    if not request.user.has_perm("workflows.view_workflow"):
        return ""
    found = selectors.running_of_template(template.pk, SHOWN + 1)
    context = {
        "template": template,
        "rows": rows.rows(found[:SHOWN]),
        "has_more": len(found) > SHOWN,
    }
    return render_to_string("workflows/panel.html", context, request=request)
