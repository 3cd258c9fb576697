"""Servers with each of the APIs, and a client that has to detect which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from apps.pneumatic.client import Client, connect
from apps.pneumatic.server import KnownServer
from tests.pneumatic import samples
from tests.pneumatic.behaviours import status
from tests.pneumatic.conftest import KEY
from tests.pneumatic.dialects.current import samples as api
from tests.pneumatic.servers import TIMEOUT_SECONDS, Behaviour

Memory = dict[str, KnownServer]
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


@pytest.fixture
def auto(settings: Settings, memory: Memory) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    settings.PNEUMATIC_API_KEY = KEY
    settings.PNEUMATIC_READ_TIMEOUT = TIMEOUT_SECONDS


@pytest.fixture
def client(settings: Settings) -> Iterator[Any]:
    """Return a function that makes a client, as the settings prescribe, for an address."""
    clients: list[Client] = []

    def make(url: str) -> Client:
        settings.PNEUMATIC_API_URL = url
        clients.append(connect())
        return clients[-1]

    yield make
    for made in clients:
        made.close()


def documented(events: Behaviour = api.not_found) -> Behaviour:
    """A documented server; it finds its own words for an address that it does not have."""
    return api.routes(
        {
            "GET /webhooks/events": events,
            "GET /webhooks": [],
            "GET /templates": samples.envelope([samples.summary()]),
            "GET /templates/1": samples.template(),
        }
    )


def current(events: Any = None) -> Behaviour:
    return api.routes(
        {
            "GET /webhooks/events": api.hooks() if events is None else events,
            "GET /templates": samples.envelope([api.summary()]),
            "GET /templates/1": api.detail(),
            "GET /auth/context": api.context(),
            "POST /workflows/attachments": status(403),
        }
    )
