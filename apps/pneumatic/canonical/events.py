"""Webhook events in canonical form: parsed by a dialect, stored as JSON, interpreted by the apps above.

An event is a snapshot of a workflow, and for events about a task also of that task. Pneumatic gives it neither a number
nor a time: ``occurred_at`` is the latest time in the snapshot. What the dashboard reads back itself has the same form.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from apps.pneumatic.canonical.activity import ActivityLog, log_from_json, log_to_json


class Kind(StrEnum):
    """What happened; each API has its own names for these."""

    WORKFLOW_STARTED = "workflow_started"
    TASK_COMPLETED = "task_completed"
    TASK_RETURNED = "task_returned"
    WORKFLOW_COMPLETED = "workflow_completed"


class Seen(StrEnum):
    """What the dashboard read back itself, where ``capabilities.reads_back``."""

    WORKFLOW = "seen"
    GONE = "gone"  # deleted, for which there is no event
    ACTIVITY = "activity"  # who did what, which no event contains


class Status(StrEnum):
    """The status of a workflow (documented: Available workflow statuses)."""

    RUNNING = "running"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    SNOOZED = "snoozed"
    UNKNOWN = "unknown"  # a number that is not documented


@dataclass(frozen=True, slots=True)
class Hook:
    """The subscription that a delivery names; ``id`` is None where it is no number.

    ``test`` is the nonce of a test event of this dashboard; Pneumatic sends none.
    """

    event: str
    target: str = field(repr=False)
    id: int | None = None
    test: str = ""


@dataclass(frozen=True, slots=True)
class Performer:
    """A user or group that a task is assigned to; ``id`` is None where the API gives none.

    Where ``is_group``, ``id`` is that of a group of users. ``name`` is '' where the API gives the id alone.
    """

    id: int | None
    name: str
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of an answered radio, checkbox or dropdown field."""

    key: str
    label: str
    is_selected: bool = False


@dataclass(frozen=True, slots=True)
class FileLink:
    """A file of an answer."""

    id: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Output:
    """An answered field of a kickoff form or a task; ``value`` is the text the API gives, '' for none.

    Where the API gives a time for a day, ``value`` is the day (ISO) in the account's zone. For the type user, ``value``
    is the name of the user or group with ``user_id`` or ``group_id``; where both are None, ``value`` is a user's id.
    """

    api_name: str
    name: str
    type: str
    value: str = ""
    choices: tuple[Choice, ...] = ()
    files: tuple[FileLink, ...] = ()
    user_id: int | None = None
    group_id: int | None = None


class TaskStatus(StrEnum):
    """The status of a task."""

    PENDING = "pending"
    ACTIVE = "active"
    SNOOZED = "snoozed"
    COMPLETED = "completed"
    UNKNOWN = "unknown"  # missing, or an unknown name


_OPEN = frozenset({TaskStatus.ACTIVE, TaskStatus.SNOOZED})


