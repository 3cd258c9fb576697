"""The client against the sandbox as the current API: one URL for each event, of the user who wrote it last."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.client import Client, connect
from apps.pneumatic.errors import NotFound, PermissionDenied, PneumaticError, Unavailable, UnexpectedResponse
from tests.fixtures.sandbox import Sandbox, only_current

pytestmark = only_current

TARGET = "https://listener.example.com/a%20path?with=query&more=%C3%BC+x"
OTHER = "https://listener.example.com/other"
BO, DANA = 2, 4


@pytest.mark.parametrize("kind", Kind)
def test_it_subscribes_to_every_kind_and_lists_it(sandbox: Sandbox, client: Client, kind: Kind) -> None:
    made = client.subscribe(kind=kind, target=TARGET)

    assert client.list_subscriptions() == [made]
    assert (made.event, made.kind, made.target) == (kind.value, kind, TARGET)
    assert [(row["event"], row["target"]) for row in sandbox.subscriptions()] == [(kind.value, TARGET)]


def test_a_second_url_replaces_the_first_one(sandbox: Sandbox, client: Client) -> None:
    first = client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
    second = client.subscribe(kind=Kind.TASK_RETURNED, target=OTHER)

    assert client.list_subscriptions() == [second]
    assert first.id == second.id
    with pytest.raises(NotFound):
        client.unsubscribe(first)
    assert len(sandbox.subscriptions()) == 1


def test_an_end_is_for_the_whole_account(sandbox: Sandbox, client: Client, settings: Settings) -> None:
    made = client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-dana", DANA)
    with connect() as other:
        other.subscribe(kind=Kind.TASK_RETURNED, target=OTHER)
        assert len(sandbox.subscriptions()) == 2
        assert other.list_subscriptions() == [made]  # just one of them shows

        other.unsubscribe(made)

    assert sandbox.subscriptions() == []


def test_the_url_that_another_admin_has_there_already_breaks_the_server(
    sandbox: Sandbox, client: Client, settings: Settings
) -> None:
    """As after a change of the key; the list shows the URL."""
    made = client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-dana", DANA)

    with connect() as other:
        with pytest.raises(Unavailable):
            other.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
        assert other.list_subscriptions() == [made]


def test_the_hooks_of_others_outlive_all_that_we_do(sandbox: Sandbox, client: Client) -> None:
    """No call is made that would end them."""
    client.subscribe(kind=Kind.WORKFLOW_STARTED, target=OTHER)
    for kind in (Kind.TASK_RETURNED, Kind.TASK_COMPLETED, Kind.WORKFLOW_COMPLETED):
        made = client.subscribe(kind=kind, target=TARGET)
        client.unsubscribe(made)
        client.subscribe(kind=kind, target=TARGET)
    client.unsubscribe_target(TARGET)

    assert [row["target"] for row in sandbox.subscriptions()] == [OTHER]
    paths = {entry["path"] for entry in sandbox.requests(method="POST")}
    assert not paths & {"/webhooks/subscribe", "/webhooks/unsubscribe"}


def test_a_user_who_is_no_admin_is_refused(sandbox: Sandbox, client: Client, settings: Settings) -> None:
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-bo", BO)

    with connect() as member:
        for call in (
            member.list_subscriptions,
            lambda: member.subscribe(kind=Kind.TASK_RETURNED, target=TARGET),
            lambda: member.unsubscribe_target(TARGET),
        ):
            with pytest.raises(PermissionDenied):
                call()

    assert sandbox.subscriptions() == []


@pytest.mark.parametrize(
    ("kind", "error"),
    [("drop_after", Unavailable), ("html_200", UnexpectedResponse), ("broken_json", UnexpectedResponse)],
)
def test_without_a_response_nothing_is_sent_again_and_the_list_shows_it(
    sandbox: Sandbox, client: Client, kind: str, error: type[PneumaticError]
) -> None:
    sandbox.fault(kind=kind, path_prefix="/webhooks", method="POST", times=0)

    with pytest.raises(error):
        client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)

    assert len(sandbox.requests(method="POST")) == 1
    assert len(client.list_subscriptions()) == len(sandbox.subscriptions())


def test_an_end_without_a_response_is_not_sent_again(sandbox: Sandbox, client: Client) -> None:
    made = client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
    sandbox.fault(kind="drop_after", path_prefix="/webhooks/", method="POST", times=0)
    sandbox.clear_requests()

    with pytest.raises(Unavailable):
        client.unsubscribe(made)

    assert len(sandbox.requests(method="POST")) == 1
    assert client.list_subscriptions() == []
