"""When workflows are compared with Pneumatic's: by the worker on a timer, or by somebody who asks for it."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.pneumatic.client import Client, capabilities, connect
from apps.pneumatic.errors import PneumaticError
from apps.workflows.models import Reconciliation
from apps.workflows.reconciliation.reconciler import ReconciliationReport, look_at_youngest, reconcile

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 20.0  # of the worker's job at the clock
# Between two rounds only the youngest workflows are looked at: what was started a moment ago is what people wait for.
YOUNGEST_EVERY = dt.timedelta(minutes=1)
# Two workers whose clocks differ a little shall not take the same round for two.
_LEEWAY = dt.timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class ReconciliationStatus:
    """How true workflows are beyond what events tell; ``can_be_checked`` is False where Pneumatic cannot be asked.

    Unless ``is_known``, it has not been found out whether it can. ``is_on`` says whether the worker compares by itself.
    """

    can_be_checked: bool
    is_known: bool = True
    is_on: bool = False
    checked_at: dt.datetime | None = None
    healed: int = 0
    left: int = 0
    error: str = ""


def freshness() -> ReconciliationStatus:
    """Return how fresh the comparison is, in one query and without a request."""
    server = capabilities()
    if not server.reads_back:
        return ReconciliationStatus(can_be_checked=False, is_known=server.is_known)
    row = Reconciliation.objects.filter(pk=Reconciliation.ONLY).first() or Reconciliation()
    return ReconciliationStatus(
        can_be_checked=True,
        is_on=settings.RECONCILE_EVERY > 0,
        checked_at=row.checked_at,
        healed=row.healed,
        left=row.left,
        error=row.error,
    )


def look_at_the_clock() -> None:
    """Begin a round, or a look at the youngest, when it is time; the worker's periodic job. Never two workers at once.

    That Pneumatic does not answer is written down, and no failure of the job: the next round comes.
    """
    if not settings.RECONCILE_EVERY or not settings.PNEUMATIC_API_KEY or not capabilities().reads_back:
        return
    now = timezone.now()
    try:
        if _claim("begun_at", now, every=dt.timedelta(minutes=settings.RECONCILE_EVERY)):
            _claim("looked_at", now, every=dt.timedelta(0))
            with connect() as client:
                run(client, full=False)
        elif _claim("looked_at", now, every=YOUNGEST_EVERY):
            _look_at_youngest()
    except PneumaticError as error:
        _write(error=str(error))
        logger.warning("Workflows could not be compared with Pneumatic's: %s", error)


def run(client: Client, *, full: bool, allow_deletions: bool = False) -> ReconciliationReport:
    """Reconcile and write down what came of it; raise PneumaticError, which is written down, too."""
    try:
        report = reconcile(client, full=full, allow_deletions=allow_deletions)
    except PneumaticError as error:
        _write(error=str(error))
        raise
    if report.reads_back:
        _write(
            checked_at=timezone.now(),
            healed=len(report.healed),
            left=report.left,
            error=unbelieved(report),
        )
    if report.healed:
        logger.info("Of %s workflows %s were brought up to date.", report.listed, len(report.healed))
    return report


def unbelieved(report: ReconciliationReport) -> str:
    """Return what to do about deletions that were too many to be believed; '' for none."""
    if not report.unbelieved:
        return ""
    return _(
        "%(n)d open workflows are not found in Pneumatic, more than a fifth of them: nothing was changed about that. "
        "If they were deleted there, run “manage.py reconcile --allow-deletions”; if not, check address and key."
    ) % {"n": report.unbelieved}


def _look_at_youngest() -> None:
    with connect() as client:
        report = look_at_youngest(client)
    if report.healed:
        only = Reconciliation.objects.filter(pk=Reconciliation.ONLY)
        only.update(healed=F("healed") + len(report.healed))


def _claim(column: str, now: dt.datetime, *, every: dt.timedelta) -> bool:
    """Say whether it is time and this process is the one that begins."""
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
