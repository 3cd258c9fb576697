"""Event handlers and keepers of other apps, which register in ``AppConfig.ready()``.

A *handler* gets the new events of a batch of deliveries, in the transaction that stores them. It must be idempotent and
independent of the order: a failed batch is retried, and a replay passes the same events again. A *keeper* reports which
workflows still need their deliveries, so that these are not pruned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from apps.webhooks.models import Event

Handler = Callable[[Sequence[Event]], None]
Keeper = Callable[[Collection[int]], set[int]]

_handlers: list[tuple[int, Handler]] = []
_keepers: list[Keeper] = []


def register_handler(handler: Handler, *, rank: int) -> None:
    """Call ``handler(events)`` for events; lower ranks come first (10: workflows, 20: apps above it)."""
    if all(known is not handler for _rank, known in _handlers):
        _handlers.append((rank, handler))
        _handlers.sort(key=lambda entry: entry[0])


def register_keeper(keeper: Keeper) -> None:
    """Call ``keeper(workflow_ids)`` for the ids whose deliveries are still needed."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def handle(events: Sequence[Event]) -> None:
    """Call every handler with ``events``, in order of rank; their exceptions propagate."""
    for _rank, handler in _handlers:
        handler(events)


def needed(workflow_ids: Collection[int]) -> set[int]:
    """Return the workflows that a keeper still needs."""
    return set().union(*(keeper(workflow_ids) for keeper in _keepers))
