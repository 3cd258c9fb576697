"""What was found out about the server that the settings name, and whose key we have.

The gateway keeps nothing in a database. Where findings are kept for every process is registered by the layer above.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.pneumatic.canonical.schemas import KeyHolder

# Seconds for which a process trusts what it read from the memory: another one may have looked again.
TRUSTED_FOR = 30.0


@dataclass(frozen=True, slots=True)
class KnownServer:
    """What was found at an address.

    ``holder`` is the user of the key which ``key_mark`` tells from others and gives nothing away of.
    """

    dialect: str
    found_at: dt.datetime
    key_mark: str = ""
    holder: KeyHolder | None = None


Load = Callable[[str], KnownServer | None]
Save = Callable[[str, KnownServer], None]

_load: Load | None = None
_save: Save | None = None
_trusted: dict[str, tuple[float, KnownServer | None]] = {}


def register(load: Load, save: Save) -> None:
    """Make ``load(api_url)`` and ``save(api_url, finding)`` the memory. Neither may raise for a missing database."""
    global _load, _save
    _load, _save = load, save


def forget() -> None:
    """Forget what this process read from the memory."""
    _trusted.clear()


def last() -> KnownServer | None:
    """Return what is remembered of the server that the settings name, with the last holder of a key that was known."""
    url = settings.PNEUMATIC_API_URL
    trusted = _trusted.get(url)
    if trusted is not None and time.monotonic() - trusted[0] < TRUSTED_FOR:
        return trusted[1]
    finding = _load(url) if _load is not None else (trusted[1] if trusted else None)
    _trusted[url] = (time.monotonic(), finding)
    return finding


def known() -> KnownServer | None:
    """Return the same, the holder only of the present key."""
    finding = last()
    if finding is None or finding.key_mark == key_mark():
        return finding
    return KnownServer(dialect=finding.dialect, found_at=finding.found_at)


def last_zone() -> str:
    """Return the time zone of whoever was last known to hold a key of this server; '' for nobody."""
    finding = last()
    return finding.holder.zone if finding and finding.holder else ""


def key_mark() -> str:
    """Return what tells the API key of the settings from others and gives nothing of it away; '' for none."""
    return _mark(settings.PNEUMATIC_API_KEY)


def remember_holder(dialect: str, holder: KeyHolder) -> None:
    """Remember whom the key belongs to."""
    finding = known()
    found_at = finding.found_at if finding and finding.dialect == dialect else timezone.now()
    remember(KnownServer(dialect, found_at, key_mark(), holder))


def remember(finding: KnownServer) -> None:
    """Remember ``finding`` for the server that the settings name."""
    url = settings.PNEUMATIC_API_URL
    _trusted[url] = (time.monotonic(), finding)
    if _save is not None:
        _save(url, finding)


def _mark(key: str) -> str:
    return salted_hmac("apps.pneumatic.recall", key).hexdigest() if key else ""


def account_zone() -> dt.tzinfo:
    """Return the zone of the key's user, as Pneumatic shows days to them; else that of the settings. No request.

    A new key's user is most likely in the zone of the last one, until it is known.
    """
    return _zone(last_zone()) or ZoneInfo(settings.TIME_ZONE)


def _zone(name: str) -> dt.tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # as it refuses a name, a path, a folder
        return None
