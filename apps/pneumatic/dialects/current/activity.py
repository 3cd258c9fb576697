"""The activity of a workflow on the current server: who completed its tasks, returned it, or ended it.

The list has many more kinds; a task in it is a snapshot. Its newest rows are read in one request.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from apps.pneumatic.canonical.activity import Activity, ActivityKind, ActivityLog
from apps.pneumatic.dialects import lenient
from apps.pneumatic.dialects.base import Listing
from apps.pneumatic.dialects.lenient import JSON
from apps.pneumatic.transport.parsing import Node

PAGE_ROWS = 200
_KINDS: Mapping[int, ActivityKind] = {
    1: ActivityKind.WORKFLOW_COMPLETED,  # with its last task
    3: ActivityKind.TASK_COMPLETED,  # of a task for several users once for each
    4: ActivityKind.TASK_RETURNED,  # by a performer
    6: ActivityKind.WORKFLOW_COMPLETED,  # manually, with open tasks
    8: ActivityKind.TASK_RETURNED,  # by an owner
    10: ActivityKind.WORKFLOW_COMPLETED,  # by a condition
}


def activity_listing(workflow_id: int) -> Listing:
    """Return the list of what happened in a workflow, the newest first."""
    params = {"ordering": "-created", "include_comments": "false"}
    return Listing(f"/workflows/{int(workflow_id)}/events", params, page_size=PAGE_ROWS)


def parse_activity(node: Node) -> ActivityLog:
    """Parse the first page; raise UnexpectedResponse for no list. Rows that cannot be read are left out."""
    rows = node if type(node.value) is list else node.child("results")
    data = [member.value for member in rows.members() if type(member.value) is dict]
    times = [at for row in data if (at := _created(row))]
    found = {entry.id: entry for row in data if (entry := _activity(row))}
    return ActivityLog(tuple([found[id_] for id_ in sorted(found)]), max(times, default=None))


def _activity(row: JSON) -> Activity | None:
    """Return what a user did; None for anything else."""
    kind, at = _kind(row.get("type")), _created(row)
    id_, user_id = lenient.integer(row.get("id")), lenient.integer(row.get("user_id"))
    if kind is None or at is None or id_ is None or user_id is None:
        return None
    task = row.get("task")
    return Activity(id_, kind, at, user_id, lenient.integer(task.get("id")) if type(task) is dict else None)


def _kind(value: Any) -> ActivityKind | None:
    return _KINDS.get(value) if type(value) is int else None


def _created(row: JSON) -> dt.datetime | None:
    at = lenient.seconds(row.get("created_tsp"))
    return lenient.time(row.get("created")) if at is None else at
