"""Whole histories of workflows on the current server: each event has all tasks, and several may be active.

The simulation knows nothing of the projection; it is a small separate server.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from apps.pneumatic.canonical.activity import Activity, ActivityKind, ActivityLog
from apps.pneumatic.canonical.events import (
    Event,
    Kind,
    Output,
    Performer,
    Seen,
    Status,
    TaskSnapshot,
    TaskStatus,
    WorkflowSnapshot,
    current_among,
)

BEGIN = dt.datetime(2026, 9, 1, 8, 0, tzinfo=dt.UTC)
ACTIONS = ("complete", "complete", "complete", "return", "snooze", "resume", "finish")
_CLEARED = {"date_started": None, "date_completed": None, "status": TaskStatus.PENDING}


@dataclass(slots=True)
class Truth:
    """What is true after the last event. ``done`` are (number, round, time), ``returns`` are targets' numbers.

    ``completed_by`` and ``returned_by`` are the users of these, in the same order; no performer is one of them.
    """

    state: Status = Status.RUNNING
    current: list[int] = field(default_factory=list)
    done: list[tuple[int, int, dt.datetime]] = field(default_factory=list)
    returns: list[int] = field(default_factory=list)
    completed_by: list[int] = field(default_factory=list)
    returned_by: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Life:
    """A workflow's events in the order in which they were sent, the truth then, and what can be read back."""

    events: tuple[Event, ...]
    truth: Truth
    reading: Event
    activity: Event


