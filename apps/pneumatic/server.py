"""What is known of the configured server: its dialect and features, the user of the API key, and their time zone.

The gateway has no database. The app above registers where this is stored for every process, and a clock for all of
them: those of machines differ.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.pneumatic.canonical.features import Features
from apps.pneumatic.canonical.schemas import KeyHolder

# How long a process uses what it loaded: another process may have detected the server again.
CACHE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class KnownServer:
    """What was detected at a URL.

    ``key_holder`` is the user of the API key with this ``key_fingerprint``, which reveals nothing of the key.
    ``features`` are those of the current API's server; None while unknown. ``rejected_fingerprint`` is that of the key
    which the server did not accept last, since ``rejected_at``; '' for none.
    """

    dialect: str
    found_at: dt.datetime
    key_fingerprint: str = ""
    key_holder: KeyHolder | None = None
    features: Features | None = None
    rejected_fingerprint: str = ""
    rejected_at: dt.datetime | None = None


Load = Callable[[str], KnownServer | None]
Save = Callable[[str, KnownServer], None]
Clock = Callable[[], dt.datetime]

_load: Load | None = None
_save: Save | None = None
_clock: Clock = timezone.now
_cache: dict[str, tuple[float, KnownServer | None]] = {}
_key_used_at = time.monotonic()  # the last request of this process that showed whether the key is accepted


def register(load: Load, save: Save, *, clock: Clock) -> None:
    """Store known servers with ``load(api_url)`` and ``save(api_url, known)``; a missing database must not raise.

    ``clock()`` is the time for every process on any machine.
    """
    global _load, _save, _clock
    _load, _save, _clock = load, save, clock


def now() -> dt.datetime:
    """Return the time by the registered clock, for times that other processes compare."""
    return _clock()


def forget() -> None:
    """Clear the cache of this process."""
    _cache.clear()


def last() -> KnownServer | None:
    """Return what is known of the configured server, with the last known user of any of its keys."""
    url = settings.PNEUMATIC_API_URL
    cached = _cache.get(url)
    if cached is not None and time.monotonic() - cached[0] < CACHE_SECONDS:
        return cached[1]
    found = _load(url) if _load is not None else (cached[1] if cached else None)
    _cache[url] = (time.monotonic(), found)
    return found


def known() -> KnownServer | None:
    """Return the same, but with the user of the configured key only."""
    found = last()
    if found is None or found.key_fingerprint == key_fingerprint():
        return found
    return dataclasses.replace(found, key_fingerprint="", key_holder=None)


def has_recent_holder(max_age: dt.timedelta) -> bool:
    """Return whether the user of the configured key was read at most ``max_age`` ago, by any process."""
    found = known()
    asked_at = found.key_holder.asked_at if found and found.key_holder else None
    # A time that has not come yet is of a clock that was ahead, and says nothing.
    return asked_at is not None and dt.timedelta() <= now() - asked_at <= max_age


def key_fingerprint() -> str:
    """Return a keyed hash of the configured API key, as hex; '' without a key."""
    key = settings.PNEUMATIC_API_KEY
    # The salt is part of stored fingerprints, and not the name of a module.
    return salted_hmac("apps.pneumatic.recall", key).hexdigest() if key else ""


def key_rejected_at() -> dt.datetime | None:
    """Return since when the server does not accept the configured key; None while it does, or did last."""
    found = last()
    if found is None or not found.rejected_fingerprint or found.rejected_fingerprint != key_fingerprint():
        return None
    return found.rejected_at


def seconds_since_key_was_used() -> float:
    """Return how long ago a request of this process, or its start, was."""
    return time.monotonic() - _key_used_at


def remember_key(*, is_accepted: bool) -> None:
    """Remember whether the server accepted the configured key in a request just now.

    Acceptance is the rule: it is only written after a rejection that this process knows of.
    """
    global _key_used_at
    _key_used_at = time.monotonic()
    if is_accepted:
        cached = _cache.get(settings.PNEUMATIC_API_URL)
        if cached is not None and cached[1] is not None and cached[1].rejected_fingerprint:
            remember(dataclasses.replace(cached[1], rejected_fingerprint="", rejected_at=None))
    elif key_rejected_at() is None:
        found = last() or KnownServer("", now())
        remember(dataclasses.replace(found, rejected_fingerprint=key_fingerprint(), rejected_at=now()))


def known_features() -> Features | None:
    """Return what the configured server reads in a launch; None while unknown. No request is made."""
    found = last()
    return found.features if found else None


def remember_holder(dialect: str, key_holder: KeyHolder, features: Features | None = None) -> None:
    """Remember ``key_holder`` as the user of the configured key, and the ``features`` that were found with them."""
    before = known()
    same = before if before and before.dialect == dialect else None
    found_at = same.found_at if same else now()
    if same and same.features and (features is None or _is_refined(same.features, features)):
        features = same.features
    remember(KnownServer(dialect, found_at, key_fingerprint(), key_holder, features))


def remember_features(features: Features) -> None:
    """Remember what a launch showed about the configured server."""
    before = last()
    if before is not None:
        remember(dataclasses.replace(before, features=features))


def _is_refined(before: Features, now: Features) -> bool:
    """Return whether ``before`` is ``now``, except for what launches showed about the order of encodings."""
    return (
        dataclasses.replace(before, people=now.people, dates=now.dates, evidence=now.evidence) == now
        and set(before.people) == set(now.people)
        and set(before.dates) == set(now.dates)
    )


def remember(server: KnownServer) -> None:
    """Remember ``server`` as the configured one, in this process and in the registered store."""
    url = settings.PNEUMATIC_API_URL
    _cache[url] = (time.monotonic(), server)
    if _save is not None:
        _save(url, server)


def account_zone() -> dt.tzinfo:
    """Return the time zone of the key's user, in which Pneumatic shows them days; else TIME_ZONE. No request is made.

    The user of a new key is most likely in the zone of the last one, until it is known.
    """
    found = last()
    return _zone(found.key_holder.zone if found and found.key_holder else "") or ZoneInfo(settings.TIME_ZONE)


def _zone(name: str) -> dt.tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # an unknown name, a path, a folder
        return None
