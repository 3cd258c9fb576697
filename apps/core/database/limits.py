"""How long this process waits for PostgreSQL.

A server or a network that goes silent keeps the connection open and answers nothing: neither the server's own limits
nor those of TCP end such a wait, because they do not learn of it (a proxy in between even confirms what was sent). So
the client watches the clock itself: ``base.BoundedConnection`` asks ``seconds_left`` before it waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

CONNECT_SECONDS = 5.0  # for a connection, and for the check of one that was kept
# The server ends a statement first where it can. The connection then stays usable, and it is known what happened.
GRACE_SECONDS = 1.0

_serves_pages = False
_local = threading.local()


def serve_pages() -> None:
    """Limit statements of this process to ``DATABASE_TIMEOUT`` from now on, because users wait for it."""
    global _serves_pages
    _serves_pages = True


def statement_seconds() -> float:
    """Return how long a statement may take in this process."""
    return settings.DATABASE_TIMEOUT if _serves_pages else settings.DATABASE_COMMAND_TIMEOUT


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Give PostgreSQL ``seconds`` for all that the block asks of it together; then it raises OperationalError.

    A new connection takes two seconds at least before it is given up. SQLite is not limited.
    """
    before: float | None = getattr(_local, "deadline", None)
    deadline = time.monotonic() + seconds
    _local.deadline = deadline if before is None else min(before, deadline)
    try:
        yield
    finally:
        _local.deadline = before


def seconds_left(seconds: float) -> float:
    """Return ``seconds``, or what ``at_most`` leaves of them; 0 where nothing is left."""
    deadline: float | None = getattr(_local, "deadline", None)
    return seconds if deadline is None else max(0.0, min(seconds, deadline - time.monotonic()))
