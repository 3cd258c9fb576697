"""Store deliveries durably: a row that was acknowledged survives a power cut.

Requests of one process share a transaction (group commit), so that the price of a commit, the disk and SQLite's one
write lock, is paid once for a group: see decision 0009 and the figures in docs/benchmarks.md. Each request queues its
row. The first one leads: it waits a few milliseconds for the requests that have a body already, writes all queued rows
in one transaction, wakes the others, and passes the lead to the next in the queue. A request without company waits for
no other. No extra thread is needed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.db.utils import InterfaceError

from apps.core import bulk
from apps.core.database.transactions import bounded_transaction, direct_transaction
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery

MAX_GROUP = 50  # rows

MAX_GATHERING_SECONDS = 0.005  # that a leader waits for others: it saves a sixth of the transactions


class OutdatedError(Exception):
    """The endpoints have changed since the request was checked."""


class PendingDelivery:
    """A row that waits to be written, and its outcome."""

    def __init__(
        self, delivery: Delivery, in_use: endpoints.Rows | None, also: Callable[[], object] | None
    ) -> None:
        self.delivery = delivery
        self.in_use = in_use
        self.also = also
        self.woken = threading.Event()  # it is written, has failed, or leads the next group
        self.is_stored = False
        self.error: Exception | None = None


class DeliveryStore:
    """The queue of one process."""

    def __init__(self) -> None:
        self._lock = threading.Condition()  # only a leader that gathers rows waits for it
        self._expected = 0  # requests that are about to store a row, or doing it
        self._waiting: list[PendingDelivery] = []
        self._is_led = False

    def store(
        self,
        delivery: Delivery,
        in_use: endpoints.Rows | None = None,
        also: Callable[[], object] | None = None,
    ) -> None:
        """Implement the module's ``store``."""
        entry = PendingDelivery(delivery, in_use, also)
        with self._lock:
            self._waiting.append(entry)
            self._lock.notify()
            leads = not self._is_led
            self._is_led = True
        if not leads and not entry.woken.wait(settings.WEBHOOK_WRITE_TIMEOUT):
            self._give_up(entry)
        if not entry.is_stored and entry.error is None:
            self._write_group()
        if entry.error is not None:
            raise entry.error

    @contextmanager
    def expecting_row(self) -> Iterator[None]:
        """Implement the module's ``expecting_row``."""
        with self._lock:
            self._expected += 1
        try:
            yield
        finally:
            with self._lock:
                self._expected -= 1
                self._lock.notify()

    def _is_complete(self) -> bool:
        return len(self._waiting) >= min(self._expected, MAX_GROUP)

    def _give_up(self, entry: PendingDelivery) -> None:
        """Withdraw the row, unless another thread is writing it: then wait for the outcome."""
        with self._lock:
            if entry in self._waiting and not entry.woken.is_set():
                self._waiting.remove(entry)
                entry.error = OperationalError("The database is busy.")
                return
        entry.woken.wait()  # the writer's own time limits end it

    def _write_group(self) -> None:
        with self._lock:
            self._lock.wait_for(self._is_complete, MAX_GATHERING_SECONDS)
            group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        try:
            _write(group)
        finally:
            with self._lock:
                for entry in group:
                    if not entry.is_stored and entry.error is None:
                        entry.error = OperationalError("The writer was interrupted.")
                    entry.woken.set()
                self._is_led = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].woken.set()


_store = DeliveryStore()


def _reset_after_fork() -> None:
    """Start with an empty queue: the threads of the parent process do not exist after a fork."""
    global _store
    _store = DeliveryStore()


os.register_at_fork(after_in_child=_reset_after_fork)


def store(
    delivery: Delivery,
    in_use: endpoints.Rows | None = None,
    also: Callable[[], object] | None = None,
) -> None:
    """Return when ``delivery`` is committed; raise what the database raised when it is not.

    Raise OutdatedError, and store nothing, where the endpoints in use are no longer ``in_use``. ``also()`` runs in the
    same transaction, after the row has its primary key.
    """
    _store.store(delivery, in_use, also)


def expecting_row() -> AbstractContextManager[None]:
    """Announce that a row follows: the group that forms waits for it, MAX_GATHERING_SECONDS at most."""
    return _store.expecting_row()


def _write(group: Sequence[PendingDelivery]) -> None:
    """Write all in one transaction; when the database refuses a row, each in its own, so that only that one fails."""
    # Django's own statements need its own transaction.
    transaction = bounded_transaction if any(entry.also for entry in group) else direct_transaction
    try:
        with transaction(settings.WEBHOOK_WRITE_TIMEOUT) as cursor:
            in_use = endpoints.in_use(cursor)
            current = [entry for entry in group if entry.in_use in (None, in_use)]
            _insert(current, cursor)
    except (OperationalError, InterfaceError) as error:  # away or locked: no row fares better alone
        for entry in group:
            entry.error = error
    except Exception as error:
        if len(group) == 1:
            group[0].error = error
            return
        for entry in group:
            _write([entry])
    else:
        for entry in current:
            entry.is_stored = True
        for entry in group:
            if not entry.is_stored:
                entry.error = OutdatedError()


def _insert(group: Sequence[PendingDelivery], cursor: Any) -> None:
    deliveries = [entry.delivery for entry in group]
    if not any(entry.also for entry in group):
        bulk.insert(deliveries, cursor=cursor)
        return
    Delivery.objects.bulk_create(deliveries)
    for entry in group:
        if entry.also is not None:
            entry.also()
