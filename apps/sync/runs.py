"""The one running run: how it is asked for, claimed, kept alive, fenced and ended.

The lock is a row, not a process's memory: the unique constraint ``sync_one_running`` lets one run be ``running`` in
the whole installation. Whoever finds a running row whose process is gone, or which gave no sign of life for a while,
marks it abandoned and goes on. Should that run live after all, it learns so at the fence, before anything is
written: ``fence`` locks the row for the rest of the transaction, so nobody can abandon a run that is writing.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.sync.models import SyncResult, SyncRun
from apps.sync.processes import Process

logger = logging.getLogger(__name__)

HEARTBEAT_INTERVAL_SECONDS = 15.0
HEARTBEAT_TIMEOUT = dt.timedelta(minutes=2)

# Who asked; nobody for the command line.
StartedBy = AbstractBaseUser | AnonymousUser | None


class SyncAlreadyRunningError(Exception):
    """Another run is at work."""

    def __init__(self) -> None:
        super().__init__(_("Another sync is running already. Nothing was done."))


class RunLostError(Exception):
    """This run was taken for dead and marked abandoned; it must not write."""

    def __init__(self) -> None:
        super().__init__(_("This sync was taken for dead and another one started. Nothing more was written."))


def claim(
    *,
    trigger: str,
    started_by: StartedBy,
    dry_run: bool,
    allow_removals: bool,
    queued: SyncRun | None = None,
) -> SyncRun:
    """Make a run the running one and return it; raise SyncAlreadyRunningError when another one is at work.

    ``queued`` is a run that waited for a worker: it becomes the running one, once.
    """
    mark_interrupted()
    here, now = Process.current(), timezone.now()
    fields = {
        "state": SyncRun.State.RUNNING,
        "dry_run": dry_run,
        "allow_removals": allow_removals,
        "started_at": now,
        "heartbeat_at": now,
        "host": here.host,
        "pid": here.pid,
        "process": here.identity,
    }
    try:
        with transaction.atomic():
            if queued is None:
                return SyncRun.objects.create(trigger=trigger, started_by_id=_key(started_by), **fields)
            waiting = SyncRun.objects.filter(pk=queued.pk, state=SyncRun.State.QUEUED)
            if not waiting.update(**fields):
                raise SyncAlreadyRunningError
    except IntegrityError:
        raise SyncAlreadyRunningError from None
    queued.refresh_from_db()
    return queued


def mark_interrupted() -> None:
    """Mark the running run abandoned if it is dead."""
    run = SyncRun.objects.filter(state=SyncRun.State.RUNNING).first()
    if run is None:
        return
    process = Process.stored(host=run.host, pid=run.pid, identity=run.process)
    dead = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING)
    if not process.is_known_gone():
        # Asked again in the same statement: a heartbeat or a fence may come in between.
        dead = dead.filter(heartbeat_at__lt=timezone.now() - HEARTBEAT_TIMEOUT)
    ended = dead.update(
        state=SyncRun.State.ABANDONED,
        finished_at=timezone.now(),
        error=_("The process ended midway. What it had written completely stays, nothing else was changed."),
    )
    if ended:
        _close_results(run)


def record_heartbeat(run: SyncRun) -> None:
    """Leave a sign of life."""
    SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(heartbeat_at=timezone.now())


@contextmanager
def heartbeat(run: SyncRun) -> Iterator[None]:
    """Leave signs of life from a thread of its own: the server may make us wait for minutes (429)."""
    over = threading.Event()

    def beat_until_over() -> None:
        while not over.wait(HEARTBEAT_INTERVAL_SECONDS):
            try:
                record_heartbeat(run)
            except DatabaseError as error:  # a long write of somebody else; the next beat will do
                logger.info("No sign of life could be left: %s", error)
            finally:
                connection.close()

    thread = threading.Thread(target=beat_until_over, name="sync-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def assert_still_running(run: SyncRun) -> None:
    """Hold ``run`` as the running one until the transaction ends; raise RunLostError when it is not any more."""
    alive = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING)
    if not alive.update(heartbeat_at=timezone.now()):
        raise RunLostError


def finish(run: SyncRun, *, state: SyncRun.State, error: str = "") -> None:
    """End ``run``; a run that was abandoned meanwhile stays so."""
    running = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING)
    running.update(state=state, error=error, finished_at=timezone.now())
    _close_results(run)
    run.refresh_from_db()


def _key(who: StartedBy) -> int | None:
    return who.pk if who is not None else None


def _close_results(run: SyncRun) -> None:
    """Mark what a run left unfinished as failed."""
    unfinished = run.results.filter(state__in=[SyncResult.State.FETCHING, SyncResult.State.WRITING])
    unfinished.update(
        state=SyncResult.State.FAILED,
        error=_("It was stopped before it was done."),
        finished_at=timezone.now(),
    )


def enqueue(*, started_by: StartedBy, allow_removals: bool = False) -> SyncRun:
    """Return the run that waits for a worker; there is one at most, whoever asks how often."""
    now = timezone.now()
    try:
        with transaction.atomic():
            return SyncRun.objects.create(
                state=SyncRun.State.QUEUED,
                trigger=SyncRun.Trigger.PAGE,
                started_by_id=_key(started_by),
                started_at=now,
                heartbeat_at=now,
                allow_removals=allow_removals,
            )
    except IntegrityError:
        waiting = SyncRun.objects.get(state=SyncRun.State.QUEUED)
    if allow_removals and not waiting.allow_removals:
        SyncRun.objects.filter(pk=waiting.pk, state=SyncRun.State.QUEUED).update(allow_removals=True)
    return waiting
