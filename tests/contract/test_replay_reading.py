"""Recorded answers to reads, given once more: what the client makes of them is what is described of the server."""

from __future__ import annotations

from typing import Any

import pytest

from apps.pneumatic.canonical.events import Status, TaskStatus, WorkflowSnapshot
from apps.pneumatic.canonical.schemas import User
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.errors import (
    AuthenticationFailed,
    NotFound,
    PermissionDenied,
    PneumaticError,
    ValidationFailed,
)
from tests.contract.recordings import answering, exchange, is_list_of, named, page, rows_of
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

# Recorded with another server's language, method or header; the client's own request of that path gets the answer.
ERRORS: dict[int, type[PneumaticError]] = {
    400: ValidationFailed,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
}


USER_LISTS = named(lambda found: is_list_of("/accounts/users")(found) and found.status == 200)
USER_LIST_ERRORS = named(lambda found: is_list_of("/accounts/users")(found) and found.status != 200)
HOOK_LISTS = named(is_list_of("/webhooks/events"))
WORKFLOW_LISTS = named(lambda found: is_list_of("/workflows")(found) and found.status == 200)
WORKFLOW_LIST_ERRORS = named(lambda found: is_list_of("/workflows")(found) and found.status != 200)
WORKFLOWS = named(lambda found: found.place.startswith("GET /workflows/"))
ATTACHMENTS = named(is_list_of("/attachments"))
SINGLE = ["groups-list", "setup-auth-context", "not-found-path"]
COVERED = [
    *USER_LISTS, *USER_LIST_ERRORS, *HOOK_LISTS,
    *WORKFLOW_LISTS, *WORKFLOW_LIST_ERRORS, *WORKFLOWS, *ATTACHMENTS, *SINGLE,
]  # fmt: skip


NO_CHOICE = {"ordering": ["Select a valid choice. email is not one of the available choices."]}


# -- People


@pytest.mark.parametrize("name", USER_LISTS)
def test_a_list_of_users(serve: Serve, connect_to: Connect, name: str) -> None:
    found = exchange(name)
    client = connect_to(serve(answering(name)).url, dialect=Current())

    read: list[User] = [client._dialect.parse_user(node) for node in page(client, found)]

    assert [
        (user.id, user.email, user.first_name, user.last_name, user.status, user.is_admin, user.is_account_owner)
        for user in read
    ] == [
        (row["id"], row["email"], row["first_name"], row["last_name"], row["status"], row["is_admin"],
         row["is_account_owner"])
        for row in rows_of(found)
    ]  # fmt: skip
    assert [(user.phone, user.photo) for user in read] == [
        (row["phone"] or "", row["photo"] or "") for row in rows_of(found)
    ]
    for user, row in zip(read, rows_of(found), strict=True):
        assert (user.invite is None) is (row["invite"] is None)
        assert user.invite is None or user.invite.id == row["invite"]["id"]
    if isinstance(found.answer, list):
        assert client.list_users() == read


def test_inactive_users_are_listed_as_such(serve: Serve, connect_to: Connect) -> None:
    users = connect_to(serve(answering("users-list-after-deactivate")).url, dialect=Current()).list_users()

    assert {user.email: user.status for user in users} == {
        "owner@example.test": "active", "admin@example.test": "active", "plain@example.test": "active",
        "soren@example.test": "active", "invited@example.test": "invited", "gone@example.test": "inactive",
        "gone2@example.test": "inactive",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("users-list-ordering-bad", NO_CHOICE),
        ("users-list-status-bad", {"": ["'bogus' is an invalid value for the filter"]}),
    ],
)  # fmt: skip
def test_a_refused_list_of_users(
    serve: Serve, connect_to: Connect, name: str, errors: dict[str, list[str]]
) -> None:
    assert sorted(USER_LIST_ERRORS) == ["users-list-ordering-bad", "users-list-status-bad"]

    with pytest.raises(ValidationFailed) as caught:
        connect_to(serve(answering(name)).url, dialect=Current()).list_users()

    assert caught.value.errors == errors


def test_groups_and_the_holder_of_the_key(serve: Serve, connect_to: Connect) -> None:
    client = connect_to(serve(answering("groups-list", "setup-auth-context")).url, dialect=Current())

    (group,) = client.list_groups()
    key_holder = client.key_holder()

    assert (group.id, group.name, group.users) == (1, "Reviewers Ü", (2, 3))
    assert key_holder is not None
    assert (key_holder.user_id, key_holder.email, key_holder.name, key_holder.zone) == (
        1,
        "owner@example.test",
        "Olga Owner",
        "UTC",
    )
    assert (key_holder.is_admin, key_holder.is_account_owner) == (True, True)


# -- Webhooks


