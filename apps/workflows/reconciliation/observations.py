"""Write down what was read back: as events, like those that came, but of no delivery.

A workflow that has not changed adds nothing. A newer reading replaces the older ones of its workflow, unless one of
these alone tells something: that a task was done, say, which was returned since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

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
from apps.webhooks.locks import exclusive
from apps.webhooks.models import Event as EventRow
from apps.workflows.projection.projector import project

SEEN = tuple(kind.value for kind in Seen)


def seen(workflow: WorkflowSnapshot) -> Event:
    """Return that ``workflow`` was read at this moment."""
    return Event(Seen.WORKFLOW, workflow, seen_at=timezone.now())


def gone(workflow_id: int) -> Event:
    """Return that the workflow was found deleted at this moment."""
    return Event(Seen.GONE, WorkflowSnapshot(workflow_id, "", Status.UNKNOWN), seen_at=timezone.now())


def take_note(readings: Sequence[Event]) -> set[int]:
    """Write what was read back and tell the handlers of it; return the workflows of which it was new.

    In one transaction, in which nobody else processes deliveries. Each workflow stands once among ``readings``.
    """
    with exclusive():
        before: dict[int, list[EventRow]] = defaultdict(list)
        ids = {event.workflow.id for event in readings}
        for older in EventRow.objects.filter(workflow_id__in=ids, kind__in=SEEN).order_by("last_received_at"):
            before[older.workflow_id].append(older)
        new = [row for event in readings if (row := _write(event, before[event.workflow.id]))]
        if new:
            registry.handle(new)
    return {row.workflow_id for row in new}


def _write(event: Event, before: Sequence[EventRow]) -> EventRow | None:
    """Write one reading, and delete the older ones that are not needed; return None where nothing is new."""
    content_hash = _hash(event)
    if event.kind is Seen.WORKFLOW and before and before[-1].content_hash == content_hash:
        return None
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
    if event.kind is Seen.WORKFLOW:
        _forget(event.workflow.id, [older for older in before if older.content_hash != content_hash])
    return row


def _hash(event: Event) -> str:
    """Return what tells readings apart: what was read, not when."""
    facts = {key: value for key, value in event_to_json(event).items() if key != "seen_at"}
    return quick_hash(facts)


def _forget(workflow_id: int, older: Sequence[EventRow]) -> None:
    """Delete older readings: that it was gone, which it is not, and what is told without them, too."""
    if not older:
        return
    rows = EventRow.objects.filter(workflow_id=workflow_id).values_list("content_hash", "facts")
    events = {content_hash: event_from_json(facts) for content_hash, facts in rows}
    for row in older:
        without = {
            content_hash: one for content_hash, one in events.items() if content_hash != row.content_hash
        }
        if row.kind == Seen.GONE or _told(without) == _told(events):
            row.delete()
            events = without


def _told(events: Mapping[str, Event]) -> dict[str, Any]:
    """Return what events tell, but not which of them tells it."""
    columns = project(events.items()).columns()
    history = columns.pop("history")
    del columns["events_count"]
    entries = [{**entry, "content_hash": None} for entry in history["entries"]]
    return {**columns, "history": {**history, "entries": entries}}
