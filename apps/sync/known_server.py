"""What was found out about the server, kept for every process: the memory of ``apps.pneumatic.server``.

A memory that fails is none: before ``migrate``, or while the database is busy, nothing is known and nothing breaks.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext

from django.conf import settings
from django.db import Error, connection, transaction

from apps.core.database import bounded_transaction
from apps.pneumatic import detection, server
from apps.pneumatic.canonical.schemas import KeyHolder
from apps.pneumatic.client import connect
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.server import KnownServer
from apps.sync.models import ServerFinding

logger = logging.getLogger(__name__)

DETECTION_INTERVAL_SECONDS = 30.0  # while nobody knows which Pneumatic it is, or whose key
# Somebody may be waiting for a page; whoever needs the finding next finds it again.
MAX_SAVE_SECONDS = 2.0


def load(api_url: str) -> KnownServer | None:
    """Return what was found at ``api_url``; None for nothing, or when the database does not tell."""
    try:
        with _apart():
            row = ServerFinding.objects.filter(api_url=api_url).first()
    except Error:
        return None
    if row is None:
        return None
    holder = KeyHolder(*row.holder) if row.holder else None
    return KnownServer(
        dialect=row.dialect, found_at=row.found_at, key_fingerprint=row.key_fingerprint, holder=holder
    )


def save(api_url: str, finding: KnownServer) -> None:
    """Keep ``finding`` instead of what was found at ``api_url`` before, unless the database is too busy."""
    if load(api_url) == finding:
        return
    holder = finding.holder
    values = {
        "dialect": finding.dialect,
        "found_at": finding.found_at,
        "key_fingerprint": finding.key_fingerprint,
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
        with _apart() if connection.in_atomic_block else bounded_transaction(MAX_SAVE_SECONDS):
            ServerFinding.objects.update_or_create(api_url=api_url, defaults=values)
    except Error:
        return


def detect_server() -> None:
    """Ask which Pneumatic it is and whose key we have, unless that is known: the worker's periodic job.

    A new address or a new key would else be found out by the next sync only, and until then events are read, and pages
    offered, as if nothing were known. What is known costs no request.
    """
    if not settings.PNEUMATIC_API_URL or not settings.PNEUMATIC_API_KEY:
        return
    finding = server.known()
    if detection.active_dialect() and finding is not None and finding.holder is not None:
        return
    try:
        with connect() as client:
            client.key_holder()
    except PneumaticError as error:
        logger.warning("Which Pneumatic this is could not be found out: %s", type(error).__name__)


def _apart() -> AbstractContextManager[None]:
    """Keep an error from spoiling the transaction around it; outside of one there is nothing to spoil."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
