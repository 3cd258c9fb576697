"""Ours: what the receiver stored. ``python -m benchmarks.ours_receive token|count|check DIGESTS``.

``check`` reads the SHA-256 of every acknowledged body and searches the tables for each: as a delivery with that body,
as an event, and in its workflow.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import django

from benchmarks.processes import answer

django.setup()

from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Event
from apps.workflows.models import Workflow


def count() -> None:
    """Print the number of deliveries, and of those that are pending."""
    rows = Delivery.objects
    answer(deliveries=rows.count(), pending=rows.filter(state=Delivery.State.PENDING).count())


def as_sent(body: bytes) -> bytes:
    """Return a stored body with the token that the sender wrote."""
    endpoint = endpoints.active()
    return body.replace(endpoints.placeholder(endpoint).encode(), endpoints.token(endpoint).encode())


def check(file: Path) -> None:
    """Print how many of the acknowledged bodies are missing, and how many were not projected."""
    acknowledged = set(file.read_text(encoding="utf-8").split())
    stored: dict[str, int | None] = {}
    deliveries = 0
    rows = Delivery.objects.values_list("body", "event__workflow_id")
    for body, workflow_id in rows.iterator(chunk_size=200):
        deliveries += 1
        stored[hashlib.sha256(as_sent(bytes(body))).hexdigest()] = workflow_id
    workflows = set(Workflow.objects.values_list("id", flat=True))
    answer(
        acknowledged=len(acknowledged),
        stored=len(stored),
        lost=len(acknowledged - set(stored)),
        doubled=deliveries - len(stored) + Event.objects.filter(deliveries_count__gt=1).count(),
        not_projected=sum(stored.get(digest) not in workflows for digest in acknowledged),
    )


if __name__ == "__main__":
    if sys.argv[1] == "token":
        answer(token=endpoints.token(endpoints.active()))
    elif sys.argv[1] == "count":
        count()
    else:
        check(Path(sys.argv[2]))
