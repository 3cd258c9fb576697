"""The database's clock, for every time that processes on several machines compare: leases, due times, deadlines.

The machines' own clocks differ, sometimes by hours. PostgreSQL reports the time when a connection is opened, so that
no query is needed; connections are reopened every minute. SQLite has the clock of its machine.
"""

from __future__ import annotations

import datetime as dt

from django.db import Error, connection
from django.utils import timezone

# Clocks that are kept in step differ by less, and half of the time that the response took is not known exactly.
TOLERANCE = dt.timedelta(seconds=1)

# How far the database's clock is ahead of ours; None before the first connection.
_ahead: dt.timedelta | None = None


def now() -> dt.datetime:
    """Return the time by the database's clock, without a query."""
    if _ahead is None and connection.vendor == "postgresql":
        connection.ensure_connection()
    return timezone.now() + (_ahead or dt.timedelta())


def estimate() -> dt.datetime:
    """Return the same, but by our clock while the database cannot be reached: for what must not fail then."""
    try:
        return now()
    except Error:
        return timezone.now()


def compare(there: dt.datetime, *, asked_at: dt.datetime) -> None:
    """Note that it was ``there`` at the database between ``asked_at``, by our clock, and now."""
    global _ahead
    ours = timezone.now()
    ahead = there - (asked_at + (ours - asked_at) / 2)
    _ahead = ahead if abs(ahead) > TOLERANCE + (ours - asked_at) / 2 else dt.timedelta()
