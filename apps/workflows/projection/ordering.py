"""The order of a workflow's events. Deliveries arrive in any order, and events have no sequence number.

Events are sorted by the latest time in them, then by kind, then by content hash, so that the order does not depend on
the order of arrival. Pneumatic starts a workflow once: "workflow started" is always first.

A completion without its own time, as release 1.0 sends it, follows the return that started its round.

Readings from Pneumatic follow events of the same time, sorted by when they were read. A reading is never older than the
latest time in it, and nothing else reports changes that leave no time. A reading of an open workflow precedes events
that have no time after the latest one in it: it was read before the task was completed or the workflow ended.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from apps.pneumatic.canonical.events import Event, Kind, Seen, Status

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_READ_WHILE_OPEN, _COMPLETED_AFTER_A_RETURN, _RETURNED_AFTER_THE_END = 3, 4, 6
_RANKS: Mapping[Kind | Seen, int] = {
    Kind.WORKFLOW_STARTED: 0,
    Kind.TASK_COMPLETED: 1,
    Kind.TASK_RETURNED: 2,
    Kind.WORKFLOW_COMPLETED: 5,
    Seen.WORKFLOW: 7,
    Seen.GONE: 8,
}
_IS_OPEN = frozenset({Status.RUNNING, Status.SNOOZED})
_DATES_ITSELF = frozenset({Kind.TASK_RETURNED, Kind.WORKFLOW_COMPLETED})


class Fact(NamedTuple):
    """An event with its content hash and the time when it happened, None if unknown."""

    content_hash: str
    event: Event
    occurred_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class EventOrder:
    """All events of a workflow: ``dated`` in order, and those without a time.

    A return or an end whose only time is the start of the workflow may have happened at any time after it.
    """

    dated: list[Fact]
    returns: list[Fact]
    ends: list[Fact]

    def all(self) -> list[Fact]:
        """Return every fact once: the dated ones in order, then the others."""
        return [*self.dated, *self.returns, *self.ends]


def in_order(events: Iterable[tuple[str, Event]]) -> EventOrder:
    """Return ``events`` in order, each content hash once."""
    dated: list[Fact] = []
    returns: list[Fact] = []
    ends: list[Fact] = []
    for content_hash, event in dict(events).items():
        time = event.changed_at
        created = event.workflow.date_created
        occurred_at = max(time, created) if time and created else time or created
        fact = Fact(content_hash, event, occurred_at)
        if time is None and event.kind in _DATES_ITSELF:
            (returns if event.kind is Kind.TASK_RETURNED else ends).append(fact)
        else:
            dated.append(fact)
    for facts in (dated, returns, ends):
        facts.sort(key=_key)
    return EventOrder(dated, returns, ends)


def _key(fact: Fact) -> tuple[bool, dt.datetime, int, int, dt.datetime, str]:
    content_hash, event, occurred_at = fact
    rank = _RANKS[event.kind]
    number = 0
    if event.task is not None:
        # At the same time, tasks are completed in ascending and returned in descending order.
        number = event.task.number or 0
        if rank == _RANKS[Kind.TASK_RETURNED]:
            number = -number
            if event.task.date_completed is not None and event.task.date_completed == occurred_at:
                # This is the time of the task's completion. The return happened later, at an unknown time: also
                # after an end of the workflow that this completion caused.
                rank = _RETURNED_AFTER_THE_END
        elif event.task.date_completed is None and event.task.date_started == occurred_at:
            rank = _COMPLETED_AFTER_A_RETURN  # this is the time at which the task was started, by a return or not
    elif rank == _RANKS[Seen.WORKFLOW] and event.workflow.status in _IS_OPEN:
        rank = _READ_WHILE_OPEN
    return (rank != 0, occurred_at or _NEVER, rank, number, event.seen_at or _NEVER, content_hash)


def deletion_of(order: EventOrder) -> Fact | None:
    """Return that the workflow was found deleted; None if it was not, or if a later reading found it."""
    last = order.dated[-1] if order.dated else None
    if last is None or last.event.kind is not Seen.GONE or last.event.seen_at is None:
        return None
    seen = (fact.event.seen_at for fact in order.dated if fact.event.kind is Seen.WORKFLOW)
    return None if any(time is not None and time > last.event.seen_at for time in seen) else last
