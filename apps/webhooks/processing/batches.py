"""Store the events of a batch of deliveries in one transaction."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from apps.core import bulk
from apps.core.database import clock
from apps.webhooks import registry
from apps.webhooks.models import Delivery, Event
from apps.webhooks.processing.interpretation import Interpretation
from apps.webhooks.processing.locks import exclusive

State = Delivery.State

_COUNTS = ("first_received_at", "last_received_at", "deliveries_count")
_FACTS = ("kind", "workflow_id", "template_id", "task_id", "occurred_at", "facts")


@dataclass(slots=True)
class BatchReport:
    """Numbers of processed deliveries; ``events`` counts new events. ``is_done`` is False when some are left."""

    processed: int = 0
    events: int = 0
    duplicates: int = 0
    ignored: int = 0
    failed: int = 0
    dead_letters: int = 0
    is_done: bool = True

    def add(self, other: BatchReport) -> None:
        """Add the numbers of ``other``."""
        for field in fields(self):
            if field.name != "is_done":
                setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


@dataclass(frozen=True, slots=True)
class _Queued:
    """The present state of a queued delivery; ``event_id`` is the event that already counts it."""

    event_id: int | None
    is_replayed: bool
    attempts: int


def record(readings: Sequence[Interpretation]) -> BatchReport:
    """Store the events of ``readings`` in one transaction, which an error of a handler rolls back.

    Deliveries that another process has processed are left out.
    """
    with exclusive(is_redoable=True):
        queued = _still_queued(reading.delivery.pk for reading in readings)
        readings = [reading for reading in readings if reading.delivery.pk in queued]
        by_hash: dict[str, list[Interpretation]] = defaultdict(list)
        for reading in readings:
            if reading.parsed is not None:
                by_hash[reading.content_hash].append(reading)
        events, new = _store_events(by_hash, queued)
        _finish(readings, events, queued)
    report = BatchReport(events=new)
    for reading in readings:
        if reading.state == State.PROCESSED:
            report.processed += 1
        elif reading.state == State.DEAD_LETTER:
            report.dead_letters += 1
        else:
            report.ignored += 1
    report.duplicates = report.processed - new
    return report


def _still_queued(ids: Iterable[int]) -> dict[int, _Queued]:
    rows = Delivery.objects.filter(pk__in=list(ids), state=State.PENDING).order_by("pk").select_for_update()
    return {
        pk: _Queued(event_id, is_replayed, attempts)
        for pk, event_id, is_replayed, attempts in rows.values_list(
            "pk", "event_id", "is_replayed", "attempts"
        )
    }


def _store_events(
    by_hash: Mapping[str, Sequence[Interpretation]], queued: Mapping[int, _Queued]
) -> tuple[dict[str, int], int]:
    """Return the keys of the events by hash and the number of new ones; pass new and replayed ones to the handlers."""
    columns = ("content_hash", "pk", *_COUNTS)
    stored = {row[0]: row[1:] for row in Event.objects.filter(content_hash__in=by_hash).values_list(*columns)}
    new: list[Event] = []
    again: list[Event] = []
    counted: list[Event] = []
    for content_hash, readings in by_hash.items():
        if content_hash not in stored:
            new.append(_counted(readings))
            continue
        pk, *before = stored[content_hash]
        uncounted = [reading for reading in readings if queued[reading.delivery.pk].event_id != pk]
        if any(queued[reading.delivery.pk].is_replayed for reading in readings):
            again.append(_counted(readings, uncounted, *before))
        elif uncounted:
            counted.append(_counted(readings, uncounted, *before))
    bulk.insert(new)
    bulk.insert(again, unique="content_hash", update=(*_FACTS, *_COUNTS))
    bulk.insert(counted, unique="content_hash", update=_COUNTS)
    keys = {content_hash: row[0] for content_hash, row in stored.items()}
    if new:
        written = Event.objects.filter(content_hash__in=[event.content_hash for event in new])
        keys.update(written.values_list("content_hash", "pk"))
    for event in (*new, *again):
        event.pk = keys[event.content_hash]
    if new or again:
        registry.handle([*new, *again])
    return keys, len(new)


def _counted(
    readings: Sequence[Interpretation],
    uncounted: Sequence[Interpretation] | None = None,
    first: dt.datetime | None = None,
    last: dt.datetime | None = None,
    count: int = 0,
) -> Event:
    """Return the unsaved event of ``readings``, with the ``uncounted`` ones added to its numbers."""
    event = readings[0].event()
    uncounted = readings if uncounted is None else uncounted
    times = [reading.delivery.received_at for reading in uncounted]
    times += [time for time in (first, last) if time is not None]
    event.first_received_at, event.last_received_at = min(times), max(times)
    event.deliveries_count = count + len(uncounted)
    return event


def _finish(
    readings: Sequence[Interpretation], events: Mapping[str, int], queued: Mapping[int, _Queued]
) -> None:
    """Write the results of the deliveries, which takes them out of the queue."""
    now = clock.now()
    bulk.update(
        Delivery,
        ("state", "reason", "processed_at", "event", "is_replayed", "attempts"),
        [
            (
                reading.state,
                reading.reason,
                now,
                events[reading.content_hash] if reading.parsed else None,
                False,
                queued[reading.delivery.pk].attempts + 1,
                reading.delivery.pk,
            )
            for reading in readings
        ],
    )
