"""Room on the disks that the dashboard writes to."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

# Free space says nothing of quotas, nor of a disk that became read-only. So a file of this size is made, too.
TRIAL_BYTES = 64 * 1024
TIMEOUT_SECONDS = 2.0  # a network disk may not answer at all


@dataclass(frozen=True, slots=True)
class Room:
    """The room in one folder: ``free`` bytes, None where that is unknown; ``trouble`` is '' where a file fits."""

    label: str
    folder: str
    free: int | None
    trouble: str = ""


_last: tuple[float, Sequence[Room]] | None = None  # time.monotonic() of the last measurement


def rooms(*, max_age_seconds: float = 0.0) -> Sequence[Room]:
    """Return the room in each folder that the dashboard writes to, within ``TIMEOUT_SECONDS`` for each.

    A measurement of this process that is younger than ``max_age_seconds`` is returned again. A disk that does not
    answer is reported as trouble. Its thread waits on; the next call does not start another.
    """
    global _last
    last = _last
    if last is not None and time.monotonic() - last[0] < max_age_seconds:
        return last[1]
    found = [_bounded(label, folder) for label, folder in _folders()]
    _last = time.monotonic(), found
    return found


def forget() -> None:
    """Forget the last measurement."""
    global _last
    _last = None


def _folders() -> list[tuple[str, str]]:
    found = []
    if database := database_file():
        found.append((_("database"), str(database.parent)))
    found.append((_("temporary files"), settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()))
    return found


def database_file() -> Path | None:
    """Return SQLite's file; None for PostgreSQL, and for a database in memory."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(name)


_waiting: dict[str, Future[Room]] = {}
_lock = threading.Lock()


def _bounded(label: str, folder: str) -> Room:
    with _lock:
        future = _waiting.get(folder)
        if future is None:
            future = _waiting[folder] = Future()
            threading.Thread(target=_measure_into, args=[future, label, folder], daemon=True).start()
    try:
        return future.result(TIMEOUT_SECONDS)
    except FutureTimeoutError:
        return Room(label, folder, None, _("The disk does not respond."))


def _measure_into(future: Future[Room], label: str, folder: str) -> None:
    try:
        future.set_result(_measure(label, folder))
    except Exception as error:
        future.set_exception(error)
    finally:
        with _lock:
            del _waiting[folder]


def _measure(label: str, folder: str) -> Room:
    try:
        status = os.statvfs(folder)
        free = status.f_bavail * status.f_frsize
    except OSError as error:
        return Room(label, folder, None, _said(error))
    if free < settings.DISK_MIN_FREE_BYTES:
        return Room(label, folder, free, _("The disk is full."))
    try:
        _try_to_write(folder)
    except OSError as error:
        return Room(label, folder, free, _said(error))
    return Room(label, folder, free)


def _try_to_write(folder: str) -> None:
    descriptor, path = tempfile.mkstemp(prefix=".room-", dir=folder)
    try:
        os.posix_fallocate(descriptor, 0, TRIAL_BYTES)
    finally:
        os.close(descriptor)
        with suppress(OSError):
            os.unlink(path)


def _said(error: OSError) -> str:
    return _("No file can be written there: %(reason)s.") % {"reason": error.strerror or type(error).__name__}
