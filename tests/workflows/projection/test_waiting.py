"""Tasks that wait, snoozed or delayed, are assigned to no user."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from apps.pneumatic.canonical.events import Event, Seen, Status, TaskStatus, WorkflowSnapshot
from apps.workflows.projection.history import HistoryEntryKind
from tests.workflows.projecting import canonical
from tests.workflows.snapshot_histories import BEGIN, Server

HOUR = dt.timedelta(hours=1)


def test_a_task_that_waits_counts_neither_as_assigned_nor_for_since_when() -> None:
    server = Server([2])
    first, second = server.reading().workflow.tasks  # one after the other
    waiting = replace(first, status=TaskStatus.SNOOZED)
    workflow = replace(server.reading().workflow, tasks=(waiting, second))
    projection, _history = canonical(*server.events, Event(Seen.WORKFLOW, workflow, seen_at=BEGIN + HOUR))

    assert projection.performers == [[2, ""], [2, "", True]]
    assert projection.task_since == second.date_started


def test_a_task_that_waited_when_the_workflow_was_deleted_was_assigned_to_no_user() -> None:
    server = Server([1])
    server.snooze()
    gone = Event(Seen.GONE, WorkflowSnapshot(7, "", Status.UNKNOWN), seen_at=BEGIN + 2 * HOUR)

    _projection, history = canonical(server.reading(), gone)
    (left,) = [entry.task for entry in history.entries if entry.kind is HistoryEntryKind.TASK_LEFT]

    assert left is not None
    assert left.performers == ()
