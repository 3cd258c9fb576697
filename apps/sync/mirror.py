"""Read and write a mirrored table of any resource.

Such a table has Pneumatic's id as primary key, and ``content_hash``, ``first_seen_at``, ``changed_at`` and
``removed_at``. The other columns depend on the resource.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from django.db.models import CharField, Manager, Model, PositiveIntegerField
from django.utils.translation import gettext as _

from apps.pneumatic.errors import UnexpectedResponse

BATCH = 500  # rows per statement: SQLite limits the number of parameters
_COUNTS = range(2**31)  # what a PositiveIntegerField stores

Item = TypeVar("Item")
RowT = TypeVar("RowT", bound=Model)


def known_hashes(mirror: Manager[Any]) -> dict[int, str | None]:
    """Return the content hash of every mirrored object by id; None for one that is marked removed."""
    rows = mirror.values_list("id", "content_hash", "removed_at")
    return {id_: None if removed else content_hash for id_, content_hash, removed in rows.iterator()}


def fitting(row: RowT) -> RowT:
    """Return ``row``; raise UnexpectedResponse for a text or number that its column cannot store.

    The databases refuse such a row when it is written, and all others of the transaction with it.
    """
    for column in row._meta.concrete_fields:
        value = getattr(row, column.attname)
        is_too_long = isinstance(column, CharField) and column.max_length and len(value) > column.max_length
        is_no_count = isinstance(column, PositiveIntegerField) and value not in _COUNTS
        if is_too_long or is_no_count:
            raise UnexpectedResponse(
                _("“%(attribute)s” is too long or too large.") % {"attribute": column.verbose_name},
                path=column.name,
            )
    return row


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
