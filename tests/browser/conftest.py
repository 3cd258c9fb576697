"""Every test of this folder drives a real browser, on the sandbox's data set ``small``."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.accounts.models import User
from apps.sync.engine import run_sync
from tests.factories import make_user
from tests.fixtures.sandbox import Sandbox

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, so that ``-m "not browser"`` leaves them out."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def mirror(transactional_db: None, sandbox: Sandbox) -> Sandbox:
    """Return a sandbox whose templates and users are mirrored already."""
    run_sync(None, trigger="command")
    return sandbox


@pytest.fixture
def bo(mirror: Sandbox) -> User:
    """Return an operator who is the Pneumatic user Bo Operator."""
    return make_user("bo", "Operator", email="bo@example.com", first_name="Bo", last_name="Operator")
