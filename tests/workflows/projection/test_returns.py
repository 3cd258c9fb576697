"""A workflow is returned as a whole, and the current server reports each task that was open."""

from __future__ import annotations

from apps.workflows.projection.history import HistoryEntryKind
from tests.workflows.projecting import canonical
from tests.workflows.projection.test_snapshot_reducer import done
from tests.workflows.snapshot_histories import Server


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
