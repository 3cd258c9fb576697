"""Whether this process can do its work: reach the database, write to it, and find room on the disks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import Error
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.core.database import state
from apps.core.database.limits import at_most
from apps.core.database.transactions import bounded_transaction
from apps.core.health import storage
from apps.core.models import WorkerProcess
from apps.core.processes import heartbeat

MAX_WRITE_SECONDS = 3.0  # a supervisor waits for five
# More than the free pages that a database usually has: a full one cannot take it.
TRIAL_CHARACTERS = 256 * 1024

PASSED = "ok"


class WriteTrouble(StrEnum):
    """Why the database takes no writes."""

    FULL = "full"
    READ_ONLY = "read-only"
    BUSY = "busy"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one check: ``state`` is ``ok`` or one word, ``reason`` a sentence, '' for ``ok``."""

    name: str
    state: str = PASSED
    reason: str = ""


class _TakenBackError(Exception):
    """Ends the transaction of the trial without a commit."""


def check(*, with_worker: bool = False) -> Sequence[Verdict]:
    """Check everything, each part within a few seconds. After a failure of the database the rest of it is not tried."""
    verdicts = database_verdicts()
    verdicts.append(_disk())
    if with_worker:
        works = all(verdict.state == PASSED for verdict in verdicts[:2])
        verdicts.append(_worker() if works else Verdict("worker", "unknown", _("The worker is unknown.")))
    return verdicts


def database_verdicts() -> list[Verdict]:
    """Check the database, and whether it is migrated: two verdicts."""
    with at_most(MAX_WRITE_SECONDS):
        return _database()


def _database() -> list[Verdict]:
    readiness = state.check()
    if readiness.database != PASSED:
        return [
            Verdict("database", readiness.database, _("The database cannot be reached.")),
            Verdict("migrations", readiness.migrations, _("Unknown whether migrations are applied.")),
        ]
    if readiness.migrations != PASSED:
        reason = _("Migrations are not applied. Run “manage.py migrate”.")
        return [Verdict("database"), Verdict("migrations", readiness.migrations, reason)]
    return [_write(), Verdict("migrations")]


def _write() -> Verdict:
    trouble = write_trouble()
    if trouble is None:
        return Verdict("database")
    reasons = {
        WriteTrouble.FULL: _("The database is full: its disk has no room."),
        WriteTrouble.READ_ONLY: _("The database is read-only."),
        WriteTrouble.BUSY: _("The database is busy: another process holds its lock."),
        WriteTrouble.FAILED: _("The database does not accept writes."),
    }
    return Verdict("database", trouble.value, reasons[trouble])


def write_trouble() -> WriteTrouble | None:
    """Write a row and take it back; return why that failed, None where it worked."""
    try:
        with bounded_transaction(MAX_WRITE_SECONDS):
            WorkerProcess.objects.create(
                pk=uuid.uuid4().hex,
                host="",
                pid=0,
                version="",
                started_at=Now(),
                heartbeat_at=Now(),
                rounds={"trial": "x" * TRIAL_CHARACTERS},
            )
            raise _TakenBackError
    except _TakenBackError:
        return None
    except Error as error:
        return _trouble(error)


def _trouble(error: Error) -> WriteTrouble:
    """Return what ``error`` means: SQLite says it in a text, PostgreSQL by a code."""
    text = str(error)
    code = getattr(error.__cause__, "sqlstate", None)
    if "is full" in text or code == "53100":
        return WriteTrouble.FULL
    if "readonly" in text or code == "25006":
        return WriteTrouble.READ_ONLY
    if "locked" in text or code in {"57014", "55P03"}:
        return WriteTrouble.BUSY
    return WriteTrouble.FAILED


def _disk() -> Verdict:
    for room in storage.rooms():
        if room.trouble:
            reason = _("Disk of the %(what)s: %(trouble)s") % {"what": room.label, "trouble": room.trouble}
            return Verdict("disk", "unusable", reason)
    return Verdict("disk")


def _worker() -> Verdict:
    try:
        with at_most(MAX_WRITE_SECONDS):
            alive = [worker for worker in heartbeat.workers() if worker.is_alive]
    except Error:
        return Verdict("worker", "unknown", _("The worker is unknown."))
    if not alive:
        return Verdict(
            "worker", "stopped", _("No worker reported in the last minute. Start “manage.py worker”.")
        )
    stuck = sorted({name for worker in alive for name in worker.stuck})
    if stuck:
        reason = _("The worker hangs in: %(jobs)s. Restart it.") % {"jobs": ", ".join(stuck)}
        return Verdict("worker", "stuck", reason)
    return Verdict("worker")
