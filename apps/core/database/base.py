"""Django's backend for PostgreSQL, with an end to every wait. Django looks for a backend in a module ``base``."""

from __future__ import annotations

import math
import threading
import time
from types import SimpleNamespace
from typing import Any

import psycopg
from django.conf import settings
from django.db import OperationalError
from django.db.backends.postgresql import base
from django.utils import timezone

from apps.core.database import clock, limits

# How both sides watch the network, in seconds: a peer that is gone is noticed after IDLE + COUNT * INTERVAL, one
# that confirms nothing after UNCONFIRMED.
IDLE, INTERVAL, COUNT, UNCONFIRMED = 30, 10, 3, 30
MIN_CONNECT_SECONDS = 2  # the driver takes less for this
RETRY_AFTER_SECONDS = 1.0


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server does not respond in time."""

    statement_seconds = math.inf

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server, ``timeout`` seconds at most; raise OperationalError when they are over."""
        try:
            return self._wait(gen, interval, timeout)
        except (ValueError, psycopg.InternalError) as error:
            # A server or pooler that ends the session sends a second result. Where the driver expects one, it raises
            # ValueError (at the end of COPY) or an InternalError that is not the server's (at a COMMIT).
            if getattr(error, "sqlstate", None) is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError("The database ended the connection.") from error

    def _wait(self, gen: Any, interval: float, timeout: float | None) -> Any:
        seconds = limits.seconds_left(self.statement_seconds + limits.GRACE_SECONDS)
        if timeout is not None or math.isinf(seconds):
            return super().wait(gen, interval, timeout)
        deadline = time.monotonic() + seconds
        try:
            return super().wait(gen, interval, seconds)
        except psycopg.OperationalError:
            if time.monotonic() < deadline or self.closed:
                raise
            # A late response would be read as that of the next statement, and a rollback would wait, too.
            self.pgconn.finish()
            _silence.begin()
            raise psycopg.OperationalError("The database did not respond in time.") from None


class Silence:
    """Remembers that the server did not respond, so that one thread tries to connect and the others fail at once.

    Otherwise each request would occupy a thread for seconds, and soon none would be left for those that need no
    database.
    """

    def __init__(self) -> None:
        self._retry_at: float | None = None  # None while the server responds
        self._attempt = threading.Lock()

    def begin(self) -> None:
        """Note that the server did not respond."""
        self._retry_at = time.monotonic() + RETRY_AFTER_SECONDS

    def connect(self, **params: Any) -> psycopg.Connection[Any]:
        """Connect. Raise OperationalError at once where another thread tries, or has just tried in vain."""
        if self._retry_at is None:
            return self._connect(**params)
        if time.monotonic() < self._retry_at or not self._attempt.acquire(blocking=False):
            raise psycopg.OperationalError("The database does not respond.")
        try:
            return self._connect(**params)
        finally:
            self._attempt.release()

    def _connect(self, **params: Any) -> psycopg.Connection[Any]:
        try:
            connection = BoundedConnection.connect(**params)
        except psycopg.errors.ConnectionTimeout:
            self.begin()
            raise
        self._retry_at = None
        return connection


_silence = Silence()


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's wrapper with bounded connections, and with limits that the server keeps as well."""

    # Django calls ``Database.connect`` and takes the driver's exceptions from here.
    Database = SimpleNamespace(**{**vars(psycopg), "connect": _silence.connect})
    statement_seconds: float | None = None  # None for the limit of the process

    def get_connection_params(self) -> dict[str, Any]:
        """Return Django's parameters with how long a connection may take and how the network is watched."""
        return {
            "connect_timeout": limits.CONNECT_SECONDS,
            "keepalives_idle": IDLE,
            "keepalives_interval": INTERVAL,
            "keepalives_count": COUNT,
            "tcp_user_timeout": UNCONFIRMED * 1000,
            **super().get_connection_params(),
        }

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect within what ``at_most`` leaves; raise OperationalError when nothing is left."""
        seconds = limits.seconds_left(float(conn_params["connect_timeout"]))
        if not seconds:
            raise OperationalError("There was no time left to connect to the database.")
        timeout = {"connect_timeout": max(seconds, MIN_CONNECT_SECONDS)}
        connection = super().get_new_connection(conn_params | timeout)
        connection.statement_seconds = self._statement_seconds()
        return connection

    def init_connection_state(self) -> None:
        """Set the limits of this session at the server, and compare the clocks."""
        super().init_connection_state()
        seconds = self._statement_seconds()
        values = {
            "statement_timeout": 0 if math.isinf(seconds) else int(seconds * 1000),
            "idle_in_transaction_session_timeout": int(settings.DATABASE_LOCK_TIMEOUT * 1000),
            "tcp_keepalives_idle": IDLE,
            "tcp_keepalives_interval": INTERVAL,
            "tcp_keepalives_count": COUNT,
            "tcp_user_timeout": UNCONFIRMED * 1000,
        }
        calls = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in values.items())
        # The sessions of a pooler belong to several processes, which have different limits.
        what = "clock_timestamp()" if settings.DATABASE_POOLED else f"clock_timestamp(), {calls}"
        asked_at = timezone.now()
        (there, *_) = self.connection.execute(f"SELECT {what}").fetchone()
        clock.compare(there, asked_at=asked_at)

    def is_usable(self) -> bool:
        """Check a connection that was kept, and wait no longer than for a new one."""
        with limits.at_most(limits.CONNECT_SECONDS):
            return bool(super().is_usable())

    def prepare_database(self) -> None:
        """Let migrations take as long as they need. Django calls this before them."""
        super().prepare_database()
        self.statement_seconds = math.inf
        with self.cursor() as cursor:
            if not settings.DATABASE_POOLED:
                cursor.execute("SET statement_timeout = 0")
        self.connection.statement_seconds = math.inf

    def _statement_seconds(self) -> float:
        return limits.statement_seconds() if self.statement_seconds is None else self.statement_seconds
