"""How true the pages can be: up to when events have come, whether they are waiting, and whether any can come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists
from django.utils import timezone

from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Endpoint, Kind
from apps.webhooks.selectors import Backlog, backlog
from apps.webhooks.subscriptions import mirror, targets

# Waiting for less than this is the ordinary way of things.
BEHIND_AFTER = dt.timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class EventFreshness:
    """``last_received_at`` is when the last delivery came; ``backlog`` is what of them is not shown yet.

    ``missing`` names the kinds of events that no subscription sends us; ``is_listed`` is False where subscriptions
    were never asked for.
    """

    last_received_at: dt.datetime | None
    backlog: Backlog
    is_listed: bool
    missing: Sequence[str]

    @property
    def is_behind(self) -> bool:
        """Return whether the worker does not keep up, or does not run."""
        return self.backlog.behind() > BEHIND_AFTER

    @property
    def has_no_subscription(self) -> bool:
        """Return whether nothing can arrive, as far as is known."""
        return not self.is_listed or len(self.missing) == len(Kind)


def is_worker_behind() -> Exists:
    """Return whether the worker is behind, as part of a query: open pages ask for it every few seconds."""
    waiting = Delivery.objects.filter(state=Delivery.State.PENDING, due_at__lt=timezone.now() - BEHIND_AFTER)
    return Exists(waiting)


def event_freshness() -> EventFreshness:
    """Return how true the pages can be, in a few queries along small indexes."""
    last_received_at = (
        Delivery.objects.order_by("-received_at", "-id").values_list("received_at", flat=True).first()
    )
    accepted = Endpoint.objects.exclude(state=Endpoint.State.RETIRED)
    ours = {targets.normalised(endpoints.target(endpoint)) for endpoint in accepted}
    subscribed = {row.kind for row in mirror.rows() if targets.normalised(row.target) in ours}
    return EventFreshness(
        last_received_at=last_received_at,
        backlog=backlog(),
        is_listed=mirror.state().fetched_at is not None,
        missing=[str(kind.label) for kind in Kind if kind.value not in subscribed],
    )
