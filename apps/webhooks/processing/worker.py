"""Turn deliveries into events: in batches, in any order, and repeatable.

The table of deliveries is the queue. The worker reads many deliveries outside a transaction and sorts them by workflow,
so that each workflow is projected once for all of its deliveries. It writes them in batches (``batches.py``), each in
one short transaction: new events, the counts of known ones, the handlers' rows, and the deliveries' status. When a
worker dies, its batch is rolled back and processed again.

A batch that fails is halved until the failing delivery is alone. The worker retries that delivery later, and makes it a
dead letter after MAX_ATTEMPTS. No other delivery waits for it. A busy or unavailable database is no failure of a
delivery: the worker retries, and then raises the error.
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
from django.db.models import Q

from apps.core.database import clock
from apps.core.database.errors import is_passing
from apps.webhooks.models import Delivery
from apps.webhooks.processing import errors
from apps.webhooks.processing.batches import BatchReport, record
from apps.webhooks.processing.interpretation import Interpretation, interpret

T = TypeVar("T")

logger = logging.getLogger(__name__)

# The wait after the first, second, ... failure. After the last one a user has to decide.
DELAYS = (
    dt.timedelta(seconds=10),
    dt.timedelta(minutes=1),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=30),
    dt.timedelta(hours=2),
    dt.timedelta(hours=6),
)
MAX_ATTEMPTS = len(DELAYS) + 1

# What is read at a time, and so held in memory.
MAX_READ = 3000  # deliveries
MAX_READ_BESIDE_RECEIVER = (
    200  # while deliveries arrive, so that what was read is written within a second or two
)
MAX_READ_BYTES = 12 * 1024 * 1024  # of bodies
MIN_BATCH, FIRST_BATCH, MAX_BATCH = 8, 64, 1000  # deliveries
MAX_WRITING_SECONDS = 0.25  # that a batch may take; a larger one is hardly cheaper
# While deliveries arrive on SQLite, where the receiver cannot store anything until the batch is committed.
MAX_WRITING_SECONDS_BESIDE_RECEIVER = 0.015
# After each second of work the worker pauses this long for every delivery that arrived in the last second: with 330 of
# them it works a third of the time, with 1,000 an eighth, and with none all the time.
PAUSE_SECONDS_PER_ARRIVAL = 1 / 150
MIN_PAUSE_SECONDS = 0.004  # while deliveries arrive: the receiver tries to lock SQLite every millisecond
MAX_PAUSE_SECONDS = 0.5
ARRIVAL_WINDOW = dt.timedelta(seconds=1)
BUSY_ATTEMPTS = 5


class Pace:
    """How large the next batch is, and how long the worker pauses before it, so that the receiver comes first.

    The receiver has to respond within milliseconds, the worker has time. They share the machine's processor and
    SQLite's write lock. So the more deliveries arrive, the longer the worker pauses. It never stops completely, and
    works off what is left when fewer deliveries arrive.
    """

    def __init__(self) -> None:
        self.size = FIRST_BATCH
        self._arrivals = 0
        self._resumed = time.monotonic()
        self._count_arrivals()

    def pause(self) -> None:
        """Pause before a batch, in proportion to the work since the last pause and to the deliveries that arrive."""
        self._count_arrivals()
        if self._arrivals:
            worked = time.monotonic() - self._resumed
            pause = worked * self._arrivals * PAUSE_SECONDS_PER_ARRIVAL
            time.sleep(min(max(pause, MIN_PAUSE_SECONDS), MAX_PAUSE_SECONDS))
        self._resumed = time.monotonic()

    def record_duration(self, written: int, seconds: float) -> None:
        """Set the size of the next batch after one of ``written`` deliveries took ``seconds``."""
        most = MAX_WRITING_SECONDS_BESIDE_RECEIVER if self._holds_up_receiver else MAX_WRITING_SECONDS
        fitting = written * most / max(seconds, 1e-6)
        self.size = int(min(max(fitting, self.size / 2, MIN_BATCH), self.size * 2, MAX_BATCH))

    @property
    def most_read(self) -> int:
        """Return how many deliveries are read at a time."""
        return MAX_READ_BESIDE_RECEIVER if self._arrivals else MAX_READ

    @property
    def _holds_up_receiver(self) -> bool:
        return bool(self._arrivals) and connection.vendor == "sqlite"

    def _count_arrivals(self) -> None:
        held_up = self._holds_up_receiver
        self._arrivals = Delivery.objects.filter(received_at__gt=clock.now() - ARRIVAL_WINDOW).count()
        if self._holds_up_receiver and not held_up:
            self.size = MIN_BATCH


def process_pending(*, seconds: float = math.inf) -> BatchReport:
    """Process all deliveries that are due; raise the database's lasting trouble.

    After ``seconds`` nothing more is read; what was read is processed to the end.
    """
    deadline = time.monotonic() + seconds
    report, pace = BatchReport(), Pace()
    while True:
        if time.monotonic() >= deadline:
            report.is_done = False
            break
        deliveries = retry_while_busy(lambda: _next(pace.most_read))
        if not deliveries:
            break
        report.add(_process(deliveries, pace))
    return report


def process_a_while() -> bool:
    """Process for a second or two; return whether there is more to do. The worker's periodic job."""
    return not process_pending(seconds=1).is_done


