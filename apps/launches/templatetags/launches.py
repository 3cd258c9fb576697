"""How pages of any app show a launch: ``{% load launches %}``."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from apps.launches.models import Launch
from apps.launches.presentation import FIT_BADGES, TONES
from apps.launches.resolution.evidence import Fit
from apps.workflows.models import Workflow
from apps.workflows.templatetags.workflows import workflow_state

register = template.Library()


@register.simple_tag
def launch_state(launch: Launch) -> SafeString:
    """Return the state of a launch as a badge."""
    return format_html(
        '<span class="badge badge--{}">{}</span>', TONES[launch.state], launch.get_state_display()
    )


@register.simple_tag
def launch_progress(launch: Launch, workflows: Mapping[int, Workflow]) -> SafeString | str:
    """Return the status of a launch's workflow with a link to its page; "" where no event was received."""
    workflow = workflows.get(launch.workflow_id) if launch.workflow_id is not None else None
    if workflow is None:
        return ""
    running = workflow.state == Workflow.State.RUNNING and workflow.shown_task
    return format_html(
        '<a href="{}" aria-label="{}">{}</a>{}',
        reverse("workflow-detail", args=[workflow.pk]),
        _("Workflow %(id)s: %(state)s") % {"id": workflow.pk, "state": workflow.get_state_display()},
        workflow_state(workflow),
        format_html('<div class="small"><bdi>{}</bdi></div>', Truncator(workflow.shown_task).chars(60))
        if running
        else "",
    )


@register.simple_tag
def fit_badge(fit: Fit) -> SafeString:
    """Return the result of a comparison as a badge."""
    tone, words = FIT_BADGES[fit]
    return format_html('<span class="badge badge--{}">{}</span>', tone, words)
