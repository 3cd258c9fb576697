"""Every recorded answer to a read, given again: what the client makes of it is what the release described."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from apps.pneumatic.canonical.events import Performer, Status, TaskSnapshot, TaskStatus, WorkflowSnapshot
from apps.pneumatic.canonical.schemas import FieldDefinition, User
from apps.pneumatic.errors import AuthenticationFailed, NotFound, PermissionDenied, PneumaticError
from tests.contract.older_releases.covered import Replay, recordings
from tests.contract.older_releases.server import Play, ReplayServer
from tests.contract.recordings import Exchange, page, rows_of
from tests.contract.releases_recorded import TAGS, recorded

ERRORS: dict[int, type[PneumaticError]] = {401: AuthenticationFailed, 403: PermissionDenied, 404: NotFound}
STATUSES = {0: Status.RUNNING, 1: Status.COMPLETED, 3: Status.SNOOZED}
WITH_OPTIONS = {"radio", "dropdown", "checkbox"}


def is_whole(found: Exchange) -> bool:
    """Return whether a list is complete, and not a page of one."""
    return isinstance(found.answer, list)


def assert_given(server: ReplayServer, found: list[Exchange], tag: str) -> None:
    """Check that every recording was sent to the client."""
    assert {one.name for one in found} <= set(server.given), tag
    assert found, tag


# -- Templates


def check_fields(fields: tuple[FieldDefinition, ...], sent: list[dict[str, Any]], *, tag: str) -> None:
    """Check a form: its fields in the order of the page, and of each option what a launch sends for it."""
    rows = sorted(sent, key=lambda row: row["order"], reverse=True)
    assert [(one.api_name, one.name, one.type, one.is_required, one.description) for one in fields] == [
        (row["api_name"], row["name"], row["type"], row["is_required"], row["description"]) for row in rows
    ], tag
    assert [one.is_hidden for one in fields] == [row.get("is_hidden", False) for row in rows], tag
    for field, row in zip(fields, rows, strict=True):
        options = row.get("selections", [])
        assert (field.type in WITH_OPTIONS) == bool(options), (tag, field.api_name)
        labels = [option if isinstance(option, str) else option["value"] for option in options]
        assert [one.label for one in field.selections] == labels, (tag, field.api_name)
        keys = [option["api_name"] for option in options] if tag < "v6" else labels
        assert [one.key for one in field.selections] == keys, (tag, field.api_name)


@pytest.mark.parametrize("tag", TAGS)
def test_lists_of_templates(play: Play, server: ReplayServer, tag: str) -> None:
    every, client = recordings(tag, Replay.TEMPLATE_LIST), play()
    for found in every:
        server.choose(found)
        if found.status != 200:
            with pytest.raises(ERRORS[found.status]) as caught:
                client.list_templates()
            assert caught.value.status == found.status, found.name
            continue
        rows = rows_of(found)
        read = [client._dialect.parse_template_summary(node) for node in page(client, found)]
        assert [(one.id, one.name, one.is_active, one.description, one.tasks_count) for one in read] == [
            (row["id"], row["name"], row["is_active"], row["description"], row["tasks_count"]) for row in rows
        ], (tag, found.name)
        for template, row in zip(read, rows, strict=True):
            owners = row.get("template_owners") or [int(owner["source_id"]) for owner in row["owners"]]
            assert list(template.run_allowed) == list(template.owner_ids) == owners, (tag, found.name)
            assert template.owner_group_ids == (), (tag, found.name)
            assert template.kickoff.description == row["kickoff"].get("description", ""), (tag, found.name)
            check_fields(template.kickoff.fields, row["kickoff"]["fields"], tag=tag)
        if is_whole(found):
            assert [one.id for one in client.list_templates()] == [row["id"] for row in rows], found.name
    assert_given(server, every, tag)


@pytest.mark.parametrize("tag", TAGS)
def test_templates(play: Play, server: ReplayServer, tag: str) -> None:
    every = recordings(tag, Replay.TEMPLATE)
    listed, context = recorded(tag, "templates-list"), recorded(tag, "auth-context")
    for found in every:
        if found.status != 200:
            # The list of a user who may not read a template lacks it.
            client = play(found, recorded(tag, "templates-list-nonadmin"))
            with pytest.raises(NotFound):
                client.get_template(found.number)
            continue
        sent = found.answer
        client = play(found, listed, context)
        read = [client.receive_template(found.number)]
        read += client.receive_templates(
            [row for row in client.receive_template_list() if row.id == found.number]
        )
        for template in (received.read() for received in read):
            assert (template.id, template.name, template.is_active) == (
                sent["id"],
                sent["name"],
                sent["is_active"],
            )
            assert (template.finalizable, template.updated_by) == (sent["finalizable"], sent["updated_by"])
            assert template.date_updated is not None
            assert abs(template.date_updated.timestamp() - sent["date_updated_tsp"]) < 1e-3
            tasks = sent["tasks"]
            assert [(one.id, one.number, one.name, one.description) for one in template.tasks] == [
                (task["id"], task["number"], task["name"], task["description"]) for task in tasks
            ], (tag, found.name)
            for one, task in zip(template.tasks, tasks, strict=True):
                people = [int(row["source_id"]) for row in task["raw_performers"] if row["type"] == "user"]
                assert list(one.responsible) == people, (tag, found.name)
                assert [field.api_name for field in one.fields] == [
                    row["api_name"]
                    for row in sorted(task["fields"], key=lambda row: row["order"], reverse=True)
                ], (tag, found.name)
        for row in (row for row in listed.answer if row["id"] == found.number):
            check_fields(read[1].read().kickoff.fields, row["kickoff"]["fields"], tag=tag)
            again = client.receive_template(found.number, known=read[1].raw)
            assert again.raw == read[1].raw, (tag, found.name)
    assert_given(server, every, tag)


# -- People


def check_user(user: User, row: dict[str, Any], name: str) -> None:
    assert (user.id, user.email, user.first_name, user.last_name, user.status) == (
        row["id"], row["email"], row["first_name"], row["last_name"], row["status"],
    ), name  # fmt: skip
    assert (user.is_admin, user.is_account_owner) == (row["is_admin"], row["is_account_owner"]), name
    assert (user.phone, user.photo) == (row["phone"] or "", row["photo"] or ""), name
    assert (user.invite is None) == (row["invite"] is None), name


@pytest.mark.parametrize("tag", TAGS)
def test_people(play: Play, server: ReplayServer, tag: str) -> None:
    users, groups = recordings(tag, Replay.USERS), recordings(tag, Replay.GROUPS)
    key_users = recordings(tag, Replay.KEY_HOLDER)
    client = play()
    for found in users:
        server.choose(found)
        read = [client._dialect.parse_user(node) for node in page(client, found)]
        for user, row in zip(read, rows_of(found), strict=True):
            check_user(user, row, f"{tag}/{found.name}")
        if is_whole(found):
            assert client.list_users() == read, (tag, found.name)
    for found in groups:
        (group,) = play(found).list_groups()
        assert (group.id, group.name, group.users) == (1, "Team Blue", (2,)), tag
    for found in key_users:
        key_user = play(found).key_holder()
        assert key_user is not None
        sent = found.answer
        assert (key_user.user_id, key_user.email, key_user.zone) == (
            sent["id"],
            sent["email"],
            sent["timezone"],
        )
        assert key_user.name == f"{sent['first_name']} {sent['last_name']}", (tag, found.name)
        assert (key_user.is_admin, key_user.is_account_owner) == (sent["is_admin"], sent["is_account_owner"])
        assert key_user.sees_everything != found.name.endswith("nonadmin"), (tag, found.name)
    assert_given(server, [*users, *groups, *key_users], tag)


# -- Workflows


def check_task(task: TaskSnapshot, sent: dict[str, Any], name: str) -> None:
    assert (task.id, task.name, task.number) == (sent["id"], sent["name"], sent["number"]), name
    for time, key in ((task.date_started, "date_started_tsp"), (task.date_completed, "date_completed_tsp")):
        expected = sent.get(key)
        assert (time is None) == (expected is None), (name, key)
        assert time is None or abs(time.timestamp() - float(expected or 0)) < 1e-3, (name, key)
    # Bare ids, or objects with the id as a text.
    ids = [one if isinstance(one, int) else int(one["source_id"]) for one in sent["performers"]]
    assert task.performers == tuple(Performer(id_, "") for id_ in ids), name
    assert task.status is (TaskStatus(sent["status"]) if "status" in sent else TaskStatus.UNKNOWN), name


def check_workflow(read: WorkflowSnapshot, sent: dict[str, Any], name: str) -> None:
    assert (read.id, read.name, read.status) == (sent["id"], sent["name"], STATUSES[sent["status"]]), name
    assert (read.template_id, read.template_name) == (sent["template"]["id"], sent["template"]["name"]), name
    assert (read.starter_id, read.is_urgent) == (sent["workflow_starter"], sent["is_urgent"]), name
    assert read.owner_ids == tuple(sent.get("owners", sent["template"].get("template_owners", ()))), name
    for time, key in ((read.date_created, "date_created"), (read.date_completed, "date_completed"),
                      (read.due, "due_date")):  # fmt: skip
        expected = sent[f"{key}_tsp"]
        assert (time is None) == (expected is None), (name, key)
        assert time is None or abs(time.timestamp() - expected) < 1e-3, (name, key)
    if "tasks" in sent:
        assert len(read.tasks) == len(sent["tasks"]), name
        for task, row in zip(read.tasks, sorted(sent["tasks"], key=lambda row: row["number"]), strict=True):
            check_task(task, row, name)
        open_now = [row["id"] for row in sent["tasks"] if row["status"] in {"active", "snoozed"}]
        assert [task.id for task in read.current_tasks()] == open_now, name
    else:
        # Releases 1.0 and 2.0: passed tasks have no times, so they are not among the tasks.
        assert read.tasks == (), name
        passed = [(row["id"], row["name"], row["number"]) for row in sent["passed_tasks"]]
        assert [(task.id, task.name, task.number) for task in read.passed or ()] == passed, name
        assert read.current_task is not None
        check_task(read.current_task, sent["task"] if "task" in sent else sent["current_task"], name)


@pytest.mark.parametrize("tag", TAGS)
def test_lists_of_workflows(play: Play, server: ReplayServer, tag: str) -> None:
    every, client = recordings(tag, Replay.WORKFLOW_LIST), play()
    refused = [found.name for found in every if found.status != 200]
    # Another user than an administrator may not list workflows before 5.0.
    assert refused == (["probe-workflows-nonadmin", "workflows-list-nonadmin"] if tag < "v5" else [])
    for found in every:
        server.choose(found)
        if found.status != 200:
            with pytest.raises(PermissionDenied):
                client.list_workflows(limit=5)
            continue
        read = client.list_workflows(limit=5)
        for workflow, sent in zip(read, rows_of(found), strict=True):
            check_workflow(workflow, sent, f"{tag}/{found.name}")
            assert workflow.kickoff == ()
    assert_given(server, every, tag)


@pytest.mark.parametrize("tag", TAGS)
def test_workflows(play: Play, server: ReplayServer, tag: str) -> None:
    every, client = recordings(tag, Replay.WORKFLOW), play()
    for found in every:
        server.choose(found)
        if found.status != 200:
            with pytest.raises(NotFound):
                client.get_workflow(found.number)
            continue
        workflow = client.get_workflow(found.number)
        check_workflow(workflow, found.answer, f"{tag}/{found.name}")
        sent = found.answer["kickoff"]["output"]
        assert [(one.api_name, one.name, one.type) for one in workflow.kickoff] == [
            (row["api_name"], row["name"], row["type"]) for row in sent
        ], (tag, found.name)
        check_answers(workflow, sent, f"{tag}/{found.name}")
    assert_given(server, every, tag)


def check_answers(workflow: WorkflowSnapshot, sent: list[dict[str, Any]], name: str) -> None:
    for one, row in zip(workflow.kickoff, sent, strict=True):
        chosen = [choice.label for choice in one.choices if choice.is_selected]
        if row["selections"] and isinstance(row["selections"][0], dict):
            options = row["selections"]
            assert chosen == [option["value"] for option in options if option["is_selected"]], name
            assert [choice.key for choice in one.choices] == [option["api_name"] for option in options], name
        elif row["type"] == "checkbox":
            assert ", ".join(chosen) == row["value"], name
        elif row["type"] in WITH_OPTIONS:
            assert chosen == ([row["value"]] if row["value"] else []), name
        elif row["type"] == "user":
            # The id, or the name from 4.3 on.
            assert one.user_id == row["user_id"], name
            assert one.value == ("" if row["value"] == str(row["user_id"]) else row["value"]), name
        elif row["type"] == "date" and row["value"]:
            assert one.value == "2027-03-28", name
        elif row["type"] == "file":
            assert one.files == (), name
        else:
            assert one.value == row["value"], name


# -- Files and webhooks


@pytest.mark.parametrize("tag", TAGS)
def test_lists_of_files(play: Play, server: ReplayServer, tag: str) -> None:
    every, client = recordings(tag, Replay.FILE_LIST), play()
    for found in every:
        server.choose(found)
        if found.status == 200:
            url = "http://127.0.0.1:29901/files" if rows_of(found) else ""
            assert client.find_files_url() == url, (tag, found.name)
        else:
            with pytest.raises(PneumaticError):
                client.find_files_url()
    assert_given(server, every, tag)
    assert Counter(found.status for found in every) == ({200: 4} if tag > "v7" else {404: 2})


@pytest.mark.parametrize("tag", TAGS)
def test_detection(play: Play, server: ReplayServer, tag: str) -> None:
    """A user who is no administrator may not read the list of events, so the documented API's list is tried too."""
    every = recordings(tag, Replay.DETECTION)
    for suffix in ("", "-nonadmin"):
        names = ["webhooks-events", "probe-webhooks", "probe-google-token", "probe-auth-context"]
        client = play(*(recorded(tag, name + suffix) for name in names))
        assert client.detect_dialect() == "current", tag
        assert client.key_holder() is not None
        assert ("GET /webhooks" in server.requested) == bool(suffix), tag
    client = play(recorded(tag, "probe-webhooks"))
    with pytest.raises(PneumaticError):
        client.detect_dialect()
    # Other releases are known by a key in the user's data, so the probe is not made.
    probes = {"probe-google-token", "probe-google-token-nonadmin"}
    is_probed = "v2" < tag < "v5"
    assert {found.name for found in every} - set(server.given) == (set() if is_probed else probes)


@pytest.mark.parametrize("tag", TAGS)
def test_lists_of_subscriptions(play: Play, server: ReplayServer, tag: str) -> None:
    every, client = recordings(tag, Replay.SUBSCRIPTION_LIST), play()
    for found in every:
        server.choose(found)
        if found.status != 200:
            with pytest.raises(PermissionDenied):
                client.list_subscriptions()
            continue
        read = client.list_subscriptions()
        assert {one.event: one.target for one in read} == {
            row["event"]: row["url"] for row in found.answer if row["url"]
        }, (tag, found.name)
        assert all(one.kind is not None for one in read), (tag, found.name)
        assert len({one.id for one in read}) == len(read), (tag, found.name)
    assert_given(server, every, tag)
