"""What is known of the server, stored for all processes: the storage behind ``apps.pneumatic.server``.

Errors of the database are not raised: before ``migrate``, or while it is busy, the server counts as unknown.
"""

from __future__ import annotations

import datetime as dt
import logging
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from django.conf import settings
from django.db import Error, connection, transaction

from apps.core.database.transactions import bounded_transaction
from apps.pneumatic import detection, server
from apps.pneumatic.canonical.features import features_from_json, features_to_json
from apps.pneumatic.canonical.schemas import KeyHolder
from apps.pneumatic.client import connect
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.server import KnownServer
from apps.sync.models import ServerFinding

logger = logging.getLogger(__name__)

DETECTION_INTERVAL_SECONDS = 30.0  # while the dialect, or the user of the API key, is unknown
# Where nothing else shows it, such as a comparison of workflows: a revoked key must not wait for the next sync.
KEY_CHECK_INTERVAL_SECONDS = 300.0
# Days in events are those of the key's user, who may move to another time zone.
MAX_ZONE_AGE = dt.timedelta(minutes=5)
# A user may be waiting for a page. What could not be saved is detected again when it is needed.
MAX_SAVE_SECONDS = 2.0


def load(api_url: str) -> KnownServer | None:
    """Return what is known of the server at ``api_url``; None for nothing, or when the database fails."""
    try:
        with _apart():
            row = ServerFinding.objects.filter(api_url=api_url).first()
    except Error:
        return None
    if row is None:
        return None
    key_holder = replace(KeyHolder(*row.holder), asked_at=row.holder_asked_at) if row.holder else None
    return KnownServer(
        dialect=row.dialect,
        found_at=row.found_at,
        key_fingerprint=row.key_fingerprint,
        key_holder=key_holder,
        features=features_from_json(row.features) if row.features else None,
        rejected_fingerprint=row.rejected_fingerprint,
        rejected_at=row.rejected_at,
    )


def save(api_url: str, finding: KnownServer) -> None:
    """Store ``finding`` for ``api_url`` in place of an earlier one, unless the database is too busy."""
    before = load(api_url)
    if before == finding and _asked_at(before) == _asked_at(finding):
        return
    key_holder = finding.key_holder
    values = {
        "dialect": finding.dialect,
        "found_at": finding.found_at,
        "key_fingerprint": finding.key_fingerprint,
        "holder": key_holder
        and [
            key_holder.user_id,
            key_holder.email,
            key_holder.name,
            key_holder.is_admin,
            key_holder.is_account_owner,
            key_holder.zone,
        ],
        "holder_asked_at": _asked_at(finding),
        "features": finding.features and features_to_json(finding.features),
        "rejected_fingerprint": finding.rejected_fingerprint,
        "rejected_at": finding.rejected_at,
    }
    try:
        with _apart() if connection.in_atomic_block else bounded_transaction(MAX_SAVE_SECONDS):
            ServerFinding.objects.update_or_create(api_url=api_url, defaults=values)
    except Error:
        return


def detect_server() -> None:
    """Detect the dialect and the user of the API key, unless both are known: the worker's periodic job.

    Without it, a new address or key would be detected by the next sync only. Until then events would be interpreted,
    and pages offered, as for an unknown server. What is known costs no request, unless nothing was requested for
    ``KEY_CHECK_INTERVAL_SECONDS``: then it is checked whether the server still, or again, accepts the key. The user is
    read again after ``MAX_ZONE_AGE``.
    """
    if not settings.PNEUMATIC_API_URL or not settings.PNEUMATIC_API_KEY:
        return
    finding = server.known()
    is_known = bool(detection.active_dialect() and finding is not None and finding.key_holder is not None)
    is_due = server.seconds_since_key_was_used() >= KEY_CHECK_INTERVAL_SECONDS
    has_recent_zone = server.has_recent_holder(MAX_ZONE_AGE)
    if is_known and has_recent_zone and not is_due:
        return
    try:
        with connect() as client:
            if is_due:
                client.detect_dialect()
            client.refresh_key_holder(MAX_ZONE_AGE)
    except PneumaticError as error:
        logger.warning("The Pneumatic server could not be detected: %s", type(error).__name__)


def _asked_at(finding: KnownServer) -> dt.datetime | None:
    return finding.key_holder.asked_at if finding.key_holder else None


def _apart() -> AbstractContextManager[None]:
    """Contain an error, so that it does not break the surrounding transaction, if there is one."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
