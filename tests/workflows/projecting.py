"""Projections of events, for tests."""

from __future__ import annotations

import json
from typing import Any

from apps.pneumatic.canonical.events import Event, event_to_json
from apps.pneumatic.canonical.serialization import content_hash
from apps.pneumatic.deliveries import read_payload
from apps.workflows.projection.history import History, HistoryEntryKind, history_from_json
from apps.workflows.projection.projector import Projection, project


def projected(*bodies: dict[str, Any]) -> tuple[Projection, History]:
    """Return the projection of documented bodies."""
    read = [read_payload(json.dumps(body).encode()) for body in bodies]
    projection = project((payload.content_hash, payload.event) for payload in read if payload.event)
    return projection, history_from_json(projection.history)


def canonical(*events: Event) -> tuple[Projection, History]:
    """Return the projection of canonical events of any dialect."""
    projection = project((content_hash(event_to_json(event)), event) for event in events)
    return projection, history_from_json(projection.history)


def kinds(history: History) -> list[HistoryEntryKind]:
    return [entry.kind for entry in history.entries]
