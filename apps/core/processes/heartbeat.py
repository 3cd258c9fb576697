"""The worker's heartbeat in the database: a row for each process, written every few seconds.

The heartbeat is one of the periodic jobs, in a separate thread. So it also reports what hangs: the row says for how
long each job has been at its current round. A process that was killed or frozen reports nothing, and its row grows old.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import Error
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from apps.core import periodic
from apps.core.models import WorkerProcess
from pneumatic_dash import __version__

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 10.0
STALE_AFTER = dt.timedelta(seconds=60)
# A round of a job takes a second or two. A task, such as a sync, may take minutes.
STUCK_AFTER_SECONDS = {periodic.TASKS: 3600.0}
STUCK_AFTER_SECONDS_OTHERWISE = 600.0
MAX_FAILURES = 3  # in a row; one may be chance
RETENTION = dt.timedelta(days=1)

_own_id = ""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last report of a worker. ``age`` is by the database's clock."""

    host: str
    pid: int
    version: str
    started_at: dt.datetime
    heartbeat_at: dt.datetime
    age: dt.timedelta
    is_stopped: bool
    stuck: Sequence[str]
    failing: Sequence[str]

    @property
    def is_alive(self) -> bool:
        """Whether the process runs, as far as it can be known."""
        return not self.is_stopped and self.age < STALE_AFTER


@contextmanager
def process() -> Iterator[None]:
    """Report this process as a worker during the block; at the end report that it stopped."""
    global _own_id
    _own_id = uuid.uuid4().hex
    try:
        yield
    finally:
        try:
            WorkerProcess.objects.filter(pk=_own_id).update(stopped_at=Now(), heartbeat_at=Now())
        except Error as error:  # the row grows old instead
            logger.info("The end of the worker was not recorded: %s", type(error).__name__)
        _own_id = ""


def beat() -> None:
    """Write the heartbeat of this process, if it is a worker: the worker's periodic job."""
    if not _own_id:
        return
    rounds = {
        name: {"seconds": state.seconds, "failures": state.failures}
        for name, state in periodic.rounds().items()
    }
    if WorkerProcess.objects.filter(pk=_own_id).update(heartbeat_at=Now(), rounds=rounds):
        return
    WorkerProcess.objects.filter(heartbeat_at__lt=Now() - RETENTION).delete()
    WorkerProcess.objects.create(
        pk=_own_id,
        host=socket.gethostname()[:255],
        pid=os.getpid(),
        version=__version__,
        started_at=Now(),
        heartbeat_at=Now(),
        rounds=rounds,
    )


def workers() -> list[Heartbeat]:
    """Return the workers of the last day, the one that reported last first: one query."""
    age = ExpressionWrapper(Now() - F("heartbeat_at"), output_field=DurationField())
    rows = WorkerProcess.objects.annotate(age=age).order_by("-heartbeat_at", "pk")
    return [_heartbeat(row, row.age) for row in rows]


def _heartbeat(row: WorkerProcess, age: dt.timedelta) -> Heartbeat:
    limits = {name: STUCK_AFTER_SECONDS.get(name, STUCK_AFTER_SECONDS_OTHERWISE) for name in row.rounds}
    return Heartbeat(
        host=row.host,
        pid=row.pid,
        version=row.version,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        age=age,
        is_stopped=row.stopped_at is not None,
        stuck=[name for name, state in row.rounds.items() if (state["seconds"] or 0) > limits[name]],
        failing=[name for name, state in row.rounds.items() if state["failures"] >= MAX_FAILURES],
    )
