"""The peer of the receiver that stores as durably: fastify with better-sqlite3 (``fastify/server.js``).

It commits one row for each request before it responds, in WAL mode with ``synchronous = FULL``. It does less with a
delivery than the receiver: no token, no validation, no queue and no index. ``make bench`` installs it where npm exists.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.serving import free_port, kill_group, start, wait_for_port

FOLDER = Path(__file__).resolve().parent / "fastify"
PACKAGES = ("fastify", "better-sqlite3")


def is_installed() -> bool:
    """Return whether node and both packages are installed."""
    return shutil.which("node") is not None and all(_manifest(name).exists() for name in PACKAGES)


def version() -> str:
    """Return the names and versions of both packages."""
    versions = [json.loads(_manifest(name).read_text(encoding="utf-8"))["version"] for name in PACKAGES]
    return ", ".join(f"{name} {number}" for name, number in zip(PACKAGES, versions, strict=True))


@contextmanager
def fastify(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run it; yield the URL to post to and the database file."""
    port, database = free_port(), folder / "fastify.sqlite3"
    process = start(
        ["node", str(FOLDER / "server.js"), str(port), str(database)],
        environment={"PATH": os.environ["PATH"]},
        log=folder / "fastify.log",
    )
    try:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}/hooks/token", database
    finally:
        kill_group(process)


def count(database: Path) -> int:
    """Return how many deliveries are stored."""
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM delivery").fetchone()[0])


def _manifest(name: str) -> Path:
    return FOLDER / "node_modules" / name / "package.json"
