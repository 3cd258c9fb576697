"""Delete rows that are no longer needed, in batches: a periodic job of the worker.

Each app registers what is old (``register``); here are the sessions and the tasks of Django's own apps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.contrib.sessions.models import Session
from django.db.models import Model, QuerySet
from django.db.models.functions import Now
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

INTERVAL_SECONDS = 3600.0
# Deleted in one transaction. On SQLite receivers wait for it, a few hundredths of a second.
BATCH_ROWS = 200
TASK_RETENTION = dt.timedelta(days=14)

Old = Callable[[], "QuerySet[Model]"]

_old: dict[str, Old] = {}


def register(name: str, old: Old) -> None:
    """Have the worker delete the rows of ``old()`` every hour."""
    _old[name] = old


def prune() -> bool:
    """Delete a batch, kind by kind; return whether there is more. Safe in several workers at once."""
    return any(_delete_batch(old()) for old in _old.values())


def expired_sessions() -> QuerySet[Session]:
    """Select sessions that are no longer valid."""
    return Session.objects.filter(expire_date__lt=Now())


def finished_tasks() -> QuerySet[DBTaskResult[..., object]]:
    """Select tasks that ended some time ago."""
    ended = DBTaskResult.objects.filter(status__in=[TaskResultStatus.SUCCESSFUL, TaskResultStatus.FAILED])
    return ended.filter(finished_at__lt=Now() - TASK_RETENTION)


def _delete_batch(rows: QuerySet[Model]) -> bool:
    keys = list(rows.order_by().values_list("pk", flat=True)[:BATCH_ROWS])
    if keys:
        rows.filter(pk__in=keys).delete()
    return len(keys) == BATCH_ROWS
