"""The time zone in which days of the Pneumatic account begin."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings

from apps.pneumatic import recall


def account_zone() -> dt.tzinfo:
    """Return the zone of the key's user, as Pneumatic shows days to them; else that of the settings. No request.

    A new key's user is most likely in the zone of the last one, until it is known.
    """
    return _zone(recall.last_zone()) or ZoneInfo(settings.TIME_ZONE)


def _zone(name: str) -> dt.tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # as it refuses a name, a path, a folder
        return None
