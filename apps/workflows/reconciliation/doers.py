"""Ask Pneumatic who completed a task, returned it or ended a workflow, where that is not known: one request each.

No event says it. A workflow is asked about once, and again when more happened in it.
"""

from __future__ import annotations

import datetime as dt

from apps.core.database import clock
from apps.pneumatic.canonical.activity import ActivityLog
from apps.pneumatic.client import Client
from apps.pneumatic.errors import NotFound, PermissionDenied, PneumaticError, UnexpectedResponse
from apps.workflows.models import Workflow
from apps.workflows.projection.doers import lacks_doers, newest_deed
from apps.workflows.projection.history import History, history_of
from apps.workflows.reconciliation.observations import record_activity

# So many requests at most in a round, and between two rounds.
MAX_ASKED_PER_ROUND, MAX_ASKED_BETWEEN_ROUNDS = 50, 10
_MAX_EXAMINED_PER_REQUEST = 10  # a migration suggests workflows that need no request
_BATCH_SIZE = 50
_SERVER_ERROR = 500


def read_doers(client: Client, *, limit: int | None = None, spare: dt.timedelta | None = None) -> int:
    """Read who did what in at most ``limit`` workflows, those with the latest events first; return in how many.

    Not in those with an event within ``spare``: Pneumatic sends it before it stores what happened. No error is raised:
    workflows can be compared without this, and the next round asks again.
    """
    asked = 0
    ids = _to_ask_about(None if limit is None else limit * _MAX_EXAMINED_PER_REQUEST, spare)
    for start in range(0, len(ids), _BATCH_SIZE):
        batch = ids[start : start + _BATCH_SIZE]
        rows = Workflow.objects.only("digest", "history").in_bulk(batch)
        for row in (rows[pk] for pk in batch if pk in rows):
            history = history_of(row)
            if not lacks_doers(history):
                _set_aside(row)
            elif asked == limit:
                return asked
            else:
                try:
                    _read(client, row, history)
                except PneumaticError:
                    return asked
                asked += 1
    return asked


def _to_ask_about(limit: int | None, spare: dt.timedelta | None) -> list[int]:
    found = Workflow.objects.filter(lacks_doers=True).exclude(state=Workflow.State.DELETED)
    if spare is not None:
        found = found.filter(last_event_at__lt=clock.now() - spare)
    return list(found.order_by("-last_event_at", "-id").values_list("pk", flat=True)[:limit])


def _read(client: Client, row: Workflow, history: History) -> None:
    try:
        log = client.get_activity(row.pk)
    except (NotFound, PermissionDenied, UnexpectedResponse):
        return _set_aside(row)
    except PneumaticError as error:
        if error.status != _SERVER_ERROR:
            raise
        return _set_aside(row)
    # What happened until then and is not listed has no doer, such as a task whose last performer was removed.
    times = [at for at in (log.until, newest_deed(history)) if at is not None]
    if not times:
        return _set_aside(row)
    return record_activity(row.pk, ActivityLog(log.entries, max(times)))


def _set_aside(row: Workflow) -> None:
    """Do not ask about a workflow until something changes in it."""
    Workflow.objects.filter(pk=row.pk, digest=row.digest).update(lacks_doers=False)
