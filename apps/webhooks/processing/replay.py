"""Process deliveries again, because somebody asked for it. What was asked, by whom and when is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Count, Max, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.webhooks.locks import exclusive
from apps.webhooks.models import Delivery, Replay

# More would keep a person's browser waiting for an answer that does not come.
MOST = 100_000  # deliveries
# Put into the queue in one transaction: receivers on SQLite wait for some hundredths of a second at most.
STRIDE = 500  # deliveries

Verdict = Delivery.Verdict


class TooManyError(ValueError):
    """More than MOST deliveries; nothing was done. The message is for people."""

    def __init__(self, number: int) -> None:
        super().__init__(
            _("These are %(number)s deliveries. %(most)s can be replayed at a time: choose fewer.")
            % {"number": f"{number:,}", "most": f"{MOST:,}"}
        )


def replay(
    user: AbstractBaseUser | AnonymousUser, deliveries: QuerySet[Delivery], criteria: str, force: bool = False
) -> Replay:
    """Queue ``deliveries`` (not a slice) again, as if they had just arrived, and return the record of the replay.

    ``criteria`` describes them for people. Handlers get the events of all of them, including known ones. With
    ``force``, deliveries with a URL mismatch are processed, too; their verdict stays. If the process dies while this
    runs, the record names those that were queued.

    Raise TooManyError for more than MOST, ValueError where nobody asks.
    """
    requested_by = user.pk
    if requested_by is None:
        raise ValueError("Somebody has to ask for a replay.")
    found = deliveries.order_by().aggregate(number=Count("pk"), first=Min("pk"), last=Max("pk"))
    if found["number"] > MOST:
        raise TooManyError(found["number"])
    record = Replay.objects.create(
        requested_by_id=requested_by, requested_at=timezone.now(), criteria=criteria, is_forced=force
    )
    for ids in _strides(deliveries.order_by(), **found):
        _enqueue(record, ids)
    return record


def _strides(deliveries: QuerySet[Delivery], *, number: int, first: int, last: int) -> Iterator[list[int]]:
    """Yield the keys in portions, of nothing that came in after the question was asked."""
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
        # Some may have been pruned since they were looked up.
        ids = list(chosen.order_by("pk").select_for_update().values_list("pk", flat=True))
        chosen.update(
            state=Delivery.State.PENDING,
            attempts=0,
            due_at=timezone.now(),
            processed_at=None,
            is_replayed=True,
        )
        if record.is_forced:
            chosen.filter(verdict__in=(Verdict.MISMATCH, Verdict.MALFORMED)).update(is_forced=True)
        links.objects.bulk_create([links(replay_id=record.pk, delivery_id=pk) for pk in ids])
        record.count += len(ids)
        record.save(update_fields=["count"])
