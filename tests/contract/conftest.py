from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.pneumatic.client import Client, connect
from tests.fixtures.sandbox import Sandbox
from tests.pneumatic.conftest import connect_to, memory, serve

__all__ = ["connect_to", "memory", "serve"]


@pytest.fixture
def client(sandbox: Sandbox, db: None) -> Iterator[Client]:
    """Return a client; the database stores what is known of the server."""
    with connect() as client:
        yield client
