"""Reading what came in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Min, Q
from django.utils import timezone

from apps.webhooks.models import Delivery

State = Delivery.State


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the worker has not done yet, in deliveries.

    ``pending`` includes those that failed and are tried again later. ``oldest_pending_at`` is since when the one that
    waits longest could have been processed; None when nothing waits for the worker. ``dead_letters`` wait for a person.
    """

    pending: int
    oldest_pending_at: dt.datetime | None
    dead_letters: int

    def behind(self, now: dt.datetime | None = None) -> dt.timedelta:
        """Return how far what pages tell is behind what was received; some seconds are nothing to speak of."""
        if self.oldest_pending_at is None:
            return dt.timedelta()
        return max((now or timezone.now()) - self.oldest_pending_at, dt.timedelta())


def backlog() -> Backlog:
    """Return what waits, in two queries along small indexes."""
    pending = Delivery.objects.filter(state=State.PENDING).aggregate(
        number=Count("*"), oldest=Min("due_at", filter=Q(due_at__lte=timezone.now()))
    )
    return Backlog(
        pending=pending["number"],
        oldest_pending_at=pending["oldest"],
        dead_letters=Delivery.objects.filter(state=State.DEAD_LETTER).count(),
    )
