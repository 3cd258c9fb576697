"""Tags that show a workflow on pages of any app: ``{% load workflows %}``."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.workflows.models import Workflow
from apps.workflows.presentation.rows import TONES

register = template.Library()


@register.simple_tag
def workflow_state(workflow: Workflow) -> SafeString:
    """Return the status of a workflow as a badge, followed by a tag where it is inferred."""
    badge = format_html(
        '<span class="badge badge--{}">{}</span>', TONES[workflow.state], workflow.get_state_display()
    )
    if workflow.is_state_confirmed:
        return badge
    return format_html('{} <span class="tag tag--inferred">{}</span>', badge, _("inferred"))


@register.simple_tag
def for_time(since: dt.datetime | None) -> SafeString | str:
    """Return how long ago ``since`` was, with the exact time in the title; "" for None.

    The clock of Pneumatic may be ahead: then it has lasted for less than a minute.
    """
    if since is None:
        return ""
    local = timezone.localtime(since)
    exact = f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"
    now = clock.estimate()
    words = _("for %(time)s") % {"time": lasted(min(since, now), now)}
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        _("since %(time)s") % {"time": exact},
        words,
    )


@register.simple_tag
def lasted(start: dt.datetime | None, end: dt.datetime | None) -> str:
    """Return the time between two timestamps as text; "" where one is missing or ``end`` is before ``start``."""
    if start is None or end is None or end < start:
        return ""
    if end - start < dt.timedelta(minutes=1):
        return _("less than a minute")
    return timesince(start, end, depth=2)
