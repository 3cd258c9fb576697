"""The state of a workflow as a pure function of the set of its events (rules: docs/workflow-status.md).

The same set gives the same projection, regardless of the order and number of deliveries. Nothing here uses the database
or the clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from apps.core.text.folding import fold
from apps.pneumatic.canonical.activity import ActivityLog
from apps.pneumatic.canonical.events import Event, Kind, Output, Seen, TaskSnapshot, performer_to_json
from apps.pneumatic.canonical.serialization import quick_hash
from apps.workflows.projection.doers import lacks_doers, with_doers
from apps.workflows.projection.fingerprints import comparison_key
from apps.workflows.projection.history import History, history_to_json, is_waiting
from apps.workflows.projection.ordering import EventOrder, Fact, in_order
from apps.workflows.projection.reading_reducer import ReadingReducer
from apps.workflows.projection.snapshot_reducer import SnapshotReducer
from apps.workflows.projection.task_reducer import ENDED

# The largest value of an integer column on every database; a larger step is stored as unknown.
_MAX_STEP = 2**31 - 1
DELETED = "deleted"  # a state without an event: see ``Seen.GONE``
# The columns that the digest covers, in the order of the model.
COLUMNS = (
    "name",
    "search",
    "template_id",
    "template_name",
    "state",
    "is_state_confirmed",
    "has_gaps",
    "step",
    "task_name",
    "task_since",
    "performers",
    "started_at",
    "ended_at",
    "events_count",
    "history",
)


@dataclass(frozen=True, slots=True)
class Projection:
    """The columns of a ``Workflow`` that are computed from its events.

    ``performers`` are [id, name] pairs, or [id, name, true] for a group.
    """

    name: str
    search: str
    template_id: int | None
    template_name: str
    state: str
    is_state_confirmed: bool
    has_gaps: bool
    step: int | None
    task_name: str
    task_since: dt.datetime | None
    performers: list[list[Any]]
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    events_count: int
    history: dict[str, Any]
    digest: str = ""
    lacks_doers: bool = False  # follows from the history

    def columns(self) -> dict[str, Any]:
        """Return the columns that the digest covers, by name."""
        return {name: getattr(self, name) for name in COLUMNS}


def digest_of(columns: Mapping[str, Any]) -> str:
    """Return the digest of a workflow's columns, whether they come from a projection or from a row."""
    return quick_hash([_plain(columns[name]) for name in COLUMNS])


def differing(shown: Mapping[str, Any], projected: Mapping[str, Any]) -> list[str]:
    """Return the names of the columns whose values differ."""
    return [name for name in COLUMNS if _plain(shown[name]) != _plain(projected[name])]


def project(events: Iterable[tuple[str, Event]]) -> Projection:
    """Return the projection of a workflow's events, each with its content hash; there must be at least one."""
    known = dict(events)
    order = in_order((hash_, event) for hash_, event in known.items() if event.kind is not Seen.ACTIVITY)
    facts = order.all()
    reduced = _reduce(order)
    current = reduced.current
    assigned = [task for task in current if not is_waiting(task, reduced.state)]
    has_ended = reduced.state in ENDED or reduced.deleted_at is not None
    name = _newest(facts, "name") or ""
    log = _activity(known.values())
    history = History(
        kickoff=_kickoff(facts),
        entries=tuple(with_doers(tuple(reduced.entries()), log or ActivityLog())),
        gaps=tuple(reduced.gaps()),
        events_until=max((fact.occurred_at for fact in facts if fact.occurred_at), default=None),
        doers_until=log.until if log else None,
        **_details(facts),
    )
    columns = {
        "name": name,
        "search": search_text(name),
        "template_id": _newest(facts, "template_id"),
        "template_name": _newest(facts, "template_name") or "",
        "state": DELETED if reduced.deleted_at else reduced.state.value,
        "is_state_confirmed": reduced.is_state_confirmed,
        "has_gaps": bool(history.gaps),
        "step": _step(current[0].number if current else reduced.last_number if has_ended else None),
        "task_name": ", ".join(task.name for task in current),
        "task_since": min(
            (task.date_started for task in assigned or current if task.date_started), default=None
        )
        or (reduced.open_since if current else None),
        "performers": _performers(assigned),
        "started_at": history.entries[0].at,
        "ended_at": reduced.ended_at if has_ended else None,
        "events_count": len(facts),
        "history": history_to_json(history),
    }
    return Projection(**columns, digest=digest_of(columns), lacks_doers=lacks_doers(history))


