"""Who completed a task, returned it or ended the workflow. No event says so: performers need not have done it.

What a user did is matched with a line of the timeline by task and time. Both times are Pneumatic's: an action is
recorded in the transaction that it changes the workflow in, shortly before or after the time that the workflow has.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from apps.pneumatic.canonical.activity import Activity, ActivityKind, ActivityLog
from apps.workflows.projection.history import History, HistoryEntry, HistoryEntryKind

# By how much the time of an action and that in the workflow differ at most, in seconds: it may change a lot.
_COMPLETION_MARGIN = dt.timedelta(seconds=1)
_CHANGE_MARGIN = dt.timedelta(seconds=60)
_KINDS = {
    HistoryEntryKind.TASK_DONE: ActivityKind.TASK_COMPLETED,
    HistoryEntryKind.TASK_RETURNED: ActivityKind.TASK_RETURNED,
    HistoryEntryKind.COMPLETED: ActivityKind.WORKFLOW_COMPLETED,
}


def with_doers(entries: Sequence[HistoryEntry], log: ActivityLog) -> list[HistoryEntry]:
    """Return ``entries`` with the users who did it, as far as ``log`` shows them."""
    if not log.entries:
        return list(entries)
    actions = sorted(log.entries, key=lambda action: (action.at, action.id))
    found = []
    for place, entry in enumerate(entries):
        same_kind = [action for action in actions if action.kind is _KINDS.get(entry.kind)]
        if not has_doer(entry) or not same_kind:
            found.append(entry)
        elif entry.kind is HistoryEntryKind.TASK_DONE:
            found.append(replace(entry, doers=_completers(entry, entries[place + 1 :], same_kind)))
        else:
            found.append(replace(entry, doers=_changer(entry, same_kind)))
    return found


def has_doer(entry: HistoryEntry) -> bool:
    """Return whether a line is about what a user did, and about a single task or the workflow."""
    if entry.kind is HistoryEntryKind.TASK_DONE:
        return not entry.is_inferred and entry.task is not None
    return entry.kind in _KINDS


def lacks_doers(history: History) -> bool:
    """Return whether Pneumatic may know who did something in ``history``, and was not asked since."""
    until = history.doers_until
    return any(
        has_doer(entry) and not entry.doers and (until is None or (entry.at is not None and entry.at > until))
        for entry in history.entries
    )


def newest_deed(history: History) -> dt.datetime | None:
    """Return the latest time at which a user did something in ``history``."""
    times = (entry.at for entry in history.entries if has_doer(entry) and entry.at is not None)
    return max(times, default=None)


def _completers(
    entry: HistoryEntry, later: Sequence[HistoryEntry], actions: Iterable[Activity]
) -> tuple[int, ...]:
    """Return who completed a task in its round: of a task that all performers must complete, each of them."""
    task = entry.task
    if task is None:
        return ()
    since, until = task.started_at, min(_starts_again(task.id, later), default=None)
    if task.done_at is not None:
        latest = task.done_at + _COMPLETION_MARGIN
        until = latest if until is None else min(until, latest)
    users = [
        action.user_id
        for action in actions
        if action.task_id == task.id
        and (since is None or action.at >= since)
        and (until is None or action.at < until)
    ]
    return tuple(dict.fromkeys(users))


def _starts_again(task_id: int | None, later: Iterable[HistoryEntry]) -> Iterator[dt.datetime]:
    """Yield the times at which later rounds of a task started."""
    for entry in later:
        for one in (entry.task, entry.target):
            is_source = one is entry.task and entry.kind is HistoryEntryKind.TASK_RETURNED
            if one is not None and one.id == task_id and one.started_at is not None and not is_source:
                yield one.started_at


def _changer(entry: HistoryEntry, actions: Iterable[Activity]) -> tuple[int, ...]:
    """Return who returned a task or ended the workflow: the nearest in time of those who did so."""
    at, target = entry.at, entry.target or entry.task
    if at is None:
        return ()
    near = [
        action
        for action in actions
        if abs(action.at - at) <= _CHANGE_MARGIN
        and (
            entry.kind is not HistoryEntryKind.TASK_RETURNED
            or (target is not None and action.task_id == target.id)
        )
    ]
    nearest = min(near, key=lambda action: abs(action.at - at), default=None)
    return () if nearest is None else (nearest.user_id,)
