"""The one way to change the state of a launch, and the lock for assigning workflows to launches."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Concat

from apps.launches.models import Launch

# Unique among the advisory locks of this project.
_LOCK_ID = 0x6C61756E6368


def move(
    launch_id: uuid.UUID,
    *,
    come_from: Collection[Launch.State],
    attempts: int,
    or_not_found: bool = False,
    also: dict[str, Any] | None = None,
    **values: Any,
) -> bool:
    """Compare and set: change the launch only if it is in one of these states of this attempt.

    ``or_not_found`` includes a launch that failed because the worker did not find its workflow. ``also`` are further
    conditions.
    """
    states = Q(state__in=come_from)
    if or_not_found:
        states |= Q(not_found_at__isnull=False)
    return bool(
        Launch.objects.filter(states, pk=launch_id, attempts=attempts, **(also or {})).update(**values)
    )


def add_conflict(launch_id: uuid.UUID, sentence: str) -> None:
    """Append a sentence to the conflicts of a launch."""
    added = Concat(F("conflicts"), Value(sentence + "\n"), output_field=TextField())
    Launch.objects.filter(pk=launch_id).update(conflicts=added)


def lock_resolution() -> None:
    """Lock the assignment of workflows to launches until this transaction ends.

    SQLite's transactions exclude each other anyway. Take no other lock while this one is held. The worker's
    transaction takes it last.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_ID])
