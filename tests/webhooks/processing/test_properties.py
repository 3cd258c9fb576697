"""The same deliveries make the same events, in any order, repetition and batches."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Event
from apps.webhooks.processing import worker
from apps.workflows.models import Workflow
from tests.fixtures import payloads
from tests.fixtures.depth import examples

pytestmark = pytest.mark.django_db

BODIES = [
    *payloads.history(1, steps=3, returns=[2]),
    *payloads.history(2, steps=2),
    payloads.started(3, hook_target="nowhere", event="workflow_paused"),
    payloads.started(1, event="process_started", hook_id=9),
]


def receive(bodies: Sequence[dict[str, Any]]) -> None:
    endpoint, now = endpoints.active(), timezone.now()
    Delivery.objects.bulk_create(
        Delivery(
            received_at=now,
            due_at=now,
            endpoint=endpoint,
            body=json.dumps(body).encode(),
            size=1,
            verdict="accepted",
        )
        for body in bodies
    )


def facts() -> list[tuple[Any, ...]]:
    columns = ("content_hash", "kind", "workflow_id", "template_id", "task_id", "occurred_at", "facts")
    return sorted(Event.objects.values_list(*columns, "deliveries_count"))


def digests() -> list[tuple[Any, ...]]:
    return sorted(Workflow.objects.values_list("pk", "digest"))


def forget() -> None:
    Delivery.objects.all().delete()
    Event.objects.all().delete()
    Workflow.objects.all().delete()


@examples(0.3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(range(len(BODIES))),
    again=st.lists(st.integers(0, len(BODIES) - 1), max_size=6),
    cuts=st.lists(st.integers(0, len(BODIES) + 6), max_size=4),
    most_read=st.sampled_from([1, 3, 1000]),
)
def test_order_repetition_and_batches_do_not_matter(
    order: list[int], again: list[int], cuts: list[int], most_read: int
) -> None:
    chosen = [BODIES[index] for index in [*range(len(BODIES)), *again]]
    forget()
    receive(chosen)
    worker.process_pending()
    expected, expected_digests = facts(), digests()

    forget()
    mixed = [BODIES[index] for index in [*order, *again]]
    limits = [0, *sorted(cuts), len(mixed)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "MAX_READ", most_read)
        patch.setattr(worker, "MIN_BATCH", 1)
        patch.setattr(worker, "FIRST_BATCH", 2)
        for first, last in itertools.pairwise(limits):
            receive(mixed[first:last])
            worker.process_pending()

    assert facts() == expected
    assert digests() == expected_digests
