"""How a listed workflow is compared with the stored one: by a key, and where the list has only part of it, by parts."""

from __future__ import annotations

from typing import Any

from apps.pneumatic.canonical.events import Status, TaskSnapshot, TaskStatus, WorkflowSnapshot
from apps.pneumatic.canonical.serialization import quick_hash


def comparison_key(workflow: WorkflowSnapshot) -> str:
    """Return a hash; two snapshots of whole workflows with the same hash differ only in their kickoff answers."""
    # Releases before 3.1 list only the task that is open, and which tasks are completed.
    key = [*_head(workflow), [_task(task) for task in workflow.tasks or workflow.current_tasks()]]
    if not workflow.tasks and workflow.passed is not None:
        key.append(_passed_ids(workflow))
    return quick_hash(key)


def adds_nothing(listed: WorkflowSnapshot, known: WorkflowSnapshot) -> bool:
    """Return whether a row of a list shows nothing that ``known``, a reading of the workflow, does not show.

    Rows of releases 3.0 and 3.1 have the open tasks only, and the ids of the completed ones.
    """
    if comparison_key(listed) == comparison_key(known):
        return True
    if listed.passed is None or not known.tasks or _head(listed) != _head(known):
        return False
    tasks = [_task(task) for task in known.tasks]
    completed = sorted(task.id for task in known.tasks if task.status is TaskStatus.COMPLETED)
    # Of an ended workflow, such a row has the last task as the open one.
    is_over = listed.status is Status.COMPLETED
    return (
        all(_task(task) in tasks for task in listed.tasks)
        and (is_over or _open_ids(listed) == _open_ids(known))
        and _passed_ids(listed) == completed
    )


def _head(workflow: WorkflowSnapshot) -> list[Any]:
    return [
        workflow.name,
        workflow.status.value,
        _time(workflow.date_completed),
        workflow.is_urgent,
        _time(workflow.due),
    ]


def _open_ids(workflow: WorkflowSnapshot) -> list[int]:
    return sorted(task.id for task in workflow.current_tasks())


def _passed_ids(workflow: WorkflowSnapshot) -> list[int]:
    return sorted(task.id for task in workflow.passed or ())


def _task(task: TaskSnapshot) -> list[Any]:
    # Two responses may list them in different orders.
    performers = sorted([one.id or 0, one.is_group] for one in task.performers)
    # The lists of the first releases have no end of a snooze, and no status of a task either.
    until = [_time(task.waits_until)] if task.status is TaskStatus.SNOOZED and task.waits_until else []
    return [
        task.id,
        task.name,
        task.status.value,
        _time(task.date_started),
        _time(task.date_completed),
        performers,
        *until,
    ]


def _time(value: Any) -> str:
    return value.isoformat() if value else ""
