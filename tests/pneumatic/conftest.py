from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from apps.pneumatic import retry
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.documented import Documented
from tests.pneumatic.servers import Behaviour, Server

KEY = "test-key-that-must-never-leak"

Serve = Callable[[Behaviour], Server]
Connect = Callable[..., Client]


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a client that tries again do so at once."""
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts a server; all of them end with the test."""
    servers: list[Server] = []

    def start(behaviour: Behaviour) -> Server:
        servers.append(Server(behaviour))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def connect_to() -> Iterator[Connect]:
    """Return a function that makes a client for a URL, with short timeouts."""
    clients: list[Client] = []

    def make(url: str, *, key: str = KEY, read_timeout: float = 0.3) -> Client:
        client = Client(
            api_url=url, api_key=key, dialect=Documented(), connect_timeout=0.5, read_timeout=read_timeout
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
