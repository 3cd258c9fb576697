"""The lease of a run: queued, claimed, kept alive by a heartbeat, checked before each write, and ended.

The lock is a row: the unique constraint ``sync_one_running`` allows one ``running`` run in the whole installation. A
run whose process has ended, or whose heartbeat is older than ``HEARTBEAT_TIMEOUT``, is marked abandoned by the next
process that wants to run. If the old run is alive after all, ``assert_still_running`` stops it before it writes. That
check locks the row until the transaction ends, so a run that is writing cannot be marked abandoned.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.sync.models import SyncResult, SyncRun
from apps.sync.processes import Process

logger = logging.getLogger(__name__)

HEARTBEAT_INTERVAL_SECONDS = 15.0
HEARTBEAT_TIMEOUT = dt.timedelta(minutes=2)

# The user who started the run; None for the command line.
StartedBy = AbstractBaseUser | AnonymousUser | None


class SyncAlreadyRunningError(Exception):
    """Another run is active."""

    def __init__(self) -> None:
        super().__init__(_("Another sync is already running. Nothing was done."))


class RunLostError(Exception):
    """This run was marked abandoned; it must not write."""

    def __init__(self) -> None:
        super().__init__(_("This sync stopped responding and another one started. Nothing more was written."))


def claim(
    *,
    trigger: str,
    started_by: StartedBy,
    dry_run: bool,
    allow_removals: bool,
    queued: SyncRun | None = None,
) -> SyncRun:
    """Start a run and return it; raise SyncAlreadyRunningError when another one is active.

    ``queued`` is a run that waits for a worker: it becomes the running one, once.
    """
    mark_interrupted()
    here, now = Process.current(), clock.now()
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
    """Mark the running run abandoned if its process has ended or its heartbeat is too old."""
    run = SyncRun.objects.filter(state=SyncRun.State.RUNNING).first()
    if run is None:
        return
    process = Process.stored(host=run.host, pid=run.pid, identity=run.process)
    dead = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING)
    if not process.is_known_gone():
        # Checked in the same statement, because the heartbeat may have been recorded since the read.
        dead = dead.filter(heartbeat_at__lt=clock.now() - HEARTBEAT_TIMEOUT)
    ended = dead.update(
        state=SyncRun.State.ABANDONED,
        finished_at=clock.now(),
        error=_(
            "The sync was interrupted. Resources that were written completely are kept; nothing else was changed."
        ),
    )
    if ended:
        _close_results(run)


def record_heartbeat(run: SyncRun) -> None:
    SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(heartbeat_at=clock.now())


@contextmanager
def heartbeat(run: SyncRun) -> Iterator[None]:
    """Record heartbeats in a separate thread while the block runs: one request may wait for minutes after a 429."""
    ended = threading.Event()

    def record_until_ended() -> None:
        while not ended.wait(HEARTBEAT_INTERVAL_SECONDS):
            try:
                record_heartbeat(run)
            except DatabaseError as error:  # such as another long write; the next heartbeat suffices
                logger.info("The heartbeat could not be recorded: %s", error)
            finally:
                connection.close()

    thread = threading.Thread(target=record_until_ended, name="sync-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def assert_still_running(run: SyncRun) -> None:
    """Lock ``run`` until the transaction ends; raise RunLostError when it is no longer the running one."""
    alive = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING)
    if not alive.update(heartbeat_at=clock.now()):
        raise RunLostError


def finish(run: SyncRun, *, state: SyncRun.State, error: str = "") -> None:
    """End ``run``; keep the state of one that was marked abandoned."""
    running = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING)
    running.update(state=state, error=error, finished_at=clock.now())
    _close_results(run)
    run.refresh_from_db()


def _key(who: StartedBy) -> int | None:
    return who.pk if who is not None else None


def _close_results(run: SyncRun) -> None:
    """Mark unfinished results of ``run`` as failed."""
    unfinished = run.results.filter(state__in=[SyncResult.State.FETCHING, SyncResult.State.WRITING])
    unfinished.update(
        state=SyncResult.State.FAILED,
        error=_("The sync was interrupted."),
        finished_at=clock.now(),
    )


def enqueue(*, started_by: StartedBy, allow_removals: bool = False) -> SyncRun:
    """Return the run that waits for a worker; create it if there is none."""
    now = clock.now()
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
