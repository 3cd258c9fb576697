"""Ours: stored deliveries become events and workflows. ``python -m benchmarks.project_ours WHAT [NUMBER]``.

``fill`` stores the deliveries as the receiver would, ``fill_today`` those of the current API; ``batches`` processes
them as the worker does; ``single`` does the same work as a plain Django application would: one delivery, one
transaction, ``get_or_create``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import django

from benchmarks import project_payloads_today
from benchmarks.processes import answer
from benchmarks.project_payloads import History, bodies

django.setup()

from django.db import transaction
from django.utils import timezone

from apps.webhooks import endpoints, registry
from apps.webhooks.models import Delivery, Event
from apps.webhooks.processing.interpretation import interpret
from apps.webhooks.processing.worker import process_pending
from apps.workflows.models import Workflow

PORTION = 1000  # rows written at once


def fill_today(workflows: int) -> None:
    """Store the deliveries of ``workflows`` histories as the current API sends them."""
    fill(workflows, project_payloads_today.history)


def fill(workflows: int, history: History | None = None) -> None:
    """Store the deliveries of ``workflows`` histories."""
    endpoint = endpoints.active()
    target = f"https://dash.example.com{endpoints.path(endpoint)}"
    size = number = 0
    rows: list[Delivery] = []
    for event_name, body in _encoded(bodies(workflows, target=target, history=history)):
        now = timezone.now()
        rows.append(
            Delivery(
                received_at=now,
                due_at=now,
                endpoint=endpoint,
                body=body,
                size=len(body),
                verdict=Delivery.Verdict.ACCEPTED,
                hook_id=1,
                event_name=event_name,
            )
        )
        size, number = size + len(body), number + 1
        if len(rows) == PORTION:
            Delivery.objects.bulk_create(rows)
            rows.clear()
    Delivery.objects.bulk_create(rows)
    answer(deliveries=number, bytes=size / number)


def _encoded(payloads: Iterator[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    for payload in payloads:
        yield payload["hook"]["event"], json.dumps(payload).encode()


class Gauge:
    """A handler that reads the memory as events pass by: its peak in the first quarter, and in all."""

    def __init__(self, expected: int) -> None:
        self.quarter, self.seen = expected // 4, 0
        self.early = self.peak = 0.0

    def __call__(self, events: Sequence[Event]) -> None:
        self.seen += len(events)
        self.peak = max(self.peak, own_memory())
        if self.seen <= self.quarter:
            self.early = self.peak


def own_memory() -> float:
    """Return the resident size of this process without files that are mapped (SQLite maps its own), in MiB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    lines = status.read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


def batches() -> None:
    """Process everything that is pending, as the worker does."""
    gauge = Gauge(Delivery.objects.filter(state="pending").count())
    registry.register_handler(gauge, rank=99)
    began = time.perf_counter()
    report = process_pending()
    seconds = time.perf_counter() - began
    _finish(report.events, seconds, memory_at_a_quarter=gauge.early, memory=gauge.peak)


def single(limit: int) -> None:
    """Process the first ``limit`` deliveries one at a time."""
    pending = Delivery.objects.filter(state="pending").order_by("due_at", "pk")
    began = time.perf_counter()
    number = 0
    for delivery in pending[:limit].iterator():
        with transaction.atomic():
            read = interpret(delivery).event()
            fields: dict[str, Any] = {
                field.attname: getattr(read, field.attname)
                for field in Event._meta.concrete_fields
                if not field.primary_key and field.attname != "content_hash"
            }
            event, is_new = Event.objects.get_or_create(content_hash=read.content_hash, defaults=fields)
            if is_new:
                registry.handle([event])
            delivery.state, delivery.event, delivery.processed_at = "processed", event, timezone.now()
            delivery.save(update_fields=["state", "event", "processed_at"])
        number += 1
    _finish(number, time.perf_counter() - began)


def _finish(events: int, seconds: float, **memory: float) -> None:
    answer(
        events=events,
        seconds=seconds,
        stored=Event.objects.count(),
        workflows=Workflow.objects.count(),
        **memory,
    )


def main(arguments: Sequence[str]) -> None:
    """Do what is named."""
    what, *numbers = arguments
    parts: dict[str, Any] = {"fill": fill, "fill_today": fill_today, "batches": batches, "single": single}
    parts[what](*map(int, numbers))


if __name__ == "__main__":
    main(sys.argv[1:])
