"""Periodic jobs: they run separately, and failures are logged."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable

import pytest
from django.db import InternalError, OperationalError

from apps.core import periodic
from tests.fixtures.full_database import database_error
from tests.fixtures.waiting import HANG_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start with nothing registered."""
    monkeypatch.setattr(periodic, "_jobs", {})


class Steps:
    """A job that does one step after the other, and says when all are done."""

    def __init__(self, *steps: Callable[[], bool | None]) -> None:
        self.steps = list(steps)
        self.is_done = threading.Event()
        self.times = 0

    def __call__(self) -> bool | None:
        self.times += 1
        if not self.steps:
            self.is_done.set()
            return None
        return self.steps.pop(0)()


def fail(error: Exception) -> Callable[[], bool | None]:
    def step() -> bool | None:
        raise error

    return step


def test_a_job_is_done_again_and_again() -> None:
    job = Steps(lambda: None, lambda: None)
    periodic.register("count", job, seconds=0.001)

    with periodic.running():
        assert job.is_done.wait(HANG_SECONDS)


def test_a_job_that_has_more_to_do_does_not_wait() -> None:
    job = Steps(lambda: True, lambda: True)
    periodic.register("count", job, seconds=3600)

    with periodic.running():
        assert job.is_done.wait(HANG_SECONDS)


def test_a_failure_is_logged_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    job = Steps(fail(RuntimeError("boom")))
    periodic.register("count", job, seconds=0.001)

    with caplog.at_level(logging.ERROR), periodic.running():
        assert job.is_done.wait(HANG_SECONDS)

    assert "“count” failed" in caplog.text
    assert "boom" in caplog.text


def test_an_unreachable_database_is_logged_once_and_so_is_its_return(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = fail(OperationalError("connection refused\nis the server running?"))
    read_only = fail(
        database_error("cannot execute UPDATE in a read-only transaction", "25006", InternalError)
    )
    job = Steps(away, read_only, away)
    periodic.register("count", job, seconds=0.001)

    with caplog.at_level(logging.WARNING), periodic.running():
        assert job.is_done.wait(HANG_SECONDS)

    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        "“count” waits for the database: connection refused",
        "“count” continues: the database can be reached again.",
    ]


def test_a_slow_job_does_not_delay_others() -> None:
    may_end = threading.Event()
    periodic.register("slow", lambda: may_end.wait(HANG_SECONDS) and None, seconds=1)
    job = Steps()
    periodic.register("quick", job, seconds=0.001)

    with periodic.running():
        assert job.is_done.wait(HANG_SECONDS)
        may_end.set()


def test_a_thread_that_dies_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    logged = threading.Event()
    signals: list[tuple[int, int]] = []

    def kill(pid: int, number: int) -> None:
        signals.append((pid, number))
        logged.set()

    monkeypatch.setattr(os, "kill", kill)

    def die() -> bool | None:
        raise SystemExit

    periodic.register("mortal", die, seconds=1)
    with pytest.raises(periodic.JobDiedError), periodic.running():
        assert logged.wait(HANG_SECONDS)

    assert signals == [(os.getpid(), signal.SIGTERM)]


def test_stopping_lets_a_job_finish_what_it_is_at() -> None:
    has_begun, finished = threading.Event(), []

    def work() -> None:
        has_begun.set()
        threading.Event().wait(0.05)
        finished.append(True)

    periodic.register("work", work, seconds=3600)
    with periodic.running():
        assert has_begun.wait(HANG_SECONDS)

    assert finished == [True]


def test_two_jobs_of_one_name_are_refused() -> None:
    job = Steps()
    periodic.register("count", job, seconds=1)
    periodic.register("count", job, seconds=2)  # the same again: a second ``ready()``

    with pytest.raises(ValueError, match="count"):
        periodic.register("count", Steps(), seconds=1)


def test_everything_can_be_done_once() -> None:
    more, other = Steps(lambda: True, lambda: True), Steps()
    periodic.register("more", more, seconds=3600)
    periodic.register("other", other, seconds=3600)

    assert periodic.run_once()
    assert (more.times, other.times) == (3, 1)


def test_doing_everything_once_reports_the_databases_trouble_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    periodic.register("broken", Steps(fail(OperationalError("disk full"))), seconds=1)

    assert not periodic.run_once()
    (record,) = caplog.records
    assert (record.exc_info, record.getMessage()) == (None, "The periodic job “broken” failed: disk full")


def test_doing_everything_once_says_when_something_failed() -> None:
    other = Steps()
    periodic.register("broken", Steps(fail(RuntimeError())), seconds=1)
    periodic.register("other", other, seconds=1)

    assert not periodic.run_once()
    assert other.times == 1
