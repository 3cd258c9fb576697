"""Threads that fetch together: they pause together, and a failure of one stops the others."""

from __future__ import annotations

import threading
import time

from apps.pneumatic.transport.connection import Exchange


class Cancelled(Exception):
    """The caller no longer needs the response."""


class Scope:
    """Requests that belong together and can be cancelled together."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._exchanges: set[Exchange] = set()

    def enter(self, exchange: Exchange) -> None:
        """Add ``exchange``; raise Cancelled after ``stop``."""
        with self._lock:
            if self._stopped.is_set():
                raise Cancelled
            self._exchanges.add(exchange)

    def leave(self, exchange: Exchange) -> None:
        """Remove ``exchange``."""
        with self._lock:
            self._exchanges.discard(exchange)

    def stop(self) -> None:
        """Abort every request and wait; later ones raise Cancelled."""
        with self._lock:
            self._stopped.set()
            for exchange in self._exchanges:
                exchange.cut()

    def check(self) -> None:
        """Raise Cancelled after ``stop``."""
        self.sleep(0)

    def sleep(self, seconds: float) -> None:
        """Return after ``seconds``; raise Cancelled as soon as ``stop`` is called."""
        if self._stopped.wait(seconds):
            raise Cancelled


class Pause:
    """A pause that a rate limit requires of every thread of a client."""

    def __init__(self) -> None:
        self._until = 0.0

    def hold(self, seconds: float) -> None:
        """Make ``wait`` block for ``seconds`` from now."""
        self._until = max(self._until, time.monotonic() + seconds)

    def wait(self, scope: Scope) -> None:
        """Return when the pause is over; raise Cancelled if ``scope`` is stopped first."""
        while (left := self._until - time.monotonic()) > 0:
            scope.sleep(left)
