"""What ``PATCH /_sandbox/settings`` changes; a reset gives back what the sandbox was started with."""

from __future__ import annotations

from dataclasses import dataclass

from .checks import FLAG, Check, seconds, whole

DEFAULT_PAGE_MAXIMUM = 100
UPLOAD_MAXIMUM = 104_857_600


@dataclass(slots=True)
class Settings:
    """``pace``, ``retry_pause``, ``delivery_timeout`` and ``upload_retry_after`` in seconds.

    ``pace`` is the mean time between two acts of the simulated people, 0 for none. ``delays`` lets a task's delay
    snooze the workflow before it begins. Today's file service takes no file of more bytes than ``upload_maximum``, and
    no more than ``upload_limit`` files in ``upload_retry_after`` seconds; 0 is no limit. Without ``has_object_storage``
    the releases before it take no files.
    """

    page_maximum: int = DEFAULT_PAGE_MAXIMUM
    pace: float = 0
    delays: bool = False
    retry_pause: float = 0.2
    delivery_timeout: float = 10
    upload_maximum: int = UPLOAD_MAXIMUM
    upload_limit: int = 0
    upload_retry_after: int = 60
    has_object_storage: bool = True


CHECKS: dict[str, Check] = {
    "page_maximum": whole(1, 1_000_000),
    "pace": seconds(),
    "delays": FLAG,
    "retry_pause": seconds(),
    "delivery_timeout": seconds(),
    "upload_maximum": whole(0, UPLOAD_MAXIMUM),
    "upload_limit": whole(0, 10_000),
    "upload_retry_after": whole(1, 600),
    "has_object_storage": FLAG,
}
