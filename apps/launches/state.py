"""The one way that a launch changes its state, and the lock of those who say which workflow is whose."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Concat

from apps.launches.models import Launch

# Any number that no other advisory lock of this project has.
_DECIDING = 0x6C61756E6368


def move(
    launch_id: uuid.UUID,
    *,
    come_from: Collection[Launch.State],
    attempts: int,
    or_missed: bool = False,
    also: dict[str, Any] | None = None,
    **values: Any,
) -> bool:
    """Compare and set: change the launch only if it is in one of these states of this attempt.

    ``or_missed`` adds what failed only because the worker's looks had missed its workflow. ``also`` are further
    conditions that must hold.
    """
    states = Q(state__in=come_from)
    if or_missed:
        states |= Q(missed_at__isnull=False)
    return bool(
        Launch.objects.filter(states, pk=launch_id, attempts=attempts, **(also or {})).update(**values)
    )


def note_contradiction(launch_id: uuid.UUID, sentence: str) -> None:
    """Add a sentence to what the page shows as contradicting; nothing noted before is lost."""
    added = Concat(F("contradictions"), Value(sentence + "\n"), output_field=TextField())
    Launch.objects.filter(pk=launch_id).update(contradictions=added)


def decide_alone() -> None:
    """Let nobody else give a workflow to a launch until this transaction ends.

    SQLite's transactions exclude each other anyway. Take no other lock while this one is held, except inside the
    worker's own transaction, which takes it last.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_DECIDING])
