"""How tests of the sync start one and read its result."""

from __future__ import annotations

from typing import Any

from apps.sync.engine import run_sync
from apps.sync.models import SyncResult, SyncRun

Counts = tuple[int, int, int, int]  # added, changed, removed, unchanged


def sync(*resources: str, **options: Any) -> SyncRun:
    """Return a run that is over; everything is synchronised unless ``resources`` are named."""
    options.setdefault("trigger", SyncRun.Trigger.COMMAND)
    return run_sync(resources or None, **options)


def result(run: SyncRun, resource: str) -> SyncResult:
    """Return what ``run`` did to ``resource``."""
    return run.results.get(resource=resource)


def counts(run: SyncRun, resource: str) -> Counts:
    """Return what ``run`` counted for ``resource``."""
    found = result(run, resource)
    return found.added, found.changed, found.removed, found.unchanged
