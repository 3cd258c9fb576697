"""The client against the sandbox over HTTP: webhook subscriptions, with every documented parameter.

The sandbox shares no code with the client and judges strictly: what it takes is what the reference describes, or what
the current API was seen to take.
"""

from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import Settings

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import Subscription
from apps.pneumatic.client import Client, connect
from apps.pneumatic.errors import (
    AuthenticationFailed,
    NotFound,
    PneumaticError,
    Unavailable,
    UnexpectedResponse,
    ValidationFailed,
)
from tests.fixtures.sandbox import Sandbox, both_dialects

TARGET = "https://listener.example.com/a%20path?with=query&more=%C3%BC+x"
OTHER = "https://listener.example.com/other"
NAMES = {
    Kind.WORKFLOW_STARTED: "workflow_started",
    Kind.TASK_COMPLETED: "task_completed_v2",
    Kind.TASK_RETURNED: "task_returned",
    Kind.WORKFLOW_COMPLETED: "workflow_completed",
}


@both_dialects
def test_no_subscription_is_an_empty_list(sandbox: Sandbox, client: Client) -> None:
    assert client.list_subscriptions() == []


@pytest.mark.parametrize("kind", Kind)
def test_it_subscribes_to_every_kind_and_lists_it(sandbox: Sandbox, client: Client, kind: Kind) -> None:
    made = client.subscribe(kind=kind, target=TARGET)

    (listed,) = client.list_subscriptions()
    assert listed == made
    assert (made.event, made.kind, made.target, made.is_deprecated) == (NAMES[kind], kind, TARGET, False)
    assert made.created is not None
    assert abs(made.created - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)
    assert [(row["id"], row["target"]) for row in sandbox.subscriptions()] == [(made.id, TARGET)]


def test_bodies_are_forms_and_each_request_has_a_separate_connection(
    sandbox: Sandbox, client: Client
) -> None:
    made = client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
    client.unsubscribe(made)
    client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
    client.unsubscribe_target(TARGET)

    assert [(entry["method"], entry["path"]) for entry in sandbox.requests()] == [
        ("POST", "/webhooks"),
        ("DELETE", f"/webhooks/{made.id}"),
        ("POST", "/webhooks"),
        ("DELETE", "/webhooks/target"),
    ]
    assert sandbox.subscriptions() == []


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("task_completed", Kind.TASK_COMPLETED),
        ("process_started", Kind.WORKFLOW_STARTED),
        ("process_completed", Kind.WORKFLOW_COMPLETED),
    ],
)
def test_a_deprecated_event_is_recognised_as_such(
    sandbox: Sandbox, client: Client, event: str, kind: Kind
) -> None:
    sandbox.add_subscription(event=event, target=TARGET)

    (row,) = client.list_subscriptions()

    assert (row.event, row.kind, row.is_deprecated) == (event, kind, True)


def test_an_unknown_event_is_listed(sandbox: Sandbox, client: Client) -> None:
    sandbox.add_subscription(event="workflow_painted", target=TARGET)

    (row,) = client.list_subscriptions()

    assert (row.event, row.kind, row.is_deprecated) == ("workflow_painted", None, False)


def test_unsubscribing_by_id_ends_that_one_only(sandbox: Sandbox, client: Client) -> None:
    first = client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
    second = client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)

    client.unsubscribe(first)

    assert [row.id for row in client.list_subscriptions()] == [second.id]
    with pytest.raises(NotFound):
        client.unsubscribe(first)


@both_dialects
def test_unsubscribing_a_target_ends_all_of_it_and_nothing_else(sandbox: Sandbox, client: Client) -> None:
    for kind in Kind:
        client.subscribe(kind=kind, target=TARGET)
    kept = client.subscribe(kind=Kind.TASK_RETURNED, target=OTHER)

    client.unsubscribe_target(TARGET)

    assert client.list_subscriptions() == [kept]
    with pytest.raises(NotFound):
        client.unsubscribe_target(TARGET)


@both_dialects
def test_a_refused_target_is_an_error_with_its_parameter(
    sandbox: Sandbox, client: Client, dialect: str
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        client.subscribe(kind=Kind.TASK_RETURNED, target="ftp://listener.example.com")

    assert caught.value.field == ("url" if dialect == "current" else "target")


@pytest.mark.django_db  # a rejected key is remembered
@both_dialects
def test_a_wrong_key_is_an_error_of_every_call(sandbox: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_API_KEY = "wrong"
    with connect() as client:
        for call in (
            client.list_subscriptions,
            lambda: client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET),
            lambda: client.unsubscribe(Subscription(1, "task_returned", TARGET)),
            lambda: client.unsubscribe_target(TARGET),
        ):
            with pytest.raises(AuthenticationFailed):
                call()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "drop_after"}, Unavailable),
        ({"kind": "truncate"}, Unavailable),
        ({"kind": "html_200"}, UnexpectedResponse),
        ({"kind": "broken_json"}, UnexpectedResponse),
    ],
)
def test_without_a_response_nothing_is_sent_again_and_the_list_shows_it(
    sandbox: Sandbox, client: Client, fault: dict[str, str], error: type[PneumaticError]
) -> None:
    sandbox.fault(**fault, path_prefix="/webhooks", method="POST", times=0)

    with pytest.raises(error):
        client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)

    assert len(sandbox.requests(method="POST")) == 1
    assert len(client.list_subscriptions()) == len(sandbox.subscriptions())


def test_an_end_without_a_response_is_not_sent_again(sandbox: Sandbox, client: Client) -> None:
    made = client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
    sandbox.fault(kind="drop_after", path_prefix="/webhooks/", method="DELETE", times=0)

    with pytest.raises(Unavailable):
        client.unsubscribe(made)

    assert len(sandbox.requests(method="DELETE")) == 1
    assert client.list_subscriptions() == []


@both_dialects
def test_listing_survives_a_passing_fault(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault(kind="drop_before", path_prefix="/webhooks")

    assert client.list_subscriptions() == []
    assert client.requests_made == 2


@both_dialects
def test_a_server_without_webhooks_is_another_server(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault(kind="status", status=404, path_prefix="/webhooks", times=0)

    with pytest.raises(UnexpectedResponse, match="PNEUMATIC_API_URL"):
        client.list_subscriptions()
    with pytest.raises(UnexpectedResponse, match="PNEUMATIC_API_URL"):
        client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
