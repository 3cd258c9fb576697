"""Who did what in a workflow, in canonical form: what the server lists as its activity, parsed by a dialect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ActivityKind(StrEnum):
    """What a user did; the server's other kinds are left out."""

    TASK_COMPLETED = "task_completed"
    TASK_RETURNED = "task_returned"  # ``task_id`` is that of the task to which the workflow returned
    WORKFLOW_COMPLETED = "workflow_completed"  # with its last task, by a condition, or manually


@dataclass(frozen=True, slots=True)
class Activity:
    """What the user ``user_id`` did; ``id`` is the server's, unique in the account."""

    id: int
    kind: ActivityKind
    at: dt.datetime
    user_id: int
    task_id: int | None = None


@dataclass(frozen=True, slots=True)
class ActivityLog:
    """What is known of who did what, by id, in the server's time ``until`` (None: an empty list)."""

    entries: tuple[Activity, ...] = ()
    until: dt.datetime | None = None

    def merged(self, other: ActivityLog) -> ActivityLog:
        """Return what either of two lists has: a list may lack the oldest entries."""
        found = {entry.id: entry for entry in (*self.entries, *other.entries)}
        times = [log.until for log in (self, other) if log.until is not None]
        return ActivityLog(tuple([found[id_] for id_ in sorted(found)]), max(times, default=None))


def log_to_json(log: ActivityLog) -> dict[str, Any]:
    """Return ``log`` as JSON; ``log_from_json`` returns an equal object."""
    entries = [
        [entry.id, entry.kind.value, entry.at.isoformat(), entry.user_id, entry.task_id]
        for entry in log.entries
    ]
    return {"entries": entries, **({"until": log.until.isoformat()} if log.until else {})}


def log_from_json(data: Mapping[str, Any]) -> ActivityLog:
    """Return the list that ``log_to_json`` wrote."""
    until = data.get("until")
    entries = tuple(
        [
            Activity(id_, ActivityKind(kind), dt.datetime.fromisoformat(at), user_id, task_id)
            for id_, kind, at, user_id, task_id in data["entries"]
        ]
    )
    return ActivityLog(entries, dt.datetime.fromisoformat(until) if until else None)
