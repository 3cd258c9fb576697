"""How far test events came, as the page shows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.text import capfirst

from apps.webhooks import roundtrips
from apps.webhooks.models import Delivery, Kind, RoundTrip

# The worker looks twice a second. After so long it does not run, or is very busy.
PATIENCE = dt.timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Trip:
    """One kind of event, with the last test of it; ``sent`` is None when there was none."""

    kind: str
    label: str
    sent: RoundTrip | None
    stored: Delivery | None

    @property
    def milliseconds(self) -> int | None:
        """Return how long the answer took."""
        if self.sent is None or self.sent.seconds is None:
            return None
        return round(self.sent.seconds * 1000)

    @property
    def was_accepted(self) -> bool:
        """Return whether it was answered with 2xx, by us."""
        return self.sent is not None and not self.sent.error and self.sent.status in range(200, 300)

    @property
    def is_processed(self) -> bool:
        """Return whether the worker is done with it."""
        return self.stored is not None and self.stored.state != Delivery.State.PENDING

    @property
    def is_under_way(self) -> bool:
        """Return whether it may still come further."""
        if self.sent is None or self.sent.error or self.is_processed:
            return False
        if self.sent.status is not None and not self.was_accepted:
            return False
        return timezone.now() - self.sent.sent_at < PATIENCE

    @property
    def is_stuck(self) -> bool:
        """Return whether it was stored and the worker did not come."""
        return self.stored is not None and not self.is_processed and not self.is_under_way


@dataclass(frozen=True, slots=True)
class Trips:
    """The last test of each kind."""

    all: tuple[Trip, ...]

    @property
    def are_under_way(self) -> bool:
        """Return whether looking again soon may show more."""
        return any(trip.is_under_way for trip in self.all)

    @property
    def are_stuck(self) -> bool:
        """Return whether the worker seems not to run."""
        return any(trip.is_stuck for trip in self.all)


def latest() -> Trips:
    """Return the last test of each kind, in two queries."""
    sent = roundtrips.latest()
    ids = [trip.delivery_id for trip in sent.values() if trip.delivery_id is not None]
    stored = Delivery.objects.only("received_at", "state", "processed_at", "reason").in_bulk(ids)
    found = []
    for kind in Kind:
        trip = sent.get(kind)  # type: ignore[call-overload] # equal to the gateway's kinds, as both are texts
        found.append(
            Trip(
                kind.value,
                capfirst(str(kind.label)),
                trip,
                stored.get(trip.delivery_id) if trip is not None and trip.delivery_id else None,
            )
        )
    return Trips(tuple(found))
