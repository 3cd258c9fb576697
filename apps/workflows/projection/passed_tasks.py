"""Tasks that a workflow passed without an event: completed with a missing event, or skipped. Which is unknown."""

from __future__ import annotations

from collections.abc import Iterator

from apps.pneumatic.canonical.events import TaskSnapshot
from apps.workflows.projection.history import Gap, GapKind, HistoryEntry, HistoryEntryKind, TaskRound


class PassedTasks:
    """The tasks from number ``first`` to ``last``, or one that a snapshot named; the event of any may arrive later.

    ``is_gap`` is False where the snapshot of a single event jumps over them: they were skipped, or that snapshot is
    slightly newer than its event. It is also False after a reading from Pneumatic: ``content_hash`` is that of a
    reading that lists the named task as completed.
    """

    __slots__ = ("_closed_from", "_confirmed", "_named", "content_hash", "first", "is_gap", "last")

    def __init__(self, first: int, last: int, *, named: TaskRound | None = None, is_gap: bool = True) -> None:
        self.first = first
        self.last = last
        self.is_gap = is_gap
        self.content_hash: str | None = None
        self._named = named
        self._confirmed: set[int] = set()
        self._closed_from = last + 1

    @classmethod
    def one(cls, task: TaskRound) -> PassedTasks:
        """Return a passed task that a snapshot named."""
        number = task.number or 0
        return cls(number, number, named=task)

    def confirm_completion(self, task: TaskSnapshot) -> bool:
        """Remove ``task``, whose completion has arrived; return whether it was among these."""
        if self._named is not None:
            is_same = self._named.id == task.id
            if is_same:
                self._named = None
                self._confirmed.add(self.first)
            return is_same
        if task.number is None or not self.is_waiting_for(task.number):
            return False
        self._confirmed.add(task.number)
        return True

    def is_waiting_for(self, number: int) -> bool:
        """Return whether the completion of the task with this number may still arrive."""
        return self.first <= number < self._closed_from and number not in self._confirmed

    def end_waiting(self) -> bool:
        """Keep only what belongs to former rounds; return whether that is anything."""
        self.first = self._closed_from
        return self.first <= self.last

    def close_from(self, number: int) -> bool:
        """Accept no more completions from ``number`` on: a new round starts. Return whether any task remains."""
        self._closed_from = min(self._closed_from, number)
        return self.first < self._closed_from

    def entries(self) -> Iterator[HistoryEntry]:
        """Yield a line for the named task, or one for each run of numbers."""
        if self._named is not None:
            is_read = self.content_hash is not None
            yield HistoryEntry(
                HistoryEntryKind.TASK_DONE,
                content_hash=self.content_hash,
                is_inferred=not is_read,
                task=self._named,
                is_indirect=is_read,
            )
            return
        for first, last in self._runs():
            yield HistoryEntry(
                HistoryEntryKind.TASK_DONE,
                is_inferred=True,
                task=TaskRound(number=first),
                last_number=None if last == first else last,
            )

    def gaps(self) -> Iterator[Gap]:
        """Yield the missing events."""
        if not self.is_gap:
            return
        if self._named is not None:
            yield Gap(GapKind.TASK, number=self._named.number, name=self._named.name)
            return
        for first, last in self._runs():
            yield Gap(GapKind.TASK, number=first, last_number=None if last == first else last)

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Yield the runs of numbers without a completion; the cost does not depend on their length."""
        start = self.first
        for number in sorted(self._confirmed):
            if start <= number <= self.last:
                if start < number:
                    yield start, number - 1
                start = number + 1
        if start <= self.last:
            yield start, self.last
