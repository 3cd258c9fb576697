"""From the sandbox's account to our rows: what it knows is what the dashboard shows, after any fault on the way.

The sandbox shares no code with the receiver and the projection. Its people work, its deliveries come by HTTP to the
real receiver, and both ends are compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from apps.pneumatic.canonical.events import Event as Canonical
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.deliveries import read_payload
from apps.webhooks.models import Delivery, Event
from apps.webhooks.processing.worker import process_pending
from apps.webhooks.subscriptions import services
from apps.workflows.models import Holder, Workflow
from tests.factories import make_user
from tests.fixtures.depth import exhaustive
from tests.fixtures.sandbox import Sandbox, either_dialect

pytestmark = either_dialect

STATES = ["running", "completed", "terminated", "snoozed"]  # by the documented number
ACTS = 60


@pytest.fixture
def connected(
    sandbox: Sandbox, transactional_db: None, live_server: LiveServer, settings: Settings
) -> Iterator[Sandbox]:
    """Return the sandbox with the demonstration's account, subscribed to everything for a receiver that listens."""
    settings.PUBLIC_URL = live_server.url
    sandbox.reset("demo")
    outcomes = services.subscribe(make_user("administrator", "Administrator"), list(Kind))
    assert all(outcome.is_ok for outcome in outcomes)
    yield sandbox
    sandbox.reset()  # nothing is sent to a receiver that has ended


def shown() -> dict[int, tuple[Any, ...]]:
    held: dict[int, set[int]] = {}
    for workflow_id, person_id in Holder.objects.values_list("workflow_id", "person_id"):
        held.setdefault(workflow_id, set()).add(person_id)
    return {
        workflow.pk: (
            workflow.name,
            workflow.template_id,
            workflow.state,
            workflow.step if workflow.state == "running" else None,
            workflow.task_name if workflow.state == "running" else None,
            held.get(workflow.pk, set()) if workflow.state == "running" else set(),
        )
        for workflow in Workflow.objects.all()
    }


def known(sandbox: Sandbox) -> dict[int, tuple[Any, ...]]:
    result = {}
    for item in sandbox.workflows():
        state = STATES[item["status"]]
        step = next(step for step in item["steps"] if step["number"] == item["current"])
        is_running = state == "running"
        result[item["id"]] = (
            item["name"],
            item["template_id"],
            state,
            step["number"] if is_running else None,
            step["name"] if is_running else None,
            set(step["performers"]) if is_running else set(),
        )
    return result


def test_it_shows_what_pneumatic_knows(connected: Sandbox, dialect: str) -> None:
    connected.act(ACTS)
    # The current API deletes what it terminates without an event: that is for the reading back.
    ending = "finish" if dialect == "current" else "terminate"
    connected.step(min(item["id"] for item in connected.workflows() if item["status"] == 0), ending)
    deliveries = connected.wait_delivered()
    process_pending()

    assert shown() == known(connected)
    assert len(deliveries) == Delivery.objects.count() == Event.objects.count()
    assert {delivery["state"] for delivery in deliveries} == {"delivered"}
    assert not Workflow.objects.filter(has_gaps=True).exists()
    assert set(Event.objects.values_list("kind", flat=True)) == {kind.value for kind in Kind}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "duplicate", "copies": 3},
        {"kind": "reorder", "window": 25},
        *exhaustive(
            [
                {"kind": "burst", "window": 40},
                {"kind": "new_keys", "times": 1},
                {"kind": "slow_send", "seconds": 0.2, "times": 2},
                {"kind": "huge_body", "bytes": 100_000, "times": 1},
            ]
        ),
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_it_shows_the_same_when_deliveries_come_oddly(connected: Sandbox, fault: dict[str, Any]) -> None:
    connected.delivery_fault(**{"times": 0, **fault})
    connected.act(ACTS)
    connected.wait_delivered()
    process_pending()

    assert shown() == known(connected)
    assert not Delivery.objects.exclude(state=Delivery.State.PROCESSED).exists()


@pytest.mark.parametrize("kind", ["broken_body", "wrong_shape", "unknown_event"])
def test_what_cannot_be_read_stops_nothing(connected: Sandbox, kind: str) -> None:
    connected.start_workflow(1)
    connected.delivery_fault(kind)
    connected.start_workflow(1)
    connected.start_workflow(1)
    connected.wait_delivered()
    process_pending()

    assert Workflow.objects.count() == 2
    assert Delivery.objects.count() == 3


def test_lost_events_are_noticed_and_the_present_is_right(connected: Sandbox, dialect: str) -> None:
    event = "task_completed" if dialect == "current" else "task_completed_v2"
    connected.delivery_fault("lose", times=0, event=event, skip=5)
    connected.act(ACTS)
    connected.wait_delivered()
    connected.clear_faults()
    for item in connected.workflows():
        if item["status"] == 0:
            connected.step(item["id"])
    connected.wait_delivered()
    process_pending()

    assert shown() == known(connected)
    assert Workflow.objects.filter(has_gaps=True).exists()


def test_every_key_of_a_delivery_arrives_in_canonical_form(connected: Sandbox, dialect: str) -> None:
    """The parser reads each payload; nothing that the sandbox sent about users, tasks and answers is dropped."""
    connected.act(ACTS)
    deliveries = connected.wait_delivered()
    assert deliveries
    for delivery in deliveries:
        raw = json.loads(delivery["body"])
        event = read_payload(delivery["body"].encode()).event
        assert event is not None
        check_event = check_current_event if dialect == "current" else check_documented_event
        check_event(event, raw.get("task"), raw["task"]["workflow"] if "task" in raw else raw["workflow"])


def check_documented_event(event: Canonical, task: dict[str, Any] | None, workflow: dict[str, Any]) -> None:
    assert (event.workflow.id, event.workflow.name) == (workflow["id"], workflow["name"])
    assert event.workflow.status == STATES[workflow["status"]]
    assert len(event.workflow.kickoff) == len(workflow["kickoff"]["output"])
    assert [choice.is_selected for output in event.workflow.kickoff for choice in output.choices] == [
        choice["is_selected"] for output in workflow["kickoff"]["output"] for choice in output["selections"]
    ]
    assert event.occurred_at is not None
    if task:
        assert event.task is not None
        assert [person.id for person in event.task.performers] == [
            person["id"] for person in task["performers"]
        ]
        assert [output.value for output in event.task.outputs] == [
            output["value"] or "" for output in task["output"]
        ]


def check_current_event(event: Canonical, task: dict[str, Any] | None, workflow: dict[str, Any]) -> None:
    assert (event.workflow.id, event.workflow.name) == (workflow["id"], workflow["name"])
    assert event.workflow.status == STATES[workflow["status"]]
    inside = [field for row in workflow["kickoff"]["fieldsets"] for field in row["fields"]]
    assert len(event.workflow.kickoff) == len(workflow["kickoff"]["output"]) + len(inside)
    assert [(there.id, there.status.value) for there in event.workflow.tasks] == [
        (there["id"], there["status"]) for there in workflow["tasks"]
    ]
    assert event.occurred_at is not None
    if task:
        assert event.task is not None
        assert [person.id for person in event.task.performers] == [
            person["source_id"] for person in task["performers"]
        ]
        assert [output.api_name for output in event.task.outputs] == [
            output["api_name"] for output in task["output"]
        ]
