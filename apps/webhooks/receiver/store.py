"""Write deliveries down, durably: whoever is told "stored" finds the row after a power cut.

Many requests of one process share a transaction (*group commit*). Each puts its row into a queue; the first one leads:
it gives those that are on their way a moment to come, writes all that wait in one transaction, tells each how its row
fared, and hands the lead to the next in the queue. So the price of a transaction (the disk, SQLite's one write lock) is
paid once for a group, and no thread of its own is needed. Whoever is alone waits for nobody.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from django.conf import settings
from django.db import OperationalError
from django.db.utils import InterfaceError

from apps.core import bulk
from apps.core.database import bounded_transaction
from apps.webhooks.models import Delivery

LARGEST_GROUP = 50  # rows

GATHERING = 0.005  # seconds at most that a leader waits for others


class PendingDelivery:
    """A row that waits to be written, and how it fared."""

    def __init__(self, delivery: Delivery, also: Callable[[], object] | None) -> None:
        self.delivery = delivery
        self.also = also
        self.woken = threading.Event()  # it is written, has failed, or is to lead
        self.is_stored = False
        self.error: Exception | None = None


class DeliveryStore:
    """The queue of one process."""

    def __init__(self) -> None:
        self._lock = threading.Condition()  # only a leader that gathers ever waits for it
        self._announced = 0  # requests that are about to store a row, or doing it
        self._waiting: list[PendingDelivery] = []
        self._is_led = False

    def store(self, delivery: Delivery, also: Callable[[], object] | None = None) -> None:
        """Do what the module's ``store`` promises."""
        entry = PendingDelivery(delivery, also)
        with self._lock:
            self._waiting.append(entry)
            self._lock.notify()
            leads = not self._is_led
            self._is_led = True
        if not leads and not entry.woken.wait(settings.WEBHOOK_WRITE_TIMEOUT):
            self._give_up(entry)
        if not entry.is_stored and entry.error is None:
            self._lead()
        if entry.error is not None:
            raise entry.error

    @contextmanager
    def announced(self) -> Iterator[None]:
        """Do what the module's ``announced`` promises."""
        with self._lock:
            self._announced += 1
        try:
            yield
        finally:
            with self._lock:
                self._announced -= 1
                self._lock.notify()

    def _is_complete(self) -> bool:
        return len(self._waiting) >= min(self._announced, LARGEST_GROUP)

    def _give_up(self, entry: PendingDelivery) -> None:
        """Take the row back, unless somebody is writing it at this moment: then see how that ends."""
        with self._lock:
            if entry in self._waiting and not entry.woken.is_set():
                self._waiting.remove(entry)
                entry.error = OperationalError("The database is busy.")
                return
        entry.woken.wait()  # the writer's own time limits end it

    def _lead(self) -> None:
        with self._lock:
            self._lock.wait_for(self._is_complete, GATHERING)
            group, self._waiting = self._waiting[:LARGEST_GROUP], self._waiting[LARGEST_GROUP:]
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


_inbox = DeliveryStore()


def _begin_anew() -> None:
    """Forget what the parent process was writing: its threads do not exist after a fork."""
    global _inbox
    _inbox = DeliveryStore()


os.register_at_fork(after_in_child=_begin_anew)


def store(delivery: Delivery, also: Callable[[], object] | None = None) -> None:
    """Return when ``delivery`` is committed; raise what the database raised when it is not.

    ``also()`` runs in the same transaction, after the row has its primary key.
    """
    _inbox.store(delivery, also)


def announced() -> AbstractContextManager[None]:
    """Say that a row is about to come: a group waits a moment for it."""
    return _inbox.announced()


def _write(group: Sequence[PendingDelivery]) -> None:
    """Write all in one transaction; when the database refuses a row, each in its own, so that only that one fails."""
    try:
        with bounded_transaction(settings.WEBHOOK_WRITE_TIMEOUT):
            if any(entry.also for entry in group):
                Delivery.objects.bulk_create([entry.delivery for entry in group])
                for entry in group:
                    if entry.also is not None:
                        entry.also()
            else:
                bulk.insert([entry.delivery for entry in group])
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
        for entry in group:
            entry.is_stored = True
