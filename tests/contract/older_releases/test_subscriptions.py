"""Subscriptions on each recorded release."""

from __future__ import annotations

import pytest

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.transport.parsing import Node
from tests.contract.recordings import replaying
from tests.contract.releases_recorded import recorded
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

URL = "http://127.0.0.1:29150/task_completed_v2"


def test_the_first_release_has_another_name_for_a_completed_task(serve: Serve, connect_to: Connect) -> None:
    names = ["webhooks-subscribe-task_completed", "webhooks-subscribe-task_completed_v2", "webhooks-events"]
    server = serve(replaying(*(recorded("v1.0.0", name) for name in names)))
    client = connect_to(server.url, dialect=Current())

    made = client.subscribe(kind=Kind.TASK_COMPLETED, target=URL)

    assert (made.event, made.kind) == ("task_completed_v2", Kind.TASK_COMPLETED)
    assert [seen.target for seen in server.seen] == [
        "/webhooks/events/task_completed/subscribe",
        "/webhooks/events/task_completed_v2/subscribe",
    ]
    found = {row.kind: row for row in client.list_subscriptions()}
    assert set(found) == set(Kind)
    assert found[Kind.TASK_COMPLETED].id == made.id
    assert made.id == Current()._subscription(Node({"event": "task_completed", "url": URL})).id
