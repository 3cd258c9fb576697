"""Trouble that comes and goes while an installation runs. Every cause is real; nothing of ours is replaced."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import slow
from tests.faults.matrix.databases import Postgres, Sqlite
from tests.faults.matrix.installation import Installation

HOURS = 2


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of trouble; ``reason_to_skip`` says why it cannot be made here, '' where it can."""

    name: str
    happen: Callable[[Installation], AbstractContextManager[None]]
    reason_to_skip: Callable[[Installation], str] = lambda here: ""


def needs_small_disks(here: Installation) -> str:
    return "" if here.has_small_disks else "only root may mount small disks"


def needs_a_small_database(here: Installation) -> str:
    if isinstance(here.database, Postgres):
        return "the disk of a PostgreSQL server belongs to the server"
    return needs_small_disks(here)


def needs_fake_clocks(here: Installation) -> str:
    return "" if here.clock_library.exists() else "no C compiler is installed"


def needs_a_server(here: Installation) -> str:
    return "" if isinstance(here.database, Postgres) else "SQLite has no server"


@contextmanager
def database_away(here: Installation) -> Iterator[None]:
    proxy = server_of(here).proxy
    proxy.refuse()
    try:
        yield
    finally:
        proxy.restore()


@contextmanager
def database_silent(here: Installation) -> Iterator[None]:
    if isinstance(here.database, Sqlite):
        with here.database.locked():
            yield
        return
    here.database.proxy.silence()
    try:
        yield
    finally:
        here.database.proxy.restore()


def database_read_only(here: Installation) -> AbstractContextManager[None]:
    return server_of(here).altered(
        "ALTER ROLE {name} SET default_transaction_read_only = on",
        "ALTER ROLE {name} RESET default_transaction_read_only",
    )


def database_out_of_connections(here: Installation) -> AbstractContextManager[None]:
    return server_of(here).altered(
        "ALTER ROLE {name} CONNECTION LIMIT 0", "ALTER ROLE {name} CONNECTION LIMIT -1"
    )


def database_restarting(here: Installation) -> AbstractContextManager[None]:
    return server_of(here).restarting()


def needs_a_proxy(here: Installation) -> str:
    return "" if here.front else "no nginx is installed"


def server_of(here: Installation) -> Postgres:
    assert isinstance(here.database, Postgres)
    return here.database


@contextmanager
def pooler_restarting(here: Installation) -> Iterator[None]:
    """Kill the pooler and start it again, again and again."""
    pooler = server_of(here).pooler
    assert pooler is not None
    stop = threading.Event()

    def restart() -> None:
        while not stop.wait(0.5):
            pooler.stop()
            pooler.start()

    with ThreadPoolExecutor(1) as pool:
        restarts = pool.submit(restart)
        try:
            yield
        finally:
            stop.set()
    restarts.result()


@contextmanager
def slow_senders(here: Installation) -> Iterator[None]:
    with slow.strangers(here.front, senders=30, idle=100):
        yield


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Fill the disk of a folder to the last byte."""
    filling = folder / "filling"
    try:
        with filling.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    continue
        yield
    finally:
        filling.unlink()


def database_disk_full(here: Installation) -> AbstractContextManager[None]:
    assert isinstance(here.database, Sqlite)
    return full(here.database.file.parent)


def temporary_disk_full(here: Installation) -> AbstractContextManager[None]:
    return full(here.temporary)


def log_disk_full(here: Installation) -> AbstractContextManager[None]:
    return full(here.logs)


@contextmanager
def api_away(here: Installation) -> Iterator[None]:
    here.api.refuse()
    try:
        yield
    finally:
        here.api.restore()


@contextmanager
def api_silent(here: Installation) -> Iterator[None]:
    here.api.silence()
    try:
        yield
    finally:
        here.api.cut()
        here.api.restore()


def api_fault(kind: str, **options: Any) -> Callable[[Installation], AbstractContextManager[None]]:
    @contextmanager
    def happen(here: Installation) -> Iterator[None]:
        here.sandbox.fault(kind=kind, times=0, **options)
        try:
            yield
        finally:
            here.sandbox.clear_faults()

    return happen


@contextmanager
def worker_away(here: Installation) -> Iterator[None]:
    here.end("worker")
    try:
        yield
    finally:
        here.run_worker()  # as a supervisor does


@contextmanager
def worker_frozen(here: Installation) -> Iterator[None]:
    here.send("worker", signal.SIGSTOP)
    try:
        yield
    finally:
        here.send("worker", signal.SIGCONT)


@contextmanager
def worker_doubled(here: Installation) -> Iterator[None]:
    here.run_worker("second worker")
    try:
        yield
    finally:
        here.end("second worker")


def clock_off(hours: int) -> Callable[[Installation], AbstractContextManager[None]]:
    @contextmanager
    def happen(here: Installation) -> Iterator[None]:
        here.clock.write_text(str(hours * 3600))
        try:
            yield
        finally:
            here.clock.write_text("0")

    return happen


CAUSES = (
    Cause("database away", database_away, needs_a_server),
    Cause("database silent", database_silent),
    Cause("database read-only", database_read_only, needs_a_server),
    Cause("database out of connections", database_out_of_connections, needs_a_server),
    Cause("database restarting", database_restarting, needs_a_server),
    Cause("disk full: database", database_disk_full, needs_a_small_database),
    Cause("disk full: temporary files", temporary_disk_full, needs_small_disks),
    Cause("disk full: logs", log_disk_full, needs_small_disks),
    Cause("API away", api_away),
    Cause("API silent", api_silent),
    Cause("API slow", api_fault("delay", seconds=1)),
    Cause("API refusing", api_fault("status", status=403)),
    Cause("API lying", api_fault("wrong_json")),
    Cause("worker away", worker_away),
    Cause("worker frozen", worker_frozen),
    Cause("worker doubled", worker_doubled),
    Cause("clock ahead", clock_off(HOURS), needs_fake_clocks),
    Cause("clock behind", clock_off(-HOURS), needs_fake_clocks),
    Cause("slow senders", slow_senders, needs_a_proxy),
)
# With a pooler between, which all of this comes through.
CAUSES_AT_A_POOLER = (
    Cause("pooler restarting", pooler_restarting),
    *(cause for cause in CAUSES if cause.name.startswith("database ")),
)
