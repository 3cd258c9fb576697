"""The receiver through Django's test client: what it stores, what it answers, what it costs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.core.redaction import redact
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Endpoint, Event, RoundTrip
from apps.webhooks.processing.worker import process_pending
from tests.factories import NOW
from tests.fixtures import payloads
from tests.fixtures.deliveries import as_sent

pytestmark = pytest.mark.django_db
HOST = "https://dash.example.com"
# What differs between responses at any address: each page has another CSRF token.
CSRF_TOKEN = re.compile(rb"[A-Za-z0-9]{64}")


@pytest.fixture
def endpoint() -> Endpoint:
    return endpoints.active()


@pytest.fixture
def path(endpoint: Endpoint) -> str:
    return endpoints.path(endpoint)


def body_for(path: str, **values: Any) -> dict[str, Any]:
    return payloads.started(hook_target=HOST + path, **values)


def post(client: Client, path: str, body: Any, **extra: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, data, content_type="application/json", **extra)


@pytest.mark.parametrize("slash", ["/", ""])
def test_a_delivery_is_stored_as_received(client: Client, path: str, slash: str) -> None:
    body = b" " + json.dumps(body_for(path, hook_id=7)).encode() + b"\n"

    response = post(client, path.rstrip("/") + slash, body, headers={"user-agent": "pneumatic"})

    assert (response.status_code, response.json()) == (200, {"verdict": "accepted"})
    delivery = Delivery.objects.get()
    assert as_sent(delivery) == body
    assert delivery.size == len(body)
    assert (delivery.verdict, delivery.state, delivery.hook_id) == ("accepted", "pending", 7)
    assert delivery.event_name == "workflow_started"
    assert delivery.address == "127.0.0.1"
    assert delivery.headers["User-Agent"] == "pneumatic"
    assert delivery.due_at == delivery.received_at


def test_a_delivery_costs_a_read_and_a_write_and_leaves_nothing_behind(client: Client, path: str) -> None:
    post(client, path, body_for(path))  # the first one also notes the time of the endpoint's first event,
    post(client, path, body_for(path))  # and the second one reads it

    with CaptureQueriesContext(connection) as queries:
        response = post(client, path, body_for(path))

    # In addition, a transaction is started and ended, and its timeout is set.
    frame = re.compile("PRAGMA|SAVEPOINT|RELEASE|SELECT set_config")
    statements = [
        query["sql"].removeprefix("1 times: ") for query in queries if not frame.match(query["sql"])
    ]
    write = "COPY" if connection.vendor == "postgresql" else "INSERT"
    assert [statement.split()[0] for statement in statements] == ["SELECT", write]
    assert not response.cookies
    assert not Session.objects.exists()


def test_a_delivery_needs_no_csrf_token(path: str) -> None:
    client = Client(enforce_csrf_checks=True)

    assert post(client, path, body_for(path)).status_code == 200


def test_https_is_not_forced_on_a_delivery(client: Client, path: str, settings: SettingsWrapper) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert post(client, path, body_for(path)).status_code == 200
    assert client.get("/no/such/page/").status_code == 301


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "head", "options"])
@pytest.mark.parametrize("slash", ["/", ""])
def test_an_unknown_token_is_an_unknown_page(
    client: Client, endpoint: Endpoint, settings: SettingsWrapper, method: str, debug: bool, slash: str
) -> None:
    settings.DEBUG = debug
    token = "x" * 43

    ask = getattr(client, method)
    ours, another = ask(f"/hooks/{token}{slash}"), ask(f"/hoops/{token}{slash}")

    assert ours.status_code == another.status_code == 404
    blank = CSRF_TOKEN.sub(b"token", ours.content).replace(b"hooks", b"hoops")
    assert blank == CSRF_TOKEN.sub(b"token", another.content)
    assert {**ours.headers, "Content-Length": ""} == {**another.headers, "Content-Length": ""}
    assert sorted(ours.cookies) == sorted(another.cookies)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "rest", ["", "/", "a/b/", "%00/", "%0A", "ä/", "%F0%9F%98%80/", "%ff%fe/", "../hooks/"]
)
def test_what_is_no_token_at_all_is_an_unknown_page_too(
    client: Client, endpoint: Endpoint, rest: str
) -> None:
    assert post(client, f"/hooks/{rest}", b"{}").status_code == 404
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options", "trace"])
def test_other_methods_are_refused_on_a_known_address(client: Client, path: str, method: str) -> None:
    response = getattr(client, method)(path)

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("body", [b"good", b"{", b" " * 1001, b""])
def test_a_retired_address_is_refused_at_once(
    client: Client, path: str, settings: SettingsWrapper, body: bytes
) -> None:
    """The process has just read that it is in use, and would else respond with 200, 400, 413 and 405."""
    settings.WEBHOOK_BODY_LIMIT = 1000
    assert post(client, path, body_for(path)).status_code == 200
    Endpoint.objects.update(state=Endpoint.State.RETIRED)

    good = json.dumps(body_for(path)).encode()
    response = post(client, path, good if body == b"good" else body) if body else client.get(path)

    assert response.status_code == 404
    assert Delivery.objects.count() == 1


def test_a_new_address_is_accepted_at_once(client: Client, path: str) -> None:
    assert post(client, path, body_for(path)).status_code == 200
    other = endpoints.path(endpoints.create(Endpoint.State.PENDING))

    assert [post(client, each, body_for(each)).status_code for each in (other, path)] == [200, 200]


@pytest.mark.parametrize("state", ["arriving", "active", "leaving"])
def test_every_address_of_a_rotation_is_accepted(client: Client, endpoint: Endpoint, state: str) -> None:
    Endpoint.objects.update(state=state)
    path = endpoints.path(endpoint)

    assert post(client, path, body_for(path)).status_code == 200


def test_an_address_is_accepted_until_its_time_is_over(client: Client, path: str) -> None:
    Endpoint.objects.update(state="leaving", accepted_until=NOW.replace(year=2020))

    assert post(client, path, body_for(path)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"hook": 1}',
        b'{"hook": {"event": "workflow_started", "target": "x"}}',
        b"[" * 100_000,
        b'{"hook": {"event": "workflow_started", "target": "x"}, "workflow": {"id": NaN}}',
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    ],
)
def test_what_is_not_as_documented_is_stored_and_refused(client: Client, path: str, body: bytes) -> None:
    response = post(client, path, body, headers={"content-encoding": "gzip"})

    if not body:  # nothing came at all
        assert response.status_code == 411
        assert not Delivery.objects.exists()
        return
    assert response.status_code == 400
    assert response.json()["verdict"] == "malformed"
    delivery = Delivery.objects.get()
    assert (delivery.verdict, delivery.state, bytes(delivery.body)) == ("malformed", "ignored", body)
    assert delivery.reason == response.json()["reason"]
    assert delivery.headers["Content-Encoding"] == "gzip"


def test_an_unknown_event_and_new_keys_are_no_error(client: Client, path: str) -> None:
    unknown = {"hook": {"id": 1, "event": "x" * 150, "target": HOST + path}, "news": {"a": [1]}}

    assert post(client, path, unknown).json() == {"verdict": "unknown_event"}
    assert post(client, path, {**body_for(path), "news": 1}).json() == {"verdict": "accepted"}
    first = Delivery.objects.order_by("pk")[0]
    assert (first.state, first.event_name) == ("pending", "x" * 100)


@pytest.mark.parametrize("target", ["", "http://[", "https://elsewhere.example.com/hooks/other/", "ä"])
def test_a_delivery_for_another_address_is_held_back(client: Client, path: str, target: str) -> None:
    response = post(client, path, payloads.started(hook_target=target))

    assert (response.status_code, response.json()) == (200, {"verdict": "mismatch"})
    delivery = Delivery.objects.get()
    assert delivery.state == "parked"
    assert delivery.reason


def test_the_first_accepted_event_proves_an_address(client: Client, path: str, endpoint: Endpoint) -> None:
    post(client, path, b"{")
    post(client, path, payloads.started(hook_target="https://elsewhere.example.com/"))
    endpoint.refresh_from_db()
    assert endpoint.first_event_at is None

    post(client, path, body_for(path))
    first = Delivery.objects.get(verdict="accepted")
    post(client, path, body_for(path))

    endpoint.refresh_from_db()
    assert endpoint.first_event_at == first.received_at


def test_a_test_event_is_recognised_and_proves_no_address(
    client: Client, path: str, endpoint: Endpoint
) -> None:
    trip = RoundTrip.objects.create(nonce="n" * 43, kind="workflow_started", endpoint=endpoint, sent_at=NOW)
    body = body_for(path)
    body["hook"]["test"] = trip.nonce

    assert post(client, path, body).json() == {"verdict": "test"}

    trip.refresh_from_db()
    endpoint.refresh_from_db()
    delivery = Delivery.objects.get()
    assert trip.delivery == delivery
    assert (delivery.verdict, delivery.state) == ("test", "pending")
    process_pending()
    delivery.refresh_from_db()
    assert delivery.state == "ignored"
    assert not Event.objects.exists()
    assert endpoint.first_event_at is None


def test_an_unknown_nonce_makes_no_test_event(client: Client, path: str) -> None:
    body = body_for(path)
    body["hook"]["test"] = "made up"

    assert post(client, path, body).json() == {"verdict": "accepted"}


def test_a_body_beyond_the_limit_is_not_read(client: Client, path: str, settings: SettingsWrapper) -> None:
    settings.WEBHOOK_BODY_LIMIT = 1000

    assert post(client, path, b"x" * 1000).status_code == 400
    assert post(client, path, b"x" * 1001).status_code == 413
    assert Delivery.objects.count() == 1


def test_the_usual_limit_of_forms_is_not_the_receivers(
    client: Client, path: str, settings: SettingsWrapper
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    assert post(client, path, body_for(path)).status_code == 200


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "address"),
    [
        (False, "203.0.113.9", "127.0.0.1"),
        (True, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (True, "forged, 2001:db8::1%eth0", "2001:db8::1"),
        (True, "", "127.0.0.1"),
        (True, "nonsense", None),
    ],
)
def test_the_sender_is_the_one_that_our_proxy_saw(
    client: Client, path: str, settings: SettingsWrapper, behind_proxy: bool, forwarded: str, address: str
) -> None:
    settings.BEHIND_PROXY = behind_proxy

    post(client, path, body_for(path), headers={"x-forwarded-for": forwarded})

    assert Delivery.objects.get().address == address


def test_only_harmless_headers_are_kept_and_no_more_of_them_than_needed(client: Client, path: str) -> None:
    headers = {"authorization": "Bearer x", "cookie": "a=b", "x-request-id": "r" * 10_000}

    post(client, path, body_for(path), headers=headers)

    kept = Delivery.objects.get().headers
    assert kept["X-Request-Id"] == "r" * 500
    assert not {"Authorization", "Cookie"} & set(kept)


def test_no_log_contains_a_token(client: Client, path: str, caplog: pytest.LogCaptureFixture) -> None:
    token = path.split("/")[2]

    client.get(path)  # Django logs the path of what is refused

    assert "Method Not Allowed: /hooks/" in caplog.text
    assert token not in redact(caplog.text)
    assert token not in redact(f"token={token!r}")  # known to this process, in any place
    assert "secret" not in redact("GET /hooks/secret?x=1 and %2Fhooks%2Fsecret%2F")
