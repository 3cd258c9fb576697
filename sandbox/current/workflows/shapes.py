"""The objects of the current server for workflows and tasks, made from the records of the engine."""

from __future__ import annotations

from sandbox.current.outputs import outputs
from sandbox.current.shapes import stamp
from sandbox.shapes import Record
from sandbox.state import State

from . import current_task
from .tasks import current_step, full_task, passed_tasks, performer_ids, task_name

_FIELDSET_KEYS = ("id", "api_name", "name", "title", "description", "order", "label_position", "layout")


def launch_answer(workflow: Record, state: State) -> Record:
    """Return the answer to a launch: the workflow, on the first release with its id once more."""
    shown = workflow_object(workflow, state)
    if state.release.has_workflow_id:
        step = current_step(workflow)
        shown["workflow_id"] = workflow["id"]
        shown["first_task_performers"] = performer_ids(step, state) if step else []
    return shown


def workflow_object(workflow: Record, state: State) -> Record:
    """Return a workflow whole, as launching answers with it and as its own path shows it."""
    release = state.release
    if release.workflow_tasks == "current":
        return current_task.workflow_object(workflow, state)
    head = workflow_head(workflow, state)
    shown = {
        **head,
        "owners": workflow["owners"],
        "tasks": workflow_tasks(workflow, state),
        "kickoff": kickoff(workflow, state),
        "due_date_tsp": workflow["due"],
    }
    if release.workflow_tasks == "both":
        step = current_step(workflow)
        shown["passed_tasks"] = passed_tasks(workflow, state)
        shown["current_task"] = full_task(workflow, step, state) if step else None
        shown |= current_task.counts(workflow, state)
    shown["is_read_only_viewer"] = False
    return release.known(shown)


def workflow_item(workflow: Record, state: State, wanted: set[str]) -> Record:
    """Return a workflow as the list shows it: with ``fields`` of these API names in place of its kickoff."""
    release = state.release
    if release.workflow_tasks == "current":
        return current_task.workflow_item(workflow, state)
    head = workflow_head(workflow, state)
    del head["template"]["wf_name_template"]
    shown = {
        **head,
        "owners": workflow["owners"],
        "tasks": workflow_tasks(workflow, state),
        "fields": field_values(workflow, state, wanted),
        "due_date_tsp": workflow["due"],
    }
    if release.workflow_tasks == "both":
        step = current_step(workflow)
        shown |= {"current_task": workflow["current"], **current_task.counts(workflow, state)}
        shown["task"] = full_task(workflow, step, state) if step else None
        shown["passed_tasks"] = passed_tasks(workflow, state)
    return shown


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
                place = {"task_id": task_id, "kickoff_id": kickoff_id, "fieldset_id": fieldset_id}
                found.append(state.release.known({**item, **place}))
    return found


def task_object(workflow: Record, step: Record, state: State) -> Record:
    """Return a task as its own path shows it; webhooks have the whole workflow in place of the few keys here."""
    release = state.release
    if release.workflow_tasks == "current":
        return current_task.task_object(workflow, step, state)
    item = full_task(workflow, step, state)
    number = {"current_task": workflow["current"]} if release.workflow_tasks == "both" else {}
    shown = {
        "id": item["id"],
        "name": item["name"],
        "api_name": item["api_name"],
        "description": item["description"],
        "workflow": {
            "id": workflow["id"],
            "status": workflow["status"],
            "name": workflow["name"],
            **number,
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
        "revert_tasks": _revert_tasks(workflow, step, state),
        "is_read_only_viewer": False,
        "fieldsets": [],
    }
    return release.known(shown)


def task_item(workflow: Record, step: Record, state: State) -> Record:
    """Return a task as the list of tasks shows it."""
    item = full_task(workflow, step, state)
    keys = ("id", "name", "api_name", "due_date_tsp", "date_started_tsp", "date_completed_tsp", "status")
    return {
        **{key: item[key] for key in keys},
        "workflow_name": workflow["name"],
        "template_id": workflow["template_id"],
        "template_task_api_name": step["api_name"],
        "is_urgent": workflow["is_urgent"],
    }


def workflow_head(workflow: Record, state: State) -> Record:
    """Return what lists, a workflow's own path and webhooks have in common since release 3.2."""
    template = state.templates.get(workflow["template_id"])
    return {
        "id": workflow["id"],
        "name": workflow["name"],
        "status": workflow["status"],
        "description": workflow["description"],
        "finalizable": workflow["finalizable"],
        "is_external": workflow["is_external"],
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
            "wf_name_template": template["wf_name_template"] if template else None,
        },
    }


def workflow_tasks(workflow: Record, state: State) -> list[Record]:
    """Return all tasks of a workflow, those that did not begin too."""
    return [full_task(workflow, step, state) for step in workflow["steps"]]


def kickoff(workflow: Record, state: State) -> Record:
    """Return the answers of the launch."""
    form, answers = workflow["form"], workflow["kickoff"]
    shown = {"id": workflow["id"], "output": outputs(form["fields"], answers, workflow, state, unanswered="")}
    if state.release.has_description:
        shown["description"] = form["description"]
    if "fieldsets" not in state.release.absent:
        shown["fieldsets"] = [
            {
                **{key: part[key] for key in _FIELDSET_KEYS},
                "fields": outputs(part["fields"], answers, workflow, state, unanswered=""),
            }
            for part in form["fieldsets"]
        ]
    return shown


def _revert_tasks(workflow: Record, step: Record, state: State) -> list[Record]:
    before = [other for other in workflow["steps"] if other["number"] < step["number"]][-1:]
    return [
        {"id": other["id"], "name": task_name(workflow, other, state), "api_name": other["api_name"]}
        for other in before
    ]
