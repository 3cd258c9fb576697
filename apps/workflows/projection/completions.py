"""Which tasks of a workflow are completed in their present round, as its events are applied one by one."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import NamedTuple

from apps.pneumatic.canonical.events import TaskSnapshot
from apps.workflows.projection.history import HistoryEntry, TaskRound
from apps.workflows.projection.passed_tasks import PassedTasks


class Completion(Enum):
    """What a reported completion means."""

    NEW = auto()
    TWICE = auto()  # known already
    AGAIN = auto()  # completed at another time: it must have been returned in between


class _Done(NamedTuple):
    """That a task is done in its present round; ``passed`` where its own event is missing.

    ``read_until`` is the latest time in the reading that showed it.
    """

    task: TaskSnapshot
    passed: PassedTasks | None = None
    read_until: dt.datetime | None = None


class Completions:
    """The tasks of a workflow by their ids. Passed tasks are added to ``timeline`` where they were passed."""

    def __init__(self, timeline: list[HistoryEntry | PassedTasks]) -> None:
        self._timeline = timeline
        # The lowest number without a report in the present round; None if unknown. So passed runs never overlap, and
        # there are at most as many of them as events, even for numbers in the millions.
        self._next: int | None = 1
        self._done: dict[int, _Done] = {}
        self._rounds: Counter[int] = Counter()  # that are over, by task
        self._passed: list[PassedTasks] = []  # runs of numbers whose completions may still arrive, ascending

    def round_of(self, snapshot: TaskSnapshot, *, with_outputs: bool = True) -> TaskRound:
        """Return a task for the history, in its present round."""
        return TaskRound(
            snapshot.id,
            snapshot.number,
            snapshot.name,
            snapshot.description if with_outputs else "",
            snapshot.date_started,
            snapshot.date_completed,
            snapshot.performers,
            snapshot.outputs if with_outputs else (),
            self._rounds[snapshot.id] + 1,
        )

    def is_done(self, task: TaskSnapshot) -> bool:
        """Return whether the task is done in its present round."""
        return task.id in self._done

    def was_open_again(self, task: TaskSnapshot, *, until: dt.datetime | None) -> bool:
        """Return whether the snapshot of a task was started after its reported completion, and before ``until``."""
        known = self._done.get(task.id)
        started = task.date_started
        if known is None or known.passed is not None or started is None or task.date_completed is not None:
            return False
        completed = known.task.date_completed
        return completed is not None and until is not None and completed < started < until

    def highest_done(self) -> int | None:
        """Return the highest number of a task that is done."""
        numbers = (done.task.number for done in self._done.values())
        return max((number for number in numbers if number is not None), default=None)

    def complete(self, task: TaskSnapshot, *, before: TaskSnapshot | None) -> Completion:
        """Mark ``task`` as done; ``before`` is the task that was open. The tasks in between were passed."""
        known = self._done.get(task.id)
        if known is None:
            if not self._was_passed(task):
                self.pass_up_to(task, before=before)
        elif known.passed is None:
            return Completion.TWICE if identified_by(known.task) == identified_by(task) else Completion.AGAIN
        elif known.read_until and task.date_started and task.date_started > known.read_until:
            return Completion.AGAIN
        else:
            known.passed.confirm_completion(task)
        self._done[task.id] = _Done(task)
        if task.number is not None:
            self._next = max(self._next or 1, _after(task.number))
        return Completion.NEW

    def pass_up_to(self, task: TaskSnapshot, *, before: TaskSnapshot | None) -> None:
        """Mark as passed the tasks that the workflow must have passed between ``before`` and ``task``."""
        if before is not None and before.id == task.id:
            return
        if before is not None and before.id not in self._done:
            is_later = before.number is not None and task.number is not None and before.number >= task.number
            if is_later:
                return
            self.pass_itself(before)
        self._pass_numbers(task.number, is_gap=True)

    def pass_itself(self, task: TaskSnapshot) -> None:
        """Mark as passed a task that must have been completed, though no event reports it."""
        if task.id in self._done:
            return
        self._was_passed(task)  # it was in a run of numbers: now it has a name
        passed = PassedTasks.one(self.round_of(task, with_outputs=False))
        self._timeline.append(passed)
        self._done[task.id] = _Done(task, passed)
        if task.number is not None:
            self._next = max(self._next or 1, _after(task.number))

    def no_longer_done(self, completed: Collection[TaskSnapshot]) -> list[TaskSnapshot]:
        """Return the tasks that are done, but are not among those that a reading lists as completed."""
        ids = {task.id for task in completed}
        return [done.task for task_id, done in self._done.items() if task_id not in ids]

    def read(
        self, completed: Sequence[TaskSnapshot], *, content_hash: str, until: dt.datetime | None
    ) -> None:
        """Mark as done what a reading lists as completed, where no event did.

        It fills all gaps: the tasks in between that it does not list were skipped.
        """
        unknown = {task.number or 0: task for task in completed if task.id not in self._done}
        for run in self._passed:
            at = next(at for at, line in enumerate(self._timeline) if line is run)
            found = [unknown.pop(number) for number in sorted(unknown) if run.is_waiting_for(number)]
            rest = [run] if run.end_waiting() else []
            self._timeline[at : at + 1] = [*(self._pass_read(task, until) for task in found), *rest]
        self._passed.clear()
        for _number, task in sorted(unknown.items()):
            self._timeline.append(self._pass_read(task, until))
        for task in completed:
            passed = self._done[task.id].passed
            if passed is not None and passed.content_hash is None:
                passed.content_hash = content_hash
        for line in self._timeline:
            if isinstance(line, PassedTasks):
                line.is_gap = False

    def _pass_read(self, task: TaskSnapshot, until: dt.datetime | None) -> PassedTasks:
        passed = PassedTasks.one(self.round_of(task))
        self._done[task.id] = _Done(task, passed, until)
        return passed

    def skip_to(self, task: TaskSnapshot) -> None:
        """Start ``task``; the tasks in between were skipped."""
        if task.number is not None:
            self._next = max(self._next or 1, task.number)

    def jump_to(self, task: TaskSnapshot) -> None:
        """Start ``task``; the tasks in between were skipped according to a single event."""
        self._pass_numbers(task.number, is_gap=False)
        if task.number is not None:
            self._next = max(self._next or 1, task.number)

    def undo(self, target: TaskSnapshot | None) -> None:
        """Start new rounds of the task that was returned to and all after it; of all tasks when it is unknown."""
        number = target.number if target is not None else None
        if target is None or number is None:
            kept: dict[int, _Done] = {}
            self._passed.clear()
            self._next = None
        else:
            kept = {
                task_id: done
                for task_id, done in self._done.items()
                if task_id != target.id and done.task.number is not None and done.task.number < number
            }
            self._passed = [passed for passed in self._passed if passed.close_from(number)]
            self._next = max(1, number)
        self._rounds.update(self._done.keys() - kept.keys())
        self._done = kept

    def _was_passed(self, task: TaskSnapshot) -> bool:
        if task.number is None or self._next is None or task.number >= self._next:
            return False
        at = bisect_right(self._passed, task.number, key=lambda passed: passed.first)
        return at > 0 and self._passed[at - 1].confirm_completion(task)

    def _pass_numbers(self, number: int | None, *, is_gap: bool) -> None:
        if number is None or self._next is None or number <= self._next:
            return
        passed = PassedTasks(self._next, number - 1, is_gap=is_gap)
        self._timeline.append(passed)
        self._passed.append(passed)
        self._next = number


def identified_by(task: TaskSnapshot) -> dt.datetime | None:
    """Return the time by which the round of a completed task is known: of its completion, or else of its start."""
    return task.date_completed or task.date_started


def _after(number: int) -> int:
    return max(1, number + 1)
