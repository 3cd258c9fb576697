"""How pages of any app show a launch: ``{% load launches %}``."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.launches.models import Launch
from apps.launches.presentation import TONES

register = template.Library()


@register.simple_tag
def launch_state(launch: Launch) -> SafeString:
    """Return the state of a launch as a badge."""
    return format_html(
        '<span class="badge badge--{}">{}</span>', TONES[launch.state], launch.get_state_display()
    )
