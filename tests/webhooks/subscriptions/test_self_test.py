"""Test events through the real public address, over a socket."""

from __future__ import annotations

import datetime as dt
import socket

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import User
from apps.pneumatic.canonical.events import Kind
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Endpoint, Event, RoundTrip
from apps.webhooks.processing.worker import process_pending
from apps.webhooks.subscriptions import rotation, self_test, services
from tests.fixtures.sandbox import Sandbox, both_dialects, only_current
from tests.pneumatic.conftest import Serve, serve
from tests.pneumatic.servers import Behaviour, Seen, Talk

__all__ = ["serve"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reachable(django_db_setup: None, live_server: LiveServer, settings: Settings) -> str:
    """Return our public URL, which this dashboard serves.

    The database comes first: a server that starts before it takes it for one in memory, and shares its connection.
    """
    settings.PUBLIC_URL = live_server.url
    return live_server.url


@both_dialects
@pytest.mark.parametrize("kind", Kind)
def test_a_test_event_of_each_kind_comes_through(
    reachable: str, integrator: User, kind: Kind, settings: Settings, dialect: str
) -> None:
    settings.PNEUMATIC_DIALECT = dialect
    trip = self_test.send(integrator, kind)

    assert (trip.status, trip.error, trip.kind) == (200, "", kind.value)
    assert trip.seconds is not None
    assert trip.seconds > 0
    assert trip.sent_by == integrator
    assert trip.delivery is not None
    assert trip.delivery.verdict == Delivery.Verdict.TEST
    trip.refresh_from_db()
    assert trip.delivery is not None


@both_dialects
def test_a_test_event_is_no_event(reachable: str, integrator: User, settings: Settings, dialect: str) -> None:
    settings.PNEUMATIC_DIALECT = dialect
    self_test.send(integrator, Kind.WORKFLOW_STARTED)
    process_pending()

    assert not Event.objects.exists()


def test_it_carries_no_api_key_and_is_documented_in_shape(
    serve: Serve,
    integrator: User,
    settings: Settings,
    sandbox: Sandbox,
) -> None:
    server = serve(lambda seen, talk: talk.answer(body={}))
    settings.PUBLIC_URL = server.url
    services.subscribe(integrator, [Kind.TASK_RETURNED])

    trip = self_test.send(integrator, Kind.TASK_RETURNED)

    (seen,) = server.seen
    assert (seen.method, seen.target) == ("POST", endpoints.path(endpoints.active()))
    assert "authorization" not in seen.headers
    assert settings.PNEUMATIC_API_KEY not in str(seen)
    assert seen.headers["content-type"] == "application/json"
    assert seen.json["hook"] == {
        "id": sandbox.subscriptions()[0]["id"],
        "event": "task_returned",
        "target": endpoints.target(endpoints.active()),
        "test": trip.nonce,
    }
    assert seen.json["task"]["workflow"]["id"] == 0
    assert "not this dashboard" in trip.error


@only_current
def test_it_has_the_shape_that_todays_server_sends(
    serve: Serve,
    integrator: User,
    settings: Settings,
    sandbox: Sandbox,
) -> None:
    server = serve(lambda seen, talk: talk.answer(body={}))
    settings.PUBLIC_URL = server.url
    services.subscribe(integrator, [Kind.TASK_COMPLETED])

    trip = self_test.send(integrator, Kind.TASK_COMPLETED)

    (seen,) = server.seen
    assert "authorization" not in seen.headers
    assert seen.json["hook"]["event"] == "task_completed"
    assert seen.json["hook"]["test"] == trip.nonce
    assert "current_task" not in seen.json["task"]["workflow"]
    assert seen.json["task"]["workflow"]["id"] == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (301, "redirect"),
        (401, "login"),
        (403, "forbids"),
        (404, "another site"),
        (413, "too large"),
        (502, "proxy"),
        (503, "database"),
        (418, "418"),
    ],
)
def test_another_answer_is_explained(
    serve: Serve,
    integrator: User,
    settings: Settings,
    status: int,
    words: str,
) -> None:
    other_server = serve(lambda seen, talk: talk.answer())
    server = serve(lambda seen, talk: talk.answer(status, {}, Location=other_server.url))
    settings.PUBLIC_URL = server.url

    trip = self_test.send(integrator, Kind.TASK_RETURNED)

    assert trip.status == status
    assert words in trip.error
    assert other_server.seen == []


