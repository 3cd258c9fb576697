"""The demonstration subscribes itself where there is one URL for each event."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from demo import connecting
from demo.processes import DemoError
from tests.factories import make_user
from tests.fixtures.sandbox import Sandbox, only_current
from tests.webhooks.subscribing import ELSEWHERE, EVENTS, ours, shown, take

pytestmark = [pytest.mark.django_db, only_current]


@pytest.fixture(autouse=True)
def subscribed_at_an_earlier_port(sandbox: Sandbox, settings: Settings) -> None:
    """Subscribe as an earlier start at another port did."""
    make_user("admin", "Administrator")
    settings.PUBLIC_URL = "http://127.0.0.1:8001"
    connecting._subscribe()
    settings.PUBLIC_URL = "http://127.0.0.1:8002"


def test_its_address_of_an_earlier_start_is_replaced(sandbox: Sandbox) -> None:
    assert set(shown(sandbox).values()) != {ours()}

    assert connecting._subscribe() == "Subscribed to 4 events"

    assert shown(sandbox) == dict.fromkeys(EVENTS, ours())
    assert ours().startswith("http://127.0.0.1:8002/")


def test_a_subscription_replaced_by_another_user_is_reported_and_not_changed(sandbox: Sandbox) -> None:
    take(sandbox, "task_returned", url=ELSEWHERE)

    with pytest.raises(DemoError, match="replaced by another URL: task_returned"):
        connecting._subscribe()

    assert shown(sandbox) == {**dict.fromkeys(EVENTS, ours()), "task_returned": ELSEWHERE}
