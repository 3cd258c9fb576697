"""Report how fresh event data is: the last delivery, the backlog, and missing subscriptions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists

from apps.core.database import clock
from apps.webhooks.models import Delivery, Kind
from apps.webhooks.selectors import Backlog, backlog
from apps.webhooks.subscriptions import mirror
from apps.webhooks.subscriptions.targets import OwnEndpoints

# A shorter wait is normal.
BEHIND_AFTER = dt.timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class EventFreshness:
    """The last delivery and the backlog. ``missing`` are labels of events that no subscription sends to us.

    ``is_listed`` is False when Pneumatic's subscriptions were never listed.
    """

    last_received_at: dt.datetime | None
    backlog: Backlog
    is_listed: bool
    missing: Sequence[str]

    @property
    def is_behind(self) -> bool:
        """Whether the worker is slow, or does not run."""
        return self.backlog.behind() > BEHIND_AFTER

    @property
    def has_no_subscription(self) -> bool:
        """Whether no event can arrive, according to the last list."""
        return not self.is_listed or len(self.missing) == len(Kind)


def is_worker_behind() -> Exists:
    """Return whether the worker is behind, as a part of the query that open pages make every few seconds."""
    waiting = Delivery.objects.filter(state=Delivery.State.PENDING, due_at__lt=clock.now() - BEHIND_AFTER)
    return Exists(waiting)


def event_freshness() -> EventFreshness:
    """Return the freshness of event data, in a few queries along small indexes."""
    last_received_at = (
        Delivery.objects.order_by("-received_at", "-id").values_list("received_at", flat=True).first()
    )
    return EventFreshness(
        last_received_at=last_received_at,
        backlog=backlog(),
        is_listed=mirror.state().fetched_at is not None,
        missing=[str(kind.label) for kind in OwnEndpoints().not_received(mirror.rows())],
    )
