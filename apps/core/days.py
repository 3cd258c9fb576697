"""Days in ``TIME_ZONE``, which start and end at its midnight."""

from __future__ import annotations

import datetime as dt
import re

from django.db.models import Q
from django.utils import timezone

_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def read_day(text: str) -> dt.date | None:
    """Return the day that ``text`` names as YYYY-MM-DD, or None.

    ``date.fromisoformat`` also accepts week dates and dates without hyphens, which no value of the API has.
    """
    match = _ISO_DAY.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = map(int, match.groups())
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def midnight(day: dt.date) -> dt.datetime:
    """Return the time at which ``day`` starts in ``TIME_ZONE``."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def within(column: str, since: dt.date | None, until: dt.date | None) -> Q:
    """Return the condition that the time in ``column`` is between these days, inclusive; None means no limit."""
    days = Q()
    if since:
        days &= Q(**{f"{column}__gte": midnight(since)})
    if until:
        days &= Q(**{f"{column}__lt": midnight(until + dt.timedelta(days=1))})
    return days
