"""The durable write: rows that share a transaction, and how each of them learns its fate."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, connections
from django.utils import timezone
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.core import bulk
from apps.core.database.transactions import bounded_transaction, direct_transaction
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Endpoint
from apps.webhooks.receiver import store
from apps.webhooks.receiver.store import DeliveryStore

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint() -> Endpoint:
    return endpoints.active()


def delivery(endpoint: Endpoint, body: bytes = b"{}", **values: Any) -> Delivery:
    now = timezone.now()
    fields = {
        "received_at": now,
        "due_at": now,
        "endpoint": endpoint,
        "size": len(body),
        "verdict": "accepted",
    }
    return Delivery(**{**fields, "body": body, **values})


def in_a_thread(work: Callable[[], object]) -> Callable[[], object]:
    """Return ``work`` for a separate thread: the connection that it opened is closed again."""

    def run() -> object:
        try:
            return work()
        finally:
            connections.close_all()

    return run


@contextmanager
def a_writer_that_holds_the_lock() -> Iterator[None]:
    """Hold what every writer of deliveries needs, on a connection of another thread."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with bounded_transaction(5), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("LOCK TABLE webhooks_delivery IN EXCLUSIVE MODE")
            held.set()
            done.wait(60)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(in_a_thread(hold))
        assert held.wait(60)
        try:
            yield
        finally:
            done.set()
            holding.result()


def test_a_row_is_committed_when_it_is_stored(endpoint: Endpoint) -> None:
    store.store(delivery(endpoint, b"\x00\xff"))

    with ThreadPoolExecutor(1) as pool:  # another connection sees it
        seen = pool.submit(in_a_thread(lambda: bytes(Delivery.objects.get().body))).result()
    assert seen == b"\x00\xff"


def test_every_column_is_written_alike_alone_and_in_company(endpoint: Endpoint) -> None:
    values: dict[str, Any] = {
        "address": "2001:db8::1",
        "headers": {"A": "ä"},
        "hook_id": 5,
        "event_name": "x",
        "reason": "y",
    }
    now = timezone.now()
    store.store(delivery(endpoint, received_at=now, due_at=now, **values))
    store.store(delivery(endpoint, received_at=now, due_at=now, **values), also=lambda: None)

    first, second = Delivery.objects.order_by("pk").values()
    assert {**first, "id": 0, "body": bytes(first["body"])} == {
        **second,
        "id": 0,
        "body": bytes(second["body"]),
    }


def test_what_else_is_to_be_done_is_done_with_it_or_not_at_all(endpoint: Endpoint) -> None:
    row = delivery(endpoint)
    store.store(row, also=lambda: Delivery.objects.filter(pk=row.pk).update(reason="also"))
    assert Delivery.objects.get().reason == "also"

    def fail() -> None:
        raise IntegrityError("no")

    with pytest.raises(IntegrityError):
        store.store(delivery(endpoint), also=fail)
    assert Delivery.objects.count() == 1


def test_a_row_that_was_checked_against_other_endpoints_is_not_stored(endpoint: Endpoint) -> None:
    in_use = endpoints.in_use()
    endpoints.create(Endpoint.State.PENDING)

    for also in (None, lambda: None):
        with pytest.raises(store.OutdatedError):
            store.store(delivery(endpoint), in_use, also)
    store.store(delivery(endpoint), endpoints.in_use())

    assert Delivery.objects.count() == 1


