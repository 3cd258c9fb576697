"""Parts of a template's page that apps above this one register in ``AppConfig.ready()``.

A *panel* is a section of the page (``launches`` shows the template's launches). A *launch gate* returns the reason why
a user cannot launch a template; the page then shows the reason and disables the Launch button.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest

from apps.workflow_templates.models import Template

Panel = Callable[[HttpRequest, Template], str]
LaunchGate = Callable[[AbstractUser, Template], str | None]

_panels: list[Panel] = []
_gates: list[LaunchGate] = []


def register_panel(panel: Panel) -> None:
    """Show ``panel(request, template)``, safe HTML or "", on every template's page, in order of registration."""
    if panel not in _panels:
        _panels.append(panel)


def register_launch_gate(gate: LaunchGate) -> None:
    """Call ``gate(user, template)`` before a Launch button is shown; it returns None or the reason why not."""
    if gate not in _gates:
        _gates.append(gate)


def panels_for(request: HttpRequest, template: Template) -> list[str]:
    """Return the HTML of the panels of ``template`` that are not empty for this request."""
    return [html for panel in _panels if (html := panel(request, template))]


def launch_refusal(user: AbstractUser, template: Template) -> str | None:
    """Return the first reason why ``user`` cannot launch ``template``; None when there is none."""
    return next((reason for gate in _gates if (reason := gate(user, template))), None)
