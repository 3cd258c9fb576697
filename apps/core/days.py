"""Days as people mean them: they begin and end at midnight of ``TIME_ZONE``."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q
from django.utils import timezone


def midnight(day: dt.date) -> dt.datetime:
    """Return the moment at which ``day`` begins."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def within(column: str, since: dt.date | None, until: dt.date | None) -> Q:
    """Return the condition that the moment in ``column`` is on these days, the last one included; None: no bound."""
    days = Q()
    if since:
        days &= Q(**{f"{column}__gte": midnight(since)})
    if until:
        days &= Q(**{f"{column}__lt": midnight(until + dt.timedelta(days=1))})
    return days
