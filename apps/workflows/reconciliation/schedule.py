"""When workflows are compared with Pneumatic: by the worker on a timer, or by ``manage.py reconcile``."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.pneumatic import server
from apps.pneumatic.client import Client, capabilities, connect
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.release_report import missed_events_text
from apps.workflows.models import Reconciliation
from apps.workflows.reconciliation.reconciler import ReconciliationReport, check_newest, reconcile

logger = logging.getLogger(__name__)

POLL_INTERVAL_SECONDS = 20.0  # of the worker's job
# Between two rounds only the newest workflows are checked: users wait for what they have just started.
NEWEST_EVERY = dt.timedelta(minutes=1)
# Two workers whose clocks differ a little must not run the same round twice.
_LEEWAY = dt.timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class ReconciliationStatus:
    """The last comparison with Pneumatic; ``can_be_checked`` is False where Pneumatic cannot list workflows.

    ``is_known`` is False where that is not detected yet. ``is_on`` says whether the worker compares on a timer.
    ``missed`` is what becomes of missed events where Pneumatic does not send them again, in sentences.
    """

    can_be_checked: bool
    is_known: bool = True
    is_on: bool = False
    checked_at: dt.datetime | None = None
    updated: int = 0
    remaining: int = 0
    error: str = ""
    missed: str = ""


def freshness() -> ReconciliationStatus:
    """Return the state of the comparison, with one query and no request."""
    known = capabilities()
    if not known.reads_back:
        return ReconciliationStatus(can_be_checked=False, is_known=known.is_known)
    row = Reconciliation.objects.filter(pk=Reconciliation.ONLY).first() or Reconciliation()
    return ReconciliationStatus(
        can_be_checked=True,
        is_on=settings.RECONCILE_EVERY > 0,
        checked_at=row.checked_at,
        updated=row.updated,
        remaining=row.remaining,
        error=row.error,
        missed=missed_events_text(server.known_features()),
    )


def run_if_due() -> None:
    """Start a round, or a check of the newest workflows, when it is due: the worker's periodic job.

    No two workers do so at once. A PneumaticError is stored and logged; the next round tries again.
    """
    if not settings.RECONCILE_EVERY or not settings.PNEUMATIC_API_KEY or not capabilities().reads_back:
        return
    now = clock.now()
    try:
        if _claim("started_at", now, every=dt.timedelta(minutes=settings.RECONCILE_EVERY)):
            _claim("newest_checked_at", now, every=dt.timedelta(0))
            with connect() as client:
                run(client, full=False)
        elif _claim("newest_checked_at", now, every=NEWEST_EVERY):
            _check_newest()
    except PneumaticError as error:
        _write(error=str(error))
        logger.warning("Workflows could not be compared with Pneumatic's: %s", error)


def run(client: Client, *, full: bool, allow_deletions: bool = False) -> ReconciliationReport:
    """Reconcile and store the result; raise PneumaticError, which is stored as well."""
    try:
        report = reconcile(client, full=full, allow_deletions=allow_deletions)
    except PneumaticError as error:
        _write(error=str(error))
        raise
    if report.reads_back:
        _write(
            checked_at=clock.now(),
            updated=len(report.updated),
            remaining=report.remaining,
            error=unconfirmed_deletions_message(report),
        )
    if report.updated:
        logger.info("Of %s workflows %s were updated.", report.listed, len(report.updated))
    return report


def unconfirmed_deletions_message(report: ReconciliationReport) -> str:
    """Return what to do about too many deletions at once; '' for none."""
    if not report.unconfirmed:
        return ""
    return _(
        "%(n)d open workflows were not found in Pneumatic, more than a fifth of them. They were not changed. "
        "If they were deleted there, run “manage.py reconcile --allow-deletions”; if not, check address and key."
    ) % {"n": report.unconfirmed}


def _check_newest() -> None:
    with connect() as client:
        report = check_newest(client)
    if report.updated:
        only = Reconciliation.objects.filter(pk=Reconciliation.ONLY)
        only.update(updated=F("updated") + len(report.updated))


def _claim(column: str, now: dt.datetime, *, every: dt.timedelta) -> bool:
    """Return whether it is due and this process is the one to start."""
    Reconciliation.objects.get_or_create(pk=Reconciliation.ONLY)
    due = (
        Q(**{column: None})
        | Q(**{f"{column}__lte": now - every + _LEEWAY})
        | Q(**{f"{column}__gt": now + every})
    )
    row = Reconciliation.objects.filter(due, pk=Reconciliation.ONLY)
    return bool(row.update(**{column: now}))


def _write(**values: object) -> None:
    Reconciliation.objects.update_or_create(pk=Reconciliation.ONLY, defaults=values)
