"""Delete old deliveries, except those that somebody still needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Max, Min, QuerySet
from django.utils import timezone

from apps.webhooks import registry
from apps.webhooks.locks import exclusive
from apps.webhooks.models import Delivery

# Deleted in one transaction: receivers on SQLite wait for some hundredths of a second at most.
PORTION = 200  # deliveries
LOOKED_AT = 5000  # rows per look, so that memory stays flat

_DONE = (Delivery.State.PROCESSED, Delivery.State.IGNORED)


@dataclass(slots=True)
class Pruned:
    """What was (or would be) deleted, and what was kept although it is old, in deliveries."""

    deleted: int = 0
    live: int = 0  # of workflows that somebody still needs
    open: int = 0  # that wait for the worker or for a person


def prune(*, older_than: dt.timedelta, dry_run: bool = False) -> Pruned:
    """Delete deliveries that were received longer ago than ``older_than``; their events stay.

    Kept are those of workflows that a keeper needs (``registry.register_keeper``), and those that are not done:
    pending and parked ones. Deleting goes on where it was stopped; it may be stopped at any moment.
    """
    old = Delivery.objects.filter(received_at__lt=timezone.now() - older_than)
    result = Pruned(open=old.exclude(state__in=_DONE).count())
    for rows in _looks(old):
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


def _looks(old: QuerySet[Delivery]) -> Iterator[list[tuple[int, int | None]]]:
    """Yield portions of (delivery, workflow or None) of those that are done, along their keys."""
    found = old.aggregate(first=Min("pk"), last=Max("pk"))
    if found["first"] is None:
        return
    done = old.filter(state__in=_DONE)
    for start in range(found["first"], found["last"] + 1, LOOKED_AT):
        within = (start, min(start + LOOKED_AT - 1, found["last"]))
        yield list(done.filter(pk__range=within).values_list("pk", "event__workflow_id"))


def _delete(ids: list[int]) -> int:
    with exclusive():
        # Somebody may have asked for a replay since.
        done = Delivery.objects.filter(pk__in=ids, state__in=_DONE)
        ids = list(done.select_for_update().values_list("pk", flat=True))
        Delivery.objects.filter(pk__in=ids).only("pk").delete()
    return len(ids)
