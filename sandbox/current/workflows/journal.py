"""Write down what happened in a workflow and who did it: a row for each, with the server's number of its kind.

Performers complete and return tasks, and an owner does the rest, unless it is said who does it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sandbox.shapes import Record
from sandbox.state import State

COMPLETED, STARTED, TASK_COMPLETED, REVERTED, FINISHED, RETURNED = 1, 2, 3, 4, 6, 8
RESUMED, SNOOZED, DELAYED = 16, 17, 22
ROWS_PER_WORKFLOW = 100_000  # the ids of a workflow's rows are its own id times this, plus their number
# A row is written in the transaction of the change, before the workflow has its time; the start of a task after it.
_BEFORE, _AFTER = dt.timedelta(microseconds=-500), dt.timedelta(microseconds=200)


def note(
    workflow: Record, kind: int, at: str, *, user: int | None = None, step: Mapping[str, object] | None = None
) -> None:
    """Add that ``user`` did something ``at`` a time of the workflow, with the task as it is now."""
    rows = workflow["activity"]
    time = dt.datetime.fromisoformat(at) + (_AFTER if kind in {STARTED, DELAYED} else _BEFORE)
    keys = ("id", "number", "name", "performers", "groups", "date_completed", "answers")
    rows.append(
        {
            "id": workflow["id"] * ROWS_PER_WORKFLOW + len(rows) + 1,
            "created": time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "type": kind,
            "user_id": user,
            "step": {key: step[key] for key in keys} if step else None,
        }
    )


def performer_of(step: Record, state: State) -> int | None:
    """Return one of those who have to do a task; the account's owner when there is none."""
    groups = [state.groups[id_]["users"] for id_ in step["groups"] if id_ in state.groups]
    ids = [*step["performers"], *(id_ for users in groups for id_ in users)]
    owner = state.owner()
    return next((id_ for id_ in ids if id_ in state.users), owner["id"] if owner else None)
