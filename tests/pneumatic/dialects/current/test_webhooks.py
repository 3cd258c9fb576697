"""The current dialect: one URL for each event, and workflows that can be read back."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from apps.pneumatic.canonical.events import Kind, Status
from apps.pneumatic.canonical.schemas import Subscription
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.errors import (
    ConfigurationError,
    Contradicted,
    NotFound,
    PermissionDenied,
    PneumaticError,
    Unavailable,
    UnexpectedResponse,
    ValidationFailed,
)
from tests.pneumatic import samples
from tests.pneumatic.behaviours import dropped, html, status
from tests.pneumatic.conftest import Connect, Serve
from tests.pneumatic.dialects.current import samples as api
from tests.pneumatic.servers import Behaviour, Seen, Server, Talk

TARGET = "https://dash.example.com/hooks/token-that-is-a-secret/"
OTHER = "https://other.example.com/"
SUBSCRIBE = "POST /webhooks/events/task_returned/subscribe"
UNSUBSCRIBE = "POST /webhooks/events/task_returned/unsubscribe"


class Hooks:
    """A server's events and their URLs; ``table`` replaces answers."""

    def __init__(self, serve: Serve, connect_to: Connect, table: dict[str, Any]) -> None:
        self.urls: dict[str, str] = {}
        self.table = table
        self.server: Server = serve(self.behave)
        self.client: Client = connect_to(self.server.url, dialect=Current())

    def behave(self, seen: Seen, talk: Talk) -> None:
        what = self.table.get(f"{seen.method} {seen.target}")
        if what is not None:
            what(seen, talk)
        elif seen.target == "/webhooks/events":
            talk.answer(body=api.hooks(**self.urls))
        else:
            event, action = seen.target.split("/")[-2:]
            if action == "subscribe":
                self.urls[event] = seen.json["url"]
            else:
                self.urls.pop(event, None)
            talk.answer(204, b"")

    def sent(self) -> list[str]:
        return [f"{seen.method} {seen.target}" for seen in self.server.seen]


@pytest.fixture
def hooks(serve: Serve, connect_to: Connect) -> Any:
    return lambda table=None: Hooks(serve, connect_to, table or {})


# -- Subscriptions


@pytest.mark.parametrize("kind", Kind)
def test_an_event_is_subscribed_to_by_its_own_path(hooks: Any, kind: Kind) -> None:
    there = hooks()

    made = there.client.subscribe(kind=kind, target=TARGET)

    assert (made.event, made.kind, made.target, made.is_deprecated) == (kind.value, kind, TARGET, False)
    assert there.client.list_subscriptions() == [made]
    assert there.server.seen[0].json == {"url": TARGET}
    assert there.sent()[0] == f"POST /webhooks/events/{kind.value}/subscribe"


def test_an_event_keeps_its_number_with_any_url(hooks: Any) -> None:
    there = hooks()
    first = [there.client.subscribe(kind=kind, target=TARGET).id for kind in Kind]
    second = [there.client.subscribe(kind=kind, target=OTHER).id for kind in Kind]

    assert first == second
    assert len(set(first)) == 4


def test_events_without_a_url_are_no_subscriptions(hooks: Any) -> None:
    there = hooks()
    assert there.client.list_subscriptions() == []
    there.client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)

    assert [row.event for row in there.client.list_subscriptions()] == ["task_returned"]


def test_an_unknown_event_is_listed_with_a_stable_number(hooks: Any) -> None:
    rows = [{"event": "workflow_painted", "url": OTHER}, {"event": "task_painted", "url": OTHER}]

    def listing(seen: Seen, talk: Talk) -> None:
        talk.answer(body=rows)

    first = hooks({"GET /webhooks/events": listing}).client.list_subscriptions()
    second = hooks({"GET /webhooks/events": listing}).client.list_subscriptions()

    assert [(row.event, row.kind) for row in first] == [("workflow_painted", None), ("task_painted", None)]
    assert first == second
    assert len({row.id for row in first}) == 2
    assert min(row.id for row in first) > 4


def test_an_end_is_sent_to_the_event_after_reading_its_url(hooks: Any) -> None:
    there = hooks()
    made = there.client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
    there.client.subscribe(kind=Kind.TASK_COMPLETED, target=TARGET)

    there.client.unsubscribe(made)

    assert there.sent()[2:] == ["GET /webhooks/events", UNSUBSCRIBE]
    assert [row.event for row in there.client.list_subscriptions()] == ["task_completed"]
    with pytest.raises(NotFound):
        there.client.unsubscribe(made)


