"""Deliveries become events: once each, with any other in the queue and after any error."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.webhooks import endpoints, registry
from apps.webhooks.models import Delivery, Event
from apps.webhooks.processing import batches, worker
from apps.webhooks.processing.interpretation import Interpretation
from apps.webhooks.processing.worker import DELAYS, MAX_ATTEMPTS, process_pending
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver

Handler = Callable[[Sequence[Event]], None]


@pytest.fixture
def listen() -> Iterator[Callable[[Handler], None]]:
    """Return a function that adds a handler of events until the test ends."""
    before = list(registry._handlers)
    yield lambda handler: registry.register_handler(handler, rank=99)
    registry._handlers[:] = before


def make_due() -> None:
    Delivery.objects.filter(state="pending").update(due_at=timezone.now())


def test_a_delivery_becomes_an_event(deliver: Deliver) -> None:
    response = deliver(payloads.started(7, template_id=3))

    assert response.status_code == 200
    event = Event.objects.get()
    assert (event.kind, event.workflow_id, event.template_id) == ("workflow_started", 7, 3)
    assert event.occurred_at == payloads.at_minute()
    assert event.parsed.workflow.name == "Workflow 7"
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.event, delivery.attempts) == ("processed", event, 1)
    assert delivery.processed_at is not None


def test_an_event_about_a_task_knows_the_task(deliver: Deliver) -> None:
    deliver(payloads.task_completed(7, 2))

    assert Event.objects.get().task_id == 702


def test_duplicates_are_counted_not_doubled(deliver: Deliver) -> None:
    deliver(payloads.started(1))
    first = Event.objects.get()
    deliver(payloads.started(1, hook_id=2), process=False)  # for another subscription
    deliver(payloads.started(1, event="process_started"))  # under its old name

    event = Event.objects.get()
    assert event.deliveries_count == 3
    assert event.first_received_at == first.first_received_at
    assert event.last_received_at == Delivery.objects.latest("received_at").received_at
    assert event.deliveries.count() == 3


def test_a_second_return_of_a_task_is_a_second_event(deliver: Deliver) -> None:
    deliver(payloads.task_returned(1, 1, minutes=15))
    deliver(payloads.task_returned(1, 1, minutes=45))

    assert Event.objects.count() == 2


def test_an_unknown_event_is_kept_and_done_with(deliver: Deliver) -> None:
    response = deliver(payloads.started(1, event="workflow_paused"))

    assert response.status_code == 200
    assert Delivery.objects.get().state == "ignored"
    assert not Event.objects.exists()


def test_a_delivery_for_another_address_waits_for_a_person(deliver: Deliver) -> None:
    deliver(payloads.started(1, hook_target="https://elsewhere.example.com/hooks/x/"))

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.verdict) == ("parked", "mismatch")
    assert not Event.objects.exists()


def test_handlers_get_new_events_only(deliver: Deliver, listen: Callable[[Handler], None]) -> None:
    handled: list[int] = []
    listen(lambda events: handled.extend(event.workflow_id for event in events))

    deliver(payloads.started(1), process=False)
    deliver(payloads.started(2))
    deliver(payloads.started(1))

    assert handled == [1, 2]


def test_a_poisoned_workflow_fails_alone(
    deliver: Deliver, listen: Callable[[Handler], None], caplog: pytest.LogCaptureFixture
) -> None:
    secret = "what no reason should contain"

    def choke(events: Sequence[Event]) -> None:
        if any(event.workflow_id == 13 for event in events):
            raise RuntimeError(secret)

    listen(choke)
    for workflow_id in range(1, 31):
        deliver(payloads.started(workflow_id), process=False)

    with caplog.at_level(logging.ERROR):
        report = process_pending()

    assert (report.processed, report.events, report.failed) == (29, 29, 1)
    assert not Event.objects.filter(workflow_id=13).exists()
    poisoned = Delivery.objects.get(state="pending")
    assert poisoned.attempts == 1
    assert poisoned.due_at > timezone.now() + DELAYS[0] / 2
    assert "RuntimeError" in poisoned.reason
    assert secret not in poisoned.reason
    assert f"Delivery {poisoned.pk}" in caplog.text


def test_a_delivery_that_fails_does_not_block_its_workflow(
    deliver: Deliver, listen: Callable[[Handler], None]
) -> None:
    def choke(events: Sequence[Event]) -> None:
        if any(event.kind == "task_returned" for event in events):
            raise RuntimeError

    listen(choke)
    for payload in payloads.history(1, steps=3, returns=[2]):
        deliver(payload, process=False)
    process_pending()

    assert Delivery.objects.filter(state="processed").count() == 6
    assert Delivery.objects.get(state="pending").event_name == "task_returned"


def test_what_keeps_failing_waits_longer_each_time_and_is_parked(
    deliver: Deliver, listen: Callable[[Handler], None]
) -> None:
    def choke(events: Sequence[Event]) -> None:
        raise RuntimeError

    listen(choke)
    deliver(payloads.started(1), process=False)
    waits = []
    for _attempt in range(MAX_ATTEMPTS - 1):
        make_due()
        process_pending()
        delivery = Delivery.objects.get()
        waits.append(delivery.due_at - timezone.now())
        assert delivery.state == "pending"
    make_due()
    report = process_pending()

    assert report.dead_letters == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("parked", MAX_ATTEMPTS)
    assert waits == sorted(waits)
    assert waits[-1] > dt.timedelta(hours=5)


def test_what_failed_once_is_processed_when_it_is_due_again(
    deliver: Deliver, listen: Callable[[Handler], None]
) -> None:
    problems = [RuntimeError()]

    def choke(events: Sequence[Event]) -> None:
        if problems:
            raise problems.pop()

    listen(choke)
    deliver(payloads.started(1))
    assert process_pending().processed == 0  # not due yet

    make_due()
    assert process_pending().processed == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.reason) == ("processed", 2, "")


def test_a_body_that_is_no_longer_understood_is_parked_in_the_end(deliver: Deliver) -> None:
    deliver(payloads.started(1), process=False)
    broken = json.dumps({"hook": {"event": "workflow_started", "target": ""}}).encode()
    Delivery.objects.update(body=broken, attempts=MAX_ATTEMPTS - 1)
    deliver(payloads.started(2))

    assert set(Delivery.objects.values_list("state", flat=True)) == {"parked", "processed"}
    assert "workflow" in Delivery.objects.get(state="parked").reason


def test_a_busy_database_is_retried_and_counts_as_no_failure(
    deliver: Deliver, listen: Callable[[Handler], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    refusals = [OperationalError("deadlock detected"), OperationalError("database is locked")]

    def refuse(events: Sequence[Event]) -> None:
        if refusals:
            raise refusals.pop()

    listen(refuse)
    deliver(payloads.started(1))

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("processed", 1)


def test_lasting_trouble_of_the_database_reaches_the_caller_and_counts_as_no_failure(
    deliver: Deliver, listen: Callable[[Handler], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)

    def refuse(events: Sequence[Event]) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    listen(refuse)
    deliver(payloads.started(1), process=False)
    with pytest.raises(OperationalError):
        process_pending()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("pending", 0)


def test_large_bodies_are_not_read_all_at_once(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAX_READ_BYTES", 1500)
    for workflow_id in range(1, 8):
        deliver(payloads.started(workflow_id), process=False)

    assert len(worker._next(limit=100)) < 7
    assert process_pending().processed == 7


def test_it_stops_in_time_and_says_that_there_is_more(deliver: Deliver) -> None:
    deliver(payloads.started(1), process=False)

    report = process_pending(seconds=0)

    assert not report.is_done
    assert Delivery.objects.get().state == "pending"


def test_the_number_of_queries_does_not_grow_with_the_batch(
    deliver: Deliver, django_assert_max_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MIN_BATCH", 60)  # also while deliveries come in
    for workflow_id in range(1, 31):
        deliver(payloads.started(workflow_id), process=False)
        deliver(payloads.task_completed(workflow_id, 1), process=False)

    with django_assert_max_num_queries(30):
        assert process_pending().processed == 60


@pytest.mark.parametrize("age", [dt.timedelta(), dt.timedelta(minutes=1)])
def test_where_receivers_wait_for_the_lock_it_is_kept_for_a_few_deliveries(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch, age: dt.timedelta
) -> None:
    for workflow_id in range(1, 71):
        deliver(payloads.started(workflow_id), process=False)
    Delivery.objects.update(received_at=timezone.now() - age)
    sizes: list[int] = []

    def record(readings: Sequence[Interpretation]) -> batches.BatchReport:
        sizes.append(len(readings))
        return batches.record(readings)

    monkeypatch.setattr(worker, "record", record)

    assert process_pending().processed == 70
    assert sizes[0] == (8 if connection.vendor == "sqlite" and not age else 64)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_count_nothing_twice() -> None:
    endpoint = endpoints.active()
    now = timezone.now()
    bodies = [
        json.dumps(payloads.started(number % 40 + 1, hook_target=endpoints.path(endpoint))).encode()
        for number in range(400)
    ]
    Delivery.objects.bulk_create(
        Delivery(
            received_at=now, due_at=now, endpoint=endpoint, body=body, size=len(body), verdict="accepted"
        )
        for body in bodies
    )

    def work(_worker: int) -> batches.BatchReport:
        try:
            return process_pending()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(work, range(3)))

    assert sum(report.processed for report in reports) == 400
    assert sum(report.events for report in reports) == 40
    assert set(Event.objects.values_list("deliveries_count", flat=True)) == {10}
    assert not Delivery.objects.exclude(state="processed").exists()


@dataclass
class Clock:
    """A clock that moves only by work and sleep."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arrivals", "age", "share"), [(0, 0, 1), (75, 0, 2 / 3), (300, 0, 1 / 3), (300, 2, 1)]
)
def test_the_more_deliveries_arrive_the_longer_the_worker_pauses(
    monkeypatch: pytest.MonkeyPatch, arrivals: int, age: int, share: float
) -> None:
    """Its share of the time is what it works of what it works and pauses."""
    endpoint = endpoints.active()
    now = timezone.now()
    Delivery.objects.bulk_create(
        Delivery(
            received_at=now - dt.timedelta(hours=age),
            due_at=now,
            endpoint=endpoint,
            body=b"{}",
            size=2,
            verdict="accepted",
        )
        for _ in range(arrivals)
    )
    clock = Clock()
    monkeypatch.setattr(worker, "time", clock)
    monkeypatch.setattr(worker, "ARRIVAL_WINDOW", dt.timedelta(hours=1))  # however slow this machine is
    pace = worker.Pace()

    clock.now += 0.1
    pace.pause()

    assert 0.1 / clock.now == pytest.approx(share)
