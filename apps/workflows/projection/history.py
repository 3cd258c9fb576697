"""The content of ``Workflow.history``, to JSON and back.

``content_hash`` is the event behind an entry. Entries that no event reports are ``is_inferred``; then ``content_hash``
is the event from which they follow, or None.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from apps.pneumatic.canonical.events import (
    Output,
    Performer,
    Status,
    TaskSnapshot,
    TaskStatus,
    output_from_json,
    output_to_json,
    performer_to_json,
)

if TYPE_CHECKING:
    from apps.workflows.models import Workflow


class HistoryEntryKind(StrEnum):
    """What an entry of the timeline reports."""

    STARTED = "started"
    TASK_DONE = "task_done"  # inferred: no event reports it; it was completed or skipped
    TASK_RETURNED = "task_returned"  # from ``task`` to ``target``; either may be unknown
    TASK_CURRENT = "task_current"  # the task that is open now; the last entry of a running workflow
    TASK_WAITING = "task_waiting"  # instead, while it is snoozed or delayed: it has no performers
    TASK_LEFT = "task_left"  # still open when the workflow ended
    SNOOZED = "snoozed"
    RESUMED = "resumed"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    DELETED = "deleted"  # a request to Pneumatic found it deleted


class GapKind(StrEnum):
    """An event that is missing, though later events show that it happened."""

    START = "start"  # no "workflow started"
    TASK = (
        "task"  # a task was passed without "task completed": that event is missing, or the task was skipped
    )
    RETURN = "return"  # a task reopened, or the workflow continued after its end, without "task returned"
    COMPLETION = "completion"  # it continued after the status "completed", without "workflow completed"
    CONTRADICTION = "contradiction"  # two events conflict about the same time


@dataclass(frozen=True, slots=True)
class TaskRound:
    """A task in one of its rounds; ``round`` counts from 1 and grows with each return.

    ``waits_until`` is when a waiting task becomes active, None where unknown.
    """

    id: int | None = None
    number: int | None = None
    name: str = ""
    description: str = ""
    started_at: dt.datetime | None = None
    done_at: dt.datetime | None = None
    performers: tuple[Performer, ...] = ()
    outputs: tuple[Output, ...] = ()
    round: int = 1
    waits_until: dt.datetime | None = None

    @property
    def duration(self) -> dt.timedelta | None:
        """Return how long it took; None when either end is unknown, or the end is before the start."""
        if self.started_at is None or self.done_at is None or self.done_at < self.started_at:
            return None
        return self.done_at - self.started_at


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of the timeline. ``at`` is None where the time is unknown.

    ``last_number``, where given, makes an inferred ``TASK_DONE`` stand for all tasks from ``task.number`` up to it.
    ``is_indirect``: its own event is missing; a snapshot of the whole workflow in another event shows it.
    ``doers`` are ids of the users who did it, where that is known (``doers.py``).
    """

    kind: HistoryEntryKind
    at: dt.datetime | None = None
    content_hash: str | None = None
    is_inferred: bool = False
    task: TaskRound | None = None
    target: TaskRound | None = None
    last_number: int | None = None
    is_indirect: bool = False
    doers: tuple[int, ...] = ()


def is_waiting(task: TaskSnapshot, state: Status) -> bool:
    """Return whether an open task of a workflow in this state is snoozed or delayed: then it has no performers."""
    if task.status is TaskStatus.UNKNOWN:
        return state is Status.SNOOZED
    return task.status is TaskStatus.SNOOZED


def open_entry(
    task: TaskSnapshot, state: Status, *, at: dt.datetime | None, content_hash: str, shown: TaskRound
) -> HistoryEntry:
    """Return the line of an open task, which is ``shown`` in the history."""
    if not is_waiting(task, state):
        return HistoryEntry(HistoryEntryKind.TASK_CURRENT, at, content_hash, task=shown)
    waiting = replace(shown, performers=(), waits_until=task.waits_until)
    return HistoryEntry(HistoryEntryKind.TASK_WAITING, at, content_hash, task=waiting)