def dropped(seen: Seen, talk: Talk) -> None:
    talk.drop()


def endless(seen: Seen, talk: Talk) -> None:
    talk.answer(200, b"x" * 100_000)


def silent(seen: Seen, talk: Talk) -> None:
    talk.be_silent()


@pytest.mark.parametrize(
    ("behaviour", "words"), [(dropped, "broke"), (endless, "another server"), (silent, "in time")]
)
def test_no_answer_is_explained(
    serve: Serve,
    integrator: User,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: Behaviour,
    words: str,
) -> None:
    if behaviour is silent:
        monkeypatch.setattr("apps.pneumatic.webhook_sender.READ_TIMEOUT_SECONDS", 0.2)
    settings.PUBLIC_URL = serve(behaviour).url

    trip = self_test.send(integrator, Kind.TASK_RETURNED)

    assert trip.status is None
    assert words in trip.error


def test_a_closed_port_is_explained(integrator: User, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings.PUBLIC_URL = f"http://127.0.0.1:{port}"

    trip = self_test.send(integrator, Kind.TASK_RETURNED)

    assert (trip.status, "nothing listens" in trip.error) == (None, True)


def test_an_address_that_is_none_is_explained(integrator: User, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://.example.com"

    assert "PUBLIC_URL" in self_test.send(integrator, Kind.TASK_RETURNED).error


def test_without_a_public_address_nothing_is_sent(integrator: User, settings: Settings) -> None:
    settings.PUBLIC_URL = ""

    trip = self_test.send(integrator, Kind.TASK_RETURNED)

    assert (trip.status, "PUBLIC_URL" in trip.error) == (None, True)


def test_the_new_address_of_a_rotation_can_be_tried(
    reachable: str, sandbox: Sandbox, integrator: User
) -> None:
    pending = rotation.begin(integrator).status.pending
    assert pending is not None

    trip = self_test.send(integrator, Kind.TASK_RETURNED, endpoint=pending)

    assert (trip.status, trip.endpoint) == (200, pending)
    pending.refresh_from_db()
    # That Pneumatic gets through is not proven by it.
    assert pending.first_event_at is None


def test_no_secret_is_logged(integrator: User, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    trip = self_test.send(integrator, Kind.TASK_RETURNED)

    assert endpoints.token(endpoints.active()) not in caplog.text + trip.error


def trip_at(kind: Kind, time: dt.datetime) -> RoundTrip:
    return RoundTrip.objects.create(
        nonce=f"{kind}{time}"[:43], kind=kind.value, endpoint=endpoints.active(), sent_at=time
    )


def test_the_latest_of_each_kind_takes_one_query(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    for kind in (Kind.TASK_RETURNED, Kind.WORKFLOW_STARTED):
        for days in range(5):
            trip_at(kind, now - dt.timedelta(days=days))

    with django_assert_num_queries(1):
        found = self_test.latest()

    assert {kind: trip.sent_at for kind, trip in found.items()} == {
        Kind.TASK_RETURNED: now,
        Kind.WORKFLOW_STARTED: now,
    }


def test_old_ones_are_forgotten(db: None, integrator: User, settings: Settings) -> None:
    settings.PUBLIC_URL = ""
    old = trip_at(Kind.TASK_RETURNED, timezone.now() - dt.timedelta(days=31))

    self_test.send(integrator, Kind.TASK_RETURNED)

    assert not RoundTrip.objects.filter(pk=old.pk).exists()
    assert Endpoint.objects.count() == 1
