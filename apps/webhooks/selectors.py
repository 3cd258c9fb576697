"""Query the backlog of deliveries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Min, Q

from apps.core.database import clock
from apps.webhooks.models import Delivery

State = Delivery.State


@dataclass(frozen=True, slots=True)
class Backlog:
    """Numbers of deliveries that are not processed.

    ``pending`` includes those that wait for a retry. ``oldest_pending_at`` is when the oldest pending one was due; None
    when none is due. ``dead_letters`` need a user.
    """

    pending: int
    oldest_pending_at: dt.datetime | None
    dead_letters: int

    def behind(self, now: dt.datetime | None = None) -> dt.timedelta:
        """Return how far pages are behind the received events; a few seconds are normal."""
        if self.oldest_pending_at is None:
            return dt.timedelta()
        return max((now or clock.now()) - self.oldest_pending_at, dt.timedelta())


def backlog() -> Backlog:
    """Return the backlog, in two queries along small indexes."""
    pending = Delivery.objects.filter(state=State.PENDING).aggregate(
        number=Count("*"), oldest=Min("due_at", filter=Q(due_at__lte=clock.now()))
    )
    return Backlog(
        pending=pending["number"],
        oldest_pending_at=pending["oldest"],
        dead_letters=Delivery.objects.filter(state=State.DEAD_LETTER).count(),
    )
