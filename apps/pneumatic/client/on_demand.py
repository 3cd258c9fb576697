"""One client for all calls of a piece of work that may need none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

from apps.pneumatic.client.client import Client, connect

OpenClient = Callable[[], Client]


@contextmanager
def client_on_demand() -> Iterator[OpenClient]:
    """Give a function that returns one client, opened by its first call; leaving the block closes it.

    The function raises ConfigurationError where ``connect`` does.
    """
    with ExitStack() as opened:
        yield cache(lambda: opened.enter_context(connect()))
