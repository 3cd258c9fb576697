"""What happened in a workflow, as the newest release lists it. Older ones were not recorded.

Releases that have files by id are known from their source to list attachments, and not yet whether it is urgent.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.current.outputs import outputs
from sandbox.current.shapes import stamp
from sandbox.shapes import Record
from sandbox.state import State

from .journal import TASK_COMPLETED
from .tasks import performers, task_name


def shown_activity(workflow: Record, state: State) -> Iterator[Record]:
    """Yield the rows, the oldest first; a task in them is a snapshot."""
    for row in workflow["activity"]:
        shown = {
            "id": row["id"],
            "created": row["created"],
            "created_tsp": stamp(row["created"]),
            "updated": None,
            "updated_tsp": None,
            "status": "created",
            "text": None,
            "type": row["type"],
            "user_id": row["user_id"],
            "target_user_id": None,
            "target_group_id": None,
            "delay": None,
            "task": _task(workflow, row, state) if row["step"] else None,
            "workflow_id": workflow["id"],
            "is_urgent": workflow["is_urgent"],
            "watched": [],
            "reactions": {},
        }
        if state.release.has_attachments:
            shown["attachments"] = []
            del shown["is_urgent"]
        yield shown


def _task(workflow: Record, row: Record, state: State) -> Record:
    step = next(step for step in workflow["steps"] if step["id"] == row["step"]["id"])
    shown = {
        "id": step["id"],
        "name": task_name(workflow, step, state),
        "number": step["number"],
        "output": None,
        "fieldsets": None,
        "performers": performers(row["step"]),
        "description": None,
        "due_date_tsp": None,
        "sub_workflow": None,
    }
    if row["type"] == TASK_COMPLETED:
        answers = row["step"]["answers"]
        shown["output"] = outputs(step["fields"], answers, workflow, state, unanswered="")
    return state.release.known(shown)
