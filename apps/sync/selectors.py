"""Reads of the sync: how fresh the mirror is, what runs, what ran."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from apps.sync import registry
from apps.sync.models import SyncResult, SyncRun


@dataclass(frozen=True, slots=True)
class ResourceFreshness:
    """When one resource was last synchronised completely; ``synced_at`` is None for never."""

    resource: str
    label: str
    synced_at: dt.datetime | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh the mirror is. The stalest resource decides."""

    resources: Sequence[ResourceFreshness]

    @property
    def is_stale(self) -> bool:
        """Return True when any resource is older than ``SYNC_STALE_AFTER`` minutes, or was never synchronised."""
        return any(resource.is_stale for resource in self.resources)

    @property
    def never(self) -> bool:
        """Return True when some resource was never synchronised."""
        return any(resource.synced_at is None for resource in self.resources)

    @property
    def oldest(self) -> dt.datetime | None:
        """Return when the stalest resource was synchronised; None when one never was."""
        times = [resource.synced_at for resource in self.resources if resource.synced_at]
        return None if self.never else min(times, default=None)


def freshness() -> Freshness:
    """Return how fresh each resource is: one index lookup per resource."""
    too_old = timezone.now() - dt.timedelta(minutes=settings.SYNC_STALE_AFTER)
    resources = []
    for name in registry.names():
        if not registry.get(name).tells_freshness:
            continue
        synced_at = (
            SyncResult.objects.filter(resource=name, state=SyncResult.State.DONE, run__dry_run=False)
            .order_by("-finished_at")
            .values_list("finished_at", flat=True)
            .first()
        )
        stale = synced_at is None or synced_at < too_old
        resources.append(ResourceFreshness(name, registry.label(name), synced_at, stale))
    return Freshness(resources)


def active_run() -> SyncRun | None:
    """Return the run that is at work, or else the one that waits for a worker, with its results."""
    unfinished = (SyncRun.State.RUNNING, SyncRun.State.QUEUED)
    # "running" sorts after "queued".
    runs = SyncRun.objects.filter(state__in=unfinished).order_by("-state")
    return runs.select_related("started_by").prefetch_related("results").first()


def latest_runs(*, limit: int = 20) -> list[SyncRun]:
    """Return the last runs that ended, newest first, with who started them and their results."""
    ended = SyncRun.objects.exclude(state__in=(SyncRun.State.RUNNING, SyncRun.State.QUEUED))
    return list(ended.select_related("started_by").prefetch_related("results")[:limit])
