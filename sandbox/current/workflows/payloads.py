"""What the current server sends to webhooks, in the shape of each release.

Since 4.0 that is the whole workflow, for events of a task inside of the task; before, parts of it. ``hook`` is put in
front for each row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.current.outputs import outputs
from sandbox.current.releases import Release
from sandbox.current.shapes import name_of, stamp
from sandbox.shapes import Record
from sandbox.state import State

from .shapes import task_object, workflow_head, workflow_object, workflow_tasks
from .tasks import current_step, people, task_description, task_name

_OUTPUT_KEYS = ("id", "type", "is_required", "name", "description", "api_name", "value", "user_id")


def event_of(happening: str, release: Release) -> str:
    """Return the name that a release has for what happened."""
    return release.completed_event if happening == "task_completed" else happening


def events(release: Release) -> tuple[str, ...]:
    """Return the names of all events of a release."""
    return ("workflow_started", release.completed_event, "task_returned", "workflow_completed")


def content(workflow: Record, task: Record | None, *, state: State) -> Record:
    """Return the payload without ``hook``, in the state of now."""
    release = state.release
    if release.payload_workflow == "whole":
        shown = workflow_object(workflow, state)
    elif release.payload_workflow == "tasks":
        shown = _with_tasks(workflow, state)
    else:
        shown = _with_current_task(workflow, state)
    if task is None:
        return {"workflow": shown}
    if release.payload_workflow in {"whole", "tasks"}:
        return {"task": {**task_object(workflow, task, state), "workflow": shown}}
    head = _task(workflow, task, state)
    if release.payload_workflow == "first":
        # Read before the completion is stored, unlike the current task of the workflow in it.
        head |= {"date_completed": None, "date_completed_tsp": None}
    return {
        "task": {
            **head,
            "output": _outputs(task["fields"], task["answers"], workflow, state),
            "workflow": shown,
        }
    }


def _with_tasks(workflow: Record, state: State) -> Record:
    step = current_step(workflow)
    return {
        **workflow_head(workflow, state),
        "kickoff": {"output": _kickoff_outputs(workflow, state)},
        "tasks": workflow_tasks(workflow, state),
        "current_task": _task(workflow, step, state) if step else None,
    }


def _with_current_task(workflow: Record, state: State) -> Record:
    step = current_step(workflow)
    form = workflow["form"]
    created = workflow["date_created"]
    kickoff: Record = {"output": _outputs(form["fields"], workflow["kickoff"], workflow, state)}
    has_texts = state.release.payload_workflow == "first"
    if has_texts:
        kickoff |= {"id": workflow["id"], "description": form["description"]}
    return {
        "id": workflow["id"],
        "name": workflow["name"],
        "status": workflow["status"],
        **({"date_created": _text(created)} if has_texts else {}),
        "date_created_tsp": stamp(created),
        "template": {"id": workflow["template_id"], "name": workflow["template_name"]},
        "current_task": _task(workflow, step, state) if step else None,
        "kickoff": kickoff,
    }


def _task(workflow: Record, step: Record, state: State) -> Record:
    """Return a task as ``current_task``, or as what an event of the first releases is about."""
    dates = {
        "date_started": step["date_started"],
        "date_completed": step["date_completed"],
        "due_date": None,
    }
    shown = {
        "id": step["id"],
        "name": task_name(workflow, step, state),
        "api_name": step["api_name"],
        "number": step["number"],
        "description": task_description(workflow, step, state),
        **{f"{key}_tsp": stamp(value) for key, value in dates.items()},
        "performers": people(step, state),
    }
    if state.release.payload_workflow == "first":
        del shown["api_name"]
        shown |= {key: _text(value) for key, value in dates.items()}
    return shown


def _kickoff_outputs(workflow: Record, state: State) -> list[Record]:
    return outputs(workflow["form"]["fields"], workflow["kickoff"], workflow, state, unanswered="")


def _outputs(
    fields: list[Record], answers: Mapping[str, Any], workflow: Record, state: State
) -> list[Record]:
    """Return answers as the first releases send them: a person by name, where their paths have the id."""
    shown = []
    for item in outputs(fields, answers, workflow, state, unanswered=""):
        person = state.users.get(item["user_id"])
        selections = item["selections"]
        if state.release.payload_workflow == "first":
            keys = ("id", "value", "is_selected")
            selections = [{key: option[key] for key in keys} for option in selections]
        shown.append(
            {
                **{key: item[key] for key in _OUTPUT_KEYS},
                **({"value": name_of(person)} if person else {}),
                "selections": selections,
                "attachments": item["attachments"],
            }
        )
    return shown


def _text(timestamp: str | None) -> str | None:
    """Return a timestamp as text with milliseconds."""
    return f"{timestamp[:23]}Z" if timestamp else None
