"""Databases of an installation, and what an administrator or a network can do to them."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.fixtures.pooler import Pooler, pooler_to
from tests.fixtures.proxy import Proxy, proxy_to


@dataclass(frozen=True, slots=True)
class Sqlite:
    """A file in a separate folder."""

    file: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock for writing, as a process does that was frozen in the middle of a transaction."""
        keeper = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
        keeper.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            keeper.execute("ROLLBACK")
            keeper.close()


@dataclass(frozen=True, slots=True)
class Postgres:
    """A database of a user who is no superuser, behind a proxy; ``server`` is the URL of a superuser.

    With a ``pooler``, connections go through it, and from there through the proxy.
    """

    server: str
    name: str
    url: str
    proxy: Proxy
    pooler: Pooler | None = None

    def execute(self, statement: str) -> None:
        """Run a statement as the superuser."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement.format(name=self.name))

    def end_connections(self) -> None:
        """End the connections of the installation, as a restart of the server does."""
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    @contextmanager
    def altered(self, change: str, back: str) -> Iterator[None]:
        """Change a property of the database or its user for every new connection, and end the open ones."""
        self.execute(change)
        self.end_connections()
        try:
            yield
        finally:
            self.execute(back)
            self.end_connections()

    @contextmanager
    def restarting(self) -> Iterator[None]:
        """End all connections again and again."""
        stop = threading.Event()

        def restart() -> None:
            while not stop.wait(0.3):
                self.end_connections()

        thread = threading.Thread(target=restart)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


Database = Sqlite | Postgres


@contextmanager
def postgres(settings: dict[str, Any], *, pooler_folder: Path | None = None) -> Iterator[Postgres]:
    """Yield a database on the server of Django's ``settings``, and remove it afterwards.

    With ``pooler_folder``, for its configuration, there is a pooler.
    """
    user, password, host, port = (settings[key] for key in ("USER", "PASSWORD", "HOST", "PORT"))
    credentials = f"{user}:{password}" if password else user
    server = f"postgres://{credentials}@{host or '127.0.0.1'}:{port or 5432}/postgres"
    name, secret = f"dash_matrix_{secrets.token_hex(4)}", secrets.token_hex(8)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{secret}'")
        connection.execute(f"CREATE DATABASE {name} OWNER {name}")
    netloc = urlsplit(server).netloc.rpartition("@")[2]
    try:
        with ExitStack() as stack:
            proxy, url = stack.enter_context(proxy_to(f"postgres://{name}:{secret}@{netloc}/{name}"))
            pooler = stack.enter_context(pooler_to(url, pooler_folder)) if pooler_folder else None
            yield Postgres(server, name, pooler.url if pooler else url, proxy, pooler)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            connection.execute(f"DROP ROLE {name}")