def test_the_url_of_another_user_is_not_ended(hooks: Any) -> None:
    """For that call ends the event for the whole account."""
    there = hooks()
    made = there.client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)
    there.client.subscribe(kind=Kind.TASK_RETURNED, target=OTHER)

    with pytest.raises(NotFound):
        there.client.unsubscribe(made)
    with pytest.raises(NotFound):
        there.client.unsubscribe_target(TARGET)

    assert there.urls == {"task_returned": OTHER}


@pytest.mark.parametrize("target", [TARGET.rstrip("/"), TARGET.upper(), TARGET + "?a=b", "", TARGET[:-5]])
def test_urls_are_compared_character_by_character(hooks: Any, target: str) -> None:
    there = hooks()
    made = there.client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)

    with pytest.raises(NotFound):
        there.client.unsubscribe_target(target)
    with pytest.raises(NotFound):
        there.client.unsubscribe(Subscription(made.id, made.event, target))

    assert there.urls == {"task_returned": TARGET}


def test_all_events_of_a_url_are_ended_and_no_others(hooks: Any) -> None:
    there = hooks()
    for kind in Kind:
        there.client.subscribe(kind=kind, target=OTHER if kind is Kind.TASK_RETURNED else TARGET)

    there.client.unsubscribe_target(TARGET)

    assert there.urls == {"task_returned": OTHER}


def test_the_calls_that_end_everything_are_never_made(hooks: Any) -> None:
    there = hooks()
    for kind in Kind:
        there.client.unsubscribe(there.client.subscribe(kind=kind, target=TARGET))
        there.client.subscribe(kind=kind, target=OTHER)
    there.client.unsubscribe_target(OTHER)

    assert not {"POST /webhooks/subscribe", "POST /webhooks/unsubscribe"} & set(there.sent())
    assert not any(sent.startswith("DELETE") for sent in there.sent())


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (dropped, Unavailable),
        (html, UnexpectedResponse),
        (status(403), PermissionDenied),
        (status(404), Contradicted),
        (status(500), Unavailable),
        (status(400), ValidationFailed),
    ],
)
def test_a_subscription_fails_with_the_matching_error_and_is_sent_once(
    hooks: Any, behaviour: Behaviour, error: type[PneumaticError]
) -> None:
    there = hooks({SUBSCRIBE: behaviour})

    with pytest.raises(PneumaticError) as caught:
        there.client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)

    assert type(caught.value) is error
    assert there.sent() == [SUBSCRIBE]


@pytest.mark.parametrize("behaviour", [dropped, status(500)])
def test_an_end_without_a_response_is_sent_once(hooks: Any, behaviour: Behaviour) -> None:
    there = hooks({UNSUBSCRIBE: behaviour})
    made = there.client.subscribe(kind=Kind.TASK_RETURNED, target=TARGET)

    with pytest.raises(Unavailable):
        there.client.unsubscribe(made)

    assert there.sent().count(UNSUBSCRIBE) == 1


def test_a_list_that_the_key_may_not_read_is_an_error(hooks: Any) -> None:
    there = hooks({"GET /webhooks/events": status(403)})

    with pytest.raises(PermissionDenied):
        there.client.list_subscriptions()
    with pytest.raises(PermissionDenied):
        there.client.unsubscribe(Subscription(3, "task_returned", TARGET))


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        ({}, "events"),
        ([1], "events[0]"),
        ([{"url": 5, "event": "x"}], "events[0].url"),
        ([{"url": OTHER}], "events[0].event"),
    ],
)
def test_a_list_of_another_shape_is_invalid(hooks: Any, rows: Any, path: str) -> None:
    there = hooks({"GET /webhooks/events": lambda seen, talk: talk.answer(body=rows)})

    with pytest.raises(UnexpectedResponse) as caught:
        there.client.list_subscriptions()

    assert caught.value.path == path


# -- Workflows


def workflow(id_: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "name": f"Workflow {id_}",
        "status": 0,
        "date_created_tsp": 1795449771.5,
        "workflow_starter": 1,
        "template": {"id": 7, "name": "Template"},
        "tasks": [],
        **changes,
    }


