"""What ``PATCH /_sandbox/settings`` changes; a reset gives back what the sandbox was started with."""

from __future__ import annotations

from dataclasses import dataclass

from .checks import FLAG, Check, seconds, whole

DEFAULT_PAGE_MAXIMUM = 100


@dataclass(slots=True)
class Settings:
    """``pace``, ``retry_pause`` and ``delivery_timeout`` in seconds.

    ``pace`` is the mean time between two acts of the simulated people, 0 for none. ``delays`` lets a task's delay
    snooze the workflow before it begins.
    """

    page_maximum: int = DEFAULT_PAGE_MAXIMUM
    pace: float = 0
    delays: bool = False
    retry_pause: float = 0.2
    delivery_timeout: float = 10


CHECKS: dict[str, Check] = {
    "page_maximum": whole(1, 1_000_000),
    "pace": seconds(),
    "delays": FLAG,
    "retry_pause": seconds(),
    "delivery_timeout": seconds(),
}
