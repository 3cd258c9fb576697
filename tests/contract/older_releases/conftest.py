from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from apps.pneumatic import server as pneumatic_server
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current import events
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.server import KnownServer
from tests.contract.older_releases.server import Play, ReplayServer
from tests.contract.recordings import Exchange
from tests.pneumatic.conftest import Connect


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days are those of the zone in which the launches were recorded."""
    monkeypatch.setattr(events, "account_zone", lambda: dt.timezone(dt.timedelta(hours=1)))


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    """Return the one server of a module."""
    started = ReplayServer()
    yield started
    started.close()


@pytest.fixture
def play(
    server: ReplayServer, memory: dict[str, KnownServer], settings: Settings, connect_to: Connect
) -> Play:
    """Return a function that lets the server answer with recordings, and returns a client that knows nothing of it."""
    server.given.clear()
    settings.PNEUMATIC_API_URL = server.url

    def start(*recordings: Exchange) -> Client:
        server.choose(*recordings)
        memory.clear()
        pneumatic_server.forget()
        return connect_to(server.url, dialect=Current())

    return start
