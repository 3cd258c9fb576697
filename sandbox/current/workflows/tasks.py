"""What all releases show of a task, made from the records of the engine."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sandbox.current.outputs import fill_in, plain_values
from sandbox.current.shapes import stamp
from sandbox.shapes import Record, all_fields
from sandbox.state import State
from sandbox.workflows import SNOOZED


def task_status(workflow: Record, step: Record) -> str:
    """Return pending, active, snoozed or completed; the task at which a workflow was finished early stays active."""
    if step["date_completed"]:
        return "completed"
    if step["number"] != workflow["current"]:
        return "pending"
    if workflow["status"] == SNOOZED or step["is_delayed"]:
        return "snoozed"
    return "active" if step["date_started"] else "pending"


def task_name(workflow: Record, step: Record, state: State) -> str:
    """Return the name of a task with its variables replaced."""
    return fill_in(step["name"], _values(workflow, state))


def task_description(workflow: Record, step: Record, state: State) -> str | None:
    """Return the description of a task with its variables replaced."""
    return fill_in(step["description"], _values(workflow, state)) or None


def full_task(workflow: Record, step: Record, state: State) -> Record:
    """Return a task as workflows have it since release 3.2."""
    status = task_status(workflow, step)
    return {
        "id": step["id"],
        "name": task_name(workflow, step, state),
        "api_name": step["api_name"],
        "description": task_description(workflow, step, state),
        "number": step["number"],
        "delay": delay(workflow) if status == "snoozed" else None,
        "due_date_tsp": None,
        "date_started_tsp": None if status == "pending" else stamp(step["date_started"]),
        "date_completed_tsp": stamp(step["date_completed"]),
        "performers": performers(step),
        "checklists_total": 0,
        "checklists_marked": 0,
        "status": status,
    }


def passed_tasks(workflow: Record, state: State) -> list[Record]:
    """Return the completed tasks as the releases up to 3.2 list them."""
    return [
        {"id": step["id"], "name": task_name(workflow, step, state), "number": step["number"]}
        for step in workflow["steps"]
        if step["date_completed"]
    ]


def current_step(workflow: Record) -> Record | None:
    """Return the task at which a workflow is; None for one without tasks."""
    return next((step for step in workflow["steps"] if step["number"] == workflow["current"]), None)


def people(step: Record, state: State) -> list[Record]:
    """Return the performers of a task with their names, as the first releases send them to webhooks."""
    keys = ("id", "first_name", "last_name")
    return [{key: state.users[id_][key] for key in keys} for id_ in performer_ids(step, state)]


def performer_ids(step: Record, state: State) -> list[int]:
    """Return the users who have to do a task; those releases that list ids know no groups, but their members."""
    members = [
        id_ for group in step["groups"] if group in state.groups for id_ in state.groups[group]["users"]
    ]
    return sorted({id_ for id_ in step["performers"] + members if id_ in state.users})


def delay(workflow: Record) -> Record:
    """Return since when and until when a workflow is snoozed."""
    start = dt.datetime.fromisoformat(workflow["moment"])
    end = dt.datetime.fromisoformat(workflow["snoozed_until"] or workflow["moment"])
    return {
        "id": workflow["id"],
        "duration": str(end - start),
        "start_date": _iso(start),
        "start_date_tsp": start.timestamp(),
        "end_date": None,
        "end_date_tsp": None,
        "estimated_end_date": _iso(end),
        "estimated_end_date_tsp": end.timestamp(),
    }


def performers(step: Record) -> list[Record]:
    performers = [("user", id_) for id_ in sorted(step["performers"])]
    performers += [("group", id_) for id_ in sorted(step["groups"])]
    return [
        {
            "is_completed": step["date_completed"] is not None,
            "date_completed_tsp": stamp(step["date_completed"]),
            "type": kind,
            "source_id": id_,
        }
        for kind, id_ in performers
    ]


def _iso(timestamp: dt.datetime) -> str:
    return timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _values(workflow: Record, state: State) -> dict[str, str]:
    answers: dict[str, Any] = dict(workflow["kickoff"])
    fields = all_fields(workflow["form"])
    for step in workflow["steps"]:
        answers.update(step["answers"])
        fields += step["fields"]
    return plain_values(fields, answers, state.users.get(workflow["started_by"]), state)
