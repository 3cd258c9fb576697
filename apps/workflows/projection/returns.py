"""From where to where a task was returned."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from apps.pneumatic.canonical.events import TaskSnapshot

Ends = tuple[TaskSnapshot | None, TaskSnapshot | None]


def ends_of_return(task: TaskSnapshot, current: TaskSnapshot | None) -> Ends:
    """Return source and target of a return, each None where the event does not contain it.

    The task of the event is the one that was returned; one dialect has it as the current task already. A return goes to
    a lower number.
    """
    if current is None:
        return task, None
    if current.id == task.id:
        return None, current
    if task.number is not None and current.number is not None and task.number < current.number:
        return current, task
    return task, current


def target_among(current: Sequence[TaskSnapshot], task: TaskSnapshot, again: Collection[int]) -> Ends:
    """Return source and target of a return, where the event has all tasks; ``current`` are those that are open now.

    ``again`` are the ids of tasks that were completed and are open again. Without any, the task that started last is
    the target. It may be the task of the event itself: that is reported as returned if it was open before as well.
    """
    began = [(one.date_started, one.number or 0, one) for one in current if one.date_started is not None]
    youngest = max(began, key=lambda entry: entry[:2])[2] if began else None
    if youngest is not None and youngest.id == task.id:
        return None, task
    others = [one for one in current if one.id != task.id]
    if not others:
        return (None, task) if current else (task, None)
    came_back = [one for one in others if one.id in again]
    if came_back:
        return task, min(came_back, key=lambda one: one.number or 0)
    return task, youngest or others[0]
