"""The state of a workflow from events that contain only one task, applied in order (``ordering.py``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from apps.pneumatic.canonical.events import Kind, Seen, Status, TaskSnapshot
from apps.workflows.projection.completions import Completion, Completions
from apps.workflows.projection.history import Gap, GapKind, HistoryEntry, HistoryEntryKind, open_entry
from apps.workflows.projection.ordering import EventOrder, Fact
from apps.workflows.projection.passed_tasks import PassedTasks
from apps.workflows.projection.returns import ends_of_return

ENDED = frozenset({Status.COMPLETED, Status.TERMINATED})
_STATUS_ONLY = frozenset({Status.TERMINATED, Status.SNOOZED})


class TaskReducer:
    """A workflow's state after its events, applied in order.

    ``open`` is the current task and ``open_since`` the time of the first event with it; ``last_number`` is that of the
    task at which the workflow ended, ``ended_at`` when. ``deleted_at`` is when it was found deleted, unless it had
    ended before.
    """

    def __init__(self, order: EventOrder) -> None:
        self.state = Status.UNKNOWN
        self.is_state_confirmed = False
        self.open: TaskSnapshot | None = None
        self.open_since: dt.datetime | None = None
        self.ended_at: dt.datetime | None = None
        self.deleted_at: dt.datetime | None = None
        self.last_number: int | None = None
        self._open_hash = ""  # of the first event with it
        self._left: tuple[TaskSnapshot, str] | None = (
            None  # open when the workflow ended, and the event with it
        )
        self._inferred_end: HistoryEntry | None = (
            None  # in the timeline, from a status, not from "workflow completed"
        )
        self._last: TaskSnapshot | None = None  # at which it ended, as an event shows it
        self._ends_inferred = 0  # after which the workflow continued
        self._start: Fact | None = None
        self._last_return: tuple[object, ...] = ()
        self._timeline: list[HistoryEntry | PassedTasks] = []
        self._tasks = Completions(self._timeline)
        self._gaps: list[Gap] = []
        self._undated_returns = list(order.returns)
        self._apply(order)

    @property
    def current(self) -> tuple[TaskSnapshot, ...]:
        """Return the current task, if any."""
        return () if self._is_over or self.open is None else (self.open,)

    @property
    def _is_over(self) -> bool:
        return self.state in ENDED or self.deleted_at is not None

    def entries(self) -> Iterator[HistoryEntry]:
        """Yield the lines of the timeline."""
        for line in self._timeline:
            if isinstance(line, PassedTasks):
                yield from line.entries()
            else:
                yield line
        if not self._is_over and self.open is not None:
            at = self.open.date_started or self.open_since
            shown = self._tasks.round_of(self.open)
            yield open_entry(self.open, self.state, at=at, content_hash=self._open_hash, shown=shown)
        elif self._is_over and self._left is not None:
            task, content_hash = self._left
            yield HistoryEntry(
                HistoryEntryKind.TASK_LEFT, self.ended_at, content_hash, task=self._tasks.round_of(task)
            )

    def gaps(self) -> Iterator[Gap]:
        """Yield the missing events, each once."""
        gaps = list(self._gaps)
        for line in self._timeline:
            if isinstance(line, PassedTasks):
                gaps.extend(line.gaps())
        # An end that only a status shows is no gap while it is the last known fact: "workflow completed" normally
        # follows the event of the last task, and may still arrive. Until then the end is inferred.
        if self._ends_inferred > 0:
            gaps.append(Gap(GapKind.COMPLETION))
        yield from dict.fromkeys(gaps)

    def _apply(self, order: EventOrder) -> None:
        if not order.dated or order.dated[0].event.kind is not Kind.WORKFLOW_STARTED:
            created = (fact.event.workflow.date_created for fact in order.all())
            at = min((time for time in created if time), default=None)
            self._timeline.append(HistoryEntry(HistoryEntryKind.STARTED, at, is_inferred=True))
            if not any(fact.event.kind is Seen.WORKFLOW for fact in order.dated):
                self._gaps.append(Gap(GapKind.START))
        for fact in order.dated:
            if fact.event.kind is Kind.TASK_COMPLETED:
                self._task_completed(fact)
            elif fact.event.kind is Kind.TASK_RETURNED:
                self._task_returned(fact)
            elif fact.event.kind is Kind.WORKFLOW_STARTED:
                self._workflow_started(fact)
            elif fact.event.kind is Seen.WORKFLOW:
                self._workflow_read(fact)
            elif fact.event.kind is Kind.WORKFLOW_COMPLETED:
                self._workflow_completed(fact)
        while self._undated_returns:
            self._task_returned(self._undated_returns.pop(0), reopens=self.state not in ENDED)
        moments = [fact.occurred_at for fact in order.dated if fact.occurred_at]
        for fact in order.ends:
            is_terminated = fact.event.workflow.status is Status.TERMINATED
            if self._ends_inferred and self.state is not Status.COMPLETED and not is_terminated:
                # A status showed this end already, and the workflow continued after it.
                self._ends_inferred -= 1
            else:
                self._workflow_completed(fact._replace(occurred_at=max(moments, default=fact.occurred_at)))

    # The four kinds of events

    def _workflow_started(self, fact: Fact) -> None:
        workflow = fact.event.workflow
        if self._start is not None:
            if self._start.event.workflow.date_created != workflow.date_created:
                self._gaps.append(Gap(GapKind.CONTRADICTION))
            return
        self._start = fact
        at = workflow.date_created or fact.occurred_at
        self._timeline.append(HistoryEntry(HistoryEntryKind.STARTED, at, fact.content_hash))
        self._start_tasks(workflow.current_task, fact)
        # The example in the reference has the number for "completed", but no workflow starts completed.
        self._set(workflow.status if workflow.status in _STATUS_ONLY else Status.RUNNING, fact)

    def _task_completed(self, fact: Fact) -> None:
        task, current = fact.event.task, fact.event.workflow.current_task
        if task is None:
            return
        completion = self._tasks.complete(task, before=self.open)
        if completion is Completion.AGAIN:
            self._infer_return(task)
            completion = self._tasks.complete(task, before=self.open)
        if completion is Completion.NEW:
            # The start of the task is no time at which it was completed: release 1.0 sends none.
            later = fact.occurred_at if fact.occurred_at != task.date_started else None
            done = self._tasks.round_of(task)
            self._timeline.append(
                HistoryEntry(
                    HistoryEntryKind.TASK_DONE, task.date_completed or later, fact.content_hash, task=done
                )
            )
        if current is not None and (
            current.id == task.id or (current.date_completed is not None and self._tasks.is_done(current))
        ):
            current = None  # it is completed, so the current task is unknown
        self._start_tasks(current, fact)
        self._status_after_a_task(fact, task)
        self._last_return = ()

    def _task_returned(self, fact: Fact, *, reopens: bool = True) -> None:
        task, current = fact.event.task, fact.event.workflow.current_task
        if task is None:
            return
        key = (fact.occurred_at, task.id, task.date_started, current.id if current else None)
        if key == self._last_return:
            return  # the same return in another shape
        source, target = ends_of_return(task, current)
        if source is not None:
            self._pass_up_to(source, returned_at=target.date_started if target is not None else None)
        elif target is not None:
            self._tasks.pass_up_to(target, before=self.open)
            if not (self.state in ENDED and self._left is not None and self._left[0].id == target.id):
                self._tasks.pass_itself(target)
            self._correct_answers(task)
        self._return(source, target, at=fact.occurred_at, content_hash=fact.content_hash)
        if reopens:
            status = fact.event.workflow.status
            self._continue()
            self._start_tasks(target, fact)
            self._set(status if status in _STATUS_ONLY else Status.RUNNING, fact)
        self._last_return = key

    def _workflow_completed(self, fact: Fact) -> None:
        workflow = fact.event.workflow
        state = Status.TERMINATED if workflow.status is Status.TERMINATED else Status.COMPLETED
        last = workflow.current_task
        if last is None:
            if self.open is not None:
                self._tasks.pass_itself(self.open)
        elif self._tasks.is_done(last):
            if last.date_completed is None and self._is_before_open_task(last):
                self._infer_return(last)  # it was open again when the workflow ended
        else:
            self._tasks.pass_up_to(last, before=self.open)
            if last.date_completed is not None:
                self._tasks.pass_itself(last)
        if not (self.state is state and self.is_state_confirmed):  # else a duplicate
            if self.state is Status.COMPLETED and self.is_state_confirmed:
                self._gaps.append(Gap(GapKind.RETURN))  # it ended twice
            self._forget_inferred_end()
            kind = HistoryEntryKind.TERMINATED if state is Status.TERMINATED else HistoryEntryKind.COMPLETED
            self._timeline.append(HistoryEntry(kind, fact.occurred_at, fact.content_hash))
            self._end(state, fact, last)
        self.open = None
        self._last_return = ()

    def _workflow_read(self, fact: Fact) -> None:
        """Apply a reading (``reading_reducer.py``)."""

    # Status

    def _status_after_a_task(self, fact: Fact, task: TaskSnapshot) -> None:
        status = fact.event.workflow.status
        if self.state is Status.COMPLETED and self.is_state_confirmed and status is not Status.TERMINATED:
            if self.open is None or status is Status.COMPLETED:
                return  # a task whose event arrived after the end
            self._gaps.append(Gap(GapKind.RETURN, number=self.open.number, name=self.open.name))
        if status is not Status.COMPLETED:
            self._forget_inferred_end()  # the newest status holds
            self._set(status, fact)
        elif self.open is not None and self.open.date_completed is None:
            self._gaps.append(Gap(GapKind.CONTRADICTION))  # completed, with a task that is open
            self._set(Status.RUNNING, fact)
        elif self.state is not Status.COMPLETED:
            entry = HistoryEntry(
                HistoryEntryKind.COMPLETED, fact.occurred_at, fact.content_hash, is_inferred=True
            )
            self._inferred_end = entry
            self._timeline.append(entry)
            self._end(status, fact, task, is_confirmed=False)

    def _set(self, state: Status, fact: Fact) -> None:
        before, self.state, self.is_state_confirmed = self.state, state, state is not Status.UNKNOWN
        if before is state:
            return
        if state is Status.SNOOZED:
            self._timeline.append(HistoryEntry(HistoryEntryKind.SNOOZED, fact.occurred_at, fact.content_hash))
        elif state is Status.TERMINATED:
            self._timeline.append(
                HistoryEntry(HistoryEntryKind.TERMINATED, fact.occurred_at, fact.content_hash)
            )
            self._end(state, fact, self.open)
        elif state is Status.RUNNING and before in _STATUS_ONLY:
            self._timeline.append(HistoryEntry(HistoryEntryKind.RESUMED, fact.occurred_at, fact.content_hash))

    def _end(
        self, state: Status, fact: Fact, last: TaskSnapshot | None, *, is_confirmed: bool = True
    ) -> None:
        self.state, self.is_state_confirmed, self.ended_at = state, is_confirmed, fact.occurred_at
        self._last = last
        self.last_number = last.number if last else self._tasks.highest_done()
        is_left = last is not None and not self._tasks.is_done(last)
        self._left = (last, fact.content_hash) if last is not None and is_left else None

    def _start_tasks(self, task: TaskSnapshot | None, fact: Fact) -> None:
        """Make ``task``, from the newest snapshot, the current task."""
        if task is not None:
            self._tasks.jump_to(task)
            if self.open is None or self.open.id != task.id:
                self.open_since, self._open_hash = fact.occurred_at, fact.content_hash
        self.open = task

    # Returns

    def _pass_up_to(self, source: TaskSnapshot, *, returned_at: dt.datetime | None) -> None:
        """Bring the workflow to ``source``, where it was when it was returned."""
        if self._is_before_open_task(source) or self._tasks.was_open_again(source, until=returned_at):
            self._infer_return(source)  # it was at a later task or at its end, so it had been returned before
        else:
            self._tasks.pass_up_to(source, before=self.open)

    def _is_before_open_task(self, task: TaskSnapshot) -> bool:
        """Return whether the open task is a later one."""
        number = None if self.open is None or self.open.id == task.id else self.open.number
        return number is not None and task.number is not None and task.number < number

    def _infer_return(self, target: TaskSnapshot) -> None:
        """Add a return to ``target`` that has no event, or only one without a time."""
        if self._undated_returns:
            content_hash = self._undated_returns.pop(0).content_hash
            self._return(self.open, target, at=None, content_hash=content_hash)
        else:
            self._return(self.open, target, at=None, content_hash=None)
            self._gaps.append(Gap(GapKind.RETURN, number=target.number, name=target.name))
        self._continue()
        self.open = target
        if self.state in ENDED:
            self.state, self.is_state_confirmed = Status.RUNNING, False

    def _correct_answers(self, task: TaskSnapshot) -> None:
        """Give the last completion of a task that was returned its answers.

        Release 1.0 sends a completion without its time, and with the answers as they were before it.
        """
        for at, line in reversed(list(enumerate(self._timeline))):
            if isinstance(line, HistoryEntry) and line.task is not None and line.task.id == task.id:
                if line.kind is HistoryEntryKind.TASK_DONE and line.task.done_at is None and task.outputs:
                    self._timeline[at] = replace(line, task=replace(line.task, outputs=task.outputs))
                return

    def _return(
        self,
        source: TaskSnapshot | None,
        target: TaskSnapshot | None,
        *,
        at: dt.datetime | None,
        content_hash: str | None,
    ) -> None:
        self._timeline.append(
            HistoryEntry(
                HistoryEntryKind.TASK_RETURNED,
                at,
                content_hash,
                is_inferred=content_hash is None,
                task=self._tasks.round_of(source) if source else None,
                target=self._tasks.round_of(target, with_outputs=False) if target else None,
            )
        )
        self._tasks.undo(target)
        self.open = None

    def _continue(self) -> None:
        """Continue after an end that only a status showed: the event of that end is missing."""
        if self._inferred_end is not None:
            self._ends_inferred += 1
            self._inferred_end = None

    def _forget_inferred_end(self) -> None:
        if self._inferred_end is not None:
            self._timeline.remove(self._inferred_end)
            self._inferred_end = None
