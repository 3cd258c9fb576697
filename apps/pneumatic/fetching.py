"""Many objects, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from apps.pneumatic.pacing import Scope

T = TypeVar("T")


def fetch_all(
    fetch: Callable[[int, Scope], T | None],
    ids: Sequence[int],
    *,
    concurrency: int,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> list[T]:
    """Return ``fetch(id, scope)`` for every id, in the order of ``ids``, without those that are None.

    The first failure stops the others at once and is raised; so does a KeyboardInterrupt of the caller.
    """
    scope = Scope()
    found: dict[int, T | None] = {}
    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="pneumatic") as executor:
        try:
            futures = {executor.submit(fetch, id_, scope): id_ for id_ in dict.fromkeys(ids)}
            for done, future in enumerate(as_completed(futures), start=1):
                found[futures[future]] = future.result()
                if on_progress is not None:
                    on_progress(done, len(futures))
        except BaseException:
            # Leaving the block waits for the threads: they must not sit out their timeouts.
            executor.shutdown(wait=False, cancel_futures=True)
            scope.stop()
            raise
    return [value for id_ in dict.fromkeys(ids) if (value := found[id_]) is not None]
