"""Workflows and tasks as the first releases show them: with the current task and the passed ones, people as ids.

Their lists and paths have every date as text and in seconds. Release 1.0 has due dates in both, too, and does not say
how many tasks are active.
"""

from __future__ import annotations

import datetime as dt

from sandbox.current.access import owner_ids
from sandbox.current.outputs import outputs
from sandbox.current.shapes import stamp
from sandbox.shapes import Record
from sandbox.state import State
from sandbox.workflows import SNOOZED

from .tasks import (
    current_step,
    delay,
    passed_tasks,
    performer_ids,
    task_description,
    task_name,
    task_status,
)

_LISTED_DELAY = ("start_date", "start_date_tsp", "end_date", "end_date_tsp")


def workflow_object(workflow: Record, state: State) -> Record:
    """Return a workflow whole, as launching answers with it and as its own path shows it."""
    template = state.templates.get(workflow["template_id"])
    form, step = workflow["form"], current_step(workflow)
    return {
        "id": workflow["id"],
        "name": workflow["name"],
        "description": workflow["description"],
        "template": _template(workflow, state)
        | {"wf_name_template": template["wf_name_template"] if template else None},
        "current_task": _task(workflow, step, state) if step else None,
        **counts(workflow, state),
        "workflow_starter": workflow["started_by"],
        "finalizable": workflow["finalizable"],
        "is_legacy_template": template is None,
        "legacy_template_name": None if template else workflow["template_name"],
        "status": workflow["status"],
        "kickoff": {
            "id": workflow["id"],
            "description": form["description"],
            "output": outputs(form["fields"], workflow["kickoff"], workflow, state, unanswered=""),
        },
        "is_external": workflow["is_external"],
        "is_urgent": workflow["is_urgent"],
        "passed_tasks": passed_tasks(workflow, state),
        **_dates(workflow, state),
        "ancestor_task_id": None,
    }


def workflow_item(workflow: Record, state: State) -> Record:
    """Return a workflow as the list shows it, without answers."""
    template = state.templates.get(workflow["template_id"])
    step = current_step(workflow)
    task = _task(workflow, step, state) if step else None
    if task and task["delay"]:
        seconds = task["delay"]["estimated_end_date_tsp"] - task["delay"]["start_date_tsp"]
        task["delay"] = {"duration": f"{seconds:.6f}", **{key: task["delay"][key] for key in _LISTED_DELAY}}
    updated = workflow["date_completed"] or (
        workflow["moment"] if workflow["status"] == SNOOZED else workflow["date_created"]
    )
    return {
        "id": workflow["id"],
        "name": workflow["name"],
        "status": workflow["status"],
        "current_task": workflow["current"],
        **counts(workflow, state),
        "template": _template(workflow, state),
        "task": task,
        "is_legacy_template": template is None,
        "legacy_template_name": None if template else workflow["template_name"],
        "passed_tasks": passed_tasks(workflow, state),
        "is_external": workflow["is_external"],
        "is_urgent": workflow["is_urgent"],
        "finalizable": workflow["finalizable"],
        "workflow_starter": workflow["started_by"],
        "status_updated": updated,
        "status_updated_tsp": stamp(updated),
        **_dates(workflow, state),
    }


def task_object(workflow: Record, step: Record, state: State) -> Record:
    """Return a task as its own path shows it."""
    item = _task(workflow, step, state)
    due: Record = {key: item[key] for key in ("due_date", "due_date_tsp") if key in item}
    return {
        "id": item["id"],
        "name": item["name"],
        "description": task_description(workflow, step, state),
        "workflow": {
            "id": workflow["id"],
            "status": workflow["status"],
            "name": workflow["name"],
            "current_task": workflow["current"],
            "template_name": workflow["template_name"],
            "date_completed": workflow["date_completed"],
            "date_completed_tsp": stamp(workflow["date_completed"]),
        },
        "contains_comments": False,
        "require_completion_by_all": step["by_all"],
        "output": outputs(step["fields"], step["answers"], workflow, state, unanswered=""),
        "delay": item["delay"],
        "date_started": item["date_started"],
        "date_started_tsp": item["date_started_tsp"],
        "is_completed": step["date_completed"] is not None,
        "date_completed": step["date_completed"],
        "date_completed_tsp": stamp(step["date_completed"]),
        **due,
        "performers": item["performers"],
        "is_urgent": workflow["is_urgent"],
        "checklists_marked": 0,
        "checklists_total": 0,
        "checklists": [],
        "sub_workflows": [],
    }


def counts(workflow: Record, state: State) -> Record:
    """Return how many tasks a workflow has, and which is the current one."""
    count, number = len(workflow["steps"]), workflow["current"]
    return state.release.known(
        {"tasks_count": count, "active_tasks_count": count, "active_current_task": number}
    )


def _template(workflow: Record, state: State) -> Record:
    template = state.templates.get(workflow["template_id"])
    return {
        "id": workflow["template_id"],
        "template_owners": owner_ids(template, state) if template else [],
        "name": template["name"] if template else workflow["template_name"],
        "is_active": bool(template and template["is_active"]),
    }


def _task(workflow: Record, step: Record, state: State) -> Record:
    return {
        "id": step["id"],
        "name": task_name(workflow, step, state),
        "number": step["number"],
        "delay": delay(workflow) if task_status(workflow, step) == "snoozed" else None,
        **({"due_date": None} if state.release.has_due_date else {}),
        "due_date_tsp": None,
        "date_started": step["date_started"],
        "date_started_tsp": stamp(step["date_started"]),
        "performers": performer_ids(step, state),
        "checklists_total": 0,
        "checklists_marked": 0,
    }


def _dates(workflow: Record, state: State) -> Record:
    due = workflow["due"]
    text = _text(due) if due is not None else None
    return {
        "date_completed": workflow["date_completed"],
        "date_completed_tsp": stamp(workflow["date_completed"]),
        **({"due_date": text} if state.release.has_due_date else {}),
        "due_date_tsp": due,
        "date_created": workflow["date_created"],
        "date_created_tsp": stamp(workflow["date_created"]),
    }


def _text(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat().replace("+00:00", "Z")
