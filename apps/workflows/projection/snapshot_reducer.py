"""The state of a workflow from events that contain the whole workflow, with the state of every task.

What one event is missing, the next one contains. So a missing completion is no gap, and it does not matter that
"workflow completed" is sent before the last "task completed". Events without ``tasks``, from before an upgrade of
Pneumatic, are applied with what they have.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from apps.pneumatic.canonical.events import Kind, Seen, Status, TaskSnapshot, TaskStatus
from apps.workflows.projection.completions import identified_by
from apps.workflows.projection.history import (
    Gap,
    GapKind,
    HistoryEntry,
    HistoryEntryKind,
    TaskRound,
    is_waiting,
    open_entry,
)
from apps.workflows.projection.ordering import EventOrder, Fact, deletion_of
from apps.workflows.projection.returns import ends_of_return, target_among

ENDED = frozenset({Status.COMPLETED, Status.TERMINATED})
_STATUS_ONLY = frozenset({Status.TERMINATED, Status.SNOOZED})


class SnapshotReducer:
    """A workflow's state after its events, applied in order.

    ``current`` are the open tasks, ``ended_at`` is when it ended, ``last_number`` the number of the task at which it
    ended. ``deleted_at`` is when it was found deleted, unless it had ended before.
    """

    open_since = None  # each of these tasks has its own start

    def __init__(self, order: EventOrder) -> None:
        self.state = Status.UNKNOWN
        self.current: tuple[TaskSnapshot, ...] = ()
        self.ended_at: dt.datetime | None = None
        self.last_number: int | None = None
        self.deleted_at: dt.datetime | None = None
        self._facts = list(_chronicle(order))
        self._own = {
            (fact.event.task.id, identified_by(fact.event.task)): fact
            for fact in reversed(self._facts)
            if fact.event.kind is Kind.TASK_COMPLETED and fact.event.task
        }
        self._ends = {
            fact.event.workflow.date_completed: fact
            for fact in reversed(self._facts)
            if fact.event.kind is Kind.WORKFLOW_COMPLETED
        }
        self._done: dict[int, TaskSnapshot] = {}  # in their present rounds
        self._rounds: Counter[int] = Counter()  # finished rounds, by task
        self._turns: dict[int, tuple[dt.datetime | None, str]] = {}  # since when, and the first event with it
        self._returns: set[tuple[object, ...]] = set()
        self._targets: set[tuple[int, dt.datetime]] = (
            set()
        )  # of returns, with the time since when they are open again
        self._start: Fact | None = None
        self._left: tuple[TaskSnapshot, ...] = ()
        self._ended: dt.datetime | None = None
        self._timeline: list[HistoryEntry] = []
        self._gaps: list[Gap] = []
        self._apply()
        self._apply_deletion(order)

    @property
    def is_state_confirmed(self) -> bool:
        """Return whether an event contains the state: all of them do."""
        return self.state is not Status.UNKNOWN or self.deleted_at is not None

    def entries(self) -> Iterator[HistoryEntry]:
        """Yield the lines of the timeline."""
        yield self._beginning()
        yield from self._timeline
        for task in self._left or self.current:
            since, content_hash = self._turns.get(task.id, (None, ""))
            at, shown = task.date_started or since, self._round_of(task)
            if self._left:
                if task.status is TaskStatus.SNOOZED:  # it waited, assigned to no user
                    shown = replace(shown, performers=())
                yield HistoryEntry(HistoryEntryKind.TASK_LEFT, self.ended_at or at, content_hash, task=shown)
            else:
                yield open_entry(task, self.state, at=at, content_hash=content_hash, shown=shown)

    def gaps(self) -> Iterator[Gap]:
        """Yield the missing events, each once; a reading from Pneumatic fills all gaps before it."""
        gaps = list(self._gaps)
        if self._start is None and not any(fact.event.kind is Seen.WORKFLOW for fact in self._facts):
            gaps.insert(0, Gap(GapKind.START))
        yield from dict.fromkeys(gaps)

    def _beginning(self) -> HistoryEntry:
        created = [fact.event.workflow.date_created for fact in self._facts]
        at = min((time for time in created if time), default=None)
        if self._start is None:
            return HistoryEntry(HistoryEntryKind.STARTED, at, is_inferred=True)
        at = self._start.event.workflow.date_created or self._start.occurred_at
        return HistoryEntry(HistoryEntryKind.STARTED, at, self._start.content_hash)

    def _apply(self) -> None:
        for fact in self._facts:
            kind, workflow, task = fact.event.kind, fact.event.workflow, fact.event.task
            if kind is Seen.WORKFLOW:
                self._gaps.clear()
            elif kind is Kind.WORKFLOW_STARTED:
                self._started(fact)
            if kind is Kind.TASK_COMPLETED and task is not None and not _is_among(task, workflow.tasks):
                # Release 1.0 sends neither a status nor a time.
                done = replace(task, status=TaskStatus.COMPLETED)
                self._apply_tasks((done,), fact, has_returned=False)
            has_returned = kind is Kind.TASK_RETURNED and self._returned(fact)
            if workflow.tasks:
                self._apply_tasks(workflow.tasks, fact, has_returned=has_returned)
                self._start_tasks(workflow.current_tasks(), fact)
            elif kind is Seen.WORKFLOW and workflow.status in ENDED:
                self._start_tasks((), fact)  # not shown: whether the last task was completed or left open
            else:
                open_now = [task for task in workflow.current_tasks() if task.id not in self._done]
                self._start_tasks(open_now, fact)
            self._set(_status(fact), fact, has_returned=has_returned)

    def _started(self, fact: Fact) -> None:
        if self._start is None:
            self._start = fact
        elif self._start.event.workflow.date_created != fact.event.workflow.date_created:
            self._gaps.append(Gap(GapKind.CONTRADICTION))

    # What is done

    def _apply_tasks(self, tasks: Sequence[TaskSnapshot], fact: Fact, *, has_returned: bool) -> None:
        """Apply the state of tasks: complete those that are completed, reopen those that no longer are."""
        again = [task for task in tasks if task.id in self._done and not self._is_as_known(task)]
        if again and not has_returned:
            self._infer_return(again, fact)
        done = [task for task in tasks if _is_done(task) and task.id not in self._done]
        for task in sorted(done, key=_done_at):
            self._complete(task, fact)

    def _is_as_known(self, task: TaskSnapshot) -> bool:
        known = self._done[task.id]
        if known.date_completed is None and known.date_started is not None:
            return _is_done(task) and task.date_started == known.date_started
        return _is_done(task) and task.date_completed == known.date_completed

    def _complete(self, task: TaskSnapshot, fact: Fact) -> None:
        own = self._own.get((task.id, identified_by(task)))
        if own is not None and own.event.task is not None:
            reported, content_hash = own.event.task, own.content_hash
        else:
            reported, content_hash = task, fact.content_hash
        at = task.date_completed or fact.occurred_at
        self._timeline.append(
            HistoryEntry(
                HistoryEntryKind.TASK_DONE,
                at,
                content_hash,
                task=self._round_of(reported),
                is_indirect=own is None,
            )
        )
        self._done[task.id] = task

    # Returns

    def _returned(self, fact: Fact) -> bool:
        """Apply a return; return whether it was new."""
        task, workflow = fact.event.task, fact.event.workflow
        if task is None:
            return False
        if workflow.tasks:
            kept = [one for one in workflow.tasks if one.id not in self._done]
            self._apply_tasks([one for one in kept if one.id != task.id], fact, has_returned=True)
            again = {one.id for one in workflow.tasks if one.id in self._done and not self._is_as_known(one)}
            source, target = target_among(workflow.current_tasks(), task, again)
        else:
            source, target = ends_of_return(task, workflow.current_task)
            number = target.number if target else None
            again = {
                id_
                for id_, one in self._done.items()
                if number is None or one.number is None or one.number >= number
            }
        key = (fact.occurred_at, task.id, target.id if target else None)
        if key in self._returns:
            return False
        self._returns.add(key)
        if target is not None and target.date_started is not None:
            place = (target.id, target.date_started)
            if place in self._targets:
                # One return sends an event for every task that was open, each with the same snapshot.
                if source is not None:
                    self._return(source, target, at=place[1], content_hash=fact.content_hash, again=set())
                return True
            self._targets.add(place)
        if target is not None and source is not None and self._was_done_without_event(target, source):
            self._infer_completion(target)
            again.add(target.id)
        at = target.date_started if target and target.date_started else fact.occurred_at
        self._return(source, target, at=at, content_hash=fact.content_hash, again=again)
        return True

    def _was_done_without_event(self, target: TaskSnapshot, source: TaskSnapshot) -> bool:
        """Return whether ``target`` was completed without an event; it was not if both were open at the same time."""
        both_were_open = target.id in self._turns and source.id in self._turns
        return target.id not in self._done and not both_were_open

    def _infer_completion(self, target: TaskSnapshot) -> None:
        """Add that ``target`` was completed, at an unknown time, before the workflow returned to it."""
        before = replace(target, date_started=None, performers=(), outputs=(), description="")
        self._timeline.append(
            HistoryEntry(HistoryEntryKind.TASK_DONE, is_inferred=True, task=self._round_of(before))
        )
        self._gaps.append(Gap(GapKind.TASK, number=target.number, name=target.name))
        self._done[target.id] = before

    def _infer_return(self, again: Sequence[TaskSnapshot], fact: Fact) -> None:
        target = min(again, key=lambda task: (_is_done(task), _number(task)))
        at = None if _is_done(target) else target.date_started
        self._return(None, target, at=at, content_hash=None, again={task.id for task in again})
        if fact.event.kind is not Seen.WORKFLOW:
            self._gaps.append(Gap(GapKind.RETURN, number=target.number, name=target.name))

    def _return(
        self,
        source: TaskSnapshot | None,
        target: TaskSnapshot | None,
        *,
        at: dt.datetime | None,
        content_hash: str | None,
        again: set[int],
    ) -> None:
        self._timeline.append(
            HistoryEntry(
                HistoryEntryKind.TASK_RETURNED,
                at,
                content_hash,
                is_inferred=content_hash is None,
                task=self._round_of(source) if source else None,
                target=self._round_of(target, is_named_only=True) if target else None,
            )
        )
        for id_ in again & self._done.keys():
            self._rounds[id_] += 1
            del self._done[id_]

    # Status

    def _start_tasks(self, tasks: Sequence[TaskSnapshot], fact: Fact) -> None:
        turns = {}
        for task in tasks:
            before = self._turns.get(task.id)
            is_known = before is not None and before[0] == task.date_started
            turns[task.id] = before if before and is_known else (task.date_started, fact.content_hash)
        self._turns = turns
        self.current = tuple(tasks)

    def _set(self, state: Status, fact: Fact, *, has_returned: bool) -> None:
        before, ended = self.state, fact.event.workflow.date_completed
        if state is Status.UNKNOWN:
            return
        self.state = state
        if state in ENDED:
            self._left, self.current = self.current, ()
            if before is not state or (ended is not None and ended != self._ended):
                self._end(state, fact)
            return
        self._left, self.ended_at, self._ended = (), None, None
        if before is state:
            return
        if state is Status.SNOOZED:
            self._timeline.append(HistoryEntry(HistoryEntryKind.SNOOZED, fact.occurred_at, fact.content_hash))
        elif before not in {Status.UNKNOWN, Status.RUNNING} and not has_returned:
            self._timeline.append(HistoryEntry(HistoryEntryKind.RESUMED, fact.occurred_at, fact.content_hash))

    def _end(self, state: Status, fact: Fact) -> None:
        self._ended = fact.event.workflow.date_completed
        own = self._ends.get(self._ended)
        kind = HistoryEntryKind.TERMINATED if state is Status.TERMINATED else HistoryEntryKind.COMPLETED
        is_indirect = own is None and fact.event.kind is not Kind.WORKFLOW_COMPLETED
        content_hash = own.content_hash if own else fact.content_hash
        self.ended_at = self._ended or fact.occurred_at
        self._timeline.append(HistoryEntry(kind, self.ended_at, content_hash, is_indirect=is_indirect))
        numbers = [task.number for task in self._left or self._done.values() if task.number is not None]
        self.last_number = (min if self._left else max)(numbers, default=None)

    def _apply_deletion(self, order: EventOrder) -> None:
        """Apply that it was found deleted, unless a later reading found it."""
        last = deletion_of(order)
        if last is None:
            return
        deleted_at = last.occurred_at
        self._timeline.append(HistoryEntry(HistoryEntryKind.DELETED, deleted_at, last.content_hash))
        if self.state not in ENDED:
            self.deleted_at = self.ended_at = deleted_at
            self._left, self.current = self.current, ()
            self.last_number = min((_number(task) for task in self._left), default=None)

    def _round_of(self, snapshot: TaskSnapshot, *, is_named_only: bool = False) -> TaskRound:
        return TaskRound(
            snapshot.id,
            snapshot.number,
            snapshot.name,
            "" if is_named_only else snapshot.description,
            snapshot.date_started,
            snapshot.date_completed,
            snapshot.performers,
            () if is_named_only else snapshot.outputs,
            self._rounds[snapshot.id] + 1,
        )


def _chronicle(order: EventOrder) -> Iterator[Fact]:
    """Yield all but deletions in order; those without a time precede the first event of a current server."""
    undated = [*order.returns, *order.ends]
    for fact in order.dated:
        if fact.event.workflow.tasks:
            yield from undated
            undated = []
        if fact.event.kind is not Seen.GONE:
            yield fact
    yield from undated


def _status(fact: Fact) -> Status:
    """Return the state in an event; its kind wins over the number of its status."""
    kind, status = fact.event.kind, fact.event.workflow.status
    if kind is Kind.WORKFLOW_COMPLETED and status not in ENDED:
        return Status.COMPLETED
    current = fact.event.workflow.current_tasks()
    if status is Status.RUNNING and current and all(is_waiting(task, status) for task in current):
        return Status.SNOOZED  # the event of the task before a delayed one has the status before the delay
    if kind is Kind.WORKFLOW_STARTED and not fact.event.workflow.tasks and status not in _STATUS_ONLY:
        return Status.RUNNING  # the reference's own example of a start has the number for "completed"
    return status


def _is_done(task: TaskSnapshot) -> bool:
    if task.status is TaskStatus.UNKNOWN:
        return task.date_completed is not None
    return task.status is TaskStatus.COMPLETED


def _is_among(task: TaskSnapshot, tasks: Sequence[TaskSnapshot]) -> bool:
    """Return whether a snapshot contains this completion; a slightly newer one may not."""
    return any(one.id == task.id and one.date_completed == task.date_completed for one in tasks)


def _done_at(task: TaskSnapshot) -> tuple[bool, float, int]:
    time = task.date_completed
    return time is not None, time.timestamp() if time else 0.0, _number(task)


def _number(task: TaskSnapshot) -> int:
    return task.number or 0