class Server:
    """A server with one workflow. Tasks of one *stage* are active at the same time."""

    def __init__(self, stages: list[int], *, id_: int = 7) -> None:
        self.truth = Truth()
        self.events: list[Event] = []
        self.actions: list[Activity] = []
        self._id = id_
        self._now = BEGIN
        self._status = Status.RUNNING
        self._ended: dt.datetime | None = None
        self._stage_of: dict[int, int] = {}
        self._tasks: dict[int, TaskSnapshot] = {}
        self._rounds: dict[int, int] = {}
        for stage, size in enumerate(stages):
            for _task in range(size):
                number = len(self._tasks) + 1
                self._stage_of[number] = stage
                self._rounds[number] = 1
                performers = (Performer(number, ""), Performer(number, "", is_group=True))
                self._tasks[number] = TaskSnapshot(
                    number, f"Task {number}", number, performers=performers, status=TaskStatus.PENDING
                )
        self._begin(0)
        self._emit(Kind.WORKFLOW_STARTED)

    def active(self) -> list[int]:
        """Return the numbers of the tasks whose turn it is."""
        return [
            number
            for number, task in self._tasks.items()
            if task.status in {TaskStatus.ACTIVE, TaskStatus.SNOOZED}
        ]

    def completed(self) -> list[int]:
        """Return the numbers of the tasks that are done."""
        return [number for number, task in self._tasks.items() if task.status is TaskStatus.COMPLETED]

    def complete(self, number: int) -> None:
        """Complete an active task; after the last of a stage comes the next stage, or the end."""
        self.resume()
        self.truth.completed_by.append(self._act(ActivityKind.TASK_COMPLETED, number))
        now = self._tick()
        self._set(number, status=TaskStatus.COMPLETED, date_completed=now)
        self.truth.done.append((number, self._rounds[number], now))
        is_last = False
        if not self.active():
            is_last = self._stage_of[number] + 1 not in self._stage_of.values()
            if not is_last:
                self._begin(self._stage_of[number] + 1)
        if is_last:
            self._end()
        self._emit(Kind.TASK_COMPLETED, number)

    def go_back(self, source: int, target: int, *others: int) -> None:
        """Return from an active task to one that is done, in an earlier stage: all since then is to be done again.

        A return of the workflow, and not of one task, is reported for each task that was active: for ``others``, too.
        """
        self._status, self._ended = Status.RUNNING, None
        user = self._act(ActivityKind.TASK_RETURNED, target)
        for number, task in self._tasks.items():
            if self._stage_of[number] > self._stage_of[target] or number == target:
                if task.status is TaskStatus.COMPLETED:
                    self._rounds[number] += 1
                self._set(number, **_CLEARED)
        self._set(target, status=TaskStatus.ACTIVE, date_started=self._tick())
        for one in (source, *others):
            self.truth.returns.append(target)
            self.truth.returned_by.append(user)
            self._emit(Kind.TASK_RETURNED, one)

    def snooze(self) -> None:
        """Snooze; no event is sent."""
        if self._status is Status.RUNNING:
            self._status = Status.SNOOZED
            for number in self.active():
                self._set(number, status=TaskStatus.SNOOZED)

    def resume(self) -> None:
        """Resume; no event is sent."""
        if self._status is Status.SNOOZED:
            self._status = Status.RUNNING
            for number in self.active():
                self._set(number, status=TaskStatus.ACTIVE)

    def finish(self) -> None:
        """End it although tasks are open."""
        self.resume()
        if self._status is Status.RUNNING:
            self._end()

    def reading(self, seen_at: dt.datetime | None = None) -> Event:
        """Return what reading the workflow back finds."""
        return Event(Seen.WORKFLOW, self._snapshot(), seen_at=seen_at or self._now + dt.timedelta(hours=1))

    def activity(self, *actions: Activity, seen_at: dt.datetime | None = None) -> Event:
        """Return what reading who did what finds: all, or only ``actions``."""
        log = ActivityLog(actions or tuple(self.actions), self._now)
        snapshot = WorkflowSnapshot(self._id, "", Status.UNKNOWN)
        return Event(
            Seen.ACTIVITY, snapshot, seen_at=seen_at or self._now + dt.timedelta(hours=1), activity=log
        )

    def life(self) -> Life:
        """Return what happened until now."""
        self.truth.state = self._status
        self.truth.current = [] if self._status is Status.COMPLETED else self.active()
        return Life(tuple(self.events), self.truth, self.reading(), self.activity())

    def act(self, draw: st.DrawFn, action: str) -> None:
        """Take a step where it is possible."""
        if self._status is Status.COMPLETED:
            return
        if action == "complete":
            self.complete(draw(st.sampled_from(self.active())))
        elif action == "return":
            source = draw(st.sampled_from(self.active()))
            earlier = [one for one in self.completed() if self._stage_of[one] < self._stage_of[source]]
            if earlier:
                self.resume()
                others = [one for one in self.active() if one != source] if draw(st.booleans()) else []
                self.go_back(source, draw(st.sampled_from(earlier)), *others)
        else:
            getattr(self, action)()

    def _begin(self, stage: int) -> None:
        for number, of in self._stage_of.items():
            if of == stage:
                self._set(number, status=TaskStatus.ACTIVE, date_started=self._tick())

    def _act(self, kind: ActivityKind, number: int | None = None) -> int:
        """Write down that another user did something; return who."""
        self._now += dt.timedelta(milliseconds=1)
        user = 1000 + len(self.actions)
        self.actions.append(Activity(len(self.actions) + 1, kind, self._now, user, number))
        return user

    def _end(self) -> None:
        self._act(ActivityKind.WORKFLOW_COMPLETED)
        self._status, self._ended = Status.COMPLETED, self._tick()
        self._emit(Kind.WORKFLOW_COMPLETED)

    def _tick(self) -> dt.datetime:
        self._now += dt.timedelta(milliseconds=10)
        return self._now

    def _set(self, number: int, **values: Any) -> None:
        self._tasks[number] = replace(self._tasks[number], **values)

    def _snapshot(self) -> WorkflowSnapshot:
        tasks = tuple(self._tasks.values())
        return WorkflowSnapshot(
            self._id,
            "Trip",
            self._status,
            3,
            "Travel",
            BEGIN,
            (Output("why", "Why", "string", "Because"),),
            current_among(tasks),
            tasks,
            self._ended,
            1,
        )

    def _emit(self, kind: Kind, about: int | None = None) -> None:
        task = None if about is None else self._tasks[about]
        if task is not None and kind is Kind.TASK_COMPLETED:
            task = replace(task, outputs=(Output("result", "Result", "string", f"Of {about}"),))
        self.events.append(Event(kind, self._snapshot(), task))


@st.composite
def snapshot_lives(draw: st.DrawFn, *, most_actions: int = 12) -> Life:
    """A workflow from its start to wherever it is after some actions."""
    server = Server(draw(st.lists(st.integers(1, 2), min_size=1, max_size=4)))
    for action in draw(st.lists(st.sampled_from(ACTIONS), max_size=most_actions)):
        server.act(draw, action)
    return server.life()
