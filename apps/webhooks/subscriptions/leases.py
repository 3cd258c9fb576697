"""One at a time may change subscriptions, in the whole installation.

Listing, comparing and subscribing is a conversation over the network; no transaction is open meanwhile. So the lock
is a lease in a row: it ends by itself, and at once when the process that holds it is gone.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.pneumatic.client import longest_call
from apps.sync.processes import Process
from apps.webhooks.models import SubscriptionListing
from apps.webhooks.subscriptions import mirror

PATIENCE = 10.0  # seconds that somebody waits for the one before
PAUSE = 0.1
CALLS = 3  # a listing is made three times at most


class LeaseHeldError(Exception):
    """Somebody else is changing subscriptions."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Somebody else is changing the subscriptions at this moment. Nothing was done; try again in a minute."
            )
        )


class LeaseLostError(Exception):
    """The lease ran out and somebody else took it: this holder must stop."""

    def __init__(self) -> None:
        super().__init__(_("This took so long that somebody else may have gone on. Look at the list again."))


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to change subscriptions until it ends or is given back."""

    holder: str

    def renew(self) -> None:
        """Make the lease last for another call; raise LeaseLostError when somebody else took it."""
        mine = SubscriptionListing.objects.filter(pk=mirror.ONLY, holder=self.holder)
        if not mine.update(held_until=timezone.now() + _duration()):
            raise LeaseLostError

    def give_back(self) -> None:
        """Let the next one in."""
        SubscriptionListing.objects.filter(pk=mirror.ONLY, holder=self.holder).update(
            holder="", held_until=None
        )


@contextmanager
def held(*, patience: float | None = None) -> Iterator[Lease]:
    """Hold the lease; wait for it a little while (seconds), then raise BusyError."""
    lease = _take(PATIENCE if patience is None else patience)
    try:
        yield lease
    finally:
        lease.give_back()


def _take(seconds: float) -> Lease:
    mirror.only()
    patience = time.monotonic() + seconds
    while True:
        lease = Lease(secrets.token_hex(16))
        if _try(lease):
            return lease
        if time.monotonic() >= patience:
            raise LeaseHeldError
        time.sleep(PAUSE)


def _try(lease: Lease) -> bool:
    now, here = timezone.now(), Process.current()
    before = mirror.only()
    row = SubscriptionListing.objects.filter(pk=mirror.ONLY, holder=before.holder)
    gone = Process.stored(host=before.host, pid=before.pid, identity=before.process).is_known_gone()
    if before.holder and not gone:
        row = row.filter(Q(held_until=None) | Q(held_until__lt=now))
    taken = row.update(
        holder=lease.holder,
        held_until=now + _duration(),
        host=here.host,
        pid=here.pid,
        process=here.identity,
    )
    return bool(taken)


def _duration() -> dt.timedelta:
    return dt.timedelta(seconds=CALLS * longest_call() + 30)
