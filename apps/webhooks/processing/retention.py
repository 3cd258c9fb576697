"""Delete old deliveries, except those that are still needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Max, Min, QuerySet

from apps.core.database import clock
from apps.webhooks import registry
from apps.webhooks.models import Delivery
from apps.webhooks.processing.locks import exclusive

# Deleted in one transaction. On SQLite receivers wait for it, a few hundredths of a second.
PORTION = 200  # deliveries
READ = 5000  # deliveries per query, to limit memory

_DONE = (Delivery.State.PROCESSED, Delivery.State.IGNORED)


@dataclass(slots=True)
class Pruned:
    """Numbers of old deliveries: deleted (or, in a dry run, to be deleted), and kept."""

    deleted: int = 0
    live: int = 0  # of workflows that a keeper needs
    open: int = 0  # pending, or dead letters


def prune(*, older_than: dt.timedelta, dry_run: bool = False) -> Pruned:
    """Delete deliveries that were received longer ago than ``older_than``; their events stay.

    Deliveries of workflows that a keeper needs (``registry.register_keeper``), pending ones and dead letters are kept.
    The command can be interrupted at any time.
    """
    old = Delivery.objects.filter(received_at__lt=clock.now() - older_than)
    result = Pruned(open=old.exclude(state__in=_DONE).count())
    for rows in _portions(old):
        workflow_ids = {workflow_id for _pk, workflow_id in rows if workflow_id is not None}
        needed = registry.needed(workflow_ids)
        doomed = [pk for pk, workflow_id in rows if workflow_id not in needed]
        result.live += len(rows) - len(doomed)
        if dry_run:
            result.deleted += len(doomed)
            continue
        for start in range(0, len(doomed), PORTION):
            result.deleted += _delete(doomed[start : start + PORTION])
    return result


def _portions(old: QuerySet[Delivery]) -> Iterator[list[tuple[int, int | None]]]:
    """Yield (delivery, workflow or None) of processed and ignored deliveries, in portions along their keys."""
    found = old.aggregate(first=Min("pk"), last=Max("pk"))
    if found["first"] is None:
        return
    done = old.filter(state__in=_DONE)
    for start in range(found["first"], found["last"] + 1, READ):
        within = (start, min(start + READ - 1, found["last"]))
        yield list(done.filter(pk__range=within).values_list("pk", "event__workflow_id"))


def _delete(ids: list[int]) -> int:
    with exclusive():
        # A replay may have queued some since.
        done = Delivery.objects.filter(pk__in=ids, state__in=_DONE)
        ids = list(done.select_for_update().values_list("pk", flat=True))
        Delivery.objects.filter(pk__in=ids).only("pk").delete()
    return len(ids)
