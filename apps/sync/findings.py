"""What was found out about the server, kept for every process: the memory of ``apps.pneumatic.detection``.

A memory that fails is none: before ``migrate``, or while the database is busy, nothing is known and nothing breaks.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from django.db import Error, connection, transaction

from apps.core.database import bounded_transaction
from apps.pneumatic.detection import Finding
from apps.pneumatic.schemas import KeyHolder
from apps.sync.models import ServerFinding

# Somebody may be waiting for a page; whoever needs the finding next finds it again.
SECONDS_TO_SAVE = 2.0


def load(api_url: str) -> Finding | None:
    """Return what was found at ``api_url``; None for nothing, or when the database does not tell."""
    try:
        with _apart():
            row = ServerFinding.objects.filter(api_url=api_url).first()
    except Error:
        return None
    if row is None:
        return None
    holder = KeyHolder(*row.holder) if row.holder else None
    return Finding(dialect=row.dialect, found_at=row.found_at, key_mark=row.key_mark, holder=holder)


def save(api_url: str, finding: Finding) -> None:
    """Keep ``finding`` instead of what was found at ``api_url`` before, unless the database is too busy."""
    if load(api_url) == finding:
        return
    holder = finding.holder
    values = {
        "dialect": finding.dialect,
        "found_at": finding.found_at,
        "key_mark": finding.key_mark,
        "holder": holder
        and [
            holder.user_id,
            holder.email,
            holder.name,
            holder.is_admin,
            holder.is_account_owner,
            holder.zone,
        ],
    }
    try:
        with _apart() if connection.in_atomic_block else bounded_transaction(SECONDS_TO_SAVE):
            ServerFinding.objects.update_or_create(api_url=api_url, defaults=values)
    except Error:
        return


def _apart() -> AbstractContextManager[None]:
    """Keep an error from spoiling the transaction around it; outside of one there is nothing to spoil."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