@pytest.mark.parametrize("name", HOOK_LISTS)
def test_a_list_of_events(serve: Serve, connect_to: Connect, name: str) -> None:
    read = connect_to(serve(answering(name)).url, dialect=Current()).list_subscriptions()

    assert {row.event: row.target for row in read} == {
        row["event"]: row["url"] for row in exchange(name).answer if row["url"]
    }
    assert all(row.kind == row.event for row in read)
    assert len({row.id for row in read}) == len(read)


# -- Workflows


def check_workflow(read: WorkflowSnapshot, sent: dict[str, Any]) -> None:
    statuses = {0: Status.RUNNING, 1: Status.COMPLETED, 3: Status.SNOOZED}
    assert (read.id, read.name, read.status) == (sent["id"], sent["name"], statuses[sent["status"]])
    assert (read.template_id, read.template_name) == (sent["template"]["id"], sent["template"]["name"])
    assert (read.starter_id, read.is_urgent) == (sent["workflow_starter"], sent["is_urgent"])
    for time, key in [
        (read.date_created, "date_created_tsp"),
        (read.date_completed, "date_completed_tsp"),
        (read.due, "due_date_tsp"),
    ]:
        assert (time is None) is (sent[key] is None)
        assert time is None or abs(time.timestamp() - sent[key]) < 1e-3
    there = [task for task in sent["tasks"] if task["status"] != "skipped"]
    assert [(task.id, task.name, task.number, task.status) for task in read.tasks] == [
        (task["id"], task["name"], task["number"], TaskStatus(task["status"])) for task in there
    ]
    active = [task["id"] for task in there if task["status"] == "active"]
    if active:
        assert read.current_task is not None
        assert read.current_task.id == active[0]
    assert [[performer.id for performer in task.performers] for task in read.tasks] == [
        [performer["source_id"] for performer in task["performers"]] for task in there
    ]


@pytest.mark.parametrize("name", WORKFLOW_LISTS)
def test_a_list_of_workflows(serve: Serve, connect_to: Connect, name: str) -> None:
    found = exchange(name)
    client = connect_to(serve(answering(name)).url, dialect=Current())

    read = client.list_workflows(limit=1000)

    assert len(read) == len(rows_of(found))
    for workflow, sent in zip(read, rows_of(found), strict=True):
        check_workflow(workflow, sent)
        answers = [(output.api_name, output.value) for output in workflow.kickoff]
        assert answers == [(row["api_name"], row["value"]) for row in sent["fields"]]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("workflows-list-limit-too-big", "limit"),
        ("workflows-list-ordering-name", "ordering"),
        ("workflows-list-status-int", "status"),
        ("workflows-list-status-terminated", "status"),
    ],
)
def test_a_refused_list_of_workflows(serve: Serve, connect_to: Connect, name: str, field: str) -> None:
    assert len(WORKFLOW_LIST_ERRORS) == 4
    assert name in WORKFLOW_LIST_ERRORS

    with pytest.raises(ValidationFailed) as caught:
        connect_to(serve(answering(name)).url, dialect=Current()).list_workflows(limit=5)

    assert caught.value.field == field


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_single_workflow(serve: Serve, connect_to: Connect, name: str) -> None:
    found = exchange(name)
    client = connect_to(serve(answering(name)).url, dialect=Current())

    if found.status != 200:
        with pytest.raises(ERRORS[found.status]) as caught:
            client.get_workflow(found.number)
        assert caught.value.status == found.status
        return

    workflow = client.get_workflow(found.number)

    check_workflow(workflow, found.answer)
    assert [(output.api_name, output.name, output.type) for output in workflow.kickoff] == [
        (output["api_name"], output["name"], output["type"]) for output in found.answer["kickoff"]["output"]
    ]
    chosen = {output.api_name: [choice.label for choice in output.choices if choice.is_selected]
              for output in workflow.kickoff if output.choices}  # fmt: skip
    if found.answer["template"]["id"] == 1:
        # The comma within the one option does not make two of it.
        assert chosen == {"priority": ["High"], "channels": ["E-mail", "Fax, telex"], "country": ["日本"]}


@pytest.mark.parametrize("name", ATTACHMENTS)
def test_where_files_are_is_seen_in_workflows(serve: Serve, connect_to: Connect, name: str) -> None:
    client = connect_to(serve(answering(name)).url, dialect=Current())

    expected = "http://127.0.0.1:8002" if rows_of(exchange(name)) else ""
    assert client.find_files_url() == expected


def test_a_missing_path_is_answered_in_html(serve: Serve, connect_to: Connect) -> None:
    client = connect_to(serve(answering("not-found-path")).url, dialect=Current())

    with pytest.raises(NotFound) as caught:
        client._transport.get("/nope")

    assert "<" not in str(caught.value)
