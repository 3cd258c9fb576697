"""Tags and filters for templates of all apps: ``{% load dash %}``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.contrib.messages import constants as levels
from django.contrib.messages.storage.base import Message
from django.template import RequestContext
from django.template.defaultfilters import filesizeformat
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext

from apps.core import icons
from apps.core.answers import AnswerText
from apps.core.database import clock
from apps.core.text import markdown as markdown_renderer
from apps.core.text.visible import first_visible

register = template.Library()

NOTICE_BY_LEVEL = {levels.SUCCESS: "ok", levels.WARNING: "warn", levels.ERROR: "bad"}


@register.filter
def markdown(text: str | None, top_heading: int = markdown_renderer.TOP_HEADING) -> SafeString:
    """Return Markdown from upstream as sanitised HTML, for a ``.prose`` element."""
    return markdown_renderer.render(text or "", top_heading=top_heading)


@register.filter
def visible(text: str | None, otherwise: object = "") -> object:
    """Return ``text`` from outside; ``otherwise`` where nothing of it can be seen."""
    return first_visible(text or "") or otherwise


@register.simple_tag
def icon(name: str) -> SafeString:
    return icons.render(name)


@register.simple_tag
def ago(timestamp: datetime | None, *, is_past: bool = True) -> SafeString | str:
    """Return how long ago ``timestamp`` was, with the exact time as tooltip; "never" for None.

    What ``is_past`` is never "in 1 hour": the clock of another server may be ahead.
    """
    if timestamp is None:
        return gettext("never")
    now = clock.estimate()
    seconds = (now - timestamp).total_seconds()
    if abs(seconds) < 60 or (is_past and seconds < 0):
        words = gettext("just now")
    elif timestamp < now:
        words = gettext("%(time)s ago") % {"time": timesince(timestamp, now, depth=1)}
    else:
        words = gettext("in %(time)s") % {"time": timesince(now, timestamp, depth=1)}
    local = timezone.localtime(timestamp)
    exact = f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="seconds"), exact, words
    )


@register.filter(name="bytes")
def bytes_(size: int | None) -> str:
    """Return a number of bytes as text, such as "3.4 MB"."""
    return filesizeformat(size or 0)


@register.filter
def notice(message: Message) -> str:
    """Return the suffix of the ``notice--`` class for ``message``."""
    return NOTICE_BY_LEVEL.get(message.level, "info")


@register.inclusion_tag("core/answer.html")
def answer(text: AnswerText) -> dict[str, AnswerText]:
    """Show an answer of a form, one part a line."""
    return {"answer": text}


@register.inclusion_tag("core/nav_item.html", takes_context=True)
def nav_item(
    context: RequestContext, url_name: str, label: str, icon: str, permission: str = ""
) -> dict[str, Any]:
    """Show a link of the main navigation if the user may see its page."""
    request = context.get("request")
    try:
        url = reverse(url_name)
    except NoReverseMatch:
        return {}
    if request is None or (permission and not request.user.has_perm(permission)):
        return {}
    inside = request.path == url or (url != get_script_prefix() and request.path.startswith(url))
    current = "page" if request.path == url else "true" if inside else ""
    return {"url": url, "label": label, "icon": icon, "current": current}
