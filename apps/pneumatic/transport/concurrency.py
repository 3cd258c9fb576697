"""Fetch many objects with several requests at a time, as far as that helps.

Threads help while they wait for the server. If it responds faster than Python decodes, they only compete for the
interpreter: on loopback, six threads take twice as long as one. So the first requests are made one by one and measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from apps.pneumatic.transport.cancellation import Scope

T = TypeVar("T")

# Of these requests the quickest counts, because the first also opens the connection.
MEASURED_REQUESTS = 3


def fetch_all(
    fetch: Callable[[int, Scope], T | None],
    ids: Sequence[int],
    *,
    concurrency: int,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> list[T]:
    """Return ``fetch(id, scope)`` for every id, in the order of ``ids``, without those that are None.

    At most ``concurrency`` run at a time. The first failure aborts the others and is raised; so does a
    KeyboardInterrupt of the caller. ``on_progress`` gets the number of results so far and the number of ids.
    """
    wanted = list(dict.fromkeys(ids))
    found: dict[int, T | None] = {}
    scope = Scope()

    def keep(id_: int, value: T | None) -> None:
        found[id_] = value
        if on_progress is not None:
            on_progress(len(found), len(wanted))

    # How many requests fit into the time of one: its time, divided by the part of it that Python computes.
    room = []
    for id_ in wanted[:MEASURED_REQUESTS]:
        began, computing = time.perf_counter(), time.thread_time()
        value = fetch(id_, scope)
        room.append((time.perf_counter() - began) / max(time.thread_time() - computing, 1e-6))
        keep(id_, value)
    width = min(concurrency, round(min(room, default=1)))

    if width > 1:
        _fetch_in_threads(fetch, wanted[MEASURED_REQUESTS:], scope=scope, width=width, keep=keep)
    else:
        for id_ in wanted[MEASURED_REQUESTS:]:
            keep(id_, fetch(id_, scope))
    return [value for id_ in wanted if (value := found[id_]) is not None]


def _fetch_in_threads(
    fetch: Callable[[int, Scope], T | None],
    ids: Sequence[int],
    *,
    scope: Scope,
    width: int,
    keep: Callable[[int, T | None], None],
) -> None:
    with ThreadPoolExecutor(max_workers=width, thread_name_prefix="pneumatic") as executor:
        try:
            futures = {executor.submit(fetch, id_, scope): id_ for id_ in ids}
            for future in as_completed(futures):
                keep(futures[future], future.result())
        except BaseException:
            # Leaving the block waits for the threads, and they must not wait for their time-outs.
            executor.shutdown(wait=False, cancel_futures=True)
            scope.stop()
            raise
