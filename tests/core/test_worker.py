"""``manage.py worker`` as a process: it starts, works, stops on a signal, and ends when a part of it died."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, InternalError, OperationalError, ProgrammingError
from django_tasks_db.management.commands import db_worker

from apps.core import periodic
from apps.core.processes import heartbeat, memory
from apps.webhooks.models import Delivery
from tests.fixtures import payloads
from tests.fixtures.database import database_url
from tests.fixtures.deliveries import store
from tests.fixtures.full_database import database_error
from tests.fixtures.waiting import HANG_SECONDS, wait_for

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def worker(
    *arguments: str, program: tuple[str, ...] = ("manage.py", "worker")
) -> Iterator[subprocess.Popen[str]]:
    """Run a worker on this test's database; end it if it still lives."""
    process = subprocess.Popen(
        [sys.executable, *program, "--no-startup-delay", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "pneumatic_dash.settings",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=HANG_SECONDS)


def receive(number: int) -> None:
    store(payloads.started(id_) for id_ in range(1, number + 1))


def is_done() -> bool:
    return not Delivery.objects.filter(state="pending").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_processes_deliveries_until_a_signal_stops_it(number: signal.Signals) -> None:
    with worker() as process:
        receive(3)
        wait_for(is_done)
        wait_for(lambda: any(known.is_alive for known in heartbeat.workers()))
        process.send_signal(number)
        process.communicate(timeout=HANG_SECONDS)

    assert process.returncode == 0
    assert [known.is_stopped for known in heartbeat.workers()] == [True]


def test_a_batch_does_all_that_waits_and_ends() -> None:
    receive(3)
    with worker("--batch") as process:
        process.communicate(timeout=HANG_SECONDS)

    assert process.returncode == 0
    assert is_done()


def test_a_worker_with_a_dead_periodic_job_ends_with_an_error() -> None:
    code = (
        "import sys, django; django.setup()\n"
        "from apps.core import periodic\n"
        "from django.core.management import execute_from_command_line\n"
        "def die(): raise SystemExit\n"
        "periodic.register('mortal', die, seconds=1)\n"
        "execute_from_command_line(['manage.py', 'worker', *sys.argv[1:]])\n"
    )
    with worker(program=("-c", code)) as process:
        _out, errors = process.communicate(timeout=HANG_SECONDS)

    assert process.returncode == 1
    assert "“mortal” died" in errors


def test_a_batch_with_a_failed_periodic_job_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr(periodic, "_jobs", {"broken": periodic.Periodic("broken", fail, 1)})
    monkeypatch.setattr(signal, "signal", lambda *_arguments: None)
    with pytest.raises(CommandError, match="A periodic job failed"):
        call_command("worker", batch=True, startup_delay=False, verbosity=0)


@pytest.mark.parametrize(
    "trouble",
    [
        OperationalError("the connection is closed\nhint"),
        # Not an OperationalError: a server that became a standby, as in a failover.
        database_error("cannot execute SELECT FOR UPDATE in a read-only transaction", "25006", InternalError),
        database_error("terminating connection due to idle-in-transaction timeout", "25P03", InternalError),
    ],
    ids=["away", "read-only", "too old"],
)
def test_it_waits_for_an_unwell_database(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: Error
) -> None:
    endings = iter([trouble, trouble, None])

    def run(_worker: db_worker.Worker) -> None:
        if ending := next(endings):
            raise ending

    monkeypatch.setattr(db_worker.Worker, "run", run)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with caplog.at_level(logging.ERROR):
        call_worker(monkeypatch)

    assert next(endings, "over") == "over"
    message = str(trouble).partition("\n")[0]
    assert [record.getMessage() for record in caplog.records] == [
        f"The tasks wait for the database: {message}"
    ]


def test_a_defect_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_worker: db_worker.Worker) -> None:
        raise ProgrammingError

    monkeypatch.setattr(db_worker.Worker, "run", run)
    with pytest.raises(ProgrammingError):
        call_worker(monkeypatch)


def call_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a worker without periodic jobs in this process."""
    monkeypatch.setattr(periodic, "_jobs", {})
    monkeypatch.setattr(signal, "signal", lambda *_arguments: None)
    monkeypatch.setattr(os, "nice", lambda _increment: 0)
    monkeypatch.setattr(memory, "settle", lambda: None)
    call_command("worker", reload=False, startup_delay=False, verbosity=0)


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(CommandError, match="--exclude-queues"):
        call_command("worker", exclude_queues="slow")
