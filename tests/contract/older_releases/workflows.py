"""The recorded workflows of a release: their deliveries and readings as events, and the page that they make."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from apps.core.people import Person
from apps.pneumatic.canonical.events import Event, Output, Seen
from apps.pneumatic.deliveries import read_payload
from apps.pneumatic.dialects.current import events
from apps.pneumatic.transport.parsing import Node
from apps.workflows.presentation.outputs import describe_outputs
from apps.workflows.projection.history import HistoryEntry, history_from_json
from apps.workflows.projection.projector import Projection, project
from tests.contract.recordings import RELEASES
from tests.contract.releases_recorded import recorded

# The readings of the flow, and the deliveries before each, from the end where negative.
_READINGS = {
    "flow-2-workflow-get": 1,
    "flow-6-workflow-get-after-task-1": 2,
    "flow-a-workflow-get-after-revert": -5,
    "flow-d-workflow-get-after-return-to": -3,
    "flow-g-workflow-get-done": 0,
}
READ_AT = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
PEOPLE = {1: Person(1, "Olga Owner", status="active"), 2: Person(2, "Petra Plain", status="active")}


def delivery_names(tag: str, prefix: str = "delivery-") -> list[str]:
    """Return the names of the recorded deliveries, as received."""
    return sorted(path.stem for path in (RELEASES / tag).glob(f"{prefix}*.json"))


def body_of(tag: str, name: str) -> bytes:
    """Return the body of a delivery in the bytes that were received."""
    return json.dumps(recorded(tag, name).body).encode("ascii")


def workflow_in(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the workflow in the body of a delivery."""
    workflow: dict[str, Any] = body["task"]["workflow"] if "task" in body else body["workflow"]
    return workflow


def event_of(tag: str, name: str) -> Event:
    event = read_payload(body_of(tag, name)).event
    assert event is not None, (tag, name)
    return event


def delivered(tag: str, prefix: str = "delivery-flow-") -> dict[str, Event]:
    """Return the events of recorded deliveries by name, as received."""
    return {name: event_of(tag, name) for name in delivery_names(tag, prefix)}


def reading(row: Any, *, minutes: int = 0) -> Event:
    """Return the event of reading a workflow, or its row of a list."""
    workflow = events.parse_workflow(Node(row))
    return Event(Seen.WORKFLOW, workflow, seen_at=READ_AT + dt.timedelta(minutes=minutes))


def readings(tag: str) -> dict[str, Event]:
    """Return the readings of the flow by name, as made."""
    return {name: reading(recorded(tag, name).answer, minutes=at) for at, name in enumerate(_READINGS)}


def until(tag: str, name: str) -> dict[str, Event]:
    """Return the deliveries of the flow before a reading of it."""
    found = list(delivered(tag).items())
    count = _READINGS[name]
    return dict(found[: count if count > 0 else len(found) + count])


def listed(tag: str, name: str, workflow_id: int) -> Any:
    """Return the row of a workflow in a recorded list."""
    (row,) = [row for row in recorded(tag, name).answer["results"] if row["id"] == workflow_id]
    return row


def projected(*found: Mapping[str, Event]) -> Projection:
    """Return the projection of events by name."""
    return project(item for some in found for item in some.items())


def lines_of(projection: Projection) -> list[HistoryEntry]:
    return list(history_from_json(projection.history).entries)


def answers_of(outputs: Iterable[Output]) -> dict[str, str]:
    """Return the answers as the page writes them."""
    return {answer.label: str(answer.answer) for answer in describe_outputs(outputs, PEOPLE, {})}
