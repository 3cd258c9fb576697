"""Helpers of the sandbox's tests: they send it HTTP requests, as any client would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.fixtures.sandbox import Sandbox

from .listener import Listener, listening


class Api:
    """A plain HTTP client with the right key."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {sandbox.key}"

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=60, **options)

    def post(self, path: str, body: object = None, **options: Any) -> requests.Response:
        return self.session.post(self.url + path, json=body, timeout=60, **options)


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Api]:
    client = Api(sandbox)
    yield client
    client.session.close()


@pytest.fixture
def listener(sandbox: Sandbox) -> Iterator[Listener]:
    """Return a receiver that is subscribed to the four events."""
    with listening() as receiver:
        for event in ("workflow_started", "task_completed_v2", "task_returned", "workflow_completed"):
            sandbox.add_subscription(event=event, target=f"{receiver.url}/hooks/abc?x=1")
        yield receiver
        sandbox.reset()  # nothing is sent to a receiver that was closed
