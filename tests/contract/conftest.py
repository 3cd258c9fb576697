from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.pneumatic.client import Client, connect
from tests.fixtures.sandbox import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with connect() as client:
        yield client
