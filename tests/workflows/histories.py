"""Whole histories of workflows, made up: what their server reports, and what is true in the end.

The simulation knows nothing of the projection; it is a small separate server.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from apps.pneumatic.canonical.events import (
    Choice,
    Event,
    FileLink,
    Kind,
    Output,
    Performer,
    Seen,
    Status,
    TaskSnapshot,
    WorkflowSnapshot,
)

BEGIN = dt.datetime(2026, 3, 1, 8, 0, tzinfo=dt.UTC)
EVENT_NAMES: dict[Kind | Seen, str] = {
    Kind.WORKFLOW_STARTED: "workflow_started",
    Kind.TASK_COMPLETED: "task_completed_v2",
    Kind.TASK_RETURNED: "task_returned",
    Kind.WORKFLOW_COMPLETED: "workflow_completed",
}
STATUS_NUMBERS = {Status.RUNNING: 0, Status.COMPLETED: 1, Status.TERMINATED: 2, Status.SNOOZED: 3}

# What a server stores: no NUL, no half of a surrogate pair.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ids = st.integers(1, 2**53)
performers = st.lists(
    st.builds(Performer, st.integers(1, 5), st.sampled_from(["Ann", "Bo", "Cy Dee"])), max_size=3
)


@st.composite
def outputs(draw: st.DrawFn) -> Output:
    """An answered field, as the documented API sends one."""
    type_ = draw(st.sampled_from(["string", "date", "radio", "file", "user"]))
    choices: tuple[Choice, ...] = ()
    files: tuple[FileLink, ...] = ()
    if type_ == "radio":
        labels = draw(st.lists(texts, min_size=1, max_size=3))
        choices = tuple(
            Choice(str(key), label, draw(st.booleans())) for key, label in enumerate(labels, start=1)
        )
    if type_ == "file":
        files = tuple(
            FileLink(str(draw(ids)), name, f"https://files.example.com/{name}") for name in ("a", "b")
        )
    value = "" if choices or files else draw(texts)
    return Output(draw(st.sampled_from(["field-a", "field-b"])), draw(texts), type_, value, choices, files)


@dataclass(slots=True)
class Truth:
    """What is true after the last event. ``done`` are (number, round) of tasks, ``returns`` (from, to).

    The first of a return is None where the events do not contain it.
    """

    state: Status = Status.RUNNING
    current: TaskSnapshot | None = None
    done: list[tuple[int, int]] = field(default_factory=list)
    returns: list[tuple[int | None, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Life:
    """A workflow's events in the order in which they happened, and the truth after the last."""

    events: tuple[Event, ...]
    truth: Truth


class Simulation:
    """A server with one workflow."""

    def __init__(
        self, draw: st.DrawFn, *, tick: st.SearchStrategy[int], tasks: int, has_target: bool
    ) -> None:
        self._tells_target = has_target
        self._draw = draw
        self._tick = tick
        self._now = BEGIN
        self._id = draw(ids)
        self._name = draw(texts)
        self._template = draw(st.none() | ids)
        self._kickoff = tuple(draw(st.lists(outputs(), max_size=2)))
        self._status = Status.RUNNING
        self._tasks = [
            TaskSnapshot(
                id=self._id * 100 + number,
                name=draw(texts),
                number=number,
                description=draw(st.sampled_from(["", "Do it"])),
                performers=tuple(draw(performers)),
            )
            for number in range(1, tasks + 1)
        ]
        self._rounds = dict.fromkeys(range(1, tasks + 1), 1)
        self.current = 1
        self.truth = Truth()
        self.events: list[Event] = []
        self._begin(1)
        self._emit(Kind.WORKFLOW_STARTED)

    @property
    def is_over(self) -> bool:
        return self._status in (Status.COMPLETED, Status.TERMINATED)

    def act(self, action: str) -> None:
        """Take a step where it is possible."""
        if action == "return":
            self.go_back()
        elif self.is_over:
            return
        elif action == "terminate":
            self._status = Status.TERMINATED
            self._emit(Kind.WORKFLOW_COMPLETED)
        else:
            self.complete(skips=action == "skip", snoozes=action == "snooze")

    def complete(self, *, skips: bool = False, snoozes: bool = False) -> None:
        """Complete the current task; the one after it may be skipped, or begin later only."""
        number = self.current
        self._status = Status.RUNNING
        self._now += dt.timedelta(milliseconds=self._draw(self._tick))
        self._change(
            number, date_completed=self._now, outputs=tuple(self._draw(st.lists(outputs(), max_size=1)))
        )
        self.truth.done.append((number, self._rounds[number]))
        following = number + (2 if skips else 1)
        is_last = following > len(self._tasks)
        if is_last:
            self._status = Status.COMPLETED
        elif snoozes:
            self._status = Status.SNOOZED
            self.current = following
        else:
            self._begin(following)
        self._emit(Kind.TASK_COMPLETED, number)
        if is_last:
            self._emit(Kind.WORKFLOW_COMPLETED)

    def go_back(self) -> None:
        """Return to a task that is done; also from the end."""
        if self._status is Status.TERMINATED:
            return
        source = self.current
        done = [
            task.number
            for task in self._tasks
            if task.date_completed is not None and task.number is not None and task.number < source
        ]
        if not done:
            return
        target = self._draw(st.sampled_from(done))
        self._now += dt.timedelta(milliseconds=self._draw(self._tick))
        self._status = Status.RUNNING
        for number in range(target, source + 1):
            if self._tasks[number - 1].date_completed is not None:
                self._rounds[number] += 1
            if number != source:
                self._change(number, date_started=None, date_completed=None, outputs=())
        self._begin(target)
        self.truth.returns.append((None if self._tells_target else source, target))
        self._emit(Kind.TASK_RETURNED, target if self._tells_target else source)
        self._change(source, date_started=None, date_completed=None, outputs=())

    def _begin(self, number: int) -> None:
        self.current = number
        self._change(number, date_started=self._now)

    def _change(self, number: int, **values: Any) -> None:
        self._tasks[number - 1] = replace(self._tasks[number - 1], **values)

    def _emit(self, kind: Kind, about: int | None = None) -> None:
        current = replace(self._tasks[self.current - 1], outputs=())  # documented: without its output
        self.truth.state = self._status
        self.truth.current = None if self.is_over else current
        self.events.append(
            Event(
                kind,
                WorkflowSnapshot(
                    id=self._id,
                    name=self._name,
                    status=self._status,
                    template_id=self._template,
                    template_name="" if self._template is None else "Template",
                    date_created=BEGIN,
                    kickoff=self._kickoff,
                    current_task=current,
                ),
                None if about is None else self._tasks[about - 1],
            )
        )


