"""The documented API's webhook payloads (documented: Webhooks, the four event schemas).

Strict is only what tells *which* workflow and task it is about: without it there is nothing to do with an event.
Everything else may be missing, null or odd, because what we refuse never comes again: an odd value becomes text, or is
left out. Plain look-ups instead of a ``Node`` for every value: thousands of events a second are read here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from apps.pneumatic.events import (
    Choice,
    Event,
    FileLink,
    Kind,
    Output,
    Performer,
    Status,
    TaskSnapshot,
    WorkflowSnapshot,
)
from apps.pneumatic.parsing import Node

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
_STATUSES = {0: Status.RUNNING, 1: Status.COMPLETED, 2: Status.TERMINATED, 3: Status.SNOOZED}
_ABOUT_TASKS = frozenset({Kind.TASK_COMPLETED, Kind.TASK_RETURNED})
_ALIASES = {"radiobutton": "radio"}
# What the databases hold: ids in 64 bits, numbers that count something in 31.
_LEAST, _MOST, _MOST_COUNTED = -(2**63), 2**63 - 1, 2**31 - 1
# Years that are still years in every time zone.
_FIRST_YEAR, _LAST_YEAR = 2, 9998

JSON = Mapping[str, Any]
T = TypeVar("T")


def parse_event(kind: Kind, node: Node) -> Event:
    """Return the event of a payload; raise UnexpectedResponse with the path of the key that is amiss."""
    if kind in _ABOUT_TASKS:
        task = node.child("task")
        task.integer("id")
        return Event(kind, _workflow(_workflow_node(task)), _task(task.value))
    return Event(kind, _workflow(_workflow_node(node)))


def _workflow_node(node: Node) -> Node:
    # Events under their old names are not described; workflows were called processes when they got those names.
    is_old = node.is_null("workflow") and not node.is_null("process")
    return node.child("process" if is_old else "workflow")


def _workflow(node: Node) -> WorkflowSnapshot:
    id_, data = node.integer("id"), node.value
    if id_ < 0:
        Node(None, node, "id").fail()  # it names pages, and no address holds such a number
    template, kickoff, current = data.get("template"), data.get("kickoff"), data.get("current_task")
    status = data.get("status")
    is_template = type(template) is dict
    return WorkflowSnapshot(
        id_,
        _text(data.get("name")),
        _STATUSES.get(status, Status.UNKNOWN) if type(status) is int else Status.UNKNOWN,
        _integer(template.get("id")) if is_template else None,
        _text(template.get("name")) if is_template else "",
        _time(data.get("date_created")),
        _each(_output, kickoff.get("output")) if type(kickoff) is dict else (),
        _task(current) if type(current) is dict and _integer(current.get("id")) is not None else None,
    )


def _task(data: JSON) -> TaskSnapshot:
    number = _integer(data.get("number"))
    return TaskSnapshot(
        data["id"],
        _text(data.get("name")),
        number if number is not None and 0 <= number <= _MOST_COUNTED else None,
        _text(data.get("description")),
        _time(data.get("date_started")),
        _time(data.get("date_completed")),
        _each(_performer, data.get("performers")),
        _each(_output, data.get("output")),
    )


def _performer(data: JSON) -> Performer:
    first, last = _text(data.get("first_name")), _text(data.get("last_name"))
    return Performer(_integer(data.get("id")), f"{first} {last}" if first and last else first or last)


def _output(data: JSON) -> Output:
    type_ = _text(data.get("type"))
    return Output(
        _text(data.get("api_name")),
        _text(data.get("name")),
        _ALIASES.get(type_, type_),
        _text(data.get("value")),
        _each(_choice, data.get("selections")),
        _each(_file, data.get("attachments")),
    )


def _choice(data: JSON) -> Choice:
    return Choice(_text(data.get("id")), _text(data.get("value")), data.get("is_selected") is True)


def _file(data: JSON) -> FileLink:
    return FileLink(_text(data.get("id")), _text(data.get("name")), _text(data.get("url")))


def _each(read: Callable[[JSON], T], rows: Any) -> tuple[T, ...]:
    """Return what ``read`` makes of the objects in a list; what is no object, or no list, is left out."""
    if not rows or type(rows) is not list:
        return ()
    return tuple([read(row) for row in rows if type(row) is dict])


def _text(value: Any) -> str:
    """Return any value as text: '' for null, JSON for what is neither text nor a number."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    return str(value) if type(value) is int else json.dumps(value, ensure_ascii=False)


def _integer(value: Any) -> int | None:
    return value if type(value) is int and _LEAST <= value <= _MOST else None


def _time(value: Any) -> dt.datetime | None:
    """Return a moment (ISO 8601; UTC where no zone is given); None for what is none that a database holds."""
    if type(value) is not str:
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def example_event(kind: Kind) -> dict[str, Any]:
    """Return what a delivery of ``kind`` holds besides its hook, as documented: of workflow 0, which is none."""
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
