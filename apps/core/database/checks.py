"""System checks of the database, for ``manage.py check --database default`` and ``manage.py migrate``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# SQLite's "WAL-reset bug" (https://www.sqlite.org/wal.html#walresetbug): introduced with WAL itself, corrected in
# 3.51.3, and in the last releases of two older branches.
_WAL_CORRECTED_IN = (3, 51, 3)
_WAL_CORRECTED_BRANCHES = ((3, 44, 6), (3, 50, 7))


@register(Tags.database)
def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse an encoding that cannot store every name, and warn about a SQLite that may damage its file."""
    return [message for alias in databases or () for message in messages_of(connections[alias])]


def messages_of(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    """Yield what is wrong with one database; nothing where it cannot be reached, which others report."""
    if connection.vendor == "postgresql":
        yield from _encoding(connection)
    elif connection.vendor == "sqlite" and connection.settings_dict["NAME"] != ":memory:":
        yield from wal_reset(sqlite3.sqlite_version_info)


def _encoding(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_encoding")
            (encoding,) = cursor.fetchone()
    except Error:
        return
    if encoding == "UTF8":
        return
    name = connection.settings_dict["NAME"]
    yield checks.Error(
        f"The database {name} has the encoding {encoding}: it cannot store every name. UTF8 is needed.",
        hint=f"Create another one: CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0. "
        "Copy the data with pg_dump and psql if there is any.",
        id="pneumatic.E101",
    )


def wal_reset(version: tuple[int, ...]) -> Iterator[CheckMessage]:
    """Yield a warning where this SQLite may damage its file in a rare case."""
    is_corrected = version >= _WAL_CORRECTED_IN or any(
        version[:2] == branch[:2] and version >= branch for branch in _WAL_CORRECTED_BRANCHES
    )
    if is_corrected:
        return
    number = ".".join(map(str, version))
    yield checks.Warning(
        f"SQLite {number} can damage the database in a rare case: two processes write and checkpoint at the "
        "same time.",
        hint="Use SQLite 3.51.3 or newer, or PostgreSQL, and keep backups. docs/deployment.md has a section about it.",
        id="pneumatic.W104",
    )
