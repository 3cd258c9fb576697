"""Terms of Pneumatic as text for users."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.pneumatic.canonical.schemas import FieldDefinition

MAX_QUOTE_CHARACTERS = 80

_SECONDS = re.compile(r"-?[0-9]{1,12}(\.[0-9]*)?")

FIELD_TYPES: dict[str, str | Promise] = {
    "string": gettext_lazy("short text"),
    "text": gettext_lazy("long text"),
    "number": gettext_lazy("number"),
    "radio": gettext_lazy("one choice"),
    "checkbox": gettext_lazy("several choices"),
    "date": gettext_lazy("date"),
    "url": gettext_lazy("link"),
    "dropdown": gettext_lazy("one choice from a list"),
    "file": gettext_lazy("files"),
    "user": gettext_lazy("person"),
}


def field_type(name: str) -> str:
    """Return a field type as text; an unknown one has the server's name."""
    words = FIELD_TYPES.get(name)
    return str(words) if words is not None else _("unknown type %(name)s") % {"name": quoted(name)}


def quoted(text: str) -> str:
    """Return ``text`` in quotation marks, shortened, and isolated where it is right-to-left."""
    text = " ".join(text.split())
    if len(text) > MAX_QUOTE_CHARACTERS:
        text = text[: MAX_QUOTE_CHARACTERS - 1].rstrip() + "…"
    if any(
        unicodedata.bidirectional(char)[:1] in {"R", "A"} or char in "\u202a\u202d\u2066\u2068"
        for char in text
    ):
        text = f"\u2068{text}\u2069"
    return _("“%(text)s”") % {"text": text}


def default_text(field: FieldDefinition) -> str:
    """Return the default of ``field`` as text; a date is stored in seconds since 1970."""
    if field.type == "date" and _SECONDS.fullmatch(field.default):
        try:
            timestamp = dt.datetime.fromtimestamp(float(field.default), tz=timezone.get_current_timezone())
        except (ValueError, OverflowError, OSError):
            return quoted(field.default)
        return formats.date_format(timestamp.date())
    return quoted(field.default)


def duration(length: dt.timedelta) -> str:
    """Return ``length`` as text, without parts that are zero: "3 days, 2 hours"."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        ngettext("%d day", "%d days", days) % days if days else "",
        ngettext("%d hour", "%d hours", hours) % hours if hours else "",
        ngettext("%d minute", "%d minutes", minutes) % minutes if minutes else "",
        ngettext("%d second", "%d seconds", seconds) % seconds if seconds else "",
    ]
    return ", ".join(part for part in parts if part) or ngettext("%d second", "%d seconds", 0) % 0