def _next(limit: int) -> list[Delivery]:
    """Return at most ``limit`` deliveries that are due, those that came first at the beginning."""
    # A delivery that was not tried yet is always due: the receiver may run by another clock.
    is_due = Q(attempts=0) | Q(due_at__lte=clock.now())
    due = Delivery.objects.filter(is_due, state=Delivery.State.PENDING)
    chosen: list[int] = []
    load = 0
    for pk, size in due.order_by("due_at", "pk").values_list("pk", "size")[:limit]:
        load += size
        if chosen and load > MAX_READ_BYTES:
            break
        chosen.append(pk)
    return list(Delivery.objects.filter(pk__in=chosen).defer("headers")) if chosen else []


def _process(deliveries: Sequence[Delivery], pace: Pace) -> BatchReport:
    """Process what was read, batch by batch."""
    report = BatchReport()
    readings: list[Interpretation] = []
    for delivery in deliveries:
        try:
            readings.append(interpret(delivery))
        except Exception as error:
            report.add(_fail(delivery, error))
    readings.sort(key=attrgetter("workflow_id"))
    while readings:
        pace.pause()
        batch = _cut(readings, pace.size)
        del readings[: len(batch)]
        report.add(_write(batch, pace))
    return report


def _cut(readings: Sequence[Interpretation], size: int) -> Sequence[Interpretation]:
    """Return the first ``size`` readings, and more of the same workflow, up to twice as many."""
    end = size
    most = min(len(readings), 2 * size)
    while end < most and readings[end].workflow_id == readings[end - 1].workflow_id:
        end += 1
    return readings[:end]


def _write(batch: Sequence[Interpretation], pace: Pace) -> BatchReport:
    """Write a batch; a delivery that fails does not affect the others."""
    report = BatchReport()
    parts = [batch]
    while parts:
        part = parts.pop()
        began = time.monotonic()
        try:
            report.add(retry_while_busy(partial(record, part)))
        except Exception as error:
            if len(part) == 1:
                report.add(_fail(part[0].delivery, error))
            elif is_passing(error):
                raise
            else:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
        else:
            pace.record_duration(len(part), time.monotonic() - began)
    return report


def _fail(delivery: Delivery, error: Exception) -> BatchReport:
    """Schedule a retry, or make the delivery a dead letter after the last attempt; raise a passing database error."""
    if is_passing(error):
        raise error
    attempts = delivery.attempts + 1
    is_last = attempts >= MAX_ATTEMPTS
    logger.error(
        "Delivery %s could not be processed (attempt %s of %s).",
        delivery.pk,
        attempts,
        MAX_ATTEMPTS,
        exc_info=error,
    )
    # Unless another process has processed or replayed it, or recorded the same failure.
    same = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.PENDING, attempts=delivery.attempts)
    values: dict[str, object] = {"attempts": attempts, "reason": errors.reason(error)}
    if is_last:
        values["state"] = Delivery.State.DEAD_LETTER
    else:
        values["due_at"] = clock.now() + DELAYS[delivery.attempts]
    retry_while_busy(lambda: same.update(**values))
    return BatchReport(dead_letters=1) if is_last else BatchReport(failed=1)


def retry_while_busy(action: Callable[[], T]) -> T:
    """Return the result of ``action``; retry a few times while the database is busy."""
    for attempt in range(1, BUSY_ATTEMPTS + 1):
        try:
            return action()
        except Error as error:
            if attempt == BUSY_ATTEMPTS or not is_passing(error):
                raise
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        time.sleep(0.02 * 2**attempt * random.random())  # noqa: S311 - no secret depends on it
    raise AssertionError
