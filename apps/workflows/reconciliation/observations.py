"""Store workflows that were read from Pneumatic, and who did what in them: as events without a delivery.

A workflow that has not changed adds no event. A newer reading replaces the older ones of its workflow, unless an older
one holds something that no other event does: for example that a task was completed which was returned since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from apps.core.database import clock
from apps.pneumatic.canonical.activity import ActivityLog
from apps.pneumatic.canonical.events import (
    Event,
    Seen,
    Status,
    WorkflowSnapshot,
    event_from_json,
    event_to_json,
)
from apps.pneumatic.canonical.serialization import quick_hash
from apps.webhooks import registry
from apps.webhooks.models import Event as EventRow
from apps.webhooks.processing.locks import exclusive
from apps.workflows.projection.projector import project

READ_BACK_KINDS = tuple(kind.value for kind in Seen)
_STATUS_KINDS = (Seen.WORKFLOW.value, Seen.GONE.value)


def workflow_event(workflow: WorkflowSnapshot) -> Event:
    """Return the event of reading ``workflow`` now."""
    return Event(Seen.WORKFLOW, workflow, seen_at=clock.now())


def deleted_event(workflow_id: int) -> Event:
    """Return the event of finding the workflow deleted now."""
    return Event(Seen.GONE, WorkflowSnapshot(workflow_id, "", Status.UNKNOWN), seen_at=clock.now())


def activity_event(workflow_id: int, log: ActivityLog) -> Event:
    """Return the event of reading who did what in the workflow now."""
    snapshot = WorkflowSnapshot(workflow_id, "", Status.UNKNOWN)
    return Event(Seen.ACTIVITY, snapshot, seen_at=clock.now(), activity=log)


def record_observations(readings: Sequence[Event]) -> set[int]:
    """Store readings, at most one per workflow, and pass new ones to the event handlers; return their workflow ids.

    All in one transaction, which holds the lock on processing deliveries.
    """
    with exclusive():
        before: dict[int, list[EventRow]] = defaultdict(list)
        ids = {event.workflow.id for event in readings}
        stored = EventRow.objects.filter(workflow_id__in=ids, kind__in=_STATUS_KINDS)
        for older in stored.order_by("last_received_at"):
            before[older.workflow_id].append(older)
        new = [row for event in readings if (row := _update(event, before[event.workflow.id]))]
        if new:
            registry.handle(new)
    return {row.workflow_id for row in new}


def record_activity(workflow_id: int, log: ActivityLog) -> None:
    """Store who did what in a workflow, with what was read of it before; a transaction like the above."""
    with exclusive():
        before = EventRow.objects.filter(workflow_id=workflow_id, kind=Seen.ACTIVITY.value).order_by("pk")
        for row in before:
            if row.parsed.activity is not None:
                log = row.parsed.activity.merged(log)
        new = _write(activity_event(workflow_id, log))
        before.exclude(pk=new.pk).delete()
        registry.handle([new])


def _update(event: Event, before: Sequence[EventRow]) -> EventRow | None:
    """Write one reading and delete superseded ones; return None where nothing is new."""
    content_hash = _hash(event)
    if event.kind is Seen.WORKFLOW and before and before[-1].content_hash == content_hash:
        return None
    row = _write(event)
    if event.kind is Seen.WORKFLOW:
        _delete_superseded(
            event.workflow.id, [older for older in before if older.content_hash != content_hash]
        )
    return row


def _write(event: Event) -> EventRow:
    content_hash = _hash(event)
    values = {
        "kind": event.kind.value,
        "workflow_id": event.workflow.id,
        "template_id": event.workflow.template_id,
        "occurred_at": event.occurred_at,
        "facts": event_to_json(event),
        "last_received_at": event.seen_at,
        "deliveries_count": 0,
    }
    row, _is_new = EventRow.objects.update_or_create(
        content_hash=content_hash,
        defaults=values,
        create_defaults={**values, "first_received_at": event.seen_at},
    )
    row.parsed = event
    return row


def _hash(event: Event) -> str:
    """Return the hash of what was read, without when."""
    facts = {key: value for key, value in event_to_json(event).items() if key != "seen_at"}
    return quick_hash(facts)


def _delete_superseded(workflow_id: int, older: Sequence[EventRow]) -> None:
    """Delete older readings without which the projection is the same, and deletions that are disproved."""
    if not older:
        return
    rows = EventRow.objects.filter(workflow_id=workflow_id).values_list("content_hash", "facts")
    events = {content_hash: event_from_json(facts) for content_hash, facts in rows}
    for row in older:
        without = {
            content_hash: one for content_hash, one in events.items() if content_hash != row.content_hash
        }
        if row.kind == Seen.GONE or _result_of(without) == _result_of(events):
            row.delete()
            events = without


def _result_of(events: Mapping[str, Event]) -> dict[str, Any]:
    """Return what ``events`` project to, without their number and hashes."""
    columns = project(events.items()).columns()
    history = columns.pop("history")
    del columns["events_count"]
    entries = [{**entry, "content_hash": None} for entry in history["entries"]]
    return {**columns, "history": {**history, "entries": entries}}
