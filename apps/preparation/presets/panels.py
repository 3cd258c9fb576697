"""The panel on a template's page that switches recent values off."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string

from apps.kickoff.fields import create
from apps.preparation.presets.recent import private_fields
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import current_kickoff


def private_fields_panel(request: HttpRequest, template: Template) -> str:
    """Return the fields of the template, for those who may choose what is offered again."""
    if not request.user.has_perm("preparation.manage_recent_values"):
        return ""
    private = private_fields(template)
    fields = [create(one) for one in current_kickoff(template).fields if not one.is_hidden]
    shown = [
        {
            "api_name": one.definition.api_name,
            "label": one.label,
            "is_offered": one.definition.api_name not in private,
        }
        for one in fields
        if not one.holds_files
    ]
    if not shown:
        return ""
    context = {"template": template, "fields": shown}
    return render_to_string("preparation/private_fields.html", context, request=request)