TICKS = st.integers(1, 10**9)
ACTIONS = ("complete", "complete", "complete", "complete", "skip", "snooze", "return", "return", "terminate")


@st.composite
def lives(
    draw: st.DrawFn,
    *,
    most_actions: int = 12,
    tick: st.SearchStrategy[int] = TICKS,
    actions: tuple[str, ...] = ACTIONS,
    has_target: bool = False,
) -> Life:
    """A workflow from its start to wherever it is after some actions; ``tick`` is milliseconds between them.

    ``has_target``: events of returns are about the task that came again, not about the one that was open.
    """
    simulation = Simulation(draw, tick=tick, tasks=draw(st.integers(1, 5)), has_target=has_target)
    for action in draw(st.lists(st.sampled_from(actions), max_size=most_actions)):
        simulation.act(action)
    return Life(tuple(simulation.events), simulation.truth)


def messy_lives() -> st.SearchStrategy[tuple[Event, ...]]:
    """Events as another server might send them: at equal times, with parts left out, contradicting each other."""
    return lives(tick=st.sampled_from([0, 0, 1, 5])).flatmap(
        lambda life: st.tuples(*(_mess(event) for event in life.events))
    )


@st.composite
def _mess(draw: st.DrawFn, event: Event) -> Event:
    workflow, task = event.workflow, event.task
    current = workflow.current_task
    for part in draw(
        st.sets(st.sampled_from(["number", "current", "dates", "created", "status", "kickoff"]), max_size=3)
    ):
        if part == "number":
            number = draw(st.none() | st.integers(-3, 8) | st.sampled_from([-(2**63), 2**63 - 1]))
            task = replace(task, number=number) if task else None
            current = replace(current, number=number) if current and draw(st.booleans()) else current
        elif part == "current":
            current = None
        elif part == "dates":
            late = draw(st.none() | st.just(dt.datetime(9998, 12, 31, 23, 59, tzinfo=dt.UTC)))
            task = replace(task, date_started=None, date_completed=late) if task else None
            current = replace(current, date_started=late, date_completed=None) if current else None
        elif part == "created":
            workflow = replace(workflow, date_created=None)
        elif part == "status":
            workflow = replace(workflow, status=draw(st.sampled_from(Status)))
        else:
            workflow = replace(workflow, kickoff=())
    return Event(event.kind, replace(workflow, current_task=current), task)


def payload_of(event: Event, *, target: str) -> dict[str, Any]:
    """Return the documented body that reports ``event``."""
    workflow = event.workflow
    current = workflow.current_task
    wire: dict[str, Any] = {
        "id": workflow.id,
        "name": workflow.name,
        "status": STATUS_NUMBERS.get(workflow.status, 9),
        "date_created": _time(workflow.date_created),
        "template": None
        if workflow.template_id is None
        else {"id": workflow.template_id, "name": workflow.template_name},
        "kickoff": {"id": 1, "description": "", "output": [_output(output) for output in workflow.kickoff]},
        "current_task": None if current is None else _task(current),
    }
    hook = {"id": 1, "event": EVENT_NAMES[event.kind], "target": target}
    if event.task is None:
        return {"hook": hook, "workflow": wire}
    outputs_ = [_output(output) for output in event.task.outputs]
    return {"hook": hook, "task": {**_task(event.task), "output": outputs_, "workflow": wire}}


def _task(task: TaskSnapshot) -> dict[str, Any]:
    return {
        "id": task.id,
        "name": task.name,
        "description": task.description,
        "number": task.number,
        "date_started": _time(task.date_started),
        "date_completed": _time(task.date_completed),
        "performers": [
            {
                "id": performer.id,
                "first_name": performer.name.partition(" ")[0],
                "last_name": performer.name.partition(" ")[2],
            }
            for performer in task.performers
        ],
    }


def _output(output: Output) -> dict[str, Any]:
    return {
        "id": 1,
        "name": output.name,
        "type": "radiobutton" if output.type == "radio" else output.type,
        "api_name": output.api_name,
        "value": output.value or None,
        "is_required": False,
        "selections": [
            {"id": int(choice.key), "value": choice.label, "is_selected": choice.is_selected}
            for choice in output.choices
        ],
        "attachments": [{"id": int(file.id), "name": file.name, "url": file.url} for file in output.files],
    }


def _time(timestamp: dt.datetime | None) -> str | None:
    return None if timestamp is None else timestamp.isoformat().replace("+00:00", "Z")
