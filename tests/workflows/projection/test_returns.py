"""Returns: of a workflow as a whole, from several open tasks, from the end, and where another event was lost."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from apps.pneumatic.canonical.events import Event, Kind, Status, TaskSnapshot, WorkflowSnapshot
from apps.workflows.projection.history import GapKind, HistoryEntryKind
from tests.workflows.projecting import canonical
from tests.workflows.projection.test_snapshot_reducer import done
from tests.workflows.snapshot_histories import BEGIN, Server


def at(minute: int) -> dt.datetime:
    return BEGIN + dt.timedelta(minutes=minute)


def task(number: int) -> TaskSnapshot:
    return TaskSnapshot(number * 10, f"Task {number}", number)


def opened(one: TaskSnapshot, minute: int) -> TaskSnapshot:
    return replace(one, date_started=at(minute))


def completed(one: TaskSnapshot, start: int, end: int) -> TaskSnapshot:
    return replace(one, date_started=at(start), date_completed=at(end))


def event(
    kind: Kind,
    about: TaskSnapshot | None = None,
    *,
    current: TaskSnapshot,
    status: Status = Status.RUNNING,
) -> Event:
    """Return an event of a server that sends the current task alone."""
    return Event(kind, WorkflowSnapshot(7, "Trip", status, date_created=BEGIN, current_task=current), about)


def test_a_workflow_that_is_returned_from_several_tasks_is_returned_once() -> None:
    """The server reports each task that was open, with one and the same snapshot."""
    server = Server([1, 2])
    server.complete(1)
    server.go_back(2, 1, 3)

    _projection, history = canonical(*server.events)

    returned = [entry for entry in history.entries if entry.kind is HistoryEntryKind.TASK_RETURNED]
    assert {entry.task.number for entry in returned if entry.task} == {2, 3}
    assert done(history) == [(1, 1)]
    assert history.entries[-1].task is not None
    assert history.entries[-1].task.round == 2
    assert history.gaps == ()


def test_a_return_to_one_of_several_open_tasks_completes_none_of_them() -> None:
    """It is reported as returned itself, for it is open when the server checks which tasks were."""
    server = Server([2, 1])
    server.snooze()
    server.go_back(2, 1, 1)

    _projection, history = canonical(*server.events)

    assert done(history) == []
    assert history.gaps == ()
    assert {entry.target.number for entry in history.entries if entry.target} == {1}


def test_a_return_after_a_lost_return_from_the_end_leaves_a_gap() -> None:
    """It shows that its task was open again, though nothing reports how."""
    first, second = (task(number) for number in (1, 2))
    again = replace(second, date_started=at(4))
    events = [
        event(Kind.WORKFLOW_STARTED, current=opened(first, 0)),
        event(Kind.TASK_COMPLETED, completed(first, 0, 1), current=opened(second, 1)),
        event(
            Kind.TASK_COMPLETED,
            completed(second, 1, 2),
            current=completed(second, 1, 2),
            status=Status.COMPLETED,
        ),
        event(Kind.WORKFLOW_COMPLETED, current=completed(second, 1, 2), status=Status.COMPLETED),
        event(Kind.TASK_RETURNED, again, current=opened(first, 5)),
    ]

    projection, history = canonical(*events)

    assert [(gap.kind, gap.number) for gap in history.gaps] == [(GapKind.RETURN, 2)]
    returned = [entry for entry in history.entries if entry.kind is HistoryEntryKind.TASK_RETURNED]
    assert [(entry.is_inferred, entry.target and entry.target.number) for entry in returned] == [
        (True, 2),
        (False, 1),
    ]
    assert (projection.state, projection.step) == ("running", 1)


def test_a_termination_without_a_time_is_no_lost_end() -> None:
    first = task(1)
    last = completed(first, 0, 1)
    started = event(Kind.WORKFLOW_STARTED, current=opened(first, 0))
    done = event(Kind.TASK_COMPLETED, last, current=last, status=Status.COMPLETED)
    returned = event(Kind.TASK_RETURNED, last, current=opened(first, 2))
    terminated = event(Kind.WORKFLOW_COMPLETED, current=first, status=Status.TERMINATED)

    projection, history = canonical(started, done, returned, terminated)

    assert projection.state == "terminated"
    assert [gap.kind for gap in history.gaps] == [GapKind.COMPLETION]