def _activity(events: Iterable[Event]) -> ActivityLog | None:
    """Return what was read of who did what; None where that was not read."""
    logs = [event.activity for event in events if event.activity is not None]
    return reduce(ActivityLog.merged, logs) if logs else None


def _reduce(order: EventOrder) -> ReadingReducer | SnapshotReducer:
    has_snapshots = any(_shows_other_tasks(fact.event) for fact in order.dated)
    return SnapshotReducer(order) if has_snapshots else ReadingReducer(order)


def _shows_other_tasks(event: Event) -> bool:
    """Return whether an event has more than the open task. A list of the active tasks (3.1) may have that one alone."""
    workflow = event.workflow
    if event.kind is Seen.WORKFLOW and workflow.passed is not None:
        return workflow.tasks not in {(), (workflow.current_task,)}
    return bool(workflow.tasks)


def _is_whole(event: Event) -> bool:
    return bool(event.workflow.tasks) or event.kind is Seen.WORKFLOW


def _details(facts: Sequence[Fact]) -> dict[str, Any]:
    """Return what only snapshots of whole workflows contain, from the newest one."""
    newest = next((fact.event.workflow for fact in reversed(facts) if _is_whole(fact.event)), None)
    if newest is None:
        return {}
    # Events of release 3.2 have neither owners nor a due date. Every workflow has an owner.
    whole = (fact.event.workflow for fact in reversed(facts) if _is_whole(fact.event))
    with_owners = next((workflow for workflow in whole if workflow.owner_ids), newest)
    return {
        "starter_id": newest.starter_id,
        "is_external": newest.is_external,
        "owner_ids": with_owners.owner_ids,
        "is_urgent": newest.is_urgent,
        "due": newest.due or with_owners.due,
        "comparison_key": comparison_key(newest),
    }


def _newest(facts: Sequence[Fact], key: str) -> Any:
    """Return ``key`` of the newest snapshot that has it; None when none does."""
    for fact in reversed(facts):
        value = getattr(fact.event.workflow, key)
        if value is not None and value != "":
            return value
    return None


def _kickoff(facts: Sequence[Fact]) -> tuple[Output, ...] | None:
    """Return the answers of the kickoff form; () when there are none, None when they are unknown."""
    for fact in reversed(facts):
        if fact.event.workflow.kickoff:
            return _with_names(fact.event.workflow.kickoff, facts)
    is_known = any(fact.event.kind is Kind.WORKFLOW_STARTED or _is_whole(fact.event) for fact in facts)
    return () if is_known else None


def _with_names(kickoff: tuple[Output, ...], facts: Sequence[Fact]) -> tuple[Output, ...]:
    """Return the answers with the names of users that only another snapshot has (releases before 4.3)."""
    if all(output.user_id is None or output.value for output in kickoff):
        return kickoff
    outputs = (output for fact in facts for output in fact.event.workflow.kickoff)
    names = {
        output.user_id: output.value for output in outputs if output.user_id is not None and output.value
    }
    return tuple(
        output
        if output.user_id is None
        else replace(output, value=output.value or names.get(output.user_id, ""))
        for output in kickoff
    )


def _step(number: int | None) -> int | None:
    return number if number is not None and 0 <= number <= _MAX_STEP else None


def _performers(tasks: Sequence[TaskSnapshot]) -> list[list[Any]]:
    performers = dict.fromkeys(performer for task in tasks for performer in task.performers)
    return [performer_to_json(performer) for performer in performers]


def _plain(value: Any) -> Any:
    return value.astimezone(dt.UTC).isoformat() if isinstance(value, dt.datetime) else value


# PostgreSQL refuses a B-tree entry above 2,704 bytes; four bytes a character stay well below.
MAX_SEARCH_CHARACTERS = 600


def search_text(name: str) -> str:
    """Return what a workflow is searched by."""
    return fold(name)[:MAX_SEARCH_CHARACTERS]
