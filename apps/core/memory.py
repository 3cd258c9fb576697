"""What a process that runs for long does about its memory."""

from __future__ import annotations

import gc


def settle() -> None:
    """Take what is there now, which stays to the end, out of the garbage collector's sight.

    A full collection otherwise walks through all of Django: 50 ms, again and again, in which nothing else goes on. In
    the worker, whoever waits for its transaction waits for that, too.
    """
    gc.collect()
    gc.freeze()
