"""What events tell, for tests of the projection."""

from __future__ import annotations

import json
from typing import Any

from apps.pneumatic.canonical import content_hash
from apps.pneumatic.deliveries import read_payload
from apps.pneumatic.events import Event, event_to_json
from apps.workflows.history import EntryKind, History, history_from_json
from apps.workflows.projection import Projection, project


def told(*bodies: dict[str, Any]) -> tuple[Projection, History]:
    """Return what documented bodies tell."""
    read = [read_payload(json.dumps(body).encode()) for body in bodies]
    projection = project((payload.content_hash, payload.event) for payload in read if payload.event)
    return projection, history_from_json(projection.history)


def canonical(*events: Event) -> tuple[Projection, History]:
    """Return what canonical events tell, of whatever dialect."""
    projection = project((content_hash(event_to_json(event)), event) for event in events)
    return projection, history_from_json(projection.history)


def kinds(history: History) -> list[EntryKind]:
    return [entry.kind for entry in history.entries]
