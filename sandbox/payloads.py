"""The documented webhook payloads, key for key; another generation of the API gets a separate module.

Built from the sandbox's own records: what a workflow was at that time. ``hook`` is put in front for each
subscription. What the examples leave open is decided in docs/sandbox.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .shapes import CHOICE_TYPES, Record

Link = Callable[[int], Record]

# What happened, and its events: the present name and the deprecated one.
EVENTS_OF: Mapping[str, tuple[str, ...]] = {
    "workflow_started": ("workflow_started", "process_started"),
    "task_completed": ("task_completed_v2", "task_completed"),
    "task_returned": ("task_returned",),
    "workflow_completed": ("workflow_completed", "process_completed"),
}


def content(
    happening: str, workflow: Record, task: Record | None, *, users: Mapping[int, Record], link: Link
) -> Record:
    """Return the payload without ``hook``; ``link(id)`` returns a file as listed in ``attachments``."""
    snapshot = _workflow(workflow, users, link)
    if task is None:
        return {"workflow": snapshot}
    return {
        "task": {
            **_task_head(task),
            "output": _output(task["fields"], task["answers"], link),
            "performers": _performers(task, users),
            "workflow": snapshot,
        }
    }


def hook(subscription: Record) -> Record:
    """Return the part of a payload that says for which subscription it is."""
    return {key: subscription[key] for key in ("id", "event", "target")}


def _workflow(workflow: Record, users: Mapping[int, Record], link: Link) -> Record:
    form = workflow["form"]
    current = next((task for task in workflow["steps"] if task["number"] == workflow["current"]), None)
    return {
        "id": workflow["id"],
        "name": workflow["name"],
        "status": workflow["status"],
        "date_created": _time(workflow["date_created"]),
        "template": {"id": workflow["template_id"], "name": workflow["template_name"]},
        "kickoff": {
            "id": form["id"],
            "description": form["description"],
            "output": _output(form["fields"], workflow["kickoff"], link),
        },
        "current_task": {**_task_head(current), "performers": _performers(current, users)}
        if current
        else None,
    }


def _task_head(task: Record) -> Record:
    return {
        "id": task["id"],
        "name": task["name"],
        "description": task["description"],
        "number": task["number"],
        "date_started": _time(task["date_started"]),
        "date_completed": _time(task["date_completed"]),
    }


def _performers(task: Record, users: Mapping[int, Record]) -> list[Record]:
    return [
        {key: users[id_][key] for key in ("id", "first_name", "last_name")}
        for id_ in task["performers"]
        if id_ in users
    ]


def _output(fields: list[Record], answers: Mapping[str, Any], link: Link) -> list[Record]:
    return [_field_output(field, answers.get(field["api_name"]), link) for field in fields]


def _field_output(field: Record, answer: Any, link: Link) -> Record:
    """Return one answered field: a choice in ``selections``, files in ``attachments``, all else as text."""
    kind = field["type"]
    chosen = answer if isinstance(answer, list) else [answer]
    has_text = answer not in (None, "", []) and kind not in CHOICE_TYPES and kind != "file"
    return {
        "id": field["id"],
        "name": field["name"],
        "type": "radiobutton" if kind == "radio" else kind,
        "api_name": field["api_name"],
        "value": str(answer) if has_text else None,
        "is_required": field["is_required"],
        "selections": [
            {"id": option["id"], "value": option["value"], "is_selected": option["id"] in chosen}
            for option in field["selections"]
        ]
        if kind in CHOICE_TYPES
        else [],
        "attachments": [link(id_) for id_ in chosen if id_] if kind == "file" else [],
    }


def _time(timestamp: str | None) -> str | None:
    """Return a timestamp as the examples write it: with milliseconds and a Z."""
    return f"{timestamp[:23]}Z" if timestamp else None
