"""Repair stored events from their deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Max, Min

from apps.pneumatic.deliveries import Payload
from apps.webhooks.models import Delivery
from apps.webhooks.models import Event as EventRow
from apps.workflows.rebuild.deliveries import StoredEvents, values_of


def repair_events(stored: StoredEvents) -> set[int]:
    """Write wrong and lost events according to their deliveries; return the ids of their workflows.

    Call it with the lock on processing deliveries (``webhooks.processing.locks.exclusive``).
    """
    affected = {_correct(event_id, values) for event_id, values in stored.wrong.items()}
    affected |= {_restore(payload, deliveries) for payload, deliveries in stored.lost.values()}
    return affected


def _correct(event_id: int, values: dict[str, Any]) -> int:
    row = EventRow.objects.defer("facts").get(pk=event_id)
    twin = EventRow.objects.filter(content_hash=values.get("content_hash", "")).exclude(pk=event_id).first()
    if twin is not None:
        # Its hash was wrong, and the same event was received again since.
        Delivery.objects.filter(event=row).update(event=twin)
        row.delete()
        _count(twin.pk)
        return twin.workflow_id
    EventRow.objects.filter(pk=event_id).update(**values)
    workflow_id: int = values.get("workflow_id", row.workflow_id)
    return workflow_id


def _restore(payload: Payload, deliveries: Sequence[int]) -> int:
    values = values_of(payload)
    received = Delivery.objects.filter(pk__in=deliveries).aggregate(
        first=Min("received_at"), last=Max("received_at")
    )
    row, _is_new = EventRow.objects.update_or_create(
        content_hash=values.pop("content_hash"),
        defaults=values,
        create_defaults={
            **values,
            "first_received_at": received["first"],
            "last_received_at": received["last"],
        },
    )
    Delivery.objects.filter(pk__in=deliveries).update(event=row)
    _count(row.pk)
    return row.workflow_id


def _count(event_id: int) -> None:
    """Count the deliveries of an event again, and store when they were received."""
    counted = Delivery.objects.filter(event=event_id).aggregate(
        deliveries_count=Count("pk"),
        first_received_at=Min("received_at"),
        last_received_at=Max("received_at"),
    )
    EventRow.objects.filter(pk=event_id).update(**counted)
