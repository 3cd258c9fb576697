"""Periodic jobs of the worker. Apps register them in ``AppConfig.ready()``.

Each job has a separate thread and database connection, so that a slow one does not delay the others. An exception is
logged, and the job is retried with growing delays; an unreachable database is logged once. A thread that ends in
another way (by a bug here, or for lack of memory) ends the whole worker: a supervisor restarts a dead process, but
cannot notice one that does only a part of its work.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import close_old_connections, connections

from apps.core.database.errors import first_line, is_unavailable, log_failure

logger = logging.getLogger(__name__)

MAX_RETRY_WAIT_SECONDS = 30.0  # between attempts of a failing job
STOP_TIMEOUT_SECONDS = 10.0  # that all jobs together have to end when the worker stops

# Does its work, or a part of a second or two; returns True when there is more to do now.
Job = Callable[[], bool | None]


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that runs every ``seconds``, and at once while it returns True."""

    name: str
    job: Job
    seconds: float


_jobs: dict[str, Periodic] = {}

TASKS = "tasks"  # what the tasks from the queue are called among the jobs


@dataclass(frozen=True, slots=True)
class Round:
    """What a job of this process is at: ``seconds`` since its round began, None between rounds."""

    seconds: float | None
    failures: int  # in a row


@dataclass(slots=True)
class _Rounds:
    began_at: float | None = None  # time.monotonic()
    failures: int = 0


_rounds: dict[str, _Rounds] = {}


@contextmanager
def working(name: str) -> Iterator[None]:
    """Note that a round of the job ``name`` runs during the block, and whether it failed."""
    state = _rounds.setdefault(name, _Rounds())
    state.began_at = time.monotonic()
    try:
        yield
    except BaseException:
        state.failures += 1
        raise
    else:
        state.failures = 0
    finally:
        state.began_at = None


def rounds() -> dict[str, Round]:
    """Return what each job of this process is at."""
    now = time.monotonic()
    return {
        name: Round(None if (began := state.began_at) is None else now - began, state.failures)
        for name, state in _rounds.copy().items()
    }


def register(name: str, job: Job, *, seconds: float) -> None:
    """Have every worker run ``job`` each ``seconds``; it must be safe in several workers at once.

    Raise ValueError when another job has this name.
    """
    known = _jobs.get(name)
    if known is not None and known.job is not job:
        raise ValueError(f"A periodic job “{name}” is already registered.")
    _jobs[name] = Periodic(name, job, seconds)


def registered() -> tuple[Periodic, ...]:
    return tuple(_jobs.values())


def run_once() -> bool:
    """Run every job until it has nothing more to do, one after the other; return whether all succeeded."""
    return not [periodic for periodic in registered() if not _finish(periodic)]


def _finish(periodic: Periodic) -> bool:
    try:
        while periodic.job():
            pass
    except Exception:
        log_failure(logger, "The periodic job “%s” failed", periodic.name)
        return False
    return True


class JobDiedError(Exception):
    """The thread of a periodic job ended; the process must end, too."""


class Jobs:
    """The threads of the registered jobs."""

    def __init__(self) -> None:
        self.have_died = False
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._live, args=[periodic], name=f"periodic {periodic.name}", daemon=True
            )
            for periodic in registered()
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait for running jobs, ``STOP_TIMEOUT_SECONDS`` at most, and start no new ones."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_TIMEOUT_SECONDS / len(self._threads))

    def _live(self, periodic: Periodic) -> None:
        try:
            self._repeat(periodic)
        except BaseException:
            self.have_died = True
            logger.critical("The periodic job “%s” died; the worker ends.", periodic.name, exc_info=True)
            os.kill(os.getpid(), signal.SIGTERM)  # the main thread notices, wherever it is
        finally:
            connections.close_all()

    def _repeat(self, periodic: Periodic) -> None:
        failures, is_away = 0, False
        wait = 0.0
        while not self._stop.wait(wait):
            close_old_connections()
            try:
                with working(periodic.name):
                    has_more = periodic.job()
            except Exception as error:
                failures += 1
                if not is_unavailable(error):
                    logger.exception("The periodic job “%s” failed; it is retried.", periodic.name)
                elif not is_away:
                    logger.error("“%s” waits for the database: %s", periodic.name, first_line(error))
                    is_away = True
            else:
                if is_away:
                    logger.warning("“%s” continues: the database can be reached again.", periodic.name)
                failures, is_away = 0, False
                wait = 0.0 if has_more else periodic.seconds
            close_old_connections()
            if failures:
                wait = min(periodic.seconds * 2 ** min(failures, 10), MAX_RETRY_WAIT_SECONDS)


@contextmanager
def running() -> Iterator[None]:
    """Run the jobs in the background during the block; raise JobDiedError when the thread of one died."""
    jobs = Jobs()
    try:
        jobs.start()
        yield
    finally:
        jobs.stop()
        if jobs.have_died:
            raise JobDiedError
