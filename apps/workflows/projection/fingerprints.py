"""The key by which a listed workflow is compared with the stored one."""

from __future__ import annotations

from typing import Any

from apps.pneumatic.canonical.events import TaskSnapshot, WorkflowSnapshot
from apps.pneumatic.canonical.serialization import quick_hash


def comparison_key(workflow: WorkflowSnapshot) -> str:
    """Return a hash; two snapshots of whole workflows with the same hash differ only in their kickoff answers."""
    return quick_hash(
        [
            workflow.name,
            workflow.status.value,
            _time(workflow.date_completed),
            workflow.is_urgent,
            _time(workflow.due),
            # Releases before 3.1 list only the task that is open.
            [_task(task) for task in workflow.tasks or workflow.current_tasks()],
        ]
    )


def _task(task: TaskSnapshot) -> list[Any]:
    # Two responses may list them in different orders.
    performers = sorted([one.id or 0, one.is_group] for one in task.performers)
    return [
        task.id,
        task.name,
        task.status.value,
        _time(task.date_started),
        _time(task.date_completed),
        performers,
    ]


def _time(value: Any) -> str:
    return value.isoformat() if value else ""