@dataclass(frozen=True, slots=True)
class Gap:
    """A missing event, with number and name of the task where they are known.

    ``last_number``, where given, makes it stand for all tasks from ``number`` up to it.
    """

    kind: GapKind
    number: int | None = None
    name: str = ""
    last_number: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The history of a workflow. ``kickoff`` is None when no event contains the answers of its form.

    ``events_until`` is the latest time in any event. ``starter_id`` and ``owner_ids`` are ids of Pneumatic users.
    ``comparison_key`` is that of the newest snapshot (``fingerprints.py``), '' where no event has a whole workflow.
    Until ``doers_until`` it is known who did what, as far as it can be; None where that was not read.
    """

    kickoff: tuple[Output, ...] | None = None
    entries: tuple[HistoryEntry, ...] = ()
    gaps: tuple[Gap, ...] = ()
    events_until: dt.datetime | None = None
    starter_id: int | None = None
    is_external: bool = False  # a public form started it
    is_urgent: bool = False
    due: dt.datetime | None = None
    comparison_key: str = ""
    owner_ids: tuple[int, ...] = ()
    doers_until: dt.datetime | None = None


def history_of(workflow: Workflow) -> History:
    """Return the stored history of ``workflow``."""
    return history_from_json(workflow.history)


def history_to_json(history: History) -> dict[str, Any]:
    """Return ``history`` as JSON; ``history_from_json`` gives the same object back. Empty parts are left out."""
    data: dict[str, Any] = {"entries": [_entry_to_json(entry) for entry in history.entries]}
    if history.kickoff is not None:
        data["kickoff"] = [output_to_json(output) for output in history.kickoff]
    if history.gaps:
        data["gaps"] = [_gap_to_json(gap) for gap in history.gaps]
    if history.events_until:
        data["heard_until"] = history.events_until.isoformat()
    if history.starter_id is not None:
        data["starter_id"] = history.starter_id
    if history.is_external:
        data["is_external"] = True
    if history.is_urgent:
        data["is_urgent"] = True
    if history.due:
        data["due"] = history.due.isoformat()
    if history.comparison_key:
        data["mark"] = history.comparison_key
    if history.owner_ids:
        data["owner_ids"] = list(history.owner_ids)
    if history.doers_until:
        data["doers_until"] = history.doers_until.isoformat()
    return data


def history_from_json(data: Mapping[str, Any]) -> History:
    """Return the history that ``history_to_json`` wrote."""
    kickoff = data.get("kickoff")
    return History(
        kickoff=None if kickoff is None else tuple(map(output_from_json, kickoff)),
        entries=tuple(map(_entry_from_json, data.get("entries", ()))),
        gaps=tuple(map(_gap_from_json, data.get("gaps", ()))),
        events_until=_time(data.get("heard_until")),
        starter_id=data.get("starter_id"),
        is_external=data.get("is_external", False),
        is_urgent=data.get("is_urgent", False),
        due=_time(data.get("due")),
        comparison_key=data.get("mark", ""),
        owner_ids=tuple(data.get("owner_ids", ())),
        doers_until=_time(data.get("doers_until")),
    )


def _entry_to_json(entry: HistoryEntry) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": entry.kind.value}
    if entry.at:
        data["at"] = entry.at.isoformat()
    if entry.content_hash:
        data["content_hash"] = entry.content_hash
    if entry.is_inferred:
        data["is_inferred"] = True
    if entry.task:
        data["task"] = _task_to_json(entry.task)
    if entry.target:
        data["target"] = _task_to_json(entry.target)
    if entry.last_number is not None:
        data["last_number"] = entry.last_number
    if entry.is_indirect:
        data["is_indirect"] = True
    if entry.doers:
        data["doers"] = list(entry.doers)
    return data


def _entry_from_json(data: Mapping[str, Any]) -> HistoryEntry:
    return HistoryEntry(
        kind=HistoryEntryKind(data["kind"]),
        at=_time(data.get("at")),
        content_hash=data.get("content_hash"),
        is_inferred=data.get("is_inferred", False),
        task=_task_from_json(data["task"]) if "task" in data else None,
        target=_task_from_json(data["target"]) if "target" in data else None,
        last_number=data.get("last_number"),
        is_indirect=data.get("is_indirect", False),
        doers=tuple(data.get("doers", ())),
    )


def _task_to_json(task: TaskRound) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if task.id is not None:
        data["id"] = task.id
    if task.number is not None:
        data["number"] = task.number
    if task.name:
        data["name"] = task.name
    if task.description:
        data["description"] = task.description
    if task.started_at:
        data["started_at"] = task.started_at.isoformat()
    if task.done_at:
        data["done_at"] = task.done_at.isoformat()
    if task.performers:
        data["performers"] = [performer_to_json(performer) for performer in task.performers]
    if task.outputs:
        data["outputs"] = [output_to_json(output) for output in task.outputs]
    if task.round != 1:
        data["round"] = task.round
    if task.waits_until:
        data["waits_until"] = task.waits_until.isoformat()
    return data


def _task_from_json(data: Mapping[str, Any]) -> TaskRound:
    return TaskRound(
        id=data.get("id"),
        number=data.get("number"),
        name=data.get("name", ""),
        description=data.get("description", ""),
        started_at=_time(data.get("started_at")),
        done_at=_time(data.get("done_at")),
        performers=tuple(Performer(*performer) for performer in data.get("performers", ())),
        outputs=tuple(map(output_from_json, data.get("outputs", ()))),
        round=data.get("round", 1),
        waits_until=_time(data.get("waits_until")),
    )


def _gap_to_json(gap: Gap) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": gap.kind.value}
    if gap.number is not None:
        data["number"] = gap.number
    if gap.name:
        data["name"] = gap.name
    if gap.last_number is not None:
        data["last_number"] = gap.last_number
    return data


def _gap_from_json(data: Mapping[str, Any]) -> Gap:
    return Gap(
        kind=GapKind(data["kind"]),
        number=data.get("number"),
        name=data.get("name", ""),
        last_number=data.get("last_number"),
    )


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