def test_a_group_is_one_transaction_and_a_bad_or_outdated_row_spoils_no_other(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a first row is written, others gather: one of them cannot be stored."""
    ours = DeliveryStore()
    begun, go_on = threading.Event(), threading.Event()
    groups: list[int] = []
    write = store._write

    def slow_write(group: list[store.PendingDelivery]) -> None:
        groups.append(len(group))
        if len(groups) == 1:
            begun.set()
            assert go_on.wait(60)
        write(group)

    monkeypatch.setattr(store, "_write", slow_write)
    rows = [delivery(endpoint, b"%d" % number) for number in range(6)]
    rows[3].verdict = None  # type: ignore[assignment]  # the column takes no NULL
    in_use: list[endpoints.Rows] = [endpoints.in_use()] * 5 + [()]

    with ThreadPoolExecutor(6) as pool:
        first, *others = (partial(ours.store, *each) for each in zip(rows, in_use, strict=True))
        jobs = [pool.submit(in_a_thread(first))]
        assert begun.wait(60)
        jobs += [pool.submit(in_a_thread(other)) for other in others]
        while len(ours._waiting) < 5:
            threading.Event().wait(0.01)
        go_on.set()
        outcomes = [job.exception() for job in jobs]

    assert groups[:2] == [1, 5]
    assert [isinstance(outcome, DatabaseError) for outcome in outcomes] == [
        number == 3 for number in range(6)
    ]
    assert isinstance(outcomes[5], store.OutdatedError)
    assert {bytes(row.body) for row in Delivery.objects.all()} == {b"0", b"1", b"2", b"4"}


def test_many_threads_at_once_all_get_their_rows(endpoint: Endpoint) -> None:
    with ThreadPoolExecutor(16) as pool:
        jobs = [
            pool.submit(in_a_thread(partial(store.store, delivery(endpoint, b"%d" % number))))
            for number in range(200)
        ]
        for job in jobs:
            job.result()

    assert {int(bytes(row.body)) for row in Delivery.objects.all()} == set(range(200))


def test_a_wait_for_the_database_that_is_too_long_fails_and_leaves_nothing(
    endpoint: Endpoint, settings: SettingsWrapper
) -> None:
    settings.WEBHOOK_WRITE_TIMEOUT = 0.2
    with a_writer_that_holds_the_lock(), ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(in_a_thread(lambda: store.store(delivery(endpoint)))) for _ in range(4)]
        errors = [job.exception() for job in jobs]

    assert all(isinstance(error, OperationalError) for error in errors)
    assert not Delivery.objects.exists()
    store.store(delivery(endpoint))  # and it continues
    assert Delivery.objects.count() == 1


def test_an_interrupted_leader_leaves_no_thread_waiting(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = DeliveryStore()

    def interrupted(_group: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "_write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ours.store(delivery(endpoint))
    ours.store(delivery(endpoint))

    assert Delivery.objects.count() == 1


def test_a_forked_process_begins_with_an_empty_queue() -> None:
    """The server may fork while a thread of the parent writes: that thread, and its lead, are not in the child."""
    parents = store._store
    parents._is_led = True
    try:
        child = os.fork()
        if not child:
            os._exit(0 if not store._store._is_led else 1)
        _, status = os.waitpid(child, 0)
    finally:
        parents._is_led = False
    assert os.waitstatus_to_exitcode(status) == 0


def test_storing_inside_another_transaction_is_a_mistake(endpoint: Endpoint) -> None:
    """It would say "stored" of what may yet be taken back."""
    from django.db import transaction

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        store.store(delivery(endpoint))


def time_limit() -> str:
    """Return the connection's limit, as its database writes it."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW statement_timeout")
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize("transaction", [bounded_transaction, direct_transaction])
def test_a_bounded_transaction_gives_the_connection_back_as_it_was(
    transaction: Callable[[float], AbstractContextManager[object]],
) -> None:
    before = time_limit()
    with transaction(1):
        pass

    assert time_limit() == before


def test_an_error_rolls_a_direct_transaction_back(endpoint: Endpoint) -> None:
    def insert_and_fail() -> None:
        with direct_transaction(1) as cursor:
            bulk.insert([delivery(endpoint)], cursor=cursor)
            cursor.execute("SELECT no_such_column")

    with pytest.raises(DatabaseError):
        insert_and_fail()
    assert not Delivery.objects.exists()
    store.store(delivery(endpoint))
    assert Delivery.objects.count() == 1
