"""How a request without a script waits for Pneumatic to take more files: for a bounded time, and few at once.

A request that waits holds a thread of the web server. However many people send files, most threads stay free.
"""

from __future__ import annotations

import threading
import time

MAX_WAIT_SECONDS = 65.0  # seconds that one request waits altogether: Pneumatic asks for at most 60
MAX_WAITS = 3
MAX_WAITING_REQUESTS = 2  # requests of one process
_slots = threading.BoundedSemaphore(MAX_WAITING_REQUESTS)


class UploadThrottle:
    """What one request may wait yet."""

    def __init__(self) -> None:
        self._left = MAX_WAIT_SECONDS
        self._times = MAX_WAITS

    def wait(self, seconds: float) -> bool:
        """Wait and return True; return False at once where that is too long, or too many wait already."""
        if seconds > self._left or not self._times or not _slots.acquire(blocking=False):
            return False
        try:
            time.sleep(seconds)
        finally:
            _slots.release()
        self._left -= seconds
        self._times -= 1
        return True