@dataclass(frozen=True, slots=True)
class TaskSnapshot:
    """A task at the time of an event; ``number`` counts from 1.

    ``waits_until`` is when a task that is snoozed, or that its template delays, becomes active; None where unknown.
    """

    id: int
    name: str
    number: int | None = None
    description: str = ""
    date_started: dt.datetime | None = None
    date_completed: dt.datetime | None = None
    performers: tuple[Performer, ...] = ()
    outputs: tuple[Output, ...] = ()
    status: TaskStatus = TaskStatus.UNKNOWN
    waits_until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkflowSnapshot:
    """A workflow at the time of an event.

    ``tasks`` is empty where the API sends ``current_task`` alone. Else it has every task that was not skipped, by
    number, without outputs, and with a description only while the task is open. ``current_task`` then is the first
    open task.

    ``passed`` are the completed tasks, with id, number and name alone, where the API lists those; else None.
    ``is_external``: a public form started it.
    """

    id: int
    name: str
    status: Status
    template_id: int | None = None
    template_name: str = ""
    date_created: dt.datetime | None = None
    kickoff: tuple[Output, ...] = ()
    current_task: TaskSnapshot | None = None
    tasks: tuple[TaskSnapshot, ...] = ()
    date_completed: dt.datetime | None = None
    starter_id: int | None = None
    is_urgent: bool = False
    due: dt.datetime | None = None
    owner_ids: tuple[int, ...] = ()  # users who may see it, even if another user started it
    passed: tuple[TaskSnapshot, ...] | None = None
    is_external: bool = False

    def current_tasks(self) -> tuple[TaskSnapshot, ...]:
        """Return the open tasks: those that are active or snoozed."""
        if self.tasks:
            return tuple([task for task in self.tasks if task.status in _OPEN])
        return (self.current_task,) if self.current_task else ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Kinds about a task have ``task``; what the dashboard read back has ``seen_at`` (its own clock).

    ``activity`` is only that of ``Seen.ACTIVITY``, whose ``workflow`` has nothing but the id.
    """

    kind: Kind | Seen
    workflow: WorkflowSnapshot
    task: TaskSnapshot | None = None
    seen_at: dt.datetime | None = None
    activity: ActivityLog | None = None

    @property
    def occurred_at(self) -> dt.datetime | None:
        """The latest time in the event; None without any."""
        time, created = self.changed_at, self.workflow.date_created
        return max(time, created) if time and created else time or created

    @property
    def changed_at(self) -> dt.datetime | None:
        """The same without the time at which the workflow was created."""
        if self.kind is Seen.GONE:
            return self.seen_at
        workflow = self.workflow
        latest = workflow.date_completed
        # The current task is one of the tasks, where there are any.
        for task in (self.task, *(workflow.tasks or (workflow.current_task,))):
            if task is not None:
                for time in (task.date_started, task.date_completed):
                    if time is not None and (latest is None or time > latest):
                        latest = time
        return latest


_KINDS: Mapping[str, Kind | Seen] = {kind.value: kind for kind in (*Kind, *Seen)}


def event_to_json(event: Event) -> dict[str, Any]:
    """Return ``event`` as JSON; ``event_from_json`` returns an equal object. Empty parts are left out."""
    data: dict[str, Any] = {"kind": event.kind.value, "workflow": _workflow_to_json(event.workflow)}
    if event.task:
        data["task"] = _task_to_json(event.task)
    if event.seen_at:
        data["seen_at"] = event.seen_at.isoformat()
    if event.activity is not None:
        data["activity"] = log_to_json(event.activity)
    return data


def event_from_json(data: Mapping[str, Any]) -> Event:
    """Return the event that ``event_to_json`` wrote."""
    return Event(
        _KINDS[data["kind"]],
        _workflow_from_json(data["workflow"]),
        _task_from_json(data["task"]) if "task" in data else None,
        _time(data.get("seen_at")),
        log_from_json(data["activity"]) if "activity" in data else None,
    )


def output_to_json(output: Output) -> dict[str, Any]:
    """Return ``output`` as JSON; ``output_from_json`` returns an equal object."""
    data: dict[str, Any] = {"api_name": output.api_name, "name": output.name, "type": output.type}
    if output.value:
        data["value"] = output.value
    if output.choices:
        data["choices"] = [[choice.key, choice.label, choice.is_selected] for choice in output.choices]
    if output.files:
        data["files"] = [[file.id, file.name, file.url] for file in output.files]
    if output.user_id is not None:
        data["user_id"] = output.user_id
    if output.group_id is not None:
        data["group_id"] = output.group_id
    return data


def output_from_json(data: Mapping[str, Any]) -> Output:
    """Return the output that ``output_to_json`` wrote."""
    get = data.get
    choices, files = get("choices"), get("files")
    # By position: a rebuild reads thousands of events a second.
    return Output(
        data["api_name"],
        data["name"],
        data["type"],
        get("value", ""),
        tuple([Choice(*choice) for choice in choices]) if choices else (),
        tuple([FileLink(*file) for file in files]) if files else (),
        get("user_id"),
        get("group_id"),
    )


def performer_to_json(performer: Performer) -> list[Any]:
    """Return ``performer`` as JSON; ``Performer(*json)`` returns an equal object."""
    if performer.is_group:
        return [performer.id, performer.name, True]
    return [performer.id, performer.name]


def _workflow_to_json(workflow: WorkflowSnapshot) -> dict[str, Any]:
    data: dict[str, Any] = {"id": workflow.id, "name": workflow.name, "status": workflow.status.value}
    if workflow.template_id is not None:
        data["template_id"] = workflow.template_id
    if workflow.template_name:
        data["template_name"] = workflow.template_name
    if workflow.date_created:
        data["date_created"] = workflow.date_created.isoformat()
    if workflow.kickoff:
        data["kickoff"] = [output_to_json(output) for output in workflow.kickoff]
    if workflow.tasks:  # then the current one is among them
        data["tasks"] = [_task_to_json(task) for task in workflow.tasks]
    elif workflow.current_task:
        data["current_task"] = _task_to_json(workflow.current_task)
    if workflow.date_completed:
        data["date_completed"] = workflow.date_completed.isoformat()
    if workflow.starter_id is not None:
        data["starter_id"] = workflow.starter_id
    if workflow.is_urgent:
        data["is_urgent"] = True
    if workflow.due:
        data["due"] = workflow.due.isoformat()
    if workflow.owner_ids:
        data["owner_ids"] = list(workflow.owner_ids)
    if workflow.passed is not None:
        data["passed"] = [_task_to_json(task) for task in workflow.passed]
    if workflow.is_external:
        data["is_external"] = True
    return data


def _workflow_from_json(data: Mapping[str, Any]) -> WorkflowSnapshot:
    get = data.get
    kickoff, current, passed = get("kickoff"), get("current_task"), get("passed")
    tasks = tuple([_task_from_json(task) for task in get("tasks", ())])
    return WorkflowSnapshot(
        data["id"],
        data["name"],
        Status(data["status"]),
        get("template_id"),
        get("template_name", ""),
        _time(get("date_created")),
        tuple([output_from_json(output) for output in kickoff]) if kickoff else (),
        _task_from_json(current) if current else current_among(tasks),
        tasks,
        _time(get("date_completed")),
        get("starter_id"),
        get("is_urgent", False),
        _time(get("due")),
        tuple(get("owner_ids", ())),
        None if passed is None else tuple([_task_from_json(task) for task in passed]),
        get("is_external", False),
    )


def current_among(tasks: Iterable[TaskSnapshot]) -> TaskSnapshot | None:
    """Return the first open task of ``tasks``."""
    return next((task for task in tasks if task.status in _OPEN), None)


def _task_to_json(task: TaskSnapshot) -> dict[str, Any]:
    data: dict[str, Any] = {"id": task.id, "name": task.name}
    if task.number is not None:
        data["number"] = task.number
    if task.description:
        data["description"] = task.description
    if task.date_started:
        data["date_started"] = task.date_started.isoformat()
    if task.date_completed:
        data["date_completed"] = task.date_completed.isoformat()
    if task.performers:
        data["performers"] = [performer_to_json(performer) for performer in task.performers]
    if task.outputs:
        data["outputs"] = [output_to_json(output) for output in task.outputs]
    if task.status is not TaskStatus.UNKNOWN:
        data["status"] = task.status.value
    if task.waits_until:
        data["waits_until"] = task.waits_until.isoformat()
    return data


def _task_from_json(data: Mapping[str, Any]) -> TaskSnapshot:
    get = data.get
    performers, outputs, status = get("performers"), get("outputs"), get("status")
    return TaskSnapshot(
        data["id"],
        data["name"],
        get("number"),
        get("description", ""),
        _time(get("date_started")),
        _time(get("date_completed")),
        tuple([Performer(*performer) for performer in performers]) if performers else (),
        tuple([output_from_json(output) for output in outputs]) if outputs else (),
        TaskStatus(status) if status else TaskStatus.UNKNOWN,
        _time(get("waits_until")),
    )


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
