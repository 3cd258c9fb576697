"""Read and write a mirrored table of any resource.

Such a table has Pneumatic's id as primary key, and ``content_hash``, ``first_seen_at``, ``changed_at`` and
``removed_at``. The other columns depend on the resource.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from django.db.models import Manager

BATCH = 500  # rows per statement: SQLite limits the number of parameters

Item = TypeVar("Item")


def known_hashes(mirror: Manager[Any]) -> dict[int, str | None]:
    """Return the content hash of every mirrored object by id; None for one that is marked removed."""
    rows = mirror.values_list("id", "content_hash", "removed_at")
    return {id_: None if removed else content_hash for id_, content_hash, removed in rows.iterator()}


def upsert(mirror: Manager[Any], rows: Sequence[Any], *, now: dt.datetime) -> None:
    """Insert or update ``rows``; an update keeps ``first_seen_at``."""
    for row in rows:
        row.first_seen_at = row.changed_at = now
    columns = [field.name for field in mirror.model._meta.concrete_fields]
    mirror.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[name for name in columns if name not in {"id", "first_seen_at"}],
    )


def mark_removed(mirror: Manager[Any], ids: Collection[int], *, now: dt.datetime) -> None:
    """Mark the objects with these ids as removed from Pneumatic."""
    for batch in batches(list(ids)):
        mirror.filter(id__in=batch).update(removed_at=now)


def batches(items: Sequence[Item], *, size: int = BATCH) -> Iterator[Sequence[Item]]:
    """Yield ``items`` in slices of at most ``size``."""
    return (items[start : start + size] for start in range(0, len(items), size))
