"""The documented API's webhook payloads (documented: Webhooks, the four event schemas).

Required are only the ids of the workflow and the task. Every other key may be missing, null or unexpected
(``lenient.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from apps.pneumatic.canonical.events import Event, Kind, Output, Performer, TaskSnapshot, WorkflowSnapshot
from apps.pneumatic.dialects import lenient
from apps.pneumatic.dialects.lenient import JSON, each, integer, text, time
from apps.pneumatic.transport.parsing import Node

EVENT_NAMES: Mapping[Kind, str] = {
    Kind.WORKFLOW_STARTED: "workflow_started",
    Kind.TASK_COMPLETED: "task_completed_v2",
    Kind.TASK_RETURNED: "task_returned",
    Kind.WORKFLOW_COMPLETED: "workflow_completed",
}
DEPRECATED_EVENTS: Mapping[str, Kind] = {
    "process_started": Kind.WORKFLOW_STARTED,
    "task_completed": Kind.TASK_COMPLETED,
    "process_completed": Kind.WORKFLOW_COMPLETED,
}
KINDS: Mapping[str, Kind] = {**{name: kind for kind, name in EVENT_NAMES.items()}, **DEPRECATED_EVENTS}
_ABOUT_TASKS = frozenset({Kind.TASK_COMPLETED, Kind.TASK_RETURNED})


def parse_event(kind: Kind, node: Node) -> Event:
    """Parse a payload; raise UnexpectedResponse with the path of a missing id."""
    workflow, task = find_subjects(kind, node)
    return Event(kind, _workflow(workflow), _task(task.value) if task else None)


def find_subjects(kind: Kind, node: Node) -> tuple[Node, Node | None]:
    """Return the workflow of a payload and the task that it is about; raise UnexpectedResponse for a missing id."""
    task = None
    if kind in _ABOUT_TASKS:
        task = node.child("task")
        task.integer("id")
    workflow = _workflow_node(task or node)
    lenient.workflow_id(workflow)
    return workflow, task


def _workflow_node(node: Node) -> Node:
    # Payloads under deprecated names are not documented; the names call workflows processes.
    is_old = node.is_null("workflow") and not node.is_null("process")
    return node.child("process" if is_old else "workflow")


def _workflow(node: Node) -> WorkflowSnapshot:
    id_, data = lenient.workflow_id(node), node.value
    template, kickoff, current = data.get("template"), data.get("kickoff"), data.get("current_task")
    is_template = type(template) is dict
    return WorkflowSnapshot(
        id_,
        text(data.get("name")),
        lenient.status(data.get("status")),
        integer(template.get("id")) if is_template else None,
        text(template.get("name")) if is_template else "",
        time(data.get("date_created")),
        each(_output, kickoff.get("output")) if type(kickoff) is dict else (),
        _task(current) if type(current) is dict and integer(current.get("id")) is not None else None,
    )


def _task(data: JSON) -> TaskSnapshot:
    return TaskSnapshot(
        data["id"],
        text(data.get("name")),
        lenient.counted(data.get("number")),
        text(data.get("description")),
        time(data.get("date_started")),
        time(data.get("date_completed")),
        each(_performer, data.get("performers")),
        each(_output, data.get("output")),
    )


def _performer(data: JSON) -> Performer:
    return Performer(integer(data.get("id")), lenient.name_of(data))


def _output(data: JSON) -> Output:
    return Output(
        text(data.get("api_name")),
        text(data.get("name")),
        lenient.field_type(data.get("type")),
        text(data.get("value")),
        each(lenient.choice, data.get("selections")),
        each(lenient.file, data.get("attachments")),
    )


def example_event(kind: Kind) -> dict[str, Any]:
    """Return the body of a delivery of ``kind`` without its hook, for workflow 0, which does not exist."""
    time = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    task = {
        "id": 0,
        "name": "Test",
        "description": "",
        "number": 1,
        "date_started": time,
        "date_completed": time if kind is Kind.TASK_COMPLETED else None,
        "performers": [],
    }
    workflow = {
        "id": 0,
        "name": "Test event of Pneumatic Dash",
        "status": 1 if kind is Kind.WORKFLOW_COMPLETED else 0,
        "date_created": time,
        "template": {"id": 0, "name": "Test"},
        "kickoff": {"id": 0, "description": "", "output": []},
        "current_task": task,
    }
    if kind in _ABOUT_TASKS:
        return {"task": {**task, "output": [], "workflow": workflow}}
    return {"workflow": workflow}
