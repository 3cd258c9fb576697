"""Locks and durability for transactions that process, replay or prune deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

# PostgreSQL identifies advisory locks by two numbers. No other part uses these.
_LOCK = (0x70646173, 1)
_SQLITE_FULL = 2  # of PRAGMA synchronous


@contextmanager
def exclusive() -> Iterator[None]:
    """Run a transaction while no other process processes, replays or prunes deliveries; wait for its turn.

    On SQLite this excludes all other writers, including receivers: keep the transaction short. On PostgreSQL receivers
    continue. The lock ends with the transaction, even if the process dies.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _LOCK)
        yield


@contextmanager
def redoable() -> Iterator[None]:
    """Let commits of this connection not wait for the disk. A power cut may roll back the last of them.

    Use it for work that is then repeated. Commits of other connections stay durable: both databases write their logs
    in order.
    """
    if connection.in_atomic_block:  # in a test
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
        # A lost connection has nothing to restore.
        if connection.connection is not None and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(restore)
