"""What is stored lets no one deliver events: the receiver's token is in no table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import CharField
from django.db.models.functions import Cast
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.sync.models import SyncResult
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Endpoint, Event, RoundTrip, Subscription
from apps.webhooks.processing.worker import process_pending
from apps.webhooks.subscriptions import drift, rotation, services
from tests.factories import NOW
from tests.fixtures import payloads
from tests.fixtures.deliveries import store
from tests.fixtures.sandbox import Sandbox, both_dialects

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


@pytest.mark.django_db(transaction=True)
@both_dialects
def test_a_whole_story_stores_no_token(
    live_server: LiveServer,
    sandbox: Sandbox,
    integrator: User,
    integrator_client: Client,
    settings: Settings,
) -> None:
    """Subscribe, deliver, test, rotate, deliver again, sync, repair: then every column of every table."""
    settings.PUBLIC_URL = live_server.url
    page = "/admin/webhooks/subscription/"
    services.subscribe(integrator, Kind)
    old = endpoints.active()
    for body in (body_of(endpoints.path(old)), body_of(endpoints.path(old)), b"{"):
        post(integrator_client, endpoints.path(old), body)
    integrator_client.post(f"{page}test/", {"kind": "workflow_started"})
    integrator_client.post(f"{page}rotation/", {"do": "begin"})
    new = endpoints.pending()
    assert new is not None
    post(integrator_client, endpoints.path(new), body_of(endpoints.path(new)))
    call_command("sync", verbosity=0)
    rotation.advance(integrator)
    sandbox.add_subscription(event="workflow_completed", target=endpoints.target(old))
    call_command("sync", verbosity=0)
    drift.repair(integrator)
    process_pending()

    assert RoundTrip.objects.get().status == 200
    assert Subscription.objects.filter(removed_at=None, target=endpoints.target(new)).exists()
    assert Subscription.objects.filter(target__contains="/hooks/token-of.").exists()
    assert not tables_with([endpoints.token(old), endpoints.token(new)])


def test_the_migration_masks_subscriptions_and_a_sync_finds_them_unchanged(
    sandbox: Sandbox, integrator: User, settings: Settings
) -> None:
    settings.PUBLIC_URL = HOST
    services.subscribe(integrator, Kind)
    token = endpoints.token(endpoints.active())
    target = endpoints.target(endpoints.active())
    stored = Subscription.objects.values_list("pk", Cast("target", CharField()), Cast("raw", CharField()))
    masked = sorted(stored)
    with connection.cursor() as cursor:  # as an older version stored them
        for pk, _target, raw in masked:
            cursor.execute(
                "UPDATE webhooks_subscription SET target = %s, raw = %s WHERE id = %s",
                [target, re.sub(r"token-of\.[\w-]{43}\.\w{8}", token, raw), pk],
            )
    assert tables_with([token])

    import_module("apps.webhooks.migrations.0005_no_token_in_subscriptions").mask(History(), None)

    assert sorted(stored) == masked
    call_command("sync", "subscriptions", verbosity=0)
    result = SyncResult.objects.get(resource="subscriptions")
    assert (result.changed, result.unchanged) == (0, 4)


def test_after_a_change_of_the_secret_key_a_sync_stores_the_urls_that_pneumatic_has(
    sandbox: Sandbox, integrator: User, settings: Settings
) -> None:
    settings.PUBLIC_URL = HOST
    services.subscribe(integrator, Kind)
    old = endpoints.target(endpoints.active())
    settings.SECRET_KEY = "another-" + "y" * 50
    assert endpoints.target(endpoints.active()) != old

    call_command("sync", "subscriptions", verbosity=0)

    assert set(Subscription.objects.values_list("target", flat=True)) == {old}


class History:
    """Models as migrations see them: with plain fields."""

    def get_model(self, app: str, name: str) -> Any:
        loader = MigrationLoader(connection)
        return loader.project_state().apps.get_model(app, name)
