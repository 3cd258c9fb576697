"""The objects of the current server for workflows and tasks, made from the records of the engine."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sandbox.shapes import Record, all_fields
from sandbox.state import State
from sandbox.workflows import SNOOZED

from .outputs import fill_in, outputs, plain_values
from .shapes import stamp

_FIELDSET_KEYS = ("id", "api_name", "name", "title", "description", "order", "label_position", "layout")


def workflow_object(workflow: Record, state: State) -> Record:
    """Return a workflow whole, as launching answers with it, its own path shows it, and webhooks bring it."""
    head = _head(workflow, state)
    template = state.templates.get(workflow["template_id"])
    head["template"]["wf_name_template"] = template["wf_name_template"] if template else None
    due = head.pop("due_date_tsp")
    return {
        **head,
        "kickoff": _kickoff(workflow, state),
        "due_date_tsp": due,
        "is_read_only_viewer": False,
    }


def workflow_item(workflow: Record, state: State, wanted: set[str]) -> Record:
    """Return a workflow as the list shows it: with ``fields`` of these API names in place of its kickoff."""
    head = _head(workflow, state)
    due = head.pop("due_date_tsp")
    return {**head, "fields": field_values(workflow, state, wanted), "due_date_tsp": due}


def field_values(workflow: Record, state: State, wanted: set[str] | None = None) -> list[Record]:
    """Return the answers of a workflow in one list, all or those with these API names."""
    found = []
    form = workflow["form"]
    kickoff_parts = [(None, form["fields"])] + [(part["id"], part["fields"]) for part in form["fieldsets"]]
    parts: list[tuple[int | None, int | None, list[Record], Record]] = [
        (None, fieldset_id, fields, workflow["kickoff"]) for fieldset_id, fields in kickoff_parts
    ]
    parts += [(step["id"], None, step["fields"], step["answers"]) for step in workflow["steps"]]
    for task_id, fieldset_id, fields, answers in parts:
        for item in outputs(fields, answers, workflow, state, unanswered=""):
            if wanted is None or item["api_name"] in wanted:
                del item["selections"]
                kickoff_id = workflow["id"] if task_id is None else None
                found.append(
                    {**item, "task_id": task_id, "kickoff_id": kickoff_id, "fieldset_id": fieldset_id}
                )
    return found


def task_object(workflow: Record, step: Record, state: State) -> Record:
    """Return a task as its own path shows it; webhooks have the whole workflow in place of the few keys here."""
    item = _task(workflow, step, state)
    before = [other for other in workflow["steps"] if other["number"] < step["number"]][-1:]
    names = _values(workflow, state)
    return {
        "id": item["id"],
        "name": item["name"],
        "api_name": item["api_name"],
        "description": item["description"],
        "workflow": {
            "id": workflow["id"],
            "status": workflow["status"],
            "name": workflow["name"],
            "template_name": workflow["template_name"],
            "date_created_tsp": stamp(workflow["date_created"]),
            "date_completed_tsp": stamp(workflow["date_completed"]),
        },
        "contains_comments": False,
        "require_completion_by_all": step["by_all"],
        "output": outputs(step["fields"], step["answers"], workflow, state, unanswered=None),
        "delay": item["delay"],
        "date_started_tsp": item["date_started_tsp"],
        "date_completed_tsp": item["date_completed_tsp"],
        "due_date_tsp": None,
        "is_completed": item["status"] == "completed",
        "performers": item["performers"],
        "is_urgent": workflow["is_urgent"],
        "checklists_marked": 0,
        "checklists_total": 0,
        "checklists": [],
        "sub_workflows": [],
        "status": item["status"],
        "revert_tasks": [
            {"id": other["id"], "name": fill_in(other["name"], names), "api_name": other["api_name"]}
            for other in before
        ],
        "is_read_only_viewer": False,
        "fieldsets": [],
    }


def task_item(workflow: Record, step: Record, state: State) -> Record:
    """Return a task as the list of tasks shows it."""
    item = _task(workflow, step, state)
    keys = ("id", "name", "api_name", "due_date_tsp", "date_started_tsp", "date_completed_tsp", "status")
    return {
        **{key: item[key] for key in keys},
        "workflow_name": workflow["name"],
        "template_id": workflow["template_id"],
        "template_task_api_name": step["api_name"],
        "is_urgent": workflow["is_urgent"],
    }


def task_status(workflow: Record, step: Record) -> str:
    """Return pending, active, snoozed or completed; the task at which a workflow was finished early stays active."""
    if step["date_completed"]:
        return "completed"
    if step["number"] != workflow["current"]:
        return "pending"
    if workflow["status"] == SNOOZED:
        return "snoozed"
    return "active" if step["date_started"] else "pending"


def _head(workflow: Record, state: State) -> Record:
    template = state.templates.get(workflow["template_id"])
    return {
        "id": workflow["id"],
        "name": workflow["name"],
        "status": workflow["status"],
        "description": workflow["description"],
        "finalizable": workflow["finalizable"],
        "is_external": False,
        "is_urgent": workflow["is_urgent"],
        "date_created_tsp": stamp(workflow["date_created"]),
        "date_completed_tsp": stamp(workflow["date_completed"]),
        "workflow_starter": workflow["started_by"],
        "ancestor_task_id": None,
        "is_legacy_template": template is None,
        "legacy_template_name": None if template else workflow["template_name"],
        "template": {
            "id": workflow["template_id"],
            "name": template["name"] if template else workflow["template_name"],
            "is_active": bool(template and template["is_active"]),
        },
        "owners": workflow["owners"],
        "tasks": [_task(workflow, step, state) for step in workflow["steps"]],
        "due_date_tsp": workflow["due"],
    }


def _kickoff(workflow: Record, state: State) -> Record:
    form, answers = workflow["form"], workflow["kickoff"]
    kickoff: Record = {
        "id": workflow["id"],
        "output": outputs(form["fields"], answers, workflow, state, unanswered=""),
    }
    if state.release.has_description:
        kickoff["description"] = form["description"]
    if "fieldsets" not in state.release.absent:
        kickoff["fieldsets"] = [
            {
                **{key: part[key] for key in _FIELDSET_KEYS},
                "fields": outputs(part["fields"], answers, workflow, state, unanswered=""),
            }
            for part in form["fieldsets"]
        ]
    return kickoff


def _task(workflow: Record, step: Record, state: State) -> Record:
    status = task_status(workflow, step)
    values = _values(workflow, state)
    return {
        "id": step["id"],
        "name": fill_in(step["name"], values),
        "api_name": step["api_name"],
        "description": fill_in(step["description"], values) or None,
        "number": step["number"],
        "delay": _delay(workflow) if status == "snoozed" else None,
        "due_date_tsp": None,
        "date_started_tsp": None if status == "pending" else stamp(step["date_started"]),
        "date_completed_tsp": stamp(step["date_completed"]),
        "performers": _performers(step),
        "checklists_total": 0,
        "checklists_marked": 0,
        "status": status,
    }


def _performers(step: Record) -> list[Record]:
    people = [("user", id_) for id_ in sorted(step["performers"])]
    people += [("group", id_) for id_ in sorted(step["groups"])]
    return [
        {
            "is_completed": step["date_completed"] is not None,
            "date_completed_tsp": stamp(step["date_completed"]),
            "type": kind,
            "source_id": id_,
        }
        for kind, id_ in people
    ]


def _delay(workflow: Record) -> Record:
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


def _iso(timestamp: dt.datetime) -> str:
    return timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _values(workflow: Record, state: State) -> dict[str, str]:
    answers: dict[str, Any] = dict(workflow["kickoff"])
    fields = all_fields(workflow["form"])
    for step in workflow["steps"]:
        answers.update(step["answers"])
        fields += step["fields"]
    return plain_values(fields, answers, state.users.get(workflow["started_by"]), state)
