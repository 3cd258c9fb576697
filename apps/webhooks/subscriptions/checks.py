"""System checks of ``manage.py check --database default``: does Pneumatic have the expected subscriptions?

They use the last known list, with its age; no request is made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import DEFAULT_DB_ALIAS, DatabaseError, transaction

from apps.core.database import clock
from apps.webhooks.models import WantedSubscription
from apps.webhooks.subscriptions import drift

REPAIR = "Repair it on the page Subscriptions in the admin; manage.py sync subscriptions lists again."


@register(Tags.database)
def check_subscriptions(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn about expected subscriptions that are missing, or about which nothing is known."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        with transaction.atomic():
            if not WantedSubscription.objects.exists():
                return []
            found = drift.find_drift()
    except DatabaseError:  # no database, or not migrated yet: other checks and the health page report it
        return []
    return list(_warnings(found))


def _warnings(found: drift.Drift) -> Iterator[CheckMessage]:
    if found.has_no_url:
        yield checks.Warning(
            "PUBLIC_URL is empty, and events are expected: Pneumatic has no URL to send them to.",
            hint="Set PUBLIC_URL to the URL at which Pneumatic reaches the dashboard, such as "
            "https://dash.example.com.",
            id="pneumatic.W101",
        )
    hint = "Run manage.py sync subscriptions."
    if found.fetched_at is None:
        text = "Events are expected, and Pneumatic's subscriptions were never listed."
        yield checks.Warning(f"{text} {found.error}".strip(), hint=hint, id="pneumatic.W102")
        return
    if found.is_incomplete:
        text = "Not all of Pneumatic's subscriptions could be read."
        yield checks.Warning(f"{text} {found.error}", hint=hint, id="pneumatic.W102")
    elif found.error:
        text = (
            f"Pneumatic's subscriptions were last listed {_ago(found.fetched_at)}; listing has failed since."
        )
        yield checks.Warning(f"{text} {found.error}", hint=hint, id="pneumatic.W102")
    if found.unmet:
        lines = " ".join(drift.report_line(finding) for finding in found.unmet)
        text = f"Expected subscriptions are missing, as listed {_ago(found.fetched_at)}: {lines}"
        yield checks.Warning(text, hint=REPAIR, id="pneumatic.W103")


def _ago(time: dt.datetime) -> str:
    minutes = int((clock.now() - time).total_seconds()) // 60
    for size, name in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"
