"""Transactions with a limited wait."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

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
        block = transaction.atomic(durable=True)
        _wait_for_lock(block.__enter__, seconds)
        with ExitStack() as stack:
            stack.push(block)
            yield
        return
    with at_most(seconds), transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))])
        yield


@contextmanager
def direct_transaction(seconds: float) -> Iterator[Any]:
    """Run the block as ``bounded_transaction`` does, and give it a cursor for all of its statements.

    On SQLite the cursor is the driver's: what Django does around each statement takes several times as long as SQLite.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with bounded_transaction(seconds), connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    driver: sqlite3.Connection = connection.connection
    with connection.wrap_database_errors:
        _wait_for_lock(partial(driver.execute, "BEGIN IMMEDIATE"), seconds)
        try:
            yield driver.cursor()
            driver.execute("COMMIT")
        finally:
            if driver.in_transaction:
                driver.execute("ROLLBACK")


def _wait_for_lock(begin: Callable[[], object], seconds: float) -> None:
    """Call ``begin``, which begins a transaction of SQLite, again and again until the write lock is free."""
    deadline = time.monotonic() + seconds
    with _no_waiting():
        while True:
            try:
                begin()
            except (OperationalError, sqlite3.OperationalError) as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(POLL_INTERVAL_SECONDS)


@contextmanager
def _no_waiting() -> Iterator[None]:
    usual = int(connection.settings_dict["OPTIONS"].get("timeout", 5) * 1000)
    connection.ensure_connection()
    driver: sqlite3.Connection = connection.connection
    with connection.wrap_database_errors:
        driver.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            driver.execute(f"PRAGMA busy_timeout = {usual}")
