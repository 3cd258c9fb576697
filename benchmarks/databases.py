"""The databases that a benchmark runs on: SQLite, and PostgreSQL where a server responds."""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

POSTGRES = "postgres://postgres@127.0.0.1:5432"


def databases() -> Iterator[tuple[str, str]]:
    """Yield the name of each for people, and for ``fresh``."""
    yield "SQLite", "sqlite"
    try:
        ready = (
            subprocess.run(["pg_isready", "-q", "-h", "127.0.0.1", "-p", "5432"], check=False).returncode == 0
        )
    except FileNotFoundError:
        ready = False
    if ready:
        yield "PostgreSQL", "postgres"


@contextmanager
def fresh(database: str) -> Iterator[str]:
    """Give the address of an empty database, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="dash-bench-") as folder:
        if database == "sqlite":
            yield f"sqlite:///{Path(folder) / 'pages.sqlite3'}"
            return
        name = f"dash_bench_{Path(folder).name[-8:].lower()}"
        _psql(f'CREATE DATABASE "{name}"')
        try:
            yield f"{POSTGRES}/{name}"
        finally:
            _psql(f'DROP DATABASE "{name}" WITH (FORCE)')


def value(url: str, statement: str) -> Any:
    """Return the first value of what a statement selects; None where there is no row."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60)) as connection:
            row = connection.execute(statement).fetchone()
    else:
        with psycopg.connect(url) as session:
            row = session.execute(statement).fetchone()
    return row[0] if row else None


def _psql(statement: str) -> None:
    subprocess.run(["psql", "--quiet", f"{POSTGRES}/postgres", "-c", statement], check=True)
