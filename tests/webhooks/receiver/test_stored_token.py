"""What is stored lets no one deliver events: the receiver's token is in no table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Endpoint, Event, RoundTrip
from apps.webhooks.processing.worker import process_pending
from tests.factories import NOW
from tests.fixtures import payloads
from tests.fixtures.deliveries import store

pytestmark = pytest.mark.django_db
HOST = "https://dash.example.com"


def rows() -> Iterator[tuple[str, bytes]]:
    """Yield every row of every table, as text, with the name of its table."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own names
            for row in cursor.fetchall():
                values = (bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in row)
                yield table, b"\0".join(values)


def tables_with(secrets: list[str]) -> set[str]:
    return {table for table, row in rows() for secret in secrets if secret.encode() in row}


def post(client: Client, path: str, body: bytes) -> int:
    return client.post(path, body, content_type="application/json").status_code


def body_of(path: str, **hook: str) -> bytes:
    body = payloads.started(hook_target=HOST + path)
    body["hook"] |= hook
    return json.dumps(body).encode()


def test_no_delivery_stores_a_token(client: Client) -> None:
    """Accepted, duplicate, test, unknown, malformed, at another of our URLs, and with the token in any other place."""
    old, new = endpoints.active(), endpoints.create(Endpoint.State.PENDING)
    path, other = endpoints.path(old), endpoints.path(new)
    trip = RoundTrip.objects.create(nonce="n" * 43, kind="workflow_started", endpoint=old, sent_at=NOW)
    bodies = [
        body_of(path),
        body_of(path),
        body_of(path, test=trip.nonce),
        body_of(path, event="unknown"),
        body_of(path)[:-1],
        body_of(other),
        b"\xff\x00" + path.encode(),
        json.dumps(payloads.started(hook_target=HOST + path) | {"news": [path, {path: other}]}).encode(),
    ]

    statuses = [post(client, path, body) for body in bodies]
    process_pending()

    assert statuses == [200, 200, 200, 200, 400, 200, 400, 200]
    verdicts = list(Delivery.objects.order_by("pk").values_list("verdict", flat=True))
    assert verdicts == [
        "accepted",
        "accepted",
        "test",
        "unknown_event",
        "malformed",
        "mismatch",
        "malformed",
        "accepted",
    ]
    assert Delivery.objects.filter(event=Event.objects.earliest("pk")).count() == 2  # the duplicate is one
    assert not tables_with([endpoints.token(old), endpoints.token(new)])


def test_what_was_malformed_is_judged_again_by_what_is_stored(client: Client) -> None:
    path = endpoints.path(endpoints.active())
    other = endpoints.path(endpoints.create(Endpoint.State.PENDING))
    for target in (path, other):
        post(client, path, body_of(target))
    Delivery.objects.update(verdict="malformed", state="pending")  # an older version could not read them

    process_pending()

    states = list(Delivery.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["processed", "parked"]


def test_the_migration_masks_what_is_there_and_later_deliveries_are_still_duplicates(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    retired = endpoints.create(Endpoint.State.RETIRED)
    path = endpoints.path(endpoints.active())
    store(
        [payloads.started(hook_target=payloads.OURS), payloads.started(hook_target=endpoints.path(retired))]
    )
    Delivery.objects.filter(pk=Delivery.objects.latest("pk").pk).update(verdict="mismatch")
    process_pending()
    assert tables_with([endpoints.token(retired)]) == tables_with([endpoints.token(endpoints.active())])
    migration = import_module("apps.webhooks.migrations.0004_no_token_in_bodies")
    monkeypatch.setattr(migration, "BATCH", 1)

    for _again in range(2):
        migration.mask(apps, None)

    assert not tables_with([endpoints.token(retired), endpoints.token(endpoints.active())])
    post(client, path, json.dumps(payloads.started(hook_target=HOST + path)).encode())
    process_pending()
    event = Event.objects.get()
    assert event.deliveries_count == 2
    Delivery.objects.update(state="pending", due_at=timezone.now(), is_forced=True)
    process_pending()
    assert Event.objects.get() == event
