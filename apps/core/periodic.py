"""Jobs that the worker does again and again. Apps register them in ``AppConfig.ready()``.

Each job has a thread and a database connection of its own, so that a slow one holds up nobody. What a job raises is
logged, and the job is tried again, each time a little later; a database that is away is logged once. A thread that ends
in another way (which takes a bug here, or no memory left) ends the whole worker: a process that does half of its work
looks well from outside, and a supervisor starts a dead one again.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, close_old_connections, connections

logger = logging.getLogger(__name__)

MAX_RETRY_WAIT_SECONDS = 30.0  # seconds between attempts of a job that fails
STOP_TIMEOUT_SECONDS = 10.0  # seconds that jobs have to come to an end when the worker stops

# Does its work, or a part of it that takes a second or two; returns True when there is more to do at once.
Job = Callable[[], bool | None]


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that is done every ``seconds``; sooner when it says that there is more to do."""

    name: str
    job: Job
    seconds: float


_jobs: dict[str, Periodic] = {}


def register(name: str, job: Job, *, seconds: float) -> None:
    """Have every worker do ``job`` each ``seconds``. Several workers may do it at once: it must bear that."""
    known = _jobs.get(name)
    if known is not None and known.job is not job:
        raise ValueError(f"There is a periodic job “{name}” already.")
    _jobs[name] = Periodic(name, job, seconds)


def registered() -> tuple[Periodic, ...]:
    """Return all jobs."""
    return tuple(_jobs.values())


def run_once() -> bool:
    """Do every job until it has nothing more to do, one after the other; return whether none of them failed."""
    return not [periodic for periodic in registered() if not _finish(periodic)]


def _finish(periodic: Periodic) -> bool:
    try:
        while periodic.job():
            pass
    except Exception:
        logger.exception("The periodic job “%s” failed.", periodic.name)
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
        """Begin with all jobs."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each job finish what it is at, for PATIENCE seconds at most, and begin nothing new."""
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
                has_more = periodic.job()
            except (OperationalError, InterfaceError) as error:
                failures += 1
                if not is_away:
                    logger.error("“%s” waits for the database: %s", periodic.name, _first_line(error))
                is_away = True
            except Exception:
                failures += 1
                logger.exception("The periodic job “%s” failed; it is tried again.", periodic.name)
            else:
                if is_away:
                    logger.warning("“%s” goes on: the database answers again.", periodic.name)
                failures, is_away = 0, False
                wait = 0.0 if has_more else periodic.seconds
            close_old_connections()
            if failures:
                wait = min(periodic.seconds * 2 ** min(failures, 10), MAX_RETRY_WAIT_SECONDS)


@contextmanager
def running() -> Iterator[None]:
    """Do the jobs in the background while the block runs; raise JobDiedError when one of them died meanwhile."""
    jobs = Jobs()
    try:
        jobs.start()
        yield
    finally:
        jobs.stop()
        if jobs.have_died:
            raise JobDiedError


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
