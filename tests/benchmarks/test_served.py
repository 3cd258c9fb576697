"""The parts of the benchmarks that load and kill real servers, for a moment, on SQLite."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from benchmarks import kill, nginx, peer_fastify, processes, receive, serving, slow


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with all tables and nothing in them: making it takes longer than everything else here."""
    database = tmp_path_factory.mktemp("migrated") / "empty.sqlite3"
    processes.manage(
        "migrate", "--verbosity=0", environment=processes.settings(database=f"sqlite:///{database}")
    )
    return database


@pytest.fixture(autouse=True)
def on_copies(migrated: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Serve on a copy of that database."""

    def manage(*_arguments: str, environment: Mapping[str, str]) -> None:
        shutil.copy(migrated, environment["DATABASE_URL"].removeprefix("sqlite:///"))

    numbers = count()

    @contextmanager
    def fresh(_database: str) -> Iterator[str]:
        # Each has another name: the log of killed servers stays, and SQLite would apply it to a copy of the same name.
        database = tmp_path / f"served-{next(numbers)}.sqlite3"
        yield f"sqlite:///{database}"
        database.unlink()

    monkeypatch.setattr(serving, "manage", manage)
    for part in (receive, kill, slow):
        monkeypatch.setattr(part, "databases", lambda: iter([("SQLite", "sqlite")]))
        monkeypatch.setattr(part, "fresh", fresh)


@pytest.mark.ci
def test_receiving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "SECONDS", 0.3)
    monkeypatch.setattr(receive, "WARM_UP_SECONDS", 0.1)
    monkeypatch.setattr(receive, "CONNECTIONS", 2)
    monkeypatch.setattr(receive, "STEADY", 20)
    monkeypatch.setattr(peer_fastify, "is_installed", lambda: False)  # as on most machines

    compared, everything = receive.measure(repeats=1)

    figures = {row[0]: row for row in compared.rows}
    assert figures["acknowledged, but not stored"][1] == "0"
    assert figures["errors"][1] == "0"
    assert [row[0] for row in everything.rows][:2] == ["ours, worker running", "ours, worker stopped"]


@pytest.mark.exhaustive  # what it measures is tested in tests/faults
def test_killing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kill, "TRIALS", 1)

    (table,) = kill.measure(repeats=1)

    *counts, (ready, *_figures) = table.rows
    assert [row[-1] for row in counts] == ["holds"] * 5
    assert ready.startswith("ready again")


@pytest.mark.ci
@pytest.mark.skipif(nginx.PROGRAM is None, reason="nginx is missing")
def test_slow_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "SENDERS", 2)
    monkeypatch.setattr(slow, "IDLE", 3)
    monkeypatch.setattr(slow, "REQUESTS", 3)

    (table,) = slow.measure(repeats=1)

    assert [row[0] for row in table.rows] == ["p95 of a page, SQLite, ms", "p95 of the receiver, SQLite, ms"]


@pytest.mark.ci
def test_slow_senders_are_left_out_without_nginx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "PROGRAM", None)

    assert slow.measure(repeats=1) == []
