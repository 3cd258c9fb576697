"""Who wants to know about events. The apps above register in ``AppConfig.ready()``.

A *handler* gets the events that a batch of deliveries brought and that were not known before, in the transaction that
writes them. It must be idempotent and must not depend on order: a batch that failed half-way is tried again, and a
replay hands the same events over once more. A *keeper* says which workflows still live, so that nothing that their
state rests on is pruned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from apps.webhooks.models import Event

Handler = Callable[[Sequence[Event]], None]
Keeper = Callable[[Collection[int]], set[int]]

_handlers: list[tuple[int, Handler]] = []
_keepers: list[Keeper] = []


def register_handler(handler: Handler, *, rank: int) -> None:
    """Call ``handler(events)`` for events; lower ranks come first (10: workflows, 20: who builds on them)."""
    if all(known is not handler for _rank, known in _handlers):
        _handlers.append((rank, handler))
        _handlers.sort(key=lambda entry: entry[0])


def register_keeper(keeper: Keeper) -> None:
    """Ask ``keeper(workflow_ids)`` for those of them whose deliveries are still needed."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def handle(events: Sequence[Event]) -> None:
    """Give ``events`` to every handler, in order of rank; whatever one raises goes through."""
    for _rank, handler in _handlers:
        handler(events)


def needed(workflow_ids: Collection[int]) -> set[int]:
    """Return which of these workflows some keeper still needs."""
    return set().union(*(keeper(workflow_ids) for keeper in _keepers))
