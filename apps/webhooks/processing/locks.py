"""Locks and durability for transactions that process, replay or prune deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection, transaction

# PostgreSQL identifies advisory locks by two numbers. No other part uses these.
_LOCK = (0x70646173, 1)
_SQLITE_FULL = 2  # of PRAGMA synchronous


@contextmanager
def exclusive(*, is_redoable: bool = False) -> Iterator[None]:
    """Run a transaction while no other process processes, replays or prunes deliveries; wait for its turn.

    On SQLite this excludes all other writers, including receivers: keep the transaction short. On PostgreSQL receivers
    continue. The lock ends with the transaction, even if the process dies.

    The commit of a transaction that ``is_redoable`` does not wait for the disk. A power cut may roll it back, so use it
    for work that is then repeated. Commits of other connections stay durable: both databases write their logs in order.
    """
    with _no_sync() if is_redoable and connection.vendor == "sqlite" else nullcontext(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _LOCK)
                if (
                    is_redoable
                ):  # for this transaction alone: a pooler may give the session to the receiver next
                    cursor.execute("SET LOCAL synchronous_commit = off")
        yield


@contextmanager
def _no_sync() -> Iterator[None]:
    if connection.in_atomic_block:  # in a test
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        usual = int(cursor.fetchone()[0])
        if usual == _SQLITE_FULL:
            cursor.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        # A lost connection has nothing to restore.
        if connection.connection is not None and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA synchronous = {usual}")
