"""Webhook payloads and workflows of the current API: they contain the whole workflow with all its tasks.

Parsing is as tolerant as for the documented API (``lenient.py``). It accepts the payloads of older releases as well:
times as text, users with their names, options and files as objects, a current task in addition to the tasks.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from apps.pneumatic.canonical.events import (
    Choice,
    Event,
    FileLink,
    Kind,
    Output,
    Performer,
    TaskSnapshot,
    TaskStatus,
    WorkflowSnapshot,
    current_among,
)
from apps.pneumatic.dialects import lenient
from apps.pneumatic.dialects.lenient import JSON, each, integer, text
from apps.pneumatic.server import account_zone
from apps.pneumatic.transport.parsing import Node

EVENT_NAMES: Mapping[Kind, str] = {
    Kind.WORKFLOW_STARTED: "workflow_started",
    Kind.TASK_COMPLETED: "task_completed",
    Kind.TASK_RETURNED: "task_returned",
    Kind.WORKFLOW_COMPLETED: "workflow_completed",
}
# Names of the first releases.
OLD_EVENT_NAMES: Mapping[Kind, str] = {Kind.TASK_COMPLETED: "task_completed_v2"}
_ABOUT_TASKS = frozenset({Kind.TASK_COMPLETED, Kind.TASK_RETURNED})
_TASK_STATUSES = {status.value: status for status in TaskStatus}
_OPEN = frozenset({TaskStatus.ACTIVE, TaskStatus.SNOOZED})
_SKIPPED = "skipped"
_JOINT = ", "  # between values that the server writes as one text
_US_DAY = re.compile(r"(\d\d)/(\d\d)/(\d{4})")
# A label contains no "]", a URL no ")".
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*)\)")
_MAX_NUMBER = 2**31 - 1


def is_current(payload: Any) -> bool:
    """Return whether the body of a delivery has the shape of the current API."""
    if type(payload) is not dict:
        return False
    task = payload.get("task")
    workflow = task.get("workflow") if type(task) is dict else payload.get("workflow")
    if type(workflow) is not dict:
        return False
    return type(workflow.get("tasks")) is list or "date_created_tsp" in workflow


def parse_event(kind: Kind, node: Node) -> Event:
    """Parse a payload; raise UnexpectedResponse with the path of a missing id."""
    where, task = find_subjects(kind, node)
    workflow = parse_workflow(where)
    if task is None:
        return Event(kind, workflow)
    about, current = _task_of_event(task.value, workflow), workflow.current_task
    if kind is Kind.TASK_COMPLETED and current is not None and current.id == about.id:
        # Release 1.0 sends the time of a completion in this place alone, and only for the last task.
        about = replace(about, date_completed=about.date_completed or current.date_completed)
    return Event(kind, workflow, about)


def find_subjects(kind: Kind, node: Node) -> tuple[Node, Node | None]:
    """Return the workflow of a payload and the task that it is about; raise UnexpectedResponse for a missing id."""
    task = None
    if kind in _ABOUT_TASKS:
        task = node.child("task")
        task.integer("id")
    workflow = (task or node).child("workflow")
    lenient.workflow_id(workflow)
    return workflow, task


def parse_workflow(node: Node) -> WorkflowSnapshot:
    """Parse a workflow, of the list or alone; raise UnexpectedResponse without a valid id."""
    id_, data = lenient.workflow_id(node), node.value
    template, kickoff, current = data.get("template"), data.get("kickoff"), data.get("current_task")
    if type(current) is not dict:
        current = data.get("task")  # in lists of 1.0 and 2.0, where current_task is a number
    is_template = type(template) is dict
    tasks = _tasks(data.get("tasks"))
    now = current_among(tasks)
    if not tasks and type(current) is dict and integer(current.get("id")) is not None:
        now = _task(current)
    return WorkflowSnapshot(
        id_,
        text(data.get("name")),
        lenient.status(data.get("status")),
        integer(template.get("id")) if is_template else None,
        text(template.get("name")) if is_template else text(data.get("legacy_template_name")),
        _time(data, "date_created"),
        _outputs(kickoff) if type(kickoff) is dict else each(_output, data.get("fields")),
        now,
        tasks,
        _time(data, "date_completed"),
        _id(data.get("workflow_starter")),
        data.get("is_urgent") is True,
        _time(data, "due_date"),
        _owners(data),
        _passed(data.get("passed_tasks")),
        data.get("is_external") is True,
    )


# -- Tasks


def _tasks(rows: Any) -> tuple[TaskSnapshot, ...]:
    """Return the tasks of a workflow by number, each once, without skipped ones."""
    if type(rows) is not list:
        return ()
    found = {
        row["id"]: _task(row)
        for row in rows
        if type(row) is dict and integer(row.get("id")) is not None and row.get("status") != _SKIPPED
    }
    return tuple(sorted(found.values(), key=_position))


def _passed(rows: Any) -> tuple[TaskSnapshot, ...] | None:
    """Return the completed tasks, which releases before 4.0 list by id, number and name; None for others."""
    return _tasks(rows) if type(rows) is list else None


def _owners(data: JSON) -> tuple[int, ...]:
    """Return the owners; releases 1.0 and 2.0 list those of the template."""
    template = data.get("template")
    if "owners" not in data and type(template) is dict:
        return _ids(template.get("template_owners"))
    return _ids(data.get("owners"))


def _position(task: TaskSnapshot) -> int:
    return _MAX_NUMBER if task.number is None else task.number


def _task(data: JSON) -> TaskSnapshot:
    """Return a task of a workflow; its description is kept only while the task is open."""
    status = _task_status(data.get("status"))
    return TaskSnapshot(
        data["id"],
        text(data.get("name")),
        lenient.counted(data.get("number")),
        text(data.get("description")) if status in _OPEN or status is TaskStatus.UNKNOWN else "",
        _time(data, "date_started"),
        _time(data, "date_completed"),
        _performers(data),
        (),
        status,
        _waits_until(data.get("delay")),
    )


def _waits_until(delay: Any) -> dt.datetime | None:
    """Return the end of a snooze or of the template's delay; None for one that is over."""
    if type(delay) is not dict or _time(delay, "end_date") is not None:
        return None
    return _time(delay, "estimated_end_date")


