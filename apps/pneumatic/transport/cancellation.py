"""Threads that fetch together: they pause together, and one that fails stops the others."""

from __future__ import annotations

import threading
import time

from apps.pneumatic.transport.connection import Exchange


class Cancelled(Exception):
    """The caller no longer wants the answer."""


class Scope:
    """Requests that belong together and can be ended together."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._under_way: set[Exchange] = set()

    def enter(self, exchange: Exchange) -> None:
        """Take ``exchange`` in; raise Cancelled when the scope is stopped already."""
        with self._lock:
            if self._stopped.is_set():
                raise Cancelled
            self._under_way.add(exchange)

    def leave(self, exchange: Exchange) -> None:
        """Let ``exchange`` go."""
        with self._lock:
            self._under_way.discard(exchange)

    def stop(self) -> None:
        """End what is under way or waits; whoever comes later gets Cancelled."""
        with self._lock:
            self._stopped.set()
            for exchange in self._under_way:
                exchange.cut()

    def check(self) -> None:
        """Raise Cancelled when the scope is stopped."""
        self.sleep(0)

    def sleep(self, seconds: float) -> None:
        """Return after ``seconds``; raise Cancelled as soon as the scope is stopped."""
        if self._stopped.wait(seconds):
            raise Cancelled


class Pause:
    """Holds back every thread of a client while the server wants peace."""

    def __init__(self) -> None:
        self._until = 0.0

    def hold(self, seconds: float) -> None:
        """Let nobody pass for ``seconds`` from now."""
        self._until = max(self._until, time.monotonic() + seconds)

    def wait(self, scope: Scope) -> None:
        """Return when the pause is over; raise Cancelled when ``scope`` is stopped meanwhile."""
        while (left := self._until - time.monotonic()) > 0:
            scope.sleep(left)
