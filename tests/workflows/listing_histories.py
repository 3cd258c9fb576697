"""Whole histories of workflows on the first releases: an event has one task, and a list has the open tasks alone.

The simulation knows nothing of the projection; it is a small separate server. Release 1.0 sends no time of completion.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from apps.pneumatic.canonical.events import (
    Event,
    Kind,
    Performer,
    Seen,
    Status,
    TaskSnapshot,
    TaskStatus,
    WorkflowSnapshot,
)

BEGIN = dt.datetime(2026, 9, 1, 8, 0, tzinfo=dt.UTC)
READ_AT = BEGIN + dt.timedelta(days=1)
ACTIONS = ("complete", "complete", "complete", "skip", "return", "snooze", "resume", "finish", "read", "read")


@dataclass(frozen=True, slots=True)
class Life:
    """What the dashboard received in the order in which it happened, and the truth then.

    ``current`` is the number of the open task, ``completed`` are ids, ``returns`` is how often it was returned.
    """

    received: tuple[Event, ...]
    state: Status
    current: int
    completed: frozenset[int]
    returns: int


class Server:
    """A server with one workflow, whose tasks are done one after the other.

    ``lists_active``: what it lists is not the open task alone, but all tasks that are active.
    """

    def __init__(self, draw: st.DrawFn, *, tasks: int, has_times: bool, lists_active: bool) -> None:
        self._draw = draw
        self._has_times = has_times
        self._lists_active = lists_active
        self._now = BEGIN
        self._reads = 0
        self.received: list[Event] = []
        self.status = Status.RUNNING
        self.current = 1
        self.returns = 0
        self.may_lose = True  # events, from now on
        self._ended: dt.datetime | None = None
        self._tasks = {
            number: TaskSnapshot(
                number * 10, f"Task {number}", number, performers=(Performer(number, f"User {number}"),)
            )
            for number in range(1, tasks + 1)
        }
        is_early = draw(st.booleans())  # the payload was made before the first task began
        if not is_early:
            self._begin(1)
        self._send(Kind.WORKFLOW_STARTED)
        if is_early:
            self._begin(1)

    @property
    def completed(self) -> frozenset[int]:
        return frozenset(task.id for task in self._tasks.values() if task.date_completed is not None)

    def act(self, action: str) -> None:
        """Take a step where it is possible."""
        if action == "read":
            self.read()
        elif action == "return":
            # The server refuses to return to a task that was skipped.
            done = [number for number, task in self._tasks.items() if task.id in self.completed]
            left = [self.current] if self.status is Status.COMPLETED else []
            if targets := sorted({*done, *left}):
                self._go_back(self._draw(st.sampled_from(targets)))
        elif action == "resume" and self.status is Status.SNOOZED:
            self.status = Status.RUNNING
            self._begin(self.current)  # the server counts the time from here
        elif self.status is not Status.RUNNING:
            return
        elif action == "snooze":
            self.status = Status.SNOOZED
        elif action == "finish":
            self._end()
            self._send(Kind.WORKFLOW_COMPLETED)
        elif action in {"complete", "skip"}:
            self._complete(skips=action == "skip")

    def read(self) -> None:
        """Let the dashboard read the workflow."""
        self._reads += 1
        passed = tuple(
            TaskSnapshot(task.id, task.name, task.number)
            for task in self._tasks.values()
            if task.id in self.completed
        )
        current = self._tasks[self.current]
        nameless = tuple(replace(one, name="") for one in current.performers)
        current = replace(current, date_completed=None, performers=nameless)
        workflow = replace(self._workflow(current), passed=passed, date_completed=self._ended)
        if self._lists_active:
            workflow = self._with_active_tasks(workflow, current)
        seen_at = READ_AT + dt.timedelta(minutes=self._reads)
        self.received.append(Event(Seen.WORKFLOW, workflow, seen_at=seen_at))

    def _with_active_tasks(self, workflow: WorkflowSnapshot, current: TaskSnapshot) -> WorkflowSnapshot:
        """Return what such a server lists: of a snoozed or ended workflow it has no task but the last one."""
        if self.status is not Status.RUNNING:
            return workflow
        active = replace(current, status=TaskStatus.ACTIVE)
        return replace(workflow, current_task=active, tasks=(active,))

    def _complete(self, *, skips: bool) -> None:
        number = self.current
        self._change(number, date_started=self._tasks[number].date_started, date_completed=self._tick())
        task = self._tasks[number]
        following = number + (2 if skips else 1)
        is_last = following > len(self._tasks)
        shown = task if self._has_times else replace(task, date_completed=None)
        self._send(Kind.TASK_COMPLETED, task=shown, current=task if is_last else shown)
        if is_last:
            self._end()
            self._send(Kind.WORKFLOW_COMPLETED)
        else:
            self.current = following
            self._begin(following)

    def _go_back(self, number: int) -> None:
        before = self.current
        for later in range(number, len(self._tasks) + 1):
            self._change(later, date_started=None, date_completed=None)
        self.status, self._ended, self.current = Status.RUNNING, None, number
        self.returns += 1
        self._begin(number)
        shows_source = self._has_times and before != number and self._draw(st.booleans())
        current = self._tasks[before] if shows_source else self._tasks[number]
        self._send(Kind.TASK_RETURNED, task=self._tasks[number], current=current)

    def _end(self) -> None:
        self.status, self._ended = Status.COMPLETED, self._tick()

    def _begin(self, number: int) -> None:
        self._change(number, date_started=self._tick(), date_completed=None)

    def _tick(self) -> dt.datetime:
        self._now += dt.timedelta(seconds=self._draw(st.integers(1, 3)))
        return self._now

    def _change(
        self, number: int, *, date_started: dt.datetime | None, date_completed: dt.datetime | None
    ) -> None:
        self._tasks[number] = replace(
            self._tasks[number], date_started=date_started, date_completed=date_completed
        )

    def _workflow(self, current: TaskSnapshot) -> WorkflowSnapshot:
        return WorkflowSnapshot(7, "Trip", self.status, date_created=BEGIN, current_task=current)

    def _send(
        self, kind: Kind, task: TaskSnapshot | None = None, current: TaskSnapshot | None = None
    ) -> None:
        event = Event(kind, self._workflow(current or self._tasks[self.current]), task)
        if not self.may_lose or self._draw(st.booleans()):
            self.received.append(event)


@st.composite
def listed_lives(draw: st.DrawFn, *, most_actions: int, goes_on: bool = False) -> Life:
    """Draw a history in which any event may be lost, and which ends with a reading.

    Where it ``goes_on``, more follows, of which nothing is lost.
    """
    server = Server(
        draw, tasks=draw(st.integers(1, 4)), has_times=draw(st.booleans()), lists_active=draw(st.booleans())
    )
    for action in draw(st.lists(st.sampled_from(ACTIONS), max_size=most_actions)):
        server.act(action)
    server.read()
    server.may_lose = False
    later = st.sampled_from([action for action in ACTIONS if action != "skip"])  # no event shows that
    for action in draw(st.lists(later, max_size=most_actions)) if goes_on else ():
        server.act(action)
    return Life(
        tuple(server.received),
        server.status,
        server.current,
        server.completed,
        server.returns,
    )
