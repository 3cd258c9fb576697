"""Make events of deliveries: in batches, in any order, as often as one likes.

The table of deliveries is the queue. Many are read at a time, outside any transaction, and sorted by workflow: so each
workflow is projected once for all that came for it. They are written in batches, each in one short transaction
(``recording.py``): new events, the counts of known ones, the handlers' rows, and that the deliveries are done. A worker
that dies in the middle has not done its batch, and the batch is done again.

When a batch fails it is cut in halves until the culprit stands alone: that delivery is tried again later, and *parked*
for a person after MOST_ATTEMPTS. Nothing waits for it. A database that is busy or away is nobody's fault: it is asked
again, and the error goes to the caller when that does not help.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import TypeVar

from django.db import Error, connection
from django.utils import timezone

from apps.webhooks.locks import redoable
from apps.webhooks.models import Delivery
from apps.webhooks.processing import errors
from apps.webhooks.processing.batches import BatchReport, record
from apps.webhooks.processing.interpretation import Interpretation, understand

T = TypeVar("T")

logger = logging.getLogger(__name__)

# How long to wait after the first, second, ... failure; after the last of them somebody has to look.
DELAYS = (
    dt.timedelta(seconds=10),
    dt.timedelta(minutes=1),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=30),
    dt.timedelta(hours=2),
    dt.timedelta(hours=6),
)
MOST_ATTEMPTS = len(DELAYS) + 1

# What is read at a time, and so held in memory.
MOST_READ = 3000  # deliveries
LARGEST_LOAD = 12 * 1024 * 1024  # bytes of bodies
SMALLEST_BATCH, FIRST_BATCH, LARGEST_BATCH = 8, 64, 1000  # deliveries
SECONDS_OF_WRITING = 0.25  # that a batch may take; a larger one is hardly cheaper
# While deliveries come in on SQLite, whose receivers wait meanwhile. They come in if the last one is as young as this.
SECONDS_BETWEEN_RECEIVERS = 0.01
SECONDS_FOR_RECEIVERS = 0.004  # between two batches; one that waits looks for the lock every millisecond
RECEIVING = dt.timedelta(seconds=2)
BUSY_ATTEMPTS = 5


class Pace:
    """How large the next batch is: such that writing it takes about as long as it may."""

    def __init__(self) -> None:
        self.size = FIRST_BATCH
        self._gives_way = False

    def look_around(self) -> None:
        """Make way for receivers where they have to wait for us."""
        if connection.vendor == "sqlite":
            gave_way = self._gives_way
            self._gives_way = Delivery.objects.filter(received_at__gt=timezone.now() - RECEIVING).exists()
            if self._gives_way and not gave_way:
                self.size = SMALLEST_BATCH

    def give_way(self) -> None:
        """Leave the lock alone for a moment, so that a receiver that waits for it finds it free."""
        if self._gives_way:
            time.sleep(SECONDS_FOR_RECEIVERS)

    def learn(self, written: int, seconds: float) -> None:
        """Take in how long a batch took."""
        most = SECONDS_BETWEEN_RECEIVERS if self._gives_way else SECONDS_OF_WRITING
        fitting = written * most / max(seconds, 1e-6)
        self.size = int(min(max(fitting, self.size / 2, SMALLEST_BATCH), self.size * 2, LARGEST_BATCH))


def process_pending(*, seconds: float = math.inf) -> BatchReport:
    """Process all deliveries that are due, or stop after ``seconds``; raise the database's lasting trouble."""
    deadline = time.monotonic() + seconds
    report, pace = BatchReport(), Pace()
    with redoable():
        while deliveries := patiently(_next):
            report.add(_process(deliveries, pace, deadline))
            if time.monotonic() >= deadline:
                report.is_done = False
                break
    return report


def process_a_while() -> bool:
    """Process for about a second; return whether there is more to do. The worker's periodic job."""
    return not process_pending(seconds=1).is_done


def _next() -> list[Delivery]:
    """Return the next deliveries that are due, those that came first at the beginning."""
    due = Delivery.objects.filter(state=Delivery.State.PENDING, due_at__lte=timezone.now())
    chosen: list[int] = []
    load = 0
    for pk, size in due.order_by("due_at", "pk").values_list("pk", "size")[:MOST_READ]:
        load += size
        if chosen and load > LARGEST_LOAD:
            break
        chosen.append(pk)
    return list(Delivery.objects.filter(pk__in=chosen).defer("headers")) if chosen else []


def _process(deliveries: Sequence[Delivery], pace: Pace, deadline: float) -> BatchReport:
    """Process what was read, or as much of it as there is time for."""
    report = BatchReport()
    readings: list[Interpretation] = []
    for delivery in deliveries:
        try:
            readings.append(understand(delivery))
        except Exception as error:
            report.add(_fail(delivery, error))
    readings.sort(key=attrgetter("workflow_id"))
    while readings and time.monotonic() < deadline:
        pace.look_around()
        batch = _cut(readings, pace.size)
        del readings[: len(batch)]
        report.add(_write(batch, pace))
        pace.give_way()
    return report


def _cut(readings: Sequence[Interpretation], size: int) -> Sequence[Interpretation]:
    """Return the first ``size`` readings, and those of the same workflow that follow; twice as many at most."""
    end = size
    most = min(len(readings), 2 * size)
    while end < most and readings[end].workflow_id == readings[end - 1].workflow_id:
        end += 1
    return readings[:end]


def _write(batch: Sequence[Interpretation], pace: Pace) -> BatchReport:
    """Write a batch; what fails in it fails alone."""
    report = BatchReport()
    parts = [batch]
    while parts:
        part = parts.pop()
        began = time.monotonic()
        try:
            report.add(patiently(partial(record, part)))
        except Exception as error:
            if len(part) == 1:
                report.add(_fail(part[0].delivery, error))
            elif errors.is_passing(error):
                raise
            else:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
        else:
            pace.learn(len(part), time.monotonic() - began)
    return report


def _fail(delivery: Delivery, error: Exception) -> BatchReport:
    """Have the delivery tried again later, or park it after the last attempt; raise what is not its own fault."""
    if errors.is_passing(error):
        raise error
    attempts = delivery.attempts + 1
    is_last = attempts >= MOST_ATTEMPTS
    logger.error(
        "Delivery %s could not be processed (attempt %s of %s).",
        delivery.pk,
        attempts,
        MOST_ATTEMPTS,
        exc_info=error,
    )
    # Unless somebody processed or replayed it, or noted the same failure, meanwhile.
    same = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.PENDING, attempts=delivery.attempts)
    values: dict[str, object] = {"attempts": attempts, "reason": errors.reason(error)}
    if is_last:
        values["state"] = Delivery.State.DEAD_LETTER
    else:
        values["due_at"] = timezone.now() + DELAYS[delivery.attempts]
    patiently(lambda: same.update(**values))
    return BatchReport(dead_letters=1) if is_last else BatchReport(failed=1)


def patiently(action: Callable[[], T]) -> T:
    """Return what ``action`` does; where the database is only busy, try again a few times."""
    for attempt in range(1, BUSY_ATTEMPTS + 1):
        try:
            return action()
        except Error as error:
            if attempt == BUSY_ATTEMPTS or not errors.is_passing(error):
                raise
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        time.sleep(0.02 * 2**attempt * random.random())  # noqa: S311
    raise AssertionError
