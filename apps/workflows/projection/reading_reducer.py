"""Readings from a server that lists the open task of a workflow and which tasks are completed, as releases 1.0 and 2.0.

A reading shows less than events: when a task was completed and its answers are missing. So it adds what is missing, and
takes nothing back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from apps.pneumatic.canonical.events import Performer, Status, TaskSnapshot, WorkflowSnapshot
from apps.workflows.projection.history import HistoryEntry, HistoryEntryKind
from apps.workflows.projection.ordering import EventOrder, Fact, deletion_of
from apps.workflows.projection.task_reducer import ENDED, TaskReducer

_READ = frozenset({Status.RUNNING, Status.SNOOZED, Status.COMPLETED})


class ReadingReducer(TaskReducer):
    """A workflow's state after its events with one task each, and after such readings, applied in order."""

    _own_end: HistoryEntry | None = None  # taken out of the timeline

    def __init__(self, order: EventOrder) -> None:
        super().__init__(order)
        self._apply_deletion(order)

    def _workflow_read(self, fact: Fact) -> None:
        workflow = fact.event.workflow
        status, current, completed = workflow.status, workflow.current_task, workflow.passed
        if status not in _READ or self.state is Status.TERMINATED:
            return
        is_over = status is Status.COMPLETED
        # A task without a start is about to start: what is completed may be about to change too.
        if completed is not None and (is_over or (current is not None and current.date_started is not None)):
            self._infer_return_since(completed, workflow)
            self._read_tasks(completed, fact)
        elif self.state in ENDED:
            return
        if is_over:
            self._read_end(fact)
        else:
            self._set(status, fact)
            self._start_tasks(_merged(self.open, current) if current else None, fact)

    def _infer_return_since(self, completed: Sequence[TaskSnapshot], workflow: WorkflowSnapshot) -> None:
        """Add a return without an event: where a task is no longer completed, or the workflow no longer ended."""
        current, undone = workflow.current_task, self._tasks.no_longer_done(completed)
        is_over = workflow.status is Status.COMPLETED
        if not undone and (is_over or self.state not in ENDED):
            return
        if is_over and self.state is Status.COMPLETED:
            if self._is_same_end(current):
                self._own_end = self._take_end()  # it ended after the return
            self.state, self.is_state_confirmed = Status.RUNNING, False
        target = min([*undone, *([current] if current else ())], key=lambda task: task.number or 0)
        at = None
        if current is not None and target.id == current.id:
            target, at = current, current.date_started
        source = None if self.open is not None and self.open.id == target.id else self.open
        undated = self._undated_returns.pop(0) if self._undated_returns else None
        self._return(source, target, at=at, content_hash=undated.content_hash if undated else None)
        self._inferred_end = None

    def _read_tasks(self, completed: Sequence[TaskSnapshot], fact: Fact) -> None:
        """Apply which tasks are completed. That fills all gaps."""
        current = fact.event.workflow.current_task
        # The answers of an open task are those of a former round.
        known = {task.id: replace(task, outputs=()) for task in (self.open, current) if task is not None}
        self._tasks.read(
            [known.get(task.id, task) for task in completed],
            content_hash=fact.content_hash,
            until=fact.occurred_at,
        )
        if current is not None:
            self._tasks.skip_to(current)
        self._gaps.clear()
        self._ends_inferred = 0

    def _read_end(self, fact: Fact) -> None:
        """Apply that it is completed, and when: the event of a workflow that was finished early has no time for it."""
        workflow, last = fact.event.workflow, fact.event.workflow.current_task
        at = workflow.date_completed or fact.occurred_at
        own, self._own_end = self._own_end, None
        if self.state is Status.COMPLETED and self.is_state_confirmed:
            own = self._take_end()
            if own.at is not None and (last is None or own.at != last.date_started):
                at = own.at
        self._forget_inferred_end()
        if workflow.passed is None:
            # It may have completed its last task or left it open: that is not shown, so the task counts as passed.
            self._start_tasks(last, fact)
            if last is not None:
                self._tasks.pass_itself(last)
        entry = own or HistoryEntry(
            HistoryEntryKind.COMPLETED, content_hash=fact.content_hash, is_indirect=True
        )
        self._timeline.append(replace(entry, at=at))
        self._end(Status.COMPLETED, fact._replace(occurred_at=at), last)
        self.open = None

    def _is_same_end(self, last: TaskSnapshot | None) -> bool:
        """Return whether ``last`` is the task at which the workflow ended, in the same round."""
        known = self._last
        if last is None or known is None:
            return False
        return (last.id, last.date_started) == (known.id, known.date_started)

    def _take_end(self) -> HistoryEntry:
        """Take the last end out of the timeline, to add it again."""
        for at in range(len(self._timeline) - 1, -1, -1):
            line = self._timeline[at]
            if isinstance(line, HistoryEntry) and line.kind is HistoryEntryKind.COMPLETED:
                del self._timeline[at]
                return line
        raise ValueError("The timeline has no end.")

    def _apply_deletion(self, order: EventOrder) -> None:
        """Apply that it was found deleted, unless a later reading found it."""
        last = deletion_of(order)
        if last is None:
            return
        self._timeline.append(HistoryEntry(HistoryEntryKind.DELETED, last.occurred_at, last.content_hash))
        if self.state not in ENDED:
            self.deleted_at = self.ended_at = last.occurred_at
            self.is_state_confirmed = True
            self._left = (self.open, self._open_hash) if self.open is not None else None
            self.last_number = self.open.number if self.open else self._tasks.highest_done()


def _merged(before: TaskSnapshot | None, now: TaskSnapshot) -> TaskSnapshot:
    """Return ``now`` with what only ``before``, an event's snapshot of the same task, has: description and names."""
    if before is None or before.id != now.id:
        return now
    names = {(one.id, one.is_group): one.name for one in before.performers}
    performers = [
        Performer(one.id, one.name or names.get((one.id, one.is_group), ""), one.is_group)
        for one in now.performers
    ]
    return replace(now, description=now.description or before.description, performers=tuple(performers))
