"""Start syncs in the background."""

from __future__ import annotations

from apps.sync import runs, selectors, tasks
from apps.sync.models import SyncRun


def enqueue_sync(*, started_by: runs.StartedBy, allow_removals: bool = False) -> SyncRun:
    """Return the run that does the sync: the active one, the one that waits already, or a new one.

    A waiting run is enqueued again in case its first task was lost; a second task for the same run does nothing.
    """
    runs.mark_interrupted()
    active = selectors.active_run()
    if active is not None and active.state == SyncRun.State.RUNNING:
        return active
    run = runs.enqueue(started_by=started_by, allow_removals=allow_removals)
    tasks.perform_queued_sync.enqueue(run.pk)
    return run


def can_be_confirmed(run_id: str) -> bool:
    """Return True when this run was refused and no later run has ended, so that its numbers are current."""
    latest = selectors.latest_runs(limit=1)
    return bool(latest) and str(latest[0].pk) == run_id and latest[0].state == SyncRun.State.REFUSED
