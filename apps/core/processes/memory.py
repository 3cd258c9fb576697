"""Memory of long-running processes."""

from __future__ import annotations

import gc


def settle() -> None:
    """Exclude all present objects from garbage collection; call it once after start-up.

    A full collection would otherwise traverse all of Django and stop the process for 50 ms each time. In the worker,
    requests that wait for its transaction wait for that, too.
    """
    gc.collect()
    gc.freeze()