def _task_of_event(data: JSON, workflow: WorkflowSnapshot) -> TaskSnapshot:
    """Return the task that an event is about; only the workflow has its number."""
    there = next((task for task in workflow.tasks if task.id == data["id"]), None)
    number = lenient.counted(data.get("number"))
    return TaskSnapshot(
        data["id"],
        text(data.get("name")),
        there.number if number is None and there else number,
        text(data.get("description")),
        _time(data, "date_started"),
        _time(data, "date_completed"),
        _performers(data),
        _outputs(data),
        _task_status(data.get("status")),
    )


def _task_status(value: Any) -> TaskStatus:
    return _TASK_STATUSES.get(value, TaskStatus.UNKNOWN) if type(value) is str else TaskStatus.UNKNOWN


def _performers(data: JSON) -> tuple[Performer, ...]:
    """Return the performers; any other kind is a member of a group, and occurs only in lists.

    Releases 1.0 and 2.0 send bare ids of users, except in deliveries.
    """
    rows = data.get("performers")
    if type(rows) is list:
        rows = [{"id": row} if type(row) is int else row for row in rows]
        rows = [row for row in rows if type(row) is dict and not _is_hidden(row.get("type"))]
    return each(_performer, rows)


def _is_hidden(kind: Any) -> bool:
    return type(kind) is str and kind not in {"user", "group"}


def _performer(data: JSON) -> Performer:
    id_ = _id(data["source_id"] if "source_id" in data else data.get("id"))
    return Performer(id_, lenient.name_of(data), data.get("type") == "group")


# -- Answers


def _outputs(data: JSON) -> tuple[Output, ...]:
    """Return the answers of a kickoff or a task: fieldsets and other fields are one list, higher ``order`` first."""
    fields, fieldsets = data.get("output"), data.get("fieldsets")
    if type(fieldsets) is not list or not fieldsets:
        return each(_output, fields)
    own = [row for row in fields if type(row) is dict] if type(fields) is list else []
    parts: list[tuple[int, Any]] = [(_order(row), [row]) for row in own]
    parts += [(_order(row), row.get("fields")) for row in fieldsets if type(row) is dict]
    parts.sort(key=itemgetter(0), reverse=True)
    return tuple([output for _place, rows in parts for output in each(_output, rows)])


def stored_outputs(kickoff: Any) -> tuple[Output, ...]:
    """Return the answers of a kickoff that a launch stored; () for anything else.

    An answer with the value '' was not stored. Those without a value at all are left out.
    """
    if type(kickoff) is not dict:
        return ()
    fieldsets = kickoff.get("fieldsets")
    lists = [kickoff.get("output")]
    if type(fieldsets) is list:
        lists += [fieldset.get("fields") for fieldset in fieldsets if type(fieldset) is dict]
    rows = [row for each_list in lists if type(each_list) is list for row in each_list if type(row) is dict]
    return tuple([_output(row) for row in rows if "value" in row])


def _order(row: JSON) -> int:
    return integer(row.get("order")) or 0


def _output(data: JSON) -> Output:
    type_, value = lenient.field_type(data.get("type")), text(data.get("value"))
    choices: tuple[Choice, ...] = ()
    files: tuple[FileLink, ...] = ()
    user_id = group_id = None
    if data.get("selections"):
        choices = _choices(data["selections"], type_, value)
    if type_ == "date":
        value = _day(value)
    elif type_ == "file":
        files = each(lenient.file, data.get("attachments")) or _files(value, text(data.get("markdown_value")))
    elif type_ == "user":
        user_id, group_id = _id(data.get("user_id")), _id(data.get("group_id"))
        if value == str(user_id):
            value = ""  # releases before 4.3 send the id once more instead of the name
    return Output(
        text(data.get("api_name")),
        text(data.get("name")),
        type_,
        value,
        choices,
        files,
        user_id,
        group_id,
    )


