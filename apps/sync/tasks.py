"""The sync in the background worker."""

from __future__ import annotations

from django_tasks import task

from apps.core.database import clock
from apps.sync import engine
from apps.sync.models import SyncRun
from apps.sync.runs import SyncAlreadyRunningError


@task()
def perform_queued_sync(run_id: int) -> None:
    """Carry out the queued run; do nothing when it is no longer queued."""
    run = SyncRun.objects.filter(pk=run_id, state=SyncRun.State.QUEUED).select_related("started_by").first()
    if run is None:
        return
    try:
        engine.run_sync(
            trigger=run.trigger, started_by=run.started_by, allow_removals=run.allow_removals, queued=run
        )
    except SyncAlreadyRunningError as busy:
        SyncRun.objects.filter(pk=run_id, state=SyncRun.State.QUEUED).update(
            state=SyncRun.State.FAILED, finished_at=clock.now(), error=str(busy)
        )
