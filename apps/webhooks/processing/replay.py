"""Replay deliveries at a user's request, and record who requested which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Count, Max, Min, QuerySet
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.webhooks.models import Delivery, Replay
from apps.webhooks.processing.locks import exclusive

# More would take longer than a browser waits for a response.
MAX_DELIVERIES = 100_000
# Queued in one transaction. On SQLite receivers wait for it, a few hundredths of a second.
STRIDE = 500  # deliveries

Verdict = Delivery.Verdict


class TooManyError(ValueError):
    """More than MAX_DELIVERIES; nothing was queued. The message is for people."""

    def __init__(self, number: int) -> None:
        super().__init__(
            _("%(number)s deliveries are selected. At most %(most)s can be replayed at a time.")
            % {"number": f"{number:,}", "most": f"{MAX_DELIVERIES:,}"}
        )


def replay(
    user: AbstractBaseUser | AnonymousUser, deliveries: QuerySet[Delivery], criteria: str, force: bool = False
) -> Replay:
    """Queue ``deliveries`` (not a slice) again, as if they had just arrived, and return the record of the replay.

    ``criteria`` describes them for people. Handlers get the events of all of them, including known ones. With
    ``force``, deliveries with a URL mismatch are processed, too; their verdict stays. If the process dies while this
    runs, the record names those that were queued.

    Raise TooManyError for more than MAX_DELIVERIES, ValueError for an anonymous user.
    """
    requested_by = user.pk
    if requested_by is None:
        raise ValueError("A replay needs a user.")
    found = deliveries.order_by().aggregate(number=Count("pk"), first=Min("pk"), last=Max("pk"))
    if found["number"] > MAX_DELIVERIES:
        raise TooManyError(found["number"])
    record = Replay.objects.create(
        requested_by_id=requested_by, requested_at=clock.now(), criteria=criteria, is_forced=force
    )
    for ids in _strides(deliveries.order_by(), **found):
        _enqueue(record, ids)
    return record


def _strides(deliveries: QuerySet[Delivery], *, number: int, first: int, last: int) -> Iterator[list[int]]:
    """Yield the keys in portions, without deliveries that arrived after they were counted."""
    if number <= STRIDE:
        yield list(deliveries.values_list("pk", flat=True)[:STRIDE]) if number else []
        return
    for start in range(first, last + 1, STRIDE):
        within = (start, min(start + STRIDE - 1, last))
        yield list(deliveries.filter(pk__range=within).values_list("pk", flat=True))


def _enqueue(record: Replay, ids: Sequence[int]) -> None:
    if not ids:
        return
    links = Replay.deliveries.through
    with exclusive():
        chosen = Delivery.objects.filter(pk__in=ids)
        # Some may have been pruned after the lookup.
        ids = list(chosen.order_by("pk").select_for_update().values_list("pk", flat=True))
        chosen.update(
            state=Delivery.State.PENDING,
            attempts=0,
            due_at=clock.now(),
            processed_at=None,
            is_replayed=True,
        )
        if record.is_forced:
            chosen.filter(verdict__in=(Verdict.MISMATCH, Verdict.MALFORMED)).update(is_forced=True)
        links.objects.bulk_create([links(replay_id=record.pk, delivery_id=pk) for pk in ids])
        record.count += len(ids)
        record.save(update_fields=["count"])
