"""Reads of the sync: freshness of the mirror, the active run, earlier runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.core.database import clock
from apps.pneumatic.client import capabilities
from apps.sync import registry
from apps.sync.models import SyncResult, SyncRun


@dataclass(frozen=True, slots=True)
class ResourceFreshness:
    """The last sync of a resource that reached all of it; ``synced_at`` is None for never.

    ``forbidden`` is why the API key has no access, '' where it has; such a resource is never stale. ``scope`` is a
    sentence about the part that the key can see, '' for everything.
    """

    resource: str
    label: str
    synced_at: dt.datetime | None
    is_stale: bool
    forbidden: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Freshness of the mirror: as stale as its stalest resource."""

    resources: Sequence[ResourceFreshness]

    @property
    def is_stale(self) -> bool:
        """Return True when any resource is older than ``SYNC_STALE_AFTER`` minutes, or was never synchronised."""
        return any(resource.is_stale for resource in self.resources)

    @property
    def nothing_yet(self) -> bool:
        """Return True when no resource was ever synchronised."""
        return all(resource.synced_at is None for resource in self.resources)

    @property
    def never(self) -> bool:
        """Return True when some resource was never synchronised."""
        return any(resource.synced_at is None and not resource.forbidden for resource in self.resources)

    @property
    def oldest(self) -> dt.datetime | None:
        """Return the last sync of the stalest resource; None when one was never synchronised."""
        times = [resource.synced_at for resource in self.resources if resource.synced_at]
        return None if self.never else min(times, default=None)


def freshness() -> Freshness:
    """Return the freshness of each resource that the server supports: one index lookup per resource."""
    server = capabilities()
    resources = map(registry.get, registry.names())
    return Freshness(
        [
            _freshness(resource)
            for resource in resources
            if resource.counts_for_freshness and resource.is_supported(server)
        ]
    )


def _freshness(resource: registry.Resource[Any, Any]) -> ResourceFreshness:
    states: list[str] = [*SyncResult.COMPARED]
    if resource.may_be_forbidden:
        states.append(SyncResult.State.FORBIDDEN)
    latest = (
        SyncResult.objects.filter(resource=resource.name, state__in=states, run__dry_run=False)
        .order_by("-finished_at")
        .values_list("state", "finished_at", "error")
        .first()
    )
    state, at, error = latest or (SyncResult.State.DONE, None, "")
    label, scope = str(resource.label), resource.scope()
    if state == SyncResult.State.FORBIDDEN:
        return ResourceFreshness(resource.name, label, None, is_stale=False, forbidden=error, scope=scope)
    too_old = clock.now() - dt.timedelta(minutes=settings.SYNC_STALE_AFTER)
    return ResourceFreshness(resource.name, label, at, is_stale=at is None or at < too_old, scope=scope)


def active_run() -> SyncRun | None:
    """Return the running run, or else the one that waits for a worker, with its results."""
    unfinished = (SyncRun.State.RUNNING, SyncRun.State.QUEUED)
    # "running" sorts after "queued".
    runs = SyncRun.objects.filter(state__in=unfinished).order_by("-state")
    return runs.select_related("started_by").prefetch_related("results").first()


def latest_runs(*, limit: int = 20) -> list[SyncRun]:
    """Return runs that ended, newest first, with their users and results."""
    ended = SyncRun.objects.exclude(state__in=(SyncRun.State.RUNNING, SyncRun.State.QUEUED))
    return list(ended.select_related("started_by").prefetch_related("results")[:limit])
