from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps.pneumatic import server as pneumatic_server
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.base import Dialect
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.dialects.documented.dialect import Documented
from apps.pneumatic.server import KnownServer
from apps.pneumatic.transport import retry
from tests.pneumatic.dialects.current import samples
from tests.pneumatic.servers import TIMEOUT_SECONDS, Behaviour, Server

KEY = "test-key-that-must-never-leak"

Serve = Callable[[Behaviour], Server]
Connect = Callable[..., Client]


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a client that tries again do so at once."""
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.01)


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
    """Return a function that makes a client for a URL, with the documented dialect by default."""
    clients: list[Client] = []

    def make(
        url: str, *, key: str = KEY, read_timeout: float = TIMEOUT_SECONDS, dialect: Dialect | None = None
    ) -> Client:
        client = Client(
            api_url=url,
            api_key=key,
            dialect=dialect or Documented(),
            connect_timeout=read_timeout,
            read_timeout=read_timeout,
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, KnownServer]]:
    """Return what is remembered of servers, by their addresses: here in a dictionary instead of the database."""
    kept: dict[str, KnownServer] = {}
    monkeypatch.setattr(pneumatic_server, "_load", kept.get)
    monkeypatch.setattr(pneumatic_server, "_save", kept.__setitem__)
    monkeypatch.setattr(pneumatic_server, "_clock", timezone.now)
    pneumatic_server.forget()
    yield kept
    pneumatic_server.forget()


class Pair:
    """A server and its file service, each with what it saw."""

    def __init__(self, client: Client, api: Server, files: Server) -> None:
        self.client = client
        self.api = api
        self.files = files


Pairs = Callable[..., Pair]


@pytest.fixture
def pair(serve: Serve, connect_to: Connect, settings: Settings) -> Pairs:
    """Return a function that starts a file service with a behaviour, and a server with another."""

    def start(files: Behaviour, api: Behaviour | None = None, *, path: str = "/files") -> Pair:
        service, server = serve(files), serve(api or samples.routes({"GET /templates": []}))
        settings.PNEUMATIC_FILES_URL = service.url + path
        return Pair(connect_to(server.url, dialect=Current()), server, service)

    return start
