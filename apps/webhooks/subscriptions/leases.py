"""A lease on the right to change subscriptions: one process at a time, in the whole installation.

A change lists, compares and subscribes over the network, with no database transaction open. The lease is a row that
expires, and that is free at once when the process that took it has ended.
"""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.pneumatic.client import longest_call
from apps.sync.processes import Process
from apps.webhooks.models import SubscriptionListing
from apps.webhooks.subscriptions import mirror

WAIT_SECONDS = 10.0
POLL_INTERVAL_SECONDS = 0.1
MAX_CALLS = 3  # between two renewals: a listing is requested three times at most


class LeaseError(Exception):
    """A change cannot start or continue because of another one; the message is for people."""


class LeaseHeldError(LeaseError):
    """Another process changes subscriptions."""

    def __init__(self) -> None:
        super().__init__(
            _("Another user is changing the subscriptions. Nothing was changed. Try again in a minute.")
        )


class LeaseLostError(LeaseError):
    """The lease expired and another process took it: this one must stop."""

    def __init__(self) -> None:
        super().__init__(_("This took too long, and another change may have started. Check the list."))


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to change subscriptions until it expires."""

    owner: str

    def renew(self) -> None:
        """Extend the lease for another request; raise LeaseLostError when another process took it."""
        mine = SubscriptionListing.objects.filter(pk=mirror.ONLY, holder=self.owner)
        if not mine.update(held_until=clock.now() + _duration()):
            raise LeaseLostError


@contextmanager
def held(*, timeout_seconds: float | None = None) -> Iterator[Lease]:
    """Take the lease and free it at the end; raise LeaseHeldError after ``timeout_seconds`` of waiting."""
    lease = Lease(secrets.token_hex(16))
    deadline = time.monotonic() + (WAIT_SECONDS if timeout_seconds is None else timeout_seconds)
    while not _take(lease):
        if time.monotonic() >= deadline:
            raise LeaseHeldError
        time.sleep(POLL_INTERVAL_SECONDS)
    try:
        yield lease
    finally:
        mine = SubscriptionListing.objects.filter(pk=mirror.ONLY, holder=lease.owner)
        mine.update(holder="", held_until=None)


def _take(lease: Lease) -> bool:
    now, here = clock.now(), Process.current()
    before = mirror.only()
    row = SubscriptionListing.objects.filter(pk=mirror.ONLY, holder=before.holder)
    has_ended = Process.stored(host=before.host, pid=before.pid, identity=before.process).is_known_gone()
    if before.holder and not has_ended:
        row = row.filter(Q(held_until=None) | Q(held_until__lt=now))
    until = now + _duration()
    taken = row.update(
        holder=lease.owner, held_until=until, host=here.host, pid=here.pid, process=here.identity
    )
    return bool(taken)


def _duration() -> dt.timedelta:
    return dt.timedelta(seconds=MAX_CALLS * longest_call() + 30)
