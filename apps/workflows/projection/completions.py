"""Which tasks of a workflow are completed in their present round, as its events are applied one by one."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import Counter
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
    """That a task is done in its present round; ``passed`` where that was only inferred.

    ``at`` is the time of its completion, or of its start where an event has no other: both identify the round.
    """

    number: int | None
    at: dt.datetime | None = None
    passed: PassedTasks | None = None


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

    def is_open_again(self, task: TaskSnapshot) -> bool:
        """Return whether an open task that is done was started after that, so that a new round began."""
        known = self._done.get(task.id)
        if known is None or task.date_started is None:
            return False
        return known.at is None or task.date_started > known.at

    def highest_done(self) -> int | None:
        """Return the highest number of a task that is done."""
        return max((done.number for done in self._done.values() if done.number is not None), default=None)

    def complete(self, task: TaskSnapshot, *, before: TaskSnapshot | None) -> Completion:
        """Mark ``task`` as done; ``before`` is the task that was open. The tasks in between were passed."""
        known = self._done.get(task.id)
        if known is None:
            if not self._was_passed(task):
                self.pass_up_to(task, before=before)
        elif known.passed is not None:
            known.passed.confirm_completion(task)
        else:
            return Completion.TWICE if known.at == identified_by(task) else Completion.AGAIN
        self._done[task.id] = _Done(task.number, identified_by(task))
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
        self._done[task.id] = _Done(task.number, passed=passed)
        if task.number is not None:
            self._next = max(self._next or 1, _after(task.number))

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
                if task_id != target.id and done.number is not None and done.number < number
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
