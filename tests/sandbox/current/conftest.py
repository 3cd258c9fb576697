"""Helpers of the tests of the current dialect: a sandbox that uses it, and clients with keys of several users."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.conftest import Api
from tests.sandbox.listener import Listener, listening

ADA, BO, CY, DANA, EMIL, GRETA = range(1, 7)  # the users of the data set ``small``


@pytest.fixture
def current(sandbox: Sandbox) -> Sandbox:
    """Return a freshly reset sandbox with the current dialect."""
    sandbox.reset(dialect="current")
    return sandbox


@pytest.fixture
def ada(current: Sandbox) -> Iterator[Api]:
    """Return a client with the key of the account's owner."""
    client = Api(current)
    yield client
    client.session.close()


@pytest.fixture
def client_of(current: Sandbox) -> Iterator[Callable[[int], Api]]:
    """Return a function that signs a user in: it returns a client with a key of theirs."""
    clients: list[Api] = []

    def sign_in(user_id: int) -> Api:
        client = Api(current)
        key = current.add_key(f"pn-key-of-user-{user_id}", user_id)
        client.session.headers["Authorization"] = f"Bearer {key}"
        clients.append(client)
        return client

    yield sign_in
    for client in clients:
        client.session.close()


@pytest.fixture
def hooks(ada: Api, current: Sandbox) -> Iterator[Listener]:
    """Return a receiver that gets all four events."""
    with listening() as receiver:
        assert ada.post("/webhooks/subscribe", {"url": f"{receiver.url}/hooks"}).status_code == 204
        yield receiver
        current.reset()  # nothing is sent to a receiver that was closed


def launch(api: Api, template_id: int = 2, **body: Any) -> int:
    """Launch a workflow and return its id."""
    response = api.post(f"/templates/{template_id}/run", {"name": "Work", **body})
    assert response.status_code == 200, response.text
    return int(response.json()["id"])
