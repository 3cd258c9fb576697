"""What a webhook tells, in canonical form: read by a dialect, kept as JSON, interpreted by the apps above.

An event is a snapshot of a workflow at one moment, and for events about a task that task. It carries no number and
no time of its own; ``moment`` is the latest time that stands in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What happened, whatever name a generation of the API has for it."""

    WORKFLOW_STARTED = "workflow_started"
    TASK_COMPLETED = "task_completed"
    TASK_RETURNED = "task_returned"
    WORKFLOW_COMPLETED = "workflow_completed"


class Status(StrEnum):
    """The state of a workflow (documented: Available workflow statuses)."""

    RUNNING = "running"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    SNOOZED = "snoozed"
    UNKNOWN = "unknown"  # a number that is not documented


@dataclass(frozen=True, slots=True)
class Hook:
    """The subscription that a delivery says it belongs to; ``id`` is None where it is no number.

    ``test`` is the nonce of a test event that we sent ourselves; Pneumatic sends none.
    """

    event: str
    target: str = field(repr=False)
    id: int | None = None
    test: str = ""


@dataclass(frozen=True, slots=True)
class Performer:
    """Somebody who holds or held a task; ``id`` is None for somebody whom the API gives no number."""

    id: int | None
    name: str


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
    """An answered field of a kickoff form or a task; ``value`` is the text the API gives, '' for none."""

    api_name: str
    name: str
    type: str
    value: str = ""
    choices: tuple[Choice, ...] = ()
    files: tuple[FileLink, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskSnapshot:
    """A task as it was at the event's moment; ``number`` counts from 1."""

    id: int
    name: str
    number: int | None = None
    description: str = ""
    date_started: dt.datetime | None = None
    date_completed: dt.datetime | None = None
    performers: tuple[Performer, ...] = ()
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowSnapshot:
    """A workflow as it was at the event's moment."""

    id: int
    name: str
    status: Status
    template_id: int | None = None
    template_name: str = ""
    date_created: dt.datetime | None = None
    kickoff: tuple[Output, ...] = ()
    current_task: TaskSnapshot | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``task`` is there for the kinds that are about a task."""

    kind: Kind
    workflow: WorkflowSnapshot
    task: TaskSnapshot | None = None

    @property
    def moment(self) -> dt.datetime | None:
        """Return the latest time that the event tells; None when it tells none."""
        return max(self._times(), default=None)

    def _times(self) -> Iterator[dt.datetime]:
        for task in (self.task, self.workflow.current_task):
            if task is not None:
                yield from (time for time in (task.date_started, task.date_completed) if time)
        if self.workflow.date_created:
            yield self.workflow.date_created


def event_to_json(event: Event) -> dict[str, Any]:
    """Return ``event`` as JSON; ``event_from_json`` gives the same object back. Empty parts are left out."""
    data: dict[str, Any] = {"kind": event.kind.value, "workflow": _workflow_to_json(event.workflow)}
    if event.task:
        data["task"] = _task_to_json(event.task)
    return data


def event_from_json(data: Mapping[str, Any]) -> Event:
    """Return the event that ``event_to_json`` wrote."""
    return Event(
        kind=Kind(data["kind"]),
        workflow=_workflow_from_json(data["workflow"]),
        task=_task_from_json(data["task"]) if "task" in data else None,
    )


def output_to_json(output: Output) -> dict[str, Any]:
    """Return ``output`` as JSON; ``output_from_json`` gives it back."""
    data: dict[str, Any] = {"api_name": output.api_name, "name": output.name, "type": output.type}
    if output.value:
        data["value"] = output.value
    if output.choices:
        data["choices"] = [[choice.key, choice.label, choice.is_selected] for choice in output.choices]
    if output.files:
        data["files"] = [[file.id, file.name, file.url] for file in output.files]
    return data


def output_from_json(data: Mapping[str, Any]) -> Output:
    """Return the output that ``output_to_json`` wrote."""
    get = data.get
    choices, files = get("choices"), get("files")
    # By position: thousands of events a second are read when everything is projected anew.
    return Output(
        data["api_name"],
        data["name"],
        data["type"],
        get("value", ""),
        tuple([Choice(*choice) for choice in choices]) if choices else (),
        tuple([FileLink(*file) for file in files]) if files else (),
    )


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
    if workflow.current_task:
        data["current_task"] = _task_to_json(workflow.current_task)
    return data


def _workflow_from_json(data: Mapping[str, Any]) -> WorkflowSnapshot:
    get = data.get
    kickoff, current_task = get("kickoff"), get("current_task")
    return WorkflowSnapshot(
        data["id"],
        data["name"],
        Status(data["status"]),
        get("template_id"),
        get("template_name", ""),
        _time(get("date_created")),
        tuple([output_from_json(output) for output in kickoff]) if kickoff else (),
        _task_from_json(current_task) if current_task else None,
    )


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
        data["performers"] = [[performer.id, performer.name] for performer in task.performers]
    if task.outputs:
        data["outputs"] = [output_to_json(output) for output in task.outputs]
    return data


def _task_from_json(data: Mapping[str, Any]) -> TaskSnapshot:
    get = data.get
    performers, outputs = get("performers"), get("outputs")
    return TaskSnapshot(
        data["id"],
        data["name"],
        get("number"),
        get("description", ""),
        _time(get("date_started")),
        _time(get("date_completed")),
        tuple([Performer(*performer) for performer in performers]) if performers else (),
        tuple([output_from_json(output) for output in outputs]) if outputs else (),
    )


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
