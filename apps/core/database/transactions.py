"""Transactions with a limited wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from apps.core.database.limits import at_most

# SQLite's own wait grows to 0.1 s between attempts: the lock would often be free long before the next one.
POLL_INTERVAL_SECONDS = 0.001


@contextmanager
def bounded_transaction(seconds: float) -> Iterator[None]:
    """Run the block in a transaction that waits at most ``seconds`` for the database.

    On SQLite that limits the wait for the write lock, on PostgreSQL the time of the whole block. Raise OperationalError
    when it took too long, and RuntimeError inside another transaction, since the end of this one must be a commit.
    """
    if connection.vendor == "sqlite":
        with _write_lock(seconds):
            yield
        return
    with at_most(seconds), transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))])
        yield


@contextmanager
def _write_lock(seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    block = transaction.atomic(durable=True)
    with _no_waiting():
        while True:
            try:
                block.__enter__()
                break
            except OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(POLL_INTERVAL_SECONDS)
    try:
        yield
    except BaseException as error:
        block.__exit__(type(error), error, error.__traceback__)
        raise
    block.__exit__(None, None, None)


@contextmanager
def _no_waiting() -> Iterator[None]:
    usual = int(connection.settings_dict["OPTIONS"].get("timeout", 5) * 1000)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")
