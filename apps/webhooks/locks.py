"""One writer of events at a time, in the whole installation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

# Two numbers that nobody else uses: PostgreSQL knows such locks by numbers alone.
_LOCK = (0x70646173, 1)
_SQLITE_FULL = 2  # of PRAGMA synchronous


@contextmanager
def exclusive() -> Iterator[None]:
    """Run a transaction in which nobody else processes, replays or prunes deliveries; wait until it may begin.

    SQLite's IMMEDIATE transactions exclude every other writer, receivers too: keep what is done in it short. On
    PostgreSQL receivers go on; the lock ends with the transaction, so a process that dies leaves none behind.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _LOCK)
        yield


@contextmanager
def redoable() -> Iterator[None]:
    """Let commits of this connection not wait for the disk: a power cut may take back the last of them, as a whole.

    For what is simply done again then. What others commit stays durable: both databases write their logs in order.
    """
    if connection.in_atomic_block:  # of a test
        yield
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            usual = cursor.fetchone()[0]
            if usual == _SQLITE_FULL:
                cursor.execute("PRAGMA synchronous = NORMAL")
            restore = f"PRAGMA synchronous = {int(usual)}"
        else:
            cursor.execute("SET synchronous_commit = off")
            restore = "RESET synchronous_commit"
    try:
        yield
    finally:
        # A connection that was lost has nothing to restore.
        if connection.connection is not None and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(restore)
