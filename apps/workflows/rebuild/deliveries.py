"""The events of workflows, read again from the raw bodies of their stored deliveries.

Deliveries of ended workflows are pruned and their events stay. Such events are used as they are stored, as are readings
from Pneumatic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.pneumatic.canonical.events import Event, event_from_json, event_to_json
from apps.pneumatic.deliveries import Payload, read_payload
from apps.pneumatic.errors import UnexpectedResponse
from apps.webhooks.models import Delivery
from apps.webhooks.models import Event as EventRow
from apps.workflows.reconciliation.observations import READ_BACK_KINDS

# Columns of a stored event that its payload gives.
_GIVEN = ("content_hash", "kind", "workflow_id", "template_id", "task_id", "occurred_at", "facts")
_BODIES_AT_ONCE = 50


@dataclass(slots=True)
class StoredEvents:
    """The events in the deliveries of one workflow, and how its stored events differ from them.

    ``wrong`` are stored events (by key) with the values they should have; ``lost`` are payloads (by content hash) that
    have no stored event, with their deliveries; ``unreadable`` are deliveries with the reason.
    """

    events: dict[str, Event] = field(default_factory=dict)
    deliveries: int = 0
    is_pruned: bool = False
    wrong: dict[int, dict[str, Any]] = field(default_factory=dict)
    lost: dict[str, tuple[Payload, list[int]]] = field(default_factory=dict)
    unreadable: dict[int, str] = field(default_factory=dict)


def orphans() -> dict[int, list[int]]:
    """Return processed deliveries without a stored event, by workflow; those that cannot be read are left out."""
    found: dict[int, list[int]] = defaultdict(list)
    rows = Delivery.objects.filter(state=Delivery.State.PROCESSED, event=None).order_by("pk")
    for pk, body in rows.values_list("pk", "body").iterator(chunk_size=_BODIES_AT_ONCE):
        payload = _read(body)
        if isinstance(payload, Payload) and payload.event is not None:
            found[payload.event.workflow.id].append(pk)
    return dict(found)


def read_again(
    workflow_ids: Collection[int], orphaned: Mapping[int, Collection[int]]
) -> dict[int, StoredEvents]:
    """Return the events of these workflows from deliveries, and from the store where those are pruned."""
    found: dict[int, StoredEvents] = defaultdict(StoredEvents)
    stored = {row.pk: row for row in EventRow.objects.filter(workflow_id__in=workflow_ids).order_by("pk")}
    evident: set[int] = set()
    for pk, event_id, body in _bodies(workflow_ids):
        row = stored.get(event_id)
        if row is None:
            continue  # received during this read
        workflow = found[row.workflow_id]
        workflow.deliveries += 1
        payload = _read(body)
        if not isinstance(payload, Payload):
            workflow.unreadable[pk] = payload
        elif payload.event is not None:
            evident.add(event_id)
            if payload.event.workflow.id == row.workflow_id:
                workflow.events[payload.content_hash] = payload.event
            if wrong := _differing(row, payload):
                workflow.wrong[event_id] = wrong
    for row in stored.values():
        if row.pk not in evident:
            found[row.workflow_id].is_pruned |= row.kind not in READ_BACK_KINDS  # readings have no delivery
            found[row.workflow_id].events[row.content_hash] = event_from_json(row.facts)
    for workflow_id in orphaned.keys() & set(workflow_ids):
        _add_orphans(found[workflow_id], orphaned[workflow_id])
    return dict(found)


def _bodies(workflow_ids: Collection[int]) -> Iterator[tuple[int, int, Any]]:
    rows = Delivery.objects.filter(event__workflow_id__in=workflow_ids).order_by("event_id", "pk")
    return rows.values_list("pk", "event_id", "body").iterator(chunk_size=_BODIES_AT_ONCE)


def _add_orphans(workflow: StoredEvents, deliveries: Collection[int]) -> None:
    rows = Delivery.objects.filter(pk__in=deliveries, event=None).order_by("pk")
    for pk, body in rows.values_list("pk", "body"):
        payload = _read(body)
        if isinstance(payload, Payload) and payload.event is not None:
            workflow.deliveries += 1
            if payload.content_hash not in workflow.events:
                workflow.events[payload.content_hash] = payload.event
                workflow.lost[payload.content_hash] = (payload, [])
            if payload.content_hash in workflow.lost:
                workflow.lost[payload.content_hash][1].append(pk)


def values_of(payload: Payload) -> dict[str, Any]:
    """Return the columns of the stored event for ``payload``."""
    event = payload.event
    if event is None:
        raise ValueError("An event of an unknown kind has no columns.")
    return {
        "content_hash": payload.content_hash,
        "kind": event.kind.value,
        "workflow_id": event.workflow.id,
        "template_id": event.workflow.template_id,
        "task_id": event.task.id if event.task else None,
        "occurred_at": event.occurred_at,
        "facts": event_to_json(event),
    }


def _differing(row: EventRow, payload: Payload) -> dict[str, Any]:
    values = values_of(payload)
    return {name: values[name] for name in _GIVEN if getattr(row, name) != values[name]}


def _read(body: Any) -> Payload | str:
    """Return the payload of a body, or why it cannot be read."""
    try:
        return read_payload(bytes(body))
    except UnexpectedResponse as error:
        return str(error)
