"""Bounded waits of a form that is sent without JavaScript, while the upload limit of Pneumatic is reached.

A waiting request occupies a thread of the web server, so only MAX_WAITING_REQUESTS wait at once.
"""

from __future__ import annotations

import threading
import time

MAX_WAIT_SECONDS = 65.0  # of one request in all; Pneumatic asks for at most 60
MAX_WAITS = 3
MAX_WAITING_REQUESTS = 2  # of one process
_slots = threading.BoundedSemaphore(MAX_WAITING_REQUESTS)


class UploadThrottle:
    """The time and the number of waits that are left to one request."""

    def __init__(self) -> None:
        self._left = MAX_WAIT_SECONDS
        self._times = MAX_WAITS

    def wait(self, seconds: float) -> bool:
        """Wait and return True. Return False at once where that is too long, or too many requests wait."""
        if seconds > self._left or not self._times or not _slots.acquire(blocking=False):
            return False
        try:
            time.sleep(seconds)
        finally:
            _slots.release()
        self._left -= seconds
        self._times -= 1
        return True
