"""What the current server sends to webhooks: the whole workflow, for events of a task inside of the task.

``hook`` is put in front for each row.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.shapes import Record
from sandbox.state import State

from .workflows import task_object, workflow_object

EVENTS_OF: Mapping[str, tuple[str, ...]] = {
    name: (name,) for name in ("workflow_started", "task_completed", "task_returned", "workflow_completed")
}


def content(workflow: Record, task: Record | None, *, state: State) -> Record:
    """Return the payload without ``hook``, in the state of now."""
    shown = workflow_object(workflow, state)
    return (
        {"task": {**task_object(workflow, task, state), "workflow": shown}} if task else {"workflow": shown}
    )
