"""Writing many rows: the same values arrive as through the ORM, on every database."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.core import bulk
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Event, Kind

pytestmark = pytest.mark.django_db


def event(content_hash: str = "a" * 64, **values: object) -> Event:
    now = timezone.now()
    return Event(
        **{
            "content_hash": content_hash,
            "kind": Kind.WORKFLOW_STARTED,
            "workflow_id": 2**62,
            "occurred_at": dt.datetime(
                2026, 5, 4, 3, 2, 1, 999999, tzinfo=dt.timezone(dt.timedelta(hours=2))
            ),
            "facts": {"name": "Ünïcödé 訳 “quotes” \\ \n", "list": [1, None, True, 0.5], "nothing": None},
            "first_received_at": now,
            "last_received_at": now,
        }
        | values
    )


def values(row: Event | Delivery) -> dict[str, object]:
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.primary_key
    }


def test_it_writes_what_the_orm_writes() -> None:
    Event.objects.bulk_create([event("a" * 64)])
    bulk.insert([event("b" * 64)])

    by_orm, by_us = (Event.objects.get(content_hash=letter * 64) for letter in "ab")
    differing = {name for name, value in values(by_us).items() if value != values(by_orm)[name]}
    assert differing == {"content_hash", "first_received_at", "last_received_at"}
    assert by_us.kind == "workflow_started"


def test_bytes_addresses_and_null_arrive() -> None:
    now = timezone.now()
    row = Delivery(
        received_at=now,
        due_at=now,
        endpoint=endpoints.active(),
        address="2001:db8::1",
        size=3,
        verdict=Delivery.Verdict.MALFORMED,
        headers={"Host": "dash"},
        body=b"\x00\xff\x80",
    )
    bulk.insert([row])

    stored = Delivery.objects.get()
    assert (stored.address, bytes(stored.body), stored.headers) == (
        "2001:db8::1",
        b"\x00\xff\x80",
        {"Host": "dash"},
    )
    assert (stored.hook_id, stored.event_id, stored.verdict) == (None, None, "malformed")


def test_a_row_that_is_there_takes_the_named_columns_only() -> None:
    bulk.insert([event(workflow_id=1, template_id=1)])
    bulk.insert(
        [event(workflow_id=2, template_id=2), event("b" * 64, workflow_id=3)],
        unique="content_hash",
        update=["workflow_id"],
    )

    rows = Event.objects.order_by("content_hash").values_list("workflow_id", "template_id")
    assert list(rows) == [(2, 1), (3, None)]


def test_without_that_a_second_row_is_refused() -> None:
    bulk.insert([event()])

    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert([event("b" * 64), event()])
    assert Event.objects.count() == 1


def test_no_rows_are_no_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        bulk.insert([])


def test_update_sets_the_named_columns_of_the_named_rows() -> None:
    bulk.insert([event("a" * 64, occurred_at=None), event("b" * 64), event("c" * 64)])
    first, second, third = Event.objects.order_by("content_hash")
    timestamp = timezone.now()

    bulk.update(
        Event,
        ("occurred_at", "facts", "template_id"),
        [(timestamp, {"a": "'\"{},\\"}, None, first.pk), (None, {}, 7, third.pk)],
    )

    rows = Event.objects.order_by("content_hash").values_list("occurred_at", "facts", "template_id")
    assert list(rows) == [
        (timestamp, {"a": "'\"{},\\"}, None),
        (second.occurred_at, second.facts, None),
        (None, {}, 7),
    ]


def test_many_rows_at_once() -> None:
    bulk.insert([event(f"{number:064}") for number in range(1001)])

    assert Event.objects.count() == 1001
