"""What ``manage.py check --database default`` says about webhooks: whether Pneumatic still sends what is wanted.

Told is the last known state, with its age; no request is made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import DEFAULT_DB_ALIAS, DatabaseError, transaction
from django.utils import timezone

from apps.webhooks.models import WantedSubscription
from apps.webhooks.subscriptions import drift

REPAIR = "Repair it on the page Subscriptions in the admin; manage.py sync subscriptions looks again."


@register(Tags.database)
def check_subscriptions(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn when Pneumatic does not send what this dashboard wants, as far as is known."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        with transaction.atomic():
            if not WantedSubscription.objects.exists():
                return []
            found = drift.find_drift()
    except DatabaseError:  # not there, or not migrated yet: other checks and the health page say so
        return []
    return [*_address(found), *_age(found), *_differences(found)]


def _address(found: drift.Drift) -> list[CheckMessage]:
    if not found.has_no_address:
        return []
    return [
        checks.Warning(
            "PUBLIC_URL is empty, and events are wanted: Pneumatic cannot be told where to send them.",
            hint="Write the address under which Pneumatic reaches the dashboard, such as https://dash.example.com.",
            id="pneumatic.W101",
        )
    ]


def _age(found: drift.Drift) -> list[CheckMessage]:
    if found.fetched_at is None:
        text = "Events are wanted, and it is not known what Pneumatic sends: its subscriptions were never listed."
    elif found.error:
        text = f"What Pneumatic sends was last seen {_ago(found.fetched_at)}; listing it failed since."
    else:
        return []
    return [
        checks.Warning(
            f"{text} {found.error}".strip(),
            hint="Run manage.py sync subscriptions.",
            id="pneumatic.W102",
        )
    ]


def _differences(found: drift.Drift) -> list[CheckMessage]:
    if not found.unmet or found.fetched_at is None:
        return []
    told = [drift.line(finding) for finding in found.unmet]
    return [
        checks.Warning(
            f"Pneumatic does not send what is wanted, as seen {_ago(found.fetched_at)}: " + " ".join(told),
            hint=REPAIR,
            id="pneumatic.W103",
        )
    ]


def _ago(moment: dt.datetime) -> str:
    """Return how long ago something was, roughly."""
    minutes = int((timezone.now() - moment).total_seconds()) // 60
    for size, name in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"