class Workflows:
    """A server's workflows in pages, newest first as it has them."""

    def __init__(self, serve: Serve, connect_to: Connect, count: int) -> None:
        self.rows = [workflow(id_) for id_ in range(count, 0, -1)]
        self.server = serve(self.behave)
        self.client: Client = connect_to(self.server.url, dialect=Current())

    def behave(self, seen: Seen, talk: Talk) -> None:
        query = self.query(seen)
        rows = self.rows[::-1] if query.get("ordering") == "date" else self.rows
        start, size = int(query.get("offset", 0)), int(query["limit"])
        talk.answer(
            body=samples.envelope(rows[start : start + size], count=len(rows), more=start + size < len(rows))
        )

    @staticmethod
    def query(seen: Seen) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(seen.target.partition("?")[2]).items()}


def test_all_workflows_are_listed_newest_first(serve: Serve, connect_to: Connect) -> None:
    there = Workflows(serve, connect_to, 450)

    assert [row.id for row in there.client.list_workflows()] == list(range(450, 0, -1))

    asked = [there.query(seen) for seen in there.server.seen]
    assert all(int(query["limit"]) <= 1000 for query in asked)
    # A workflow that starts during reading comes last, and shifts no page.
    assert {query["ordering"] for query in asked} == {"date"}


def test_the_newest_of_them_take_one_request(serve: Serve, connect_to: Connect) -> None:
    there = Workflows(serve, connect_to, 450)

    rows = there.client.list_workflows(template_id=7, starter_id=3, status=Status.RUNNING, limit=20)

    assert [row.id for row in rows] == list(range(450, 430, -1))
    (seen,) = there.server.seen
    assert there.query(seen) == {
        "ordering": "-date",
        "template_id": "7",
        "workflow_starter": "3",
        "status": "running",
        "limit": "20",
        "offset": "0",
    }


@pytest.mark.parametrize(
    ("status_", "word"),
    [(Status.RUNNING, "running"), (Status.COMPLETED, "done"), (Status.SNOOZED, "snoozed")],
)
def test_a_status_is_requested_by_the_servers_word(
    serve: Serve, connect_to: Connect, status_: Status, word: str
) -> None:
    there = Workflows(serve, connect_to, 1)

    there.client.list_workflows(status=status_, limit=1)

    assert there.query(there.server.seen[0])["status"] == word


def test_a_server_that_sends_more_than_requested_is_cut(serve: Serve, connect_to: Connect) -> None:
    rows = [workflow(id_) for id_ in (3, 2, 1)]
    server = serve(lambda seen, talk: talk.answer(body=samples.envelope(rows)))

    assert [row.id for row in connect_to(server.url, dialect=Current()).list_workflows(limit=2)] == [3, 2]


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (status(404), NotFound),
        (status(403), PermissionDenied),
        (status(503), Unavailable),
        (lambda seen, talk: talk.answer(body=workflow(6)), UnexpectedResponse),
        (lambda seen, talk: talk.answer(body={"name": "x"}), UnexpectedResponse),
    ],
)
def test_one_workflow_fails_with_the_matching_error(
    serve: Serve, connect_to: Connect, behaviour: Behaviour, error: type[PneumaticError]
) -> None:
    with pytest.raises(PneumaticError) as caught:
        connect_to(serve(behaviour).url, dialect=Current()).get_workflow(5)

    assert type(caught.value) is error


def test_the_documented_server_lists_no_workflows(serve: Serve, connect_to: Connect) -> None:
    server = serve(api.not_found)
    client = connect_to(server.url)

    for ask in (
        client.list_workflows,
        lambda: client.list_workflows(limit=1),
        lambda: client.get_workflow(1),
    ):
        with pytest.raises(ConfigurationError):
            ask()

    assert server.seen == []


def test_where_files_are_is_seen_at_one_of_them(serve: Serve, connect_to: Connect) -> None:
    rows = [{"id": 1, "file_id": "u", "url": "https://pneumatic.example/files/u"}]
    server = serve(api.routes({"GET /attachments": samples.envelope(rows)}))

    assert connect_to(server.url, dialect=Current()).find_files_url() == "https://pneumatic.example/files"
    assert connect_to("http://127.0.0.1:9").find_files_url() == ""
