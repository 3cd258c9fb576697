"""The pages of workflows of the current server: several tasks at once, people by number, what was read back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import PneumaticGroup
from apps.pneumatic.canonical.activity import ActivityLog
from apps.pneumatic.canonical.events import Event
from apps.pneumatic.dialects.current import events as current_events
from apps.webhooks.models import Event as EventRow
from apps.workflows.reconciliation.observations import deleted_event, record_activity, record_observations
from tests.factories import NOW, make_pneumatic_user, make_workflow
from tests.fixtures.deliveries import Deliver
from tests.fixtures.payloads import OURS
from tests.pneumatic import recorded
from tests.workflows.snapshot_histories import BEGIN, Server

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_events, "account_zone", lambda: dt.UTC)


def make_group(id_: int, name: str, *users: int) -> PneumaticGroup:
    return PneumaticGroup.objects.create(
        id=id_,
        name=name,
        size=len(users),
        users=list(users),
        search=name.casefold(),
        content_hash="x",
        first_seen_at=NOW,
        changed_at=NOW,
        raw={},
    )


def text_of(client: Client, url: str) -> str:
    return " ".join(client.get(url).content.decode().split())


def read_back(*events: Event) -> None:
    for event in events:
        record_observations([event])


def replay(deliver: Deliver, prefix: str) -> None:
    for name in recorded.DELIVERIES:
        if name.startswith(prefix):
            body = recorded.load(name)
            assert deliver({**body, "hook": {**body["hook"], "target": OURS}}).status_code == 200


def test_the_recorded_flow_makes_the_page_of_a_workflow(deliver: Deliver, viewer_client: Client) -> None:
    make_pneumatic_user(1, first="Olga", last="Owner")
    make_pneumatic_user(2, first="Anna", last="Admin")
    replay(deliver, "delivery-0")

    page = text_of(viewer_client, "/workflows/87/")

    assert "Workflow completed" in page
    assert "Step 1, Check Hook Client Æ: completed" in page
    assert "Returned from Step 2, Approve, to Step 1, Check Hook Client Æ" in page
    assert "round 2" in page
    assert "Olga Owner" in page
    assert "Anna Admin" in page
    assert "Events are missing" not in page
    assert "1 Jan 2026" in page
    assert 'href="http://127.0.0.1:8002/6b787f31-3c41-4a4f-b120-aafe7647f321"' in page
    assert "Contract.pdf" in page
    assert "Fax, telex" in page
    assert "1234.56" in page
    assert "Done 2" in page
    assert "Started in Pneumatic." in page


def test_several_current_tasks_are_shown_with_all_their_performers(viewer_client: Client) -> None:
    make_pneumatic_user(1, first="Bo", last="Li")
    make_group(2, "Reviewers")
    read_back(Server([2, 1]).reading())

    listed = text_of(viewer_client, "/workflows/")
    page = text_of(viewer_client, "/workflows/7/")

    assert "Task 1, Task 2" in listed
    assert "<bdi>Bo Li</bdi>" in listed
    assert "Step 1, Task 1: in progress" in page
    assert "Step 2, Task 2: in progress" in page
    assert "<bdi>Reviewers</bdi>" in page
    assert "<bdi>Group 1</bdi>" in page


def test_what_is_assigned_to_my_group_is_assigned_to_me(operator_client: Client) -> None:
    make_pneumatic_user(50, email="operator@example.com")
    make_group(1, "Mine", 50)
    make_group(9, "Not mine", 51)
    read_back(Server([1], id_=3).reading(), Server([1, 1], id_=4).reading())
    make_workflow(5, name="Of a person with the group's number", performers=[(1, "Somebody")])

    found = operator_client.get("/workflows/?held=me").context["page"]
    (row,) = [row for row in operator_client.get("/workflows/").context["rows"] if row.workflow.pk == 3]
    home = text_of(operator_client, "/")

    assert [workflow.pk for workflow in found] == [4, 3]
    assert row.is_mine
    assert "Assigned to me" in home


def test_an_answer_that_is_a_group_is_named(deliver: Deliver, viewer_client: Client) -> None:
    workflow = recorded.load("workflow-group-as-answer")
    deliver({"hook": {"id": 1, "event": "workflow_started", "target": OURS}, "workflow": workflow})

    page = text_of(viewer_client, "/workflows/72/")

    assert "Reviewers Ü" in page
    assert ">group</span>" in page


def test_a_deleted_workflow_is_shown_as_deleted(viewer_client: Client) -> None:
    make_pneumatic_user(1, first="Bo", last="Li")
    read_back(Server([1]).reading(BEGIN), deleted_event(7))

    page = text_of(viewer_client, "/workflows/7/")
    listed = viewer_client.get("/workflows/?state=running").context["page"]

    assert "deleted in Pneumatic" in page
    assert "<dt>Detected</dt>" in page
    assert "Workflow deleted in Pneumatic" in page
    assert "Step 1, Task 1: still open when the workflow ended" in page
    assert list(listed) == []
    assert [workflow.pk for workflow in viewer_client.get("/workflows/?state=deleted").context["page"]] == [7]


def test_the_page_of_a_reading_assigns_a_task_that_waits_to_no_user(viewer_client: Client) -> None:
    make_pneumatic_user(1, first="Bo", last="Li")
    server = Server([1])
    server.snooze()
    read_back(server.reading())

    page = text_of(viewer_client, f"/workflows/7/events/{EventRow.objects.get().pk}/")

    assert "Task 1" in page
    assert "Assigned to" not in page


def test_the_event_of_who_did_what_has_a_page(viewer_client: Client) -> None:
    server = Server([1, 1])
    server.complete(1)
    read_back(server.reading())
    record_activity(7, server.activity().activity or ActivityLog())

    page = text_of(viewer_client, f"/workflows/7/events/{EventRow.objects.get(kind='activity').pk}/")

    assert "Event: read who did what" in page.replace("Read", "read")
    assert "Read from Pneumatic, not received as an event." in page


def test_a_task_that_is_inferred_from_another_event_says_so(viewer_client: Client) -> None:
    server = Server([1, 1])
    server.complete(1)
    read_back(server.reading())

    page = text_of(viewer_client, "/workflows/7/")

    assert "Step 1, Task 1: completed" in page
    assert "Completion event missing; read from Pneumatic. Answers unknown." in page
    assert "Some events did not arrive. Status and all tasks were read on" in page
    assert "Start event missing." in page
    assert "Events are missing" not in page


def test_urgency_and_what_is_due_are_shown(viewer_client: Client) -> None:
    reading = Server([1]).reading()
    due = timezone.now() + dt.timedelta(days=2)
    read_back(replace(reading, workflow=replace(reading.workflow, is_urgent=True, due=due)))

    page = text_of(viewer_client, "/workflows/7/")

    assert "<dt>Urgent</dt>" in page
    assert "<dt>Due date</dt>" in page


def test_the_page_of_what_was_read_back(viewer_client: Client) -> None:
    read_back(Server([2]).reading())

    page = text_of(viewer_client, f"/workflows/7/events/{EventRow.objects.get().pk}/")

    assert "Event: read back" in page
    assert "Read from Pneumatic, not received as an event." in page
    assert "Current tasks at that time" in page


def test_the_page_of_a_deletion(viewer_client: Client) -> None:
    read_back(deleted_event(7))

    page = text_of(viewer_client, f"/workflows/7/events/{EventRow.objects.get().pk}/")

    assert "Event: found deleted" in page


def test_the_export_names_people_and_groups(viewer_client: Client) -> None:
    make_pneumatic_user(1, first="Bo", last="Li")
    make_group(1, "Reviewers")
    read_back(Server([1]).reading())

    lines = viewer_client.get("/workflows/export.csv").getvalue().decode()

    assert '"Bo Li, Reviewers"' in lines
