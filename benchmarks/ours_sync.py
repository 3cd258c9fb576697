"""Ours: ``manage.py sync`` and its parts. ``python -m benchmarks.ours_sync first|fetch|statements``.

``first`` syncs an empty database and then syncs again; ``fetch`` only fetches and decodes, writing nothing;
``statements`` counts SQL instead of time, because counting costs time.
"""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import django

from benchmarks.processes import answer, peak_memory

django.setup()

from django.core.management import call_command
from django.db import connection

from apps.accounts.models import PneumaticUser
from apps.pneumatic.client import connect
from apps.workflow_templates.models import Template

WRITE = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
# A run writes down that it ran, and when subscriptions were listed: that is not the mirror.
OWN_RECORDS = ("sync_", "django_tasks", "webhooks_subscriptionlisting")


def sync() -> float:
    """Sync everything and return the seconds that it took."""
    started = time.perf_counter()
    call_command("sync", stdout=io.StringIO(), stderr=io.StringIO())
    return time.perf_counter() - started


def first_and_again() -> None:
    """Sync an empty database, then the same once more."""
    first = sync()
    memory = peak_memory()
    again = [sync() for _ in range(3)]
    answer(
        first=first,
        again=sorted(again)[1],
        memory=memory,
        templates=Template.objects.count(),
        users=PneumaticUser.objects.count(),
    )


def fetch_and_decode() -> None:
    """Make the requests that a sync makes and decode the responses: the least that any sync does."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        with connect() as client:
            client.receive_templates(client.receive_template_list())
            client.list_users()
        seconds.append(time.perf_counter() - started)
    answer(seconds=sorted(seconds)[1])


def count_statements() -> None:
    """Count the statements of a first sync, and the mirror's rows that the next one touches."""
    first, again = Counter(), Counter()
    for counter in (first, again):
        with connection.execute_wrapper(counter):
            sync()
    answer(first=first.statements, again=again.statements, mirror_writes=again.mirror_writes)


class Counter:
    """Counts statements, and among them those that write to the mirror."""

    def __init__(self) -> None:
        self.statements = 0
        self.mirror_writes = 0

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        self.statements += 1
        found = WRITE.match(sql)
        if found and not found[1].startswith(OWN_RECORDS):
            self.mirror_writes += 1
        return execute(sql, params, many, context)


def main(arguments: Sequence[str]) -> None:
    """Measure what is named."""
    {"first": first_and_again, "fetch": fetch_and_decode, "statements": count_statements}[arguments[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
