"""In which order a workflow's events are told. Deliveries come in any order and events carry no number.

What orders them is the latest time in them (*moment*), then what they are about, then their content hash: so the order
is the same however they came. Pneumatic starts a workflow once, so "workflow started" is first whatever its times say.

What we read back ourselves stands behind the events of the same moment, and the later it was read the later: it shows
nothing older than the latest time in it, and what happens without leaving a time is told by nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from apps.pneumatic.canonical.events import Event, Kind, Seen

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_RETURNED_AFTER_THE_END = 4
_RANKS: Mapping[Kind | Seen, int] = {
    Kind.WORKFLOW_STARTED: 0,
    Kind.TASK_COMPLETED: 1,
    Kind.TASK_RETURNED: 2,
    Kind.WORKFLOW_COMPLETED: 3,
    Seen.WORKFLOW: 5,
    Seen.GONE: 6,
}
_DATES_ITSELF = frozenset({Kind.TASK_RETURNED, Kind.WORKFLOW_COMPLETED})


class Fact(NamedTuple):
    """An event with its content hash and its moment."""

    content_hash: str
    event: Event
    occurred_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class EventOrder:
    """All events of a workflow: ``dated`` in order, and those that no time places.

    A return, or the end, that tells no time but that of the workflow's start may have been at any moment after it.
    """

    dated: list[Fact]
    returns: list[Fact]
    ends: list[Fact]

    def all(self) -> list[Fact]:
        """Return every fact once, the newest last as far as that is known."""
        return [*self.dated, *self.returns, *self.ends]


def in_order(events: Iterable[tuple[str, Event]]) -> EventOrder:
    """Return ``events`` in order, each content hash once."""
    dated: list[Fact] = []
    returns: list[Fact] = []
    ends: list[Fact] = []
    for content_hash, event in dict(events).items():
        time = event.moment_of_tasks
        created = event.workflow.date_created
        moment = max(time, created) if time and created else time or created
        fact = Fact(content_hash, event, moment)
        if time is None and event.kind in _DATES_ITSELF:
            (returns if event.kind is Kind.TASK_RETURNED else ends).append(fact)
        else:
            dated.append(fact)
    for facts in (dated, returns, ends):
        facts.sort(key=_key)
    return EventOrder(dated, returns, ends)


def _key(fact: Fact) -> tuple[bool, dt.datetime, int, int, dt.datetime, str]:
    content_hash, event, moment = fact
    rank = _RANKS[event.kind]
    number = 0
    if event.task is not None:
        # At one moment tasks are done upwards and returned downwards.
        number = event.task.number or 0
        if rank == _RANKS[Kind.TASK_RETURNED]:
            number = -number
            if event.task.date_completed is not None and event.task.date_completed == moment:
                # The moment is that of the task's completion, so the return came later, at a time that it does not
                # tell: later than an end of the workflow that this completion brought about.
                rank = _RETURNED_AFTER_THE_END
    return (rank != 0, moment or _NEVER, rank, number, event.seen_at or _NEVER, content_hash)
