"""Reads of the sync: how fresh the mirror is, what runs, what ran."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.pneumatic.client import capabilities
from apps.sync import registry
from apps.sync.models import SyncResult, SyncRun


@dataclass(frozen=True, slots=True)
class ResourceFreshness:
    """When one resource was last synchronised completely; ``synced_at`` is None for never.

    ``forbidden`` is why the key may not see it, '' where it may; then nothing is stale. ``scope`` is the part that
    the key sees, '' for everything.
    """

    resource: str
    label: str
    synced_at: dt.datetime | None
    is_stale: bool
    forbidden: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh the mirror is. The stalest resource decides."""

    resources: Sequence[ResourceFreshness]

    @property
    def is_stale(self) -> bool:
        """Return True when any resource is older than ``SYNC_STALE_AFTER`` minutes, or was never synchronised."""
        return any(resource.is_stale for resource in self.resources)

    @property
    def nothing_yet(self) -> bool:
        """Return True when no resource at all was synchronised, as before the first sync."""
        return all(resource.synced_at is None for resource in self.resources)

    @property
    def never(self) -> bool:
        """Return True when some resource was never synchronised."""
        return any(resource.synced_at is None and not resource.forbidden for resource in self.resources)

    @property
    def oldest(self) -> dt.datetime | None:
        """Return when the stalest resource was synchronised; None when one never was."""
        times = [resource.synced_at for resource in self.resources if resource.synced_at]
        return None if self.never else min(times, default=None)


def freshness() -> Freshness:
    """Return how fresh each resource is that the server has: one index lookup per resource."""
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
    told = [SyncResult.State.DONE]
    if resource.may_be_forbidden:
        told.append(SyncResult.State.FORBIDDEN)
    latest = (
        SyncResult.objects.filter(resource=resource.name, state__in=told, run__dry_run=False)
        .order_by("-finished_at")
        .values_list("state", "finished_at", "error")
        .first()
    )
    state, at, error = latest or (SyncResult.State.DONE, None, "")
    label, scope = str(resource.label), resource.scope()
    if state == SyncResult.State.FORBIDDEN:
        return ResourceFreshness(resource.name, label, None, is_stale=False, forbidden=error, scope=scope)
    too_old = timezone.now() - dt.timedelta(minutes=settings.SYNC_STALE_AFTER)
    return ResourceFreshness(resource.name, label, at, is_stale=at is None or at < too_old, scope=scope)


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
