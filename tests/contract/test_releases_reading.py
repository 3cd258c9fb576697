"""Deliveries and lists of releases 1.0 and 2.0: reading a workflow back takes nothing away that an event showed."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from apps.pneumatic.canonical.events import Event, Kind, Seen
from apps.pneumatic.deliveries import read_payload
from apps.pneumatic.dialects.current import events
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.transport.parsing import Node
from apps.workflows.projection.projector import Projection, project
from tests.contract.recordings import RELEASES, replaying
from tests.contract.releases_recorded import recorded
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

TAGS = ["v1.0.0", "v2.0.4"]
URL = "http://127.0.0.1:29150/task_completed_v2"
READ_AT = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


def delivered(tag: str) -> list[Event]:
    """Return the events of the recorded deliveries of one workflow, as received."""
    found = []
    for path in sorted((RELEASES / tag).glob("delivery-flow-*.json")):
        event = read_payload(json.dumps(recorded(tag, path.stem).body).encode()).event
        assert event is not None
        found.append(event)
    return found


def reading(row: Any, *, at: dt.datetime = READ_AT) -> Event:
    return Event(Seen.WORKFLOW, events.parse_workflow(Node(row)), seen_at=at)


def listed(tag: str, workflow_id: int) -> Any:
    (row,) = [
        row for row in recorded(tag, "workflows-list-done").answer["results"] if row["id"] == workflow_id
    ]
    return row


def shown(projection: Projection) -> dict[str, Any]:
    """Return what pages show, without counters and what only a reading has."""
    columns = projection.columns()
    history = {
        key: value
        for key, value in columns.pop("history").items()
        if key in {"entries", "gaps", "kickoff"} and value
    }
    return {**columns, "events_count": None, "history": history}


def of(*found: Event) -> Projection:
    return project((str(at), event) for at, event in enumerate(found))


@pytest.mark.parametrize("tag", TAGS)
def test_a_reading_after_all_events_changes_no_page(tag: str) -> None:
    found = delivered(tag)
    row = listed(tag, found[0].workflow.id)

    once = of(*found, reading(row))
    twice = of(*found, reading(row), reading(row, at=READ_AT + dt.timedelta(hours=1)))

    assert shown(once) == shown(of(*found))
    assert shown(twice) == shown(once)
    assert once.state == "completed"


@pytest.mark.parametrize("tag", TAGS)
def test_a_reading_shows_the_task_that_is_open(tag: str) -> None:
    started, completed, *_later = delivered(tag)
    row = recorded(tag, "flow-6-workflow-get-after-task-1").answer

    after = of(started, completed, reading(row))

    assert (after.state, after.step, after.task_name) == ("running", 2, "Second")
    assert [id_ for id_, _name in after.performers] == [1]
    assert shown(of(started, completed))["history"]["entries"][:2] == shown(after)["history"]["entries"][:2]


@pytest.mark.parametrize("tag", TAGS)
def test_a_reading_shows_an_end_without_events(tag: str) -> None:
    started, *_later = delivered(tag)

    after = of(started, reading(listed(tag, started.workflow.id)))

    assert after.state == "completed"
    assert after.performers == []


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