def _choices(rows: Any, type_: str, value: str) -> tuple[Choice, ...]:
    """Return the options; none is selected where the value is not one of them."""
    if type(rows) is not list:
        return ()
    if any(type(row) is dict and "is_selected" in row for row in rows):
        return each(_choice, rows)
    labels = [text(row.get("value") if type(row) is dict else row) for row in rows]
    chosen = _members(value, labels) if type_ == "checkbox" else {value} if value else set()
    return tuple([Choice(label, label, label in chosen) for label in dict.fromkeys(labels)])


def _choice(data: JSON) -> Choice:
    """Return an option of a release before 6.0: a launch there names it by its api_name.

    Deliveries of 1.0 have its text, and the id of the workflow's copy of it.
    """
    key = text(data.get("api_name")) or text(data.get("id"))
    return Choice(key, text(data.get("value")), data.get("is_selected") is True)


def _members(value: str, labels: Sequence[str]) -> set[str]:
    """Return the options whose texts, joined with a comma, are ``value``; none where there are no such options.

    A text may contain a comma itself, so the search tries long texts first and steps back where it fails.
    """
    candidates = sorted({label for label in labels if label}, key=lambda label: (-len(label), label))
    chosen: list[str] = []
    untried = [iter(candidates)]
    starts, hopeless = [0], set()
    while untried:
        start = starts[-1]
        for label in untried[-1]:
            end = start + len(label)
            if end in hopeless or not value.startswith(label, start):
                continue
            if end == len(value):
                return {*chosen, label}
            if value.startswith(_JOINT, end):
                chosen.append(label)
                starts.append(end + len(_JOINT))
                untried.append(iter(candidates))
                break
        else:
            untried.pop()
            starts.pop()
            if chosen:
                chosen.pop()
            hopeless.add(start - len(_JOINT))
    return set()


def _day(value: str) -> str:
    """Return the day (ISO) of seconds in the account's zone, or of MM/DD/YYYY; any other text unchanged."""
    try:
        timestamp = lenient.seconds(float(value))
    except ValueError:
        us = _US_DAY.fullmatch(value)  # release 1.0
        return f"{us[3]}-{us[1]}-{us[2]}" if us else value
    return timestamp.astimezone(account_zone()).date().isoformat() if timestamp else value


def _files(value: str, markdown: str) -> tuple[FileLink, ...]:
    """Return the files: ``value`` has URLs, ``markdown`` has them with names."""
    links = _LINK.findall(markdown) or [("", url) for url in value.split(_JOINT) if url]
    return tuple([FileLink(_last_part(url), name or _last_part(url), url) for name, url in links])


def _last_part(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


# -- Values


def _time(data: JSON, key: str) -> dt.datetime | None:
    """Return the time in seconds under ``<key>_tsp``, or in text under ``key``."""
    timestamp = lenient.seconds(data.get(f"{key}_tsp"))
    return lenient.time(data.get(key)) if timestamp is None else timestamp


def _id(value: Any) -> int | None:
    """Return an id, which may be a text."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return integer(value)


def _ids(rows: Any) -> tuple[int, ...]:
    return tuple([id_ for row in rows if (id_ := _id(row)) is not None]) if type(rows) is list else ()


def example_event(kind: Kind) -> dict[str, Any]:
    """Return the body of a delivery of ``kind`` without its hook, for workflow 0, which does not exist."""
    now = dt.datetime.now(dt.UTC).timestamp()
    is_done = kind in {Kind.TASK_COMPLETED, Kind.WORKFLOW_COMPLETED}
    task = {
        "id": 0,
        "name": "Test",
        "api_name": "task-test",
        "description": "",
        "number": 1,
        "date_started_tsp": now,
        "date_completed_tsp": now if is_done else None,
        "performers": [],
        "status": "completed" if is_done else "active",
    }
    workflow = {
        "id": 0,
        "name": "Test event of Pneumatic Dash",
        "status": 1 if kind is Kind.WORKFLOW_COMPLETED else 0,
        "date_created_tsp": now,
        "date_completed_tsp": now if kind is Kind.WORKFLOW_COMPLETED else None,
        "template": {"id": 0, "name": "Test"},
        "tasks": [task],
        "kickoff": {"id": 0, "output": [], "fieldsets": []},
    }
    if kind in _ABOUT_TASKS:
        about = {key: value for key, value in task.items() if key != "number"}
        return {"task": {**about, "output": [], "fieldsets": [], "workflow": workflow}}
    return {"workflow": workflow}
